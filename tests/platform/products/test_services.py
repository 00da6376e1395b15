"""Commands on products, members, invitations and keys."""

from datetime import timedelta

import pytest
from django.core import mail

from tests.conftest import Cast, actor
from yunying.base.errors import Conflict, InvalidInput, NotAllowed, NotFound
from yunying.base.ids import digest
from yunying.platform.audit.models import Entry
from yunying.platform.products import selectors, services
from yunying.platform.products.access import (
    OrganisationAccess,
    Permission,
    archived_product_for,
    organisation_for,
    product_for,
    products_of,
    role_in,
)
from yunying.platform.products.models import ApiKey, Member, Product, ProductRole, Role
from yunying.platform.products.profile import currencies


def place(people: Cast, who: str = "ada") -> OrganisationAccess:
    user = getattr(people, who)
    return organisation_for(user, actor(user), (people.elsewhere if who == "dee" else people.organisation).pk)


def verbs() -> list[str]:
    return list(Entry.objects.order_by("id").values_list("verb", flat=True))


def test_new_product_has_a_write_key_and_an_audit_entry(people):
    product = services.create_product(access=place(people), name="Tea  shop", timezone="Asia/Tokyo")
    assert (product.name, product.slug, product.timezone) == ("Tea shop", "tea-shop", "Asia/Tokyo")
    assert selectors.first_write_key(product).token.startswith("yk_")
    assert verbs() == ["product.created"]


def test_chinese_name_gets_a_short_name_and_the_second_one_another(people):
    first = services.create_product(access=place(people), name="茶馆")
    second = services.create_product(access=place(people), name="茶馆")
    assert first.slug == "product"
    assert second.slug.startswith("product-")


def test_chosen_short_name_that_is_taken_is_a_conflict(people):
    with pytest.raises(Conflict) as error:
        services.create_product(access=place(people), name="Other", slug="tea")
    assert error.value.field == "slug"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "  "),
        ("timezone", "Mars/Base"),
        ("currency", "XYZ"),
        ("platforms", ["toaster"]),
        ("week_start", 3),
        ("stage", "dead"),
        ("about", "x" * 5001),
        ("languages", ["xx"]),
    ],
)
def test_profile_says_which_field_is_wrong(access, field, value):
    with pytest.raises(InvalidInput) as error:
        services.update_product(access=access, **{field: value})
    assert error.value.field == field
    assert verbs() == []


def test_update_writes_and_audits_only_what_changed(access):
    services.update_product(access=access, name=access.product.name, about="Sells tea")
    entry = Entry.objects.get()
    assert (entry.verb, entry.before, entry.after) == ("product.updated", {"about": ""}, {"about": "Sells tea"})
    services.update_product(access=access, about="Sells tea")
    assert Entry.objects.count() == 1


def test_operator_cannot_manage_the_product(people):
    with pytest.raises(NotAllowed):
        services.update_product(access=people.access("bo"), about="mine")
    with pytest.raises(NotAllowed):
        services.create_api_key(access=people.access("bo"), name="k", scopes=["view"])


def test_archived_product_is_gone_until_restored_with_a_new_key(people, access):
    old = services.create_write_key(access=access, name="site")
    services.archive_product(access=access, typed="Tea House")
    with pytest.raises(NotFound):
        product_for(people.ada, actor(people.ada), "tea")
    assert products_of(people.ada) == []
    services.restore_product(access=archived_product_for(people.ada, actor(people.ada), "tea"))
    old.refresh_from_db()
    key = selectors.first_write_key(product_for(people.ada, actor(people.ada), "tea").product)
    assert old.revoked_at is not None and key.pk != old.pk
    assert verbs() == ["write_key.created", "product.archived", "product.restored"]


def test_product_is_deleted_only_when_archived_and_its_name_is_typed(people, access):
    with pytest.raises(Conflict):
        services.delete_product(access=access, typed="Tea House")
    services.archive_product(access=access, typed="Tea House")
    with pytest.raises(InvalidInput):
        services.delete_product(access=access, typed="tea house")
    services.delete_product(access=access, typed="Tea House")
    assert not Product.objects.filter(slug="tea").exists()
    assert verbs()[-1] == "product.deleted"


def test_api_key_is_stored_as_digest_and_keeps_to_its_scopes(access):
    made = services.create_api_key(access=access, name="report job", scopes=["edit_goals"])
    key = ApiKey.objects.get()
    assert key.digest == digest(made.secret) and made.secret not in str(vars(key))
    assert key.scopes == ["view", "edit_goals"]
    assert made.secret not in str(list(Entry.objects.values()))


@pytest.mark.parametrize("scopes", [[], ["everything"], ["view", "everything"]])
def test_api_key_with_no_or_unknown_scope_is_refused(access, scopes):
    with pytest.raises(InvalidInput):
        services.create_api_key(access=access, name="k", scopes=scopes)


