"""The program's addresses and the page of all components, which is otherwise there in debug mode only."""

from django.urls import path

from yunying.platform.ui import styleguide
from yunying.urls import handler400, handler403, handler404, handler500
from yunying.urls import urlpatterns as program

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [path("ui/", styleguide.page, name="styleguide"), *program]
