"""What to paste into one's own program so that its first event arrives."""

import re
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

__all__ = ["WAYS", "Way", "way"]

_PLACES = re.compile(r"\b(HOST|NAME|KEY)\b")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to paste; `text` has the placeholders HOST, NAME (the host without https://) and KEY."""

    title: Any
    text: str


@dataclass(frozen=True, slots=True)
class Way:
    """A protocol or SDK an event can be sent with. `help_page` tells more about it."""

    key: str
    label: Any
    about: Any
    steps: tuple[Step, ...]
    help_page: str = "sending-events"

    def filled(self, host: str, key: str) -> list[tuple[str, Any, str]]:
        """Id, title and text of each step with address and key in place."""
        values = {"HOST": host, "NAME": host.partition("://")[2], "KEY": key}
        return [
            (f"snippet-{self.key}-{number}", step.title, _PLACES.sub(lambda found: values[found.group()], step.text))
            for number, step in enumerate(self.steps)
        ]


_CURL = """curl HOST/v1/events \\
  -H "Authorization: Bearer KEY" \\
  -d '{"event": "order", "distinct_id": "user-1", "properties": {"amount": 25}}'"""

_PYTHON = """import json, urllib.request

event = {"event": "order", "distinct_id": "user-1", "properties": {"amount": 25}}
request = urllib.request.Request(
    "HOST/v1/events",
    data=json.dumps(event).encode(),
    headers={"Authorization": "Bearer KEY"},
)
urllib.request.urlopen(request)"""

_SCRIPT = """<script>
window.yunying || (window.yunying = [],
  "init track page identify reset account revenue set set_once consent".split(" ").forEach(function (name) {
    yunying[name] = function () { yunying.push([name].concat([].slice.call(arguments))) }
  }))
</script>
<script async src="HOST/yunying.js" data-key="KEY"></script>"""

_SCRIPT_CALLS = """yunying.track("order", {amount: 25});
yunying.identify("user-1", {plan: "pro"});   // after signing in
yunying.reset();                             // after signing out"""

_BROWSER = """fetch("HOST/v1/events", {
  method: "POST",
  keepalive: true,
  body: JSON.stringify({
    key: "KEY", event: "order", distinct_id: "user-1", properties: {amount: 25}
  })
});"""

_POSTHOG_PYTHON = """from posthog import Posthog

client = Posthog("KEY", host="HOST")
client.capture("order", distinct_id="user-1", properties={"amount": 25})
client.shutdown()"""

_POSTHOG_JS = """import posthog from "posthog-js";

posthog.init("KEY", {api_host: "HOST", person_profiles: "identified_only"});
posthog.capture("order", {amount: 25});"""

_SEGMENT_PYTHON = """import segment.analytics as analytics

analytics.write_key = "KEY"
analytics.host = "HOST"
analytics.track("user-1", "order", {"amount": 25})
analytics.flush()"""

_SEGMENT_JS = """import { AnalyticsBrowser } from "@segment/analytics-next";

const analytics = AnalyticsBrowser.load({writeKey: "KEY", cdnURL: "HOST"});
analytics.track("order", {amount: 25});"""

_SENSORS_PYTHON = """from sensorsanalytics import BatchConsumer, SensorsAnalytics

sa = SensorsAnalytics(BatchConsumer("HOST/sensors/KEY/sa"))
sa.track("user-1", "Order", {"amount": 25}, is_login_id=True)
sa.flush()"""

_SENSORS_JS = """sensors.init({server_url: "HOST/sensors/KEY/sa"});
sensors.track("Order", {amount: 25});"""

_SNOWPLOW_PYTHON = """from snowplow_tracker import Emitter, StructuredEvent, Subject, Tracker

emitter = Emitter("HOST/snowplow/KEY")
tracker = Tracker("web", [emitter], Subject().set_user_id("user-1"), "shop")
tracker.track(StructuredEvent("shop", "order", value=25))
tracker.flush()"""

_SNOWPLOW_JS = """import { newTracker, trackPageView } from "@snowplow/browser-tracker";

newTracker("web", "HOST/snowplow/KEY", {appId: "shop"});
trackPageView();"""

_CLOUDEVENTS = """curl HOST/cloudevents \\
  -H "Authorization: Bearer KEY" \\
  -H "Content-Type: application/cloudevents+json" \\
  -d '{"specversion": "1.0", "id": "e-1", "source": "/shop", "type": "order",
       "subject": "user-1", "data": {"amount": 25}}'"""

_RUDDER_JS = """import { RudderAnalytics } from "@rudderstack/analytics-js/bundled";

const rudder = new RudderAnalytics();
rudder.load("KEY", "HOST", {configUrl: "HOST"});
rudder.track("order", {amount: 25});"""

_RUDDER_NODE = """const rudder = new RudderAnalytics("KEY", {dataPlaneUrl: "HOST"});
rudder.track({userId: "user-1", event: "order", properties: {amount: 25}});"""

_MIXPANEL_PYTHON = """import mixpanel

mp = mixpanel.Mixpanel("KEY", consumer=mixpanel.Consumer(api_host="NAME"))
mp.track("user-1", "order", {"amount": 25})"""

_MIXPANEL_JS = """mixpanel.init("KEY", {api_host: "HOST"});
mixpanel.track("order", {amount: 25});"""

_AMPLITUDE_PYTHON = """from amplitude import Amplitude, BaseEvent, Config

client = Amplitude("KEY", Config(server_url="HOST/2/httpapi"))
client.track(BaseEvent("order", user_id="user-1", event_properties={"amount": 25}))
client.flush()"""

_AMPLITUDE_JS = """amplitude.init("KEY", {
  serverUrl: "HOST/2/httpapi",
  fetchRemoteConfig: false, enableDiagnostics: false
});
amplitude.track("order", {amount: 25});"""

_GTAG = """gtag("config", "G-XXXXXXX", {server_container_url: "HOST/ga4/KEY"});"""

_GA4 = """curl "HOST/mp/collect?measurement_id=G-XXXXXXX&api_secret=KEY" \\
  -d '{"client_id": "123.456", "events": [{"name": "order", "params": {"amount": 25}}]}'"""

_MATOMO = """_paq.push(["setTrackerUrl", "HOST/matomo/KEY/matomo.php"]);
_paq.push(["setSiteId", "1"]);
_paq.push(["trackPageView"]);"""

_PLAUSIBLE = """<script defer src="/js/script.js" data-domain="shop.example"
  data-api="HOST/plausible/KEY/api/event"></script>"""

_UMAMI = """<script defer src="/script.js" data-website-id="7d1f0f3c-5f0e-4a52-9d8e-2b1a6c3d4e5f"
  data-host-url="HOST/umami/KEY"></script>"""

_KEEPS = _("Your SDK keeps working: only the host and the key change.")
_ADDRESS = _("Your tracker keeps working: only its address changes, and the write key stands in it.")

WAYS = (
    Way(
        "script",
        _("Web pages"),
        _("A small script of ours: it tells page views by itself and all else when you call it."),
        (Step(_("In the head of every page"), _SCRIPT), Step(_("Where something happens"), _SCRIPT_CALLS)),
        "sdks/yunying-js",
    ),
    Way(
        "own",
        _("Any language"),
        _("One HTTP request with JSON. Add a uuid and a timestamp of your own if you send again after a failure."),
        (
            Step(_("On the command line"), _CURL),
            Step(_("In Python"), _PYTHON),
            Step(_("In a web page"), _BROWSER),
        ),
    ),
    Way(
        "posthog",
        "PostHog",
        _("Your PostHog SDK keeps working: only the host and the key change."),
        (Step(_("In Python"), _POSTHOG_PYTHON), Step(_("In a web page"), _POSTHOG_JS)),
        "sdks/posthog",
    ),
    Way(
        "segment",
        "Segment",
        _("Your Segment SDK keeps working: only the host and the key change."),
        (Step(_("In Python"), _SEGMENT_PYTHON), Step(_("In a web page"), _SEGMENT_JS)),
        "sdks/segment",
    ),
    Way(
        "rudderstack",
        "RudderStack",
        _KEEPS,
        (Step(_("In Node.js"), _RUDDER_NODE), Step(_("In a web page"), _RUDDER_JS)),
        "sdks/rudderstack",
    ),
    Way(
        "mixpanel",
        "Mixpanel",
        _KEEPS,
        (Step(_("In Python"), _MIXPANEL_PYTHON), Step(_("In a web page"), _MIXPANEL_JS)),
        "sdks/mixpanel",
    ),
    Way(
        "amplitude",
        "Amplitude",
        _KEEPS,
        (Step(_("In Python"), _AMPLITUDE_PYTHON), Step(_("In a web page"), _AMPLITUDE_JS)),
        "sdks/amplitude",
    ),
    Way(
        "sensors",
        _("Sensors Data"),
        _("Your Sensors Data SDK keeps working: only the address changes."),
        (Step(_("In Python"), _SENSORS_PYTHON), Step(_("In a web page"), _SENSORS_JS)),
        "sdks/sensors-data",
    ),
    Way(
        "snowplow",
        "Snowplow",
        _("Your Snowplow tracker keeps working: only the address changes."),
        (Step(_("In Python"), _SNOWPLOW_PYTHON), Step(_("In a web page"), _SNOWPLOW_JS)),
        "sdks/snowplow",
    ),
    Way(
        "ga4",
        "Google Analytics",
        _ADDRESS,
        (Step(_("In a web page"), _GTAG), Step(_("On the command line"), _GA4)),
        "sdks/ga4",
    ),
    Way("matomo", "Matomo", _ADDRESS, (Step(_("In a web page"), _MATOMO),), "sdks/matomo"),
    Way("plausible", "Plausible", _ADDRESS, (Step(_("In a web page"), _PLAUSIBLE),), "sdks/plausible"),
    Way("umami", "Umami", _ADDRESS, (Step(_("In a web page"), _UMAMI),), "sdks/umami"),
    Way(
        "cloudevents",
        "CloudEvents",
        _("Systems that speak CloudEvents 1.0 send them here as they are."),
        (Step(_("On the command line"), _CLOUDEVENTS),),
        "sdks/cloudevents",
    ),
)


def way(key: str) -> Way:
    """The way called `key`, else the first."""
    return next((one for one in WAYS if one.key == key), WAYS[0])
