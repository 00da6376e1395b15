"""The page of region files, for those who look after the installation."""

from django.urls import path

from yunying.apps.tracking.pages import regions

app_name = "regions"
urlpatterns = [
    path("", regions.show, name="show"),
    path("<str:name>/remove/", regions.remove, name="remove"),
]
