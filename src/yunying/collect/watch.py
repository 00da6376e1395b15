"""Notices when the flusher falls behind, says so once, and says when it has caught up."""

import logging
import threading
from collections.abc import Callable

__all__ = ["Watch"]

log = logging.getLogger(__name__)

_LOOK_S = 5.0


class Watch:
    """A thread that looks at the lag every few seconds. `tell` is called in it when the lag passes `alert_s`."""

    def __init__(
        self, lag_s: Callable[[], float], alert_s: float, tell: Callable[[float], None], *, look_s: float = _LOOK_S
    ) -> None:
        self._lag_s = lag_s
        self._alert_s = alert_s
        self._tell = tell
        self._look_s = look_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lag-watch", daemon=True)
        self.behind = False

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(5)

    def look(self) -> None:
        """Compare once. Half of the limit is caught up, so that a lag around it is told of once."""
        lag_s = self._lag_s()
        if not self.behind and lag_s > self._alert_s:
            self.behind = True
            log.warning("events wait %.0f s for the event store; they are safe in the spool", lag_s)
            self._tell(lag_s)
        elif self.behind and lag_s < self._alert_s / 2:
            self.behind = False
            log.warning("the event store has caught up: events wait %.1f s for it", lag_s)

    def _run(self) -> None:
        while not self._stop.wait(self._look_s):
            try:
                self.look()
            except Exception:
                log.exception("looking at the lag failed")
