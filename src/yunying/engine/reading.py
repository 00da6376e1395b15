"""Reading a question sent as JSON: every error names the field at fault and says what to change."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NoReturn, TypeVar

import orjson

from yunying.base.errors import InvalidInput, msg

__all__ = ["MAX_TEXT", "Node", "fail", "hash_of", "plain"]

MAX_TEXT = 1000
T = TypeVar("T")
_MISSING: Any = object()


def fail(path: str, code: str, message: str, **data: Any) -> NoReturn:
    """Raise InvalidInput for the field at `path`; `message` is a marked message id."""
    raise InvalidInput(code, message, field=path or None, **data)


def plain(value: Any) -> Any:
    """A number as a person would write it: 90.0 as 90. Other values as they are."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    return value


def hash_of(question: Mapping[str, Any]) -> str:
    """The same text for the same question, on every machine and in every version that reads it alike."""
    return hashlib.sha256(orjson.dumps(question, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


class Node:
    """One JSON value and where it stands (`series.0.filters.items.2`)."""

    __slots__ = ("path", "value")

    def __init__(self, value: Any, path: str = "") -> None:
        self.value = value
        self.path = path

    def fail(self, code: str, message: str, **data: Any) -> NoReturn:
        fail(self.path, code, message, **data)

    def known(self, *names: str) -> "Node":
        """The object itself, if it has no other keys than `names`."""
        for name in self.mapping():
            if name not in names:
                self._at(str(name)[:80]).fail(
                    "spec.unknown_field",
                    msg("%(name)s is not a field here. Use one of: %(known)s."),
                    name=str(name)[:80],
                    known=", ".join(names),
                )
        return self

    def mapping(self) -> Mapping[str, Any]:
        if not isinstance(self.value, Mapping):
            self.fail("spec.not_an_object", msg("An object with named fields is expected here."))
        return self.value

    def get(self, name: str) -> "Node | None":
        """The field `name`; None when it is absent or null."""
        value = self.mapping().get(name)
        return None if value is None else self._at(name, value)

    def need(self, name: str) -> "Node":
        found = self.get(name)
        if found is None:
            self._at(name).fail("spec.missing", msg("Fill in %(name)s."), name=name)
        return found

    def items(self, most: int) -> Iterator["Node"]:
        """The elements of a list of at most `most`."""
        if isinstance(self.value, str) or not isinstance(self.value, Sequence):
            self.fail("spec.not_a_list", msg("A list is expected here."))
        if len(self.value) > most:
            self.fail(
                "spec.too_many",
                msg("There are %(count)s entries here; use at most %(most)s."),
                count=len(self.value),
                most=most,
            )
        return (self._at(str(i), value) for i, value in enumerate(self.value))

    def text(self, *, most: int = MAX_TEXT) -> str:
        if not isinstance(self.value, str):
            self.fail("spec.not_text", msg("Text is expected here."))
        if len(self.value) > most:
            self.fail("spec.too_long", msg("This text is too long; use at most %(most)s characters."), most=most)
        if not self.value.isprintable() and any(0xD800 <= ord(c) <= 0xDFFF or c == "\0" for c in self.value):
            self.fail("spec.not_text", msg("This text has characters that cannot be stored."))
        return self.value

    def name(self) -> str:
        """Text that is not empty."""
        found = self.text()
        if not found:
            self.fail("spec.empty", msg("This must not be empty."))
        return found

    def whole(self, least: int, most: int) -> int:
        """A whole number from `least` to `most`."""
        if isinstance(self.value, bool) or not isinstance(self.value, int) or not least <= self.value <= most:
            self.fail(
                "spec.not_in_range",
                msg("A whole number from %(least)s to %(most)s is expected here."),
                least=least,
                most=most,
            )
        return self.value

    def flag(self) -> bool:
        if not isinstance(self.value, bool):
            self.fail("spec.not_a_flag", msg("true or false is expected here."))
        return self.value

    def choice(self, make: Callable[[str], T], names: Sequence[str]) -> T:
        """One of `names`, turned into its meaning by `make`."""
        if not isinstance(self.value, str) or self.value not in names:
            self.fail(
                "spec.unknown_choice",
                msg("%(value)s is not known here. Use one of: %(known)s."),
                value=str(self.value)[:80],
                known=", ".join(names),
            )
        return make(self.value)

    def _at(self, name: str, value: Any = _MISSING) -> "Node":
        return Node(None if value is _MISSING else value, f"{self.path}.{name}" if self.path else name)
