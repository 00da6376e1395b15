"""The registry of report kinds. A kind is one package that calls `register` when it is imported."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, cast

from yunying.base.errors import Bug, InvalidInput, LimitReached, msg
from yunying.engine.context import Context
from yunying.engine.filters import Condition, Group, Of, Operator, check_all_patterns
from yunying.engine.ranges import Fixed, Last, resolve
from yunying.engine.reading import Node
from yunying.engine.result import People, Result

__all__ = ["Kind", "Spec", "everybody_behind", "kinds", "parse", "people_behind", "register", "run"]

_BOT = ("event", "$bot")
_NO_BOT = Condition(Of.EVENT, "$bot", Operator.IS_NOT_SET)
MAX_PEOPLE, MAX_EVERYBODY = 1000, 1_000_000


class Spec(Protocol):
    """A question: frozen, hashable and complete but for the context."""

    @property
    def hash(self) -> str: ...

    def to_json(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of report is read and answered. `people` may be None where no persons stand behind a number."""

    name: str
    spec: type
    parse: Callable[[Node], Any]
    run: Callable[[Any, Context], Result]
    parse_point: Callable[[Node], Any]
    people: Callable[[Any, Any, Context, int, int], People]


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Make a kind known; once per name."""
    if kind.name in _kinds:
        raise ValueError(f"there are two kinds called {kind.name}")
    _kinds[kind.name] = kind


def kinds() -> tuple[str, ...]:
    """The names of all kinds."""
    return tuple(sorted(_kinds))


def parse(value: Mapping[str, Any]) -> Spec:
    """Read a question. Raises InvalidInput whose `field` is the path of what is wrong (`series.0.event`)."""
    node = Node(value)
    name = node.need("kind").choice(str, kinds())
    try:
        spec: Spec = _kinds[name].parse(node)
        check_all_patterns(node)
    except RecursionError:
        raise InvalidInput("spec.too_deep", msg("The question is nested too deeply. Simplify it.")) from None
    return spec


def run(spec: Spec, context: Context) -> Result:
    """Answer a question. Raises InvalidInput for what cannot be asked, LimitReached for what costs too much."""
    return _kind_of(spec).run(_of_people(spec, context), _as_of(spec, context))


def people_behind(spec: Spec, point: Any, context: Context, limit: int = 100, offset: int = 0) -> People:
    """The people behind one number of the answer to `spec`, ascending by number, `limit` from `offset` on.

    `point` is the kind's own point object or its JSON. At most MAX_PEOPLE are given at a time.
    """
    kind = _kind_of(spec)
    place = kind.parse_point(Node(point, "point")) if isinstance(point, Mapping) else point
    return kind.people(
        _of_people(spec, context), place, _as_of(spec, context), max(0, min(limit, MAX_PEOPLE)), max(0, offset)
    )


def everybody_behind(spec: Spec, point: Any, context: Context) -> tuple[int, ...]:
    """All the people behind one number. Raises LimitReached where there are more than MAX_EVERYBODY."""
    kind = _kind_of(spec)
    place = kind.parse_point(Node(point, "point")) if isinstance(point, Mapping) else point
    found: People = kind.people(_of_people(spec, context), place, _as_of(spec, context), MAX_EVERYBODY, 0)
    if found.total > len(found.numbers):
        raise LimitReached(
            "people.too_many", msg("There are more than %(most)s people. Narrow it down."), most=MAX_EVERYBODY
        )
    return found.numbers


def _as_of(spec: Spec, context: Context) -> Context:
    """The context in which cohorts look at the end of the question's range, or at now while it is not over."""
    asked = getattr(spec, "range", None)
    if context.until is not None or not isinstance(asked, Fixed | Last):
        return context
    end = resolve(asked, context.zone, context.now, context.week_start).end
    return replace(context, until=min(end, context.now))


def _of_people(spec: Spec, context: Context) -> Spec:
    """The question as the product wants it asked: without bots, where it wants that and any were seen."""
    filters = getattr(spec, "filters", None)
    if not context.without_bots or not isinstance(filters, Group) or not context.catalogue.knows_property(*_BOT):
        return spec
    changed: Any = replace(spec, filters=Group("and", (_NO_BOT, *((filters,) if filters.items else ()))))  # type: ignore[type-var]
    return cast("Spec", changed)


def _kind_of(spec: Spec) -> Kind:
    for kind in _kinds.values():
        if isinstance(spec, kind.spec):
            return kind
    raise Bug("engine.kind", msg("This kind of question is not known."))
