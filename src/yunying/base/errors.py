"""The error taxonomy.

    YunyingError
    ├── InvalidInput     what was sent cannot be used; says what to change      400
    ├── NotAllowed       the actor is known but lacks the right                  403
    ├── NotFound         absent, or hidden from this actor: both look the same   404
    ├── Conflict         the thing changed, or exists already                    409
    ├── LimitReached     a size, rate or count limit                             429
    ├── Unavailable      a part is away or full; try again                       503
    └── Bug              ours; shown as an incident id, details only in the log  500

An error carries a stable `code`, typed `data` and a message id in English with named placeholders
(`%(name)s`), marked by `msg()` so that it can be extracted and translated. Libraries raise these and
never HTTP; the edge (`platform.ui.errors`, the collector) turns them into a page, a partial or JSON.
"""

from typing import Any, ClassVar

__all__ = [
    "Bug",
    "Conflict",
    "InvalidInput",
    "LimitReached",
    "NotAllowed",
    "NotFound",
    "Unavailable",
    "YunyingError",
    "msg",
]


def msg(text: str) -> str:
    """Mark `text` as a translatable message id; returns it unchanged."""
    return text


class YunyingError(Exception):
    """Base of all expected errors.

    `code` is stable and dotted (`goal.closed`), `message` a message id with named placeholders that
    `data` fills, `field` the input field at fault, if there is one.
    """

    status: ClassVar[int] = 500

    def __init__(self, code: str, message: str, *, field: str | None = None, **data: Any) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.field = field
        self.data = data

    @property
    def text(self) -> str:
        """The English message with its placeholders filled."""
        return self.message % self.data if self.data else self.message

    def __str__(self) -> str:
        return f"{self.code}: {self.text}"

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (type(self), self.code, self.message, self.field, self.data))


def _rebuild(
    kind: type[YunyingError], code: str, message: str, field: str | None, data: dict[str, Any]
) -> YunyingError:
    return kind(code, message, field=field, **data)


class InvalidInput(YunyingError):
    status = 400


class NotAllowed(YunyingError):
    status = 403


class NotFound(YunyingError):
    status = 404


class Conflict(YunyingError):
    status = 409


class LimitReached(YunyingError):
    """`retry_after_s` in `data` says when it is worth trying again, if it ever is."""

    status = 429


class Unavailable(YunyingError):
    """`retry_after_s` in `data` says when to try again."""

    status = 503


class Bug(YunyingError):
    status = 500
