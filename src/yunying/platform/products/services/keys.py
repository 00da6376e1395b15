"""Write keys (public, let events in) and API keys (secret, open what their scopes name)."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction

from yunying.base import clock, ids
from yunying.base.actor import ActorKind
from yunying.base.errors import InvalidInput, LimitReached, NotFound, msg
from yunying.platform.audit.services import record
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.models import ApiKey, WriteKey

__all__ = ["NewApiKey", "create_api_key", "create_write_key", "revoke_api_key", "revoke_write_key"]

MOST_KEYS = 50


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """`secret` is shown once: only its digest is kept."""

    key: ApiKey
    secret: str


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not 1 <= len(name) <= 100:
        raise InvalidInput(
            "key.name", msg("Give the key a name of 1 to 100 characters that says who uses it."), field="name"
        )
    return name


def _room(count: int) -> None:
    if count >= MOST_KEYS:
        raise LimitReached(
            "key.too_many", msg("A product can have %(most)d keys in use. Revoke one first."), most=MOST_KEYS
        )


@transaction.atomic
def create_write_key(*, access: ProductAccess, name: str) -> WriteKey:
    """Raises NotAllowed without MANAGE_PRODUCT, InvalidInput for a missing name, LimitReached above 50 keys."""
    access.require(Permission.MANAGE_PRODUCT)
    _room(access.product.write_keys.filter(revoked_at=None).count())
    key = WriteKey.objects.create(product=access.product, name=_name(name), token=ids.new_secret("yk"))
    _audit(access, "write_key.created", key, after={"name": key.name})
    return key


@transaction.atomic
def create_api_key(*, access: ProductAccess, name: str, scopes: Iterable[str]) -> NewApiKey:
    """A secret key that may do what `scopes` (names of Permission) say, never more than its maker.

    Raises NotAllowed without MANAGE_PRODUCT, InvalidInput for an unknown, missing or too wide scope, LimitReached
    above 50 keys.
    """
    access.require(Permission.MANAGE_PRODUCT)
    _room(access.product.api_keys.filter(revoked_at=None).count())
    wanted = _scopes(access, scopes)
    secret = ids.new_secret("ys", 32)
    maker = access.actor.id if access.actor.kind == ActorKind.USER else None
    key = ApiKey.objects.create(
        product=access.product,
        name=_name(name),
        prefix=secret[:10],
        digest=ids.digest(secret),
        scopes=wanted,
        created_by_id=maker,
    )
    _audit(access, "api_key.created", key, after={"name": key.name, "scopes": wanted})
    return NewApiKey(key, secret)


def _scopes(access: ProductAccess, scopes: Iterable[str]) -> list[str]:
    chosen = set(scopes)
    wanted: list[str] = [p.value for p in Permission if p.value in chosen]
    if not wanted or len(wanted) != len(chosen):
        raise InvalidInput("key.scopes", msg("Choose at least one of the listed rights for this key."), field="scopes")
    if not all(access.may(Permission(scope)) for scope in wanted):
        raise InvalidInput("key.scopes", msg("A key cannot have rights that you do not have."), field="scopes")
    # Whoever may do anything in a product may look at it.
    return wanted if Permission.VIEW.value in wanted else [Permission.VIEW.value, *wanted]


@transaction.atomic
def revoke_write_key(*, access: ProductAccess, key_id: int) -> None:
    """Events sent with the key are refused within seconds. Twice is as good as once.

    Raises NotAllowed without MANAGE_PRODUCT, NotFound for a key of another product.
    """
    access.require(Permission.MANAGE_PRODUCT)
    key = access.product.write_keys.filter(pk=key_id).first()
    _revoke(access, key, "write_key.revoked")


@transaction.atomic
def revoke_api_key(*, access: ProductAccess, key_id: int) -> None:
    """The key stops working at once. Twice is as good as once. Raises as `revoke_write_key`."""
    access.require(Permission.MANAGE_PRODUCT)
    key = access.product.api_keys.filter(pk=key_id).first()
    _revoke(access, key, "api_key.revoked")


def _revoke(access: ProductAccess, key: WriteKey | ApiKey | None, verb: str) -> None:
    if key is None:
        raise NotFound("key.absent", msg("There is no such key."))
    # The condition keeps the first revocation's time when two people revoke at once.
    if type(key).objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=clock.now()):
        _audit(access, verb, key, before={"name": key.name})


def _audit(
    access: ProductAccess,
    verb: str,
    key: WriteKey | ApiKey,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    record(
        access.actor,
        verb=verb,
        target=(verb.split(".")[0], key.pk, key.name),
        product_id=access.product.pk,
        before=before or {},
        after=after or {},
    )
