"""Addresses without an account: dashboards by a secret link, and the way out of mails."""

from django.urls import path

from yunying.apps.insights.dashboards.views import public

app_name = "shared"
urlpatterns = [
    path("mails/<str:signed>/", public.unsubscribe, name="unsubscribe"),
    path("<str:secret>/", public.show, name="dashboard"),
    path("<str:secret>/changed/", public.what_changed, name="changed"),
    path("<str:secret>/tiles/<int:tile_id>/", public.tile, name="tile"),
]
