"""Keeps "last seen" in the list of sessions without writing on every request."""

from collections.abc import Callable
from datetime import timedelta

from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse

from yunying.base import clock

__all__ = ["SessionActivity"]

EVERY_S = 300


class SessionActivity:
    """Marks the request's session as seen, at most once in five minutes and process."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        key = request.session.session_key
        if key and request.user.is_authenticated and cache.add(f"seen:{key}", 1, EVERY_S):
            now = clock.now()
            # Several processes may come here at once: the condition lets one of them write.
            UserSession.objects.filter(session_key=key, last_seen_at__lt=now - timedelta(seconds=EVERY_S)).update(
                last_seen_at=now
            )
        return response
