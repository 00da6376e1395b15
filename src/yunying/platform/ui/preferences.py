"""Language and theme: kept in a cookie, and with the user when signed in."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

__all__ = ["THEMES", "PreferencesMiddleware", "keep_language", "keep_theme", "theme_of"]

THEMES = ("auto", "light", "dark")
THEME_COOKIE = "yunying_theme"
_YEAR_S = 365 * 24 * 3600


class PreferencesMiddleware:
    """A signed-in user's language holds on a browser that has not chosen one itself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        signed_in = settings.SESSION_COOKIE_NAME in request.COOKIES
        if signed_in and settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
            language = getattr(request.user, "language", "")
            if language in dict(settings.LANGUAGES):
                translation.activate(language)
                request.LANGUAGE_CODE = language
        return self._get_response(request)


def theme_of(request: HttpRequest) -> str:
    """`auto`, `light` or `dark`."""
    chosen = request.COOKIES.get(THEME_COOKIE) or getattr(getattr(request, "user", None), "theme", "")
    return chosen if chosen in THEMES else "auto"


def keep_language(request: HttpRequest, response: HttpResponse, language: str) -> None:
    """Remember one of the offered languages; anything else is ignored."""
    if language in dict(settings.LANGUAGES):
        _cookie(response, settings.LANGUAGE_COOKIE_NAME, language)
        _with_user(request, "language", language)


def keep_theme(request: HttpRequest, response: HttpResponse, theme: str) -> None:
    """Remember one of THEMES; anything else is ignored."""
    if theme in THEMES:
        _cookie(response, THEME_COOKIE, theme)
        _with_user(request, "theme", theme)


def _cookie(response: HttpResponse, name: str, value: str) -> None:
    secure = settings.SESSION_COOKIE_SECURE
    response.set_cookie(name, value, max_age=_YEAR_S, samesite="Lax", secure=secure)


def _with_user(request: HttpRequest, name: str, value: str) -> None:
    user = request.user
    if user.is_authenticated and hasattr(user, name):
        setattr(user, name, value)
        user.save(update_fields=[name])
