"""A missing right is named as people read it where rights are chosen, in their language."""

from collections.abc import Callable

import pytest
from django.test import Client

from tests.conftest import Cast
from yunying.platform.accounts.models import User
from yunying.platform.products.access import RIGHT_NAMES, Permission


def test_every_right_has_a_name() -> None:
    assert set(RIGHT_NAMES) == set(Permission)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "name"), [("en", "Manage the product and its keys"), ("zh-hans", "管理产品及其密钥")]
)
def test_a_page_that_is_closed_names_the_missing_right(
    people: Cast, as_user: Callable[[User], Client], language: str, name: str
) -> None:
    answer = as_user(people.chen).get(f"/p/{people.product.slug}/settings/keys/", headers={"Accept-Language": language})
    assert answer.status_code == 403
    assert name in answer.content.decode()
