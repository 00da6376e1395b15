"""Where somebody came from: campaign parameters, click ids, the referring site, and the channel they make.

`CHANNELS` is the documented, ordered table; the first rule that fits names the channel. It follows the default channel
groups of GA4 (https://support.google.com/analytics/answer/9756891) with the sites and click ids of China added, and two
channels of its own: AI assistants, and pages of the product itself. Nothing here raises, whatever is sent.
"""

from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from yunying.events.referrers import (
    AFFILIATE_MEDIA,
    ASSISTANT_NAMES,
    ASSISTANTS,
    DISPLAY_MEDIA,
    EMAIL_MEDIA,
    MAIL,
    PAID_MEDIA,
    SEARCH,
    SEARCH_HOSTS,
    SEARCH_NAMES,
    SOCIAL,
    SOCIAL_MEDIA,
    SOCIAL_NAMES,
)

__all__ = ["CHANNELS", "CLICK_IDS", "MAX_VALUE_CHARS", "UTM", "Visit", "channel_of", "host_of", "sources"]

UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "utm_id")
# The parameter a network of advertisements adds to a click → the source it stands for.
CLICK_IDS: Mapping[str, str] = {
    "gclid": "google",
    "gbraid": "google",
    "wbraid": "google",
    "dclid": "google",
    "msclkid": "bing",
    "fbclid": "facebook",
    "ttclid": "tiktok",
    "twclid": "twitter",
    "li_fat_id": "linkedin",
    "igshid": "instagram",
    "epik": "pinterest",
    "rdt_cid": "reddit",
    "ScCid": "snapchat",
    "yclid": "yandex",
    "bd_vid": "baidu",
    "qz_gdt": "tencent",
    "gdt_vid": "tencent",
    "clickid": "toutiao",
    "qhclickid": "360",
    "sogou_click_id": "sogou",
    "xhs_click_id": "xiaohongshu",
    "kw_click_id": "kuaishou",
    "zhihu_click_id": "zhihu",
}
# Those that stand on free links, too: they say which site, not that somebody paid.
_UNPAID = frozenset({"fbclid", "igshid", "twclid", "clickid", "epik"})
# Applications whose browser shows pages that other users led to, as `$browser` calls them.
_SOCIAL_APPS = {
    name: name.lower()
    for name in (
        *("WeChat", "WeCom", "QQ", "Weibo", "Douyin", "TikTok", "Xiaohongshu", "Zhihu", "Bilibili", "Kuaishou"),
        *("Facebook", "Instagram"),
    )
}
MAX_VALUE_CHARS = 200


class Visit(NamedTuple):
    """What a channel is decided by, in small letters.

    `host` is the site that referred, `own` whether that was the product itself, `click` the source of the click id,
    `paid` whether it says that somebody paid, `app` the application whose browser shows the page.
    """

    source: str = ""
    medium: str = ""
    host: str = ""
    click: str = ""
    paid: bool = False
    own: bool = False
    app: str = ""


def _paid(visit: Visit) -> bool:
    return visit.paid or visit.medium in PAID_MEDIA or visit.medium.startswith(("paid", "cpc", "ppc"))


def _search(visit: Visit) -> bool:
    return visit.source in SEARCH_NAMES or visit.click in SEARCH_NAMES or _is_search(visit.host or visit.source)


def _social(visit: Visit) -> bool:
    named = visit.source in SOCIAL_NAMES or visit.medium in SOCIAL_MEDIA or visit.click in SOCIAL_NAMES
    # Applications do not say which of their pages led here; a page opened inside one came from it.
    opened = bool(visit.app) and not (visit.host or visit.source or visit.medium)
    return named or opened or _is(visit.host, SOCIAL) or _is(visit.source, SOCIAL)


def _assistant(visit: Visit) -> bool:
    return visit.source in ASSISTANT_NAMES or _is(visit.host, ASSISTANTS) or _is(visit.source, ASSISTANTS)


def _tagged(visit: Visit) -> bool:
    return bool(visit.source or visit.medium or visit.click)


