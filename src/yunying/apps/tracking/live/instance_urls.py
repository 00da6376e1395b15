"""Pages of the collector for those who look after the installation."""

from django.urls import path

from yunying.apps.tracking.live import instance

app_name = "collector"
urlpatterns = [
    path("", instance.show, name="show"),
    path("names/", instance.claim, name="claim"),
    path("names/drop/", instance.drop, name="drop"),
]
