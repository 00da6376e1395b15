"""What the frame itself asks the database, pinned: every page pays it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from yunying.platform.accounts.models import User


@pytest.mark.django_db
def test_a_stranger_costs_nothing(client: Client, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert client.get("/no/such/page").status_code == 404


def test_the_frame_costs_a_few_statements(
    people: Any, as_user: Callable[[User], Client], django_assert_max_num_queries: Any
) -> None:
    signed_in = as_user(people.bo)
    signed_in.get("/help/index")
    with django_assert_max_num_queries(8) as seen:
        assert signed_in.get("/help/index").status_code == 200
    assert not [query for query in seen.captured_queries if query["sql"].startswith(("INSERT", "DELETE"))]
