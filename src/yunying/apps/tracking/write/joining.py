"""Which ids are one person: worked out of all links that were ever said, so that their order of arrival is no matter.

What people decided comes first: the sides of a split stay apart, each side stays together, and what was merged by hand
(or by a version that kept no links) is one. Then the links are gone through in the order of their events:

- MERGE makes one person of two.
- ALIAS does, unless both are known users by then.
- IDENTIFY does, unless the anonymous id belongs to a known user by then, or the user has had DEVICES_A_DAY others that
  day: a device many people share, or an id a program made up for everybody.

Who is a known user since when is worked out of all links as well: an id is known from the first IDENTIFY on that names
it as the user. Pure functions; a component of links is closed, so what is decided in it depends on nothing else.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from yunying.apps.tracking.models import IdLink, JoinKind, MergeOutcome

__all__ = ["DEVICES_A_DAY", "NEVER", "Joined", "day_of", "join", "order"]

DEVICES_A_DAY = 50
NEVER = 1 << 62

_DAY_MS = 86_400_000
_BY_PEOPLE = (JoinKind.MANUAL, JoinKind.EARLIER)


def order(link: IdLink) -> tuple[int, str, str, str, str]:
    """The place of a link among all others, whoever came first here."""
    return link.at_ms, link.tag, link.kind, link.source, link.target


def day_of(ms: int) -> int:
    """The day of a time, in UTC."""
    return ms // _DAY_MS


@dataclass(slots=True)
class Joined:
    """`root` of each id, equal for those of one person; what became of each link, '' where nothing was to be done."""

    root: dict[str, str]
    outcomes: list[tuple[IdLink, MergeOutcome | str]]


@dataclass(slots=True)
class _Group:
    """Ids that are one person so far: known from `known_ms` on, on these sides of splits."""

    names: list[str]
    known_ms: int
    sides: dict[int, bool] = field(default_factory=dict)


class _Groups:
    def __init__(self, known: Mapping[str, int], splits: Mapping[int, Mapping[str, bool]]) -> None:
        self.of = {name: _Group([name], ms) for name, ms in known.items()}
        for split, sides in splits.items():
            for name, left in sides.items():
                if name in self.of:
                    self.of[name].sides[split] = left

    def apart(self, one: _Group, other: _Group) -> bool:
        return any(other.sides.get(split, left) != left for split, left in one.sides.items())

    def unite(self, one: str, other: str) -> bool:
        """Make one of two, unless people were split there."""
        large, small = self.of[one], self.of[other]
        if large is small or self.apart(large, small):
            return large is small
        if len(large.names) < len(small.names):
            large, small = small, large
        large.names += small.names
        large.known_ms = min(large.known_ms, small.known_ms)
        large.sides |= small.sides
        for name in small.names:
            self.of[name] = large
        return True


def join(
    known: Mapping[str, int],
    links: Sequence[IdLink],
    splits: Mapping[int, Mapping[str, bool]],
    together: Iterable[Sequence[str]] = (),
    devices: Mapping[tuple[str, int], int] | None = None,
) -> Joined:
    """The persons behind ids, given the ms from which on each is known (or NEVER).

    `splits` tells the side of ids by the number of the split; `together` are ids that are one person whatever is said;
    `devices` counts what the users of links had, by user and day, besides these links.
    """
    groups = _Groups(known, splits)
    for names in [*together, *_sides(splits)]:
        for i, name in enumerate(names):
            next((other for other in names[:i] if groups.unite(other, name)), None)
    counts: Counter[tuple[str, int]] = Counter(devices or {})
    in_order = sorted(links, key=lambda link: (link.kind not in _BY_PEOPLE, order(link)))
    outcomes = [(link, _follow(link, groups, counts)) for link in in_order]
    return Joined({name: group.names[0] for name, group in groups.of.items()}, outcomes)


def _sides(splits: Mapping[int, Mapping[str, bool]]) -> list[list[str]]:
    """Those on one side of a split, the last split first: it may have taken an earlier side apart."""
    found = []
    for split in sorted(splits, reverse=True):
        for side in (True, False):
            names = [name for name, left in splits[split].items() if left is side]
            found += [names] if names else []
    return found


def _follow(link: IdLink, groups: _Groups, devices: Counter[tuple[str, int]]) -> MergeOutcome | str:
    source, target = groups.of[link.source], groups.of[link.target]
    if source is target:
        return ""
    if groups.apart(source, target):
        return MergeOutcome.BARRED
    user = (link.target, day_of(link.at_ms))
    if link.kind in (JoinKind.IDENTIFY, JoinKind.ALIAS) and source.known_ms <= link.at_ms >= target.known_ms:
        return MergeOutcome.BOTH_KNOWN
    if link.kind == JoinKind.IDENTIFY:
        if devices[user] >= DEVICES_A_DAY:
            return MergeOutcome.CROWDED
        devices[user] += 1
    groups.unite(link.source, link.target)
    return MergeOutcome.DONE
