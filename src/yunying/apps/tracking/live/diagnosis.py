"""Why no event comes: what can be told from here while somebody waits for the first one."""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import orjson
from django.core.cache import cache
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from yunying.apps.tracking.live.reasons import in_words, reason_of
from yunying.base.tls import what_is_wrong
from yunying.collect.knocks import PREFLIGHT, Knock
from yunying.collect.local import local
from yunying.events.protocols import by_name
from yunying.store import Sql, shared

__all__ = ["Finding", "findings", "of_address", "private"]

_LOOKED_S = 60
_MOST = 5
# What refused events of the last hour say, with one example each.
_REFUSED = """
SELECT code, count() AS n, any(reason), any(data)
FROM refused FINAL
WHERE product = {product:UInt32}
  AND state = 'new'
  AND received > now64(3) - INTERVAL 1 HOUR
GROUP BY code
ORDER BY n DESC, code
LIMIT 5
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, or may be; `sure` where events certainly came and were not taken."""

    text: str
    sure: bool = False


def findings(product_id: int, host: str, *, sees_sites: bool) -> list[Finding]:
    """What was refused, what came to nothing, and what is wrong with the address: the certain first. One query.

    `sees_sites`: the reader administers the installation and may know which sites knocked with keys nobody has.
    """
    found = [*_refused(product_id), *_knocks(sees_sites=sees_sites), *of_address(host)]
    return sorted(found, key=lambda one: not one.sure)


def _refused(product_id: int) -> list[Finding]:
    found = []
    for _code, count, reason, data in shared().query(Sql(_REFUSED, {"product": product_id})).rows:
        text = ngettext(
            "%(n)d event came and was refused: %(reason)s", "%(n)d events came and were refused: %(reason)s", count
        )
        shown = reason_of(reason, orjson.loads(data or "{}"))
        found.append(Finding(text % {"n": count, "reason": shown}, sure=True))
    return found


def _knocks(*, sees_sites: bool) -> list[Finding]:
    """What this process heard in the last minutes and could not give to any product."""
    collector = local()
    groups: dict[tuple[str, str, str], int] = {}
    for knock in collector.knocks.lately() if collector else []:
        key = (knock.code, knock.protocol, knock.site if sees_sites else "")
        groups[key] = groups.get(key, 0) + 1
    texts = [_of_knock(Knock(protocol, code, site, 0), count) for (code, protocol, site), count in groups.items()]
    return [Finding(text) for text in texts if text][:_MOST]


def _of_knock(knock: Knock, count: int) -> str:
    protocol = by_name(knock.protocol)
    facts: dict[str, Any] = {
        "n": count,
        "who": protocol.label if protocol else knock.protocol,
        "site": knock.site or _("somewhere"),
    }
    if knock.code == PREFLIGHT:
        return (
            _(
                "A browser asked from %(site)s whether it may send events here, and then sent none: the page's own"
                " Content-Security-Policy, an extension, or the visitor's network stopped it."
            )
            % facts
        )
    if knock.code == "key.unknown":
        return (
            ngettext(
                "%(n)d request (%(who)s) from %(site)s came with a write key that nobody has. Copy the key once more.",
                "%(n)d requests (%(who)s) from %(site)s came with a write key that nobody has. Copy the key once more.",
                count,
            )
            % facts
        )
    if knock.code == "key.missing":
        return (
            ngettext(
                "%(n)d request (%(who)s) from %(site)s came without a write key.",
                "%(n)d requests (%(who)s) from %(site)s came without a write key.",
                count,
            )
            % facts
        )
    if knock.code == "path.unknown":
        return _("A request from %(site)s came to an address that takes no events. Check the path in the SDK.") % facts
    if knock.code.startswith("body."):
        return (
            _("A request (%(who)s) from %(site)s could not be read: its body is damaged, too large or no JSON.") % facts
        )
    return ""


def of_address(host: str) -> list[Finding]:
    """What keeps programs elsewhere from the address that is shown. Asks the address itself once a minute."""
    found = []
    parts = urlsplit(host)
    if private(parts.hostname or ""):
        found.append(
            _(
                "%(host)s is an address of this machine or of a private network. Programs there reach it; pages on"
                " public sites may not call it, and phones on the road cannot. Set YUNYING_BASE_URL to a public name."
            )
        )
    elif parts.scheme == "http":
        found.append(
            _(
                "%(host)s is not https. Pages on https may send to nothing else, and the SDKs of Mixpanel, Amplitude"
                " and Snowplow insist on it. The installation page of the documentation shows how."
            )
        )
    if message := _certificate(host):
        found.append(message)
    return [Finding(text % {"host": host}) for text in found]


def _certificate(host: str) -> str:
    key = f"tracking.certificate:{host}"
    wrong = cache.get(key)
    if wrong is None:
        wrong = what_is_wrong(host) or ("", "")
        cache.set(key, wrong, _LOOKED_S)
    return in_words(wrong[1], {}).replace("%", "%%")


def private(hostname: str) -> bool:
    """Whether a host is this machine or in a private network, by its name alone (RFC 1918, 6761, 6762, 8375)."""
    try:
        address = ip_address(hostname)
    except ValueError:
        name = hostname.lower().rstrip(".")
        return "." not in name or name.endswith((".local", ".localhost", ".internal", ".lan", ".home.arpa", ".test"))
    return not address.is_global
