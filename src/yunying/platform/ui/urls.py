from django.conf import settings
from django.urls import path

from yunying.platform.ui import styleguide, views

app_name = "ui"
urlpatterns = [
    path("ui/language", views.language, name="language"),
    path("ui/theme", views.theme, name="theme"),
    path("ui/columns/<slug:table>", views.columns, name="columns"),
    path("ui/palette", views.palette, name="palette"),
    path("help/<path:page>", views.help, name="help"),
]
if settings.DEBUG:
    urlpatterns.append(path("ui/", styleguide.page, name="styleguide"))