def test_revoking_twice_is_audited_once_and_keeps_the_first_time(access, clock):
    key = services.create_write_key(access=access, name="site")
    services.revoke_write_key(access=access, key_id=key.pk)
    first = clock.now()
    clock.advance(timedelta(hours=1))
    services.revoke_write_key(access=access, key_id=key.pk)
    key.refresh_from_db()
    assert key.revoked_at == first
    assert verbs() == ["write_key.created", "write_key.revoked"]


def test_key_of_another_product_is_absent(people, access):
    foreign = services.create_write_key(access=people.access("dee"), name="theirs")
    with pytest.raises(NotFound):
        services.revoke_write_key(access=access, key_id=foreign.pk)


def test_invited_address_joins_once_by_its_link(people, mailoutbox):
    invited = services.invite(access=place(people), email="Eve@Example.com", role="pm")
    assert mail.outbox[0].to == ["eve@example.com"]
    token = invited.link.rstrip("/").rsplit("/", 1)[-1]
    assert token in mail.outbox[0].body
    eve = type(people.ada).objects.create_user("eve@example.com", name="Eve")
    member = services.accept_invitation(actor=actor(eve), user=eve, token=token)
    assert member.role == Role.PM
    assert role_in(eve, people.product) == Role.PM
    with pytest.raises(NotFound):
        services.accept_invitation(actor=actor(eve), user=eve, token=token)


def test_invitation_is_not_for_somebody_else(people):
    invited = services.invite(access=place(people), email="eve@example.com", role="viewer")
    with pytest.raises(NotAllowed):
        services.accept_invitation(actor=actor(people.dee), user=people.dee, token=invited.link.split("/")[-2])


def test_invitation_ends_after_two_weeks(people, clock):
    invited = services.invite(access=place(people), email="dee@example.com", role="viewer")
    clock.advance(timedelta(days=14))
    with pytest.raises(NotFound):
        services.accept_invitation(actor=actor(people.dee), user=people.dee, token=invited.link.split("/")[-2])


def test_new_invitation_of_an_address_ends_the_older_one(people):
    old = services.invite(access=place(people), email="dee@example.com", role="viewer").link.split("/")[-2]
    services.invite(access=place(people), email="dee@example.com", role="pm")
    with pytest.raises(NotFound):
        services.open_invitation(old)


def test_member_cannot_be_invited_again(people):
    with pytest.raises(Conflict):
        services.invite(access=place(people), email="BO@example.com", role="viewer")


def test_last_owner_can_neither_leave_nor_step_down(people):
    ada = Member.objects.get(user=people.ada)
    with pytest.raises(Conflict):
        services.remove_member(access=place(people), member_id=ada.pk)
    with pytest.raises(Conflict):
        services.change_role(access=place(people), member_id=ada.pk, role="viewer")
    services.change_role(access=place(people), member_id=Member.objects.get(user=people.bo).pk, role="owner")
    services.remove_member(access=place(people), member_id=ada.pk)
    assert role_in(people.ada, people.product) is None


def test_viewer_may_leave_but_not_remove_others(people):
    rows = {member.user_id: member.pk for member in Member.objects.all()}
    with pytest.raises(NotAllowed):
        services.remove_member(access=place(people, "chen"), member_id=rows[people.bo.pk])
    services.remove_member(access=place(people, "chen"), member_id=rows[people.chen.pk])
    assert role_in(people.chen, people.product) is None


def test_role_in_one_product_takes_the_place_of_the_organisations(people, access):
    services.set_product_role(access=access, user_id=people.chen.pk, role="pm")
    assert people.access("chen").may(Permission.EDIT_GOALS)
    services.set_product_role(access=access, user_id=people.chen.pk, role="")
    assert not people.access("chen").may(Permission.EDIT_GOALS)
    assert verbs() == ["product_role.changed"] * 2


def test_removed_member_loses_their_product_roles(people, access):
    services.set_product_role(access=access, user_id=people.chen.pk, role="pm")
    services.remove_member(access=place(people), member_id=Member.objects.get(user=people.chen).pk)
    assert not ProductRole.objects.exists()


def test_stranger_gets_no_role_in_a_product(people, access):
    with pytest.raises(NotFound):
        services.set_product_role(access=access, user_id=people.dee.pk, role="viewer")


def test_invited_installation_lets_only_owners_create_organisations(people):
    assert services.may_create_organisation(people.ada)
    with pytest.raises(NotAllowed):
        services.create_organisation(actor=actor(people.bo), user=people.bo, name="Mine")


def test_only_money_in_use_today_is_offered():
    offered = currencies()
    assert offered[:3] == ("CNY", "USD", "EUR")
    assert {"CHF", "BRL", "ZAR", "VND"} <= set(offered)
    assert not {"DEM", "FRF", "XAU", "CHW", "ADP"} & set(offered)
    assert len(offered) == len(set(offered))
