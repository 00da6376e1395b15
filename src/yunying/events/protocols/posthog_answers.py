"""What PostHog SDKs ask for besides sending events: flags, remote configuration, recordings, logs, surveys.

Nothing of it is kept here; the answers say that there is none, so that SDKs stay calm and ask for no more files.
"""

from typing import Any

import orjson

from yunying.base.ids import uuid7
from yunying.events.protocols.base import Reply, Request, Route, json_reply
from yunying.events.protocols.elsewhere import explained

__all__ = ["ANSWERS"]

# Everything the browser SDK could switch on is said to be off, so that it asks for nothing more.
_CONFIG: dict[str, Any] = {
    "supportedCompression": ["gzip", "gzip-js"],
    "hasFeatureFlags": False,
    "autocapture_opt_out": False,
    "captureDeadClicks": False,
    "capturePerformance": False,
    "autocaptureExceptions": False,
    "analytics": {"endpoint": "/i/v0/e/"},
    "elementsChainAsString": True,
    "sessionRecording": False,
    "heatmaps": False,
    "surveys": False,
    "productTours": False,
    "toolbarParams": {},
    "isAuthenticated": False,
    "siteApps": [],
    "siteAppsJS": [],
    "defaultIdentifiedOnly": True,
}


def _recording(request: Request) -> Reply:
    return json_reply({"status": 1})


def _flags(request: Request) -> Reply:
    body: dict[str, Any] = {
        "flags": {},
        "featureFlags": {},
        "featureFlagPayloads": {},
        "errorsWhileComputingFlags": False,
        "requestId": str(uuid7()),
        "evaluatedAt": request.received_ms,
    }
    return json_reply(body | _CONFIG if request.query.get("config") == "true" else body)


def _decide(request: Request) -> Reply:
    version = request.query.get("v", "1")
    flags: Any = [] if version in ("1", "") else {}
    body = {"featureFlags": flags, "featureFlagPayloads": {}, "errorsWhileComputingFlags": False}
    return json_reply(_CONFIG | body)


def _definitions(request: Request) -> Reply:
    return json_reply({"flags": [], "group_type_mapping": {}, "cohorts": {}})


def _config(request: Request) -> Reply:
    return json_reply(_CONFIG | {"token": request.matched["token"]})


def _config_script(request: Request) -> Reply:
    # JSON is safe inside a script only with "<" and the two line separators escaped; orjson leaves them as they are.
    config = orjson.dumps(_CONFIG | {"token": request.matched["token"]}).decode()
    config = config.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    token = orjson.dumps(request.matched["token"]).decode().replace("<", "\\u003c")
    script = (
        "(function(){window._POSTHOG_REMOTE_CONFIG=window._POSTHOG_REMOTE_CONFIG||{};"
        f"window._POSTHOG_REMOTE_CONFIG[{token}]={{config:{config},siteApps:[]}};}})();"
    )
    return Reply(200, script.encode(), "text/javascript; charset=utf-8")


def _no_script(request: Request) -> Reply:
    return explained("posthog-js", "posthog")


def _nothing(name: str) -> Route:
    """An address that answers an empty list under the name its SDK looks for."""
    return Route(f"/api/{name}", ("GET",), answer=lambda _: json_reply({_LISTS[name]: []}))


_LISTS = {
    "surveys": "surveys",
    "web_experiments": "experiments",
    "product_tours": "product_tours",
    "early_access_features": "earlyAccessFeatures",
}
ANSWERS = (
    Route("/s", ("POST", "GET"), answer=_recording),
    Route("/i/v1/logs", ("POST",), answer=_recording),
    Route("/i/v1/metrics", ("POST",), answer=_recording),
    *map(_nothing, _LISTS),
    Route("/flags", ("POST",), answer=_flags),
    Route("/decide", ("POST", "GET"), answer=_decide),
    Route("/flags/definitions", ("GET",), answer=_definitions),
    Route("/api/feature_flag/local_evaluation", ("GET",), answer=_definitions),
    Route("/array/{token}/config", ("GET",), answer=_config),
    Route("/array/{token}/config.js", ("GET",), answer=_config_script),
    Route("/array/{token}/array.js", ("GET",), answer=_no_script),
    Route("/static/array.js", ("GET",), answer=_no_script),
)
