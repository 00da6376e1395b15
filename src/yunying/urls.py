"""Addresses of all pages; composition only."""

from django.urls import URLPattern, URLResolver, include, path

from yunying.api import api

urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/", include("allauth.urls")),
    path("api/v1/", api.urls),
    path("", include("yunying.platform.ui.urls")),
    path("", include("yunying.platform.console.urls")),
    path("shared/", include("yunying.apps.insights.dashboards.public_urls")),
    path("collector/", include("yunying.apps.tracking.live.instance_urls")),
    path("regions/", include("yunying.apps.tracking.pages.regions_urls")),
    path("p/<slug:product>/data/", include("yunying.apps.tracking.urls")),
    path("p/<slug:product>/insights/", include("yunying.apps.insights.urls")),
    path("p/<slug:product>/goals/", include("yunying.apps.goals.urls")),
    path("", include("yunying.apps.goals.feed_urls")),
    path("p/<slug:product>/", include("yunying.apps.today.urls")),
]

handler400 = "yunying.platform.ui.errors.bad_request"
handler403 = "yunying.platform.ui.errors.forbidden"
handler404 = "yunying.platform.ui.errors.not_found"
handler500 = "yunying.platform.ui.errors.server_error"
