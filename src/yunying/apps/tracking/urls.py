"""Pages of tracking, below `/p/<product>/data/`."""

from django.urls import include, path

app_name = "tracking"
urlpatterns = [
    path("", include("yunying.apps.tracking.live.urls")),
    path("", include("yunying.apps.tracking.pages.urls")),
    path("", include("yunying.apps.tracking.importing.urls")),
    path("", include("yunying.apps.tracking.privacy.urls")),
]