# In this order; the name is what `$channel` holds.
CHANNELS = (
    ("Internal", lambda v: v.own and not _tagged(v)),
    ("Affiliates", lambda v: v.medium in AFFILIATE_MEDIA),
    ("Email", lambda v: v.medium in EMAIL_MEDIA or v.source in EMAIL_MEDIA or (not v.medium and _is(v.host, MAIL))),
    ("AI assistants", lambda v: not _paid(v) and _assistant(v)),
    ("Display", lambda v: v.medium in DISPLAY_MEDIA),
    ("Paid social", lambda v: _paid(v) and _social(v) and v.source not in SEARCH_NAMES),
    ("Paid search", lambda v: _paid(v) and _search(v)),
    ("Paid other", _paid),
    ("Organic social", _social),
    ("Organic search", lambda v: v.medium == "organic" or _search(v)),
    ("SMS", lambda v: "sms" in (v.medium, v.source) or v.medium == "短信"),
    ("Push", lambda v: v.medium.endswith("push") or v.medium == "推送"),
    ("Referral", lambda v: v.medium in ("referral", "link", "app") or bool(v.host)),
    ("Other", _tagged),
    ("Direct", lambda v: True),
)


@lru_cache(10_000)
def channel_of(visit: Visit) -> str:
    """The name of the first rule of `CHANNELS` that fits."""
    return next(name for name, fits in CHANNELS if fits(visit))


@lru_cache(10_000)
def host_of(url: str) -> str:
    """The host of an address in small letters, without `www.`; empty for what is no address of a site."""
    try:
        parts = urlsplit(url if "//" in url else "")
        found = (parts.hostname or "") if parts.scheme in ("http", "https", "android-app", "") else ""
    except ValueError:
        return ""
    return found.removeprefix("www.").rstrip(".")[:MAX_VALUE_CHARS]


def sources(
    url: str,
    referrer: str,
    own_hosts: tuple[str, ...] = (),
    *,
    app: str = "",
    sent: Mapping[str, str] | None = None,
) -> Mapping[str, str]:
    """Properties of the page somebody came to: `utm_*`, click ids, `$referring_domain` and `$channel`.

    `own_hosts` are the product's: a host of theirs, or below one, does not refer. Neither does the page's own host.
    `app` is the browser's name, `sent` what the SDK says itself; it comes before what stands in the address. Addresses
    repeat, so what they come to is remembered.
    """
    social = _SOCIAL_APPS.get(app, "")
    return _worked_out(url, referrer, own_hosts, social, sent) if sent else _known(url, referrer, own_hosts, social)


def _worked_out(
    url: str, referrer: str, own_hosts: tuple[str, ...], app: str, sent: Mapping[str, str]
) -> Mapping[str, str]:
    found = _parameters(url) if "?" in url or "#" in url else {}
    host = host_of(referrer) if referrer else ""
    own = bool(host) and (host == host_of(url) or _below(host, own_hosts))
    visit = _visit({**found, **sent}, host, own, app)
    return {**found, "$referring_domain": host or "$direct", "$channel": channel_of(visit)}


@lru_cache(20_000)
def _known(url: str, referrer: str, own_hosts: tuple[str, ...], app: str) -> Mapping[str, str]:
    return _worked_out(url, referrer, own_hosts, app, {})


def _visit(known: Mapping[str, str], host: str, own: bool, app: str) -> Visit:
    if not known:
        return Visit(host="" if own else host, own=own, app=app)
    click = next((name for name in CLICK_IDS if name in known), "")
    return Visit(
        source=known.get("utm_source", "").lower(),
        medium=known.get("utm_medium", "").lower(),
        host="" if own else host,
        click=CLICK_IDS.get(click, ""),
        paid=bool(click) and click not in _UNPAID,
        own=own,
        app=app,
    )


def _parameters(url: str) -> dict[str, str]:
    try:
        parts = urlsplit(url)
        # Applications with the route behind # carry their parameters there.
        given = parse_qsl(parts.query, max_num_fields=200) + parse_qsl(
            parts.fragment.partition("?")[2], max_num_fields=200
        )
    except ValueError:
        return {}
    known = {name: value.strip()[:MAX_VALUE_CHARS] for name, value in reversed(given)}
    return {name: known[name] for name in (*UTM, *CLICK_IDS) if known.get(name)}


def _below(host: str, owners: Collection[str]) -> bool:
    return any(host == owner or host.endswith("." + owner) for owner in owners)


def _is(host: str, sites: Collection[str]) -> bool:
    """Whether a host is one of `sites` or lies below one."""
    labels = host.split(".")
    return any(
        ".".join(labels[at:]) in sites or (labels[at] + "." in sites and len(labels) - at <= 3)
        for at in range(len(labels) - 1)
    )


def _is_search(host: str) -> bool:
    first, _, rest = host.partition(".")
    return _is_site(host) or (first in SEARCH_HOSTS and _is_site(rest))


def _is_site(host: str) -> bool:
    return host in SEARCH or (host.partition(".")[0] + "." in SEARCH and 1 <= host.count(".") <= 2)
