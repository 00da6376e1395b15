"""`YUNYING_OIDC` as allauth wants it. Pure: settings import it before Django is ready."""

import json
from typing import Any

from yunying.base.errors import InvalidInput, msg

__all__ = ["providers"]

_REQUIRED = ("id", "name", "client_id", "client_secret", "server_url")
_OPTIONAL = {"trust_email": False, "sign_up": False}


def providers(text: str) -> dict[str, Any]:
    """The value of SOCIALACCOUNT_PROVIDERS for a JSON list of OpenID Connect providers.

    `trust_email`: an address the provider says is verified signs in the account that has it.
    `sign_up`: people of this provider may create accounts even where sign-up is not open.
    Raises InvalidInput that says which entry lacks what.
    """
    apps = [_app(number, entry) for number, entry in enumerate(_entries(text), 1)]
    return {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": apps}} if apps else {}


def _entries(text: str) -> list[Any]:
    try:
        entries = json.loads(text or "[]")
    except ValueError:
        entries = None
    if not isinstance(entries, list):
        raise InvalidInput("config.oidc", msg("YUNYING_OIDC must be a JSON list of objects."), field="YUNYING_OIDC")
    return entries


def _app(number: int, entry: Any) -> dict[str, Any]:
    missing = [name for name in _REQUIRED if not isinstance(entry, dict) or not isinstance(entry.get(name), str)]
    if missing:
        raise InvalidInput(
            "config.oidc",
            msg("Provider %(number)d in YUNYING_OIDC lacks %(missing)s."),
            field="YUNYING_OIDC",
            number=number,
            missing=", ".join(missing),
        )
    extra = {name: bool(entry.get(name, default)) for name, default in _OPTIONAL.items()}
    return {
        "provider_id": entry["id"],
        "name": entry["name"],
        "client_id": entry["client_id"],
        "secret": entry["client_secret"],
        "settings": {
            "server_url": entry["server_url"],
            "email_authentication": extra["trust_email"],
            "sign_up": extra["sign_up"],
        },
    }
