"""Links by which people without an account see a dashboard."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.contrib.auth.hashers import check_password, make_password
from django.core import signing
from django.db import transaction

from yunying.apps.insights.dashboards.models import Dashboard, ShareLink
from yunying.base import clock, ids
from yunying.base.actor import ActorKind
from yunying.base.errors import InvalidInput, LimitReached, NotFound, msg
from yunying.platform.audit.services import record
from yunying.platform.products.access import Permission, ProductAccess

__all__ = ["create_link", "key_for", "noted", "opened", "revoke_link", "right_key", "right_password"]

MOST_LINKS, MOST_ORIGINS, SHORTEST_PASSWORD = 50, 10, 6
KEY_LASTS_S = 12 * 3600
LONGEST = timedelta(days=3660)
_ORIGIN = re.compile(r"https?://(\*\.)?[a-z0-9]([a-z0-9.-]{0,200}[a-z0-9])?(:[0-9]{1,5})?\Z")
_SALT = "yunying.dashboards.shared"


def create_link(
    *,
    access: ProductAccess,
    dashboard: Dashboard,
    label: str = "",
    query: str = "",
    password: str = "",
    expires_at: datetime | None = None,
    origins: Iterable[str] = (),
) -> tuple[ShareLink, str]:
    """A link and its secret, which is told this once: only its digest is kept.

    `query` is the state of the filter bar that is shown. Raises InvalidInput with the field at fault.
    """
    access.require(Permission.EDIT_REPORTS)
    sites = _origins(origins)
    if password and len(password) < SHORTEST_PASSWORD:
        short = msg("The password must have at least %(least)d characters.")
        raise InvalidInput("share.password", short, field="password", least=SHORTEST_PASSWORD)
    if password and sites:
        both = msg("A page inside another site cannot ask for a password. Leave one of the two empty.")
        raise InvalidInput("share.both", both, field="password")
    if expires_at is not None and expires_at <= clock.now():
        raise InvalidInput("share.past", msg("The link would be over already. Choose a later end."), field="expires_at")
    if expires_at is not None and expires_at > clock.now() + LONGEST:
        raise InvalidInput("share.far", msg("Choose an end within ten years."), field="expires_at")
    secret = ids.new_secret("sh", 24)
    with transaction.atomic():
        if ShareLink.objects.filter(dashboard=dashboard, revoked_at=None).count() >= MOST_LINKS:
            raise LimitReached("share.many", msg("A dashboard may have at most %(most)d links."), most=MOST_LINKS)
        link = ShareLink.objects.create(
            dashboard=dashboard,
            label=label.strip()[:80],
            digest=ids.digest(secret),
            query=query,
            password=make_password(password) if password else "",
            origins=sites,
            expires_at=expires_at,
            created_by_id=access.actor.id if access.actor.kind == ActorKind.USER else None,
        )
        _record(access, "dashboard.shared", link)
    return link, secret


def revoke_link(*, access: ProductAccess, link: ShareLink) -> None:
    """Let the link open nothing any more."""
    access.require(Permission.EDIT_REPORTS)
    with transaction.atomic():
        # The condition keeps the time of the first of two that revoke at once.
        if ShareLink.objects.filter(pk=link.pk, revoked_at=None).update(revoked_at=clock.now()):
            _record(access, "dashboard.share_revoked", link)


def opened(secret: str) -> ShareLink:
    """The open link with this secret, with its dashboard and product.

    Raises NotFound when there is none, it was revoked or is over, or the product is archived: all look the same.
    """
    rows = ShareLink.objects.select_related("dashboard__product__organisation")
    link = rows.filter(digest=ids.digest(secret)).first()
    if link is None or not link.is_open() or link.dashboard.product.archived_at is not None:
        raise NotFound("share.closed", msg("This link does not lead anywhere, or not any more. Ask who sent it."))
    return link


def noted(link: ShareLink) -> None:
    """Note that somebody looked, at most once a minute."""
    now = clock.now()
    if link.seen_at is None or now - link.seen_at >= timedelta(minutes=1):
        ShareLink.objects.filter(pk=link.pk).update(seen_at=now)


def right_password(link: ShareLink, password: str) -> bool:
    return check_password(password, link.password)


def key_for(link: ShareLink) -> str:
    """What a browser that knew the password carries; it ends with the password and after half a day."""
    return signing.dumps([link.pk, ids.digest(link.password)[:16]], salt=_SALT)


def right_key(link: ShareLink, key: str) -> bool:
    try:
        known = signing.loads(key, salt=_SALT, max_age=KEY_LASTS_S)
    except signing.BadSignature:
        return False
    return bool(known == [link.pk, ids.digest(link.password)[:16]])


def _origins(origins: Iterable[str]) -> list[str]:
    sites = list(dict.fromkeys(one.strip().lower().rstrip("/") for one in origins if one.strip()))
    wrong = next((one for one in sites if not _ORIGIN.match(one)), None)
    if wrong is not None:
        text = msg("“%(site)s” is not the address of a site. Write it as https://www.example.com, without a path.")
        raise InvalidInput("share.origin", text, field="origins", site=wrong[:100])
    if len(sites) > MOST_ORIGINS:
        raise InvalidInput("share.origins", msg("Name at most %(most)d sites."), field="origins", most=MOST_ORIGINS)
    return sites


def _record(access: ProductAccess, verb: str, link: ShareLink) -> None:
    facts = {
        "label": link.label,
        "sites": link.origins,
        "expires_at": link.expires_at.isoformat() if link.expires_at else "",
        "asks_password": bool(link.password),
        "query": link.query,
    }
    target = ("dashboard", link.dashboard_id, link.dashboard.name)
    record(access.actor, verb, target, product_id=access.product.pk, after=facts)
