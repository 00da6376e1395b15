"""Pages of the live stream, the set-up and the quarantine; included by `apps.tracking.urls` in the same namespace."""

from django.urls import path

from yunying.apps.tracking.live import views

urlpatterns = [
    path("live/", views.live, name="live"),
    path("live/<uuid:uuid>/", views.live_event, name="live_event"),
    path("setup/", views.setup, name="setup"),
    path("setup/waiting/", views.waiting, name="setup_waiting"),
    path("setup/test/", views.send_test, name="setup_test"),
    path("refused/", views.refused, name="refused"),
    path("refused/replay/", views.replay, name="replay"),
    path("refused/drop/", views.drop, name="drop"),
    path("refused/<str:item_id>/", views.refused_item, name="refused_item"),
]
