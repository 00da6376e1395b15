"""When it pays to keep something: what this process was asked, and which questions have states in the store.

Nothing here has to be right or to last. What is forgotten is asked of the events once more.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date
from threading import Lock
from weakref import WeakKeyDictionary

from yunying.base.zones import Span
from yunying.store import Store

__all__ = ["Known", "Policy", "known_of", "policy", "using"]


@dataclass(frozen=True, slots=True)
class Policy:
    """A question that reads at least `rows` events has states made when it is asked for the `asks`-th time.

    At most `questions` of a product are kept, of at most `days` days at a time; `asks` 0 keeps nothing. `sets_bytes`
    is what their sets of persons may take in the memory of this process, as they are written; 0 holds none.
    """

    rows: int = 50_000
    asks: int = 2
    questions: int = 200
    days: int = 1_200
    sets_bytes: int = 64 << 20


_policy: ContextVar[Policy] = ContextVar("yunying_kept", default=Policy())  # noqa: B039 - frozen


def policy() -> Policy:
    """What holds in the present context."""
    return _policy.get()


@contextmanager
def using(other: Policy) -> Iterator[None]:
    """Let another policy hold inside the block: for tests and measurements."""
    token = _policy.set(other)
    try:
        yield
    finally:
        _policy.reset(token)


_MOST_ASKED = 2_000
_PATIENCE = 50


@dataclass(slots=True)
class Known:
    """What is known of one product. `keys` have states, as far as was seen at `loaded_s`; `used` when noted last.

    `noted` is what was last seen beside a state, by question and day; `late` what came late for a day, as of
    `late_version` of the store. Of `large` the sets take too much memory to be held.
    """

    keys: set[int] = field(default_factory=set)
    noted: dict[tuple[int, date], int] = field(default_factory=dict)
    late: dict[Span, int] = field(default_factory=dict)
    late_version: int | None = None
    loaded_s: float = float("-inf")
    asked: OrderedDict[int, int] = field(default_factory=OrderedDict)
    used: dict[int, float] = field(default_factory=dict)
    large: set[int] = field(default_factory=set)

    def note(self, keys: Sequence[int]) -> None:
        """That the events were read for these once more."""
        with _lock:
            for key in keys:
                self.asked[key] = self.asked.pop(key, 0) + 1
            while len(self.asked) > _MOST_ASKED:
                self.asked.popitem(last=False)

    def refuse(self, key: int) -> None:
        """That states of `key` take longer or more memory than they may: not to be tried at each of the next asks."""
        with _lock:
            self.asked[key] = -_PATIENCE
            self.keys.discard(key)

    def wanted(self, keys: Sequence[int]) -> bool:
        """Whether all of `keys` have states or have been asked often enough to get them."""
        rule = policy()
        if not rule.asks:
            return False
        fresh = [key for key in set(keys) if key not in self.keys]
        if any(self.asked.get(key, 0) + 1 < rule.asks for key in fresh):
            return False
        return not fresh or len(self.keys) + len(fresh) <= rule.questions


_lock = Lock()
_products: WeakKeyDictionary[Store, dict[int, Known]] = WeakKeyDictionary()


def known_of(store: Store, product: int) -> Known:
    """What this process knows of a product."""
    with _lock:
        return _products.setdefault(store, {}).setdefault(product, Known())
