"""What one event and one request may be at most. The numbers are explained in `docs/operator/collector.md`."""

__all__ = [
    "FUTURE_MS",
    "MAX_BODY_BYTES",
    "MAX_DECODED_BYTES",
    "MAX_DEPTH",
    "MAX_EVENT_BYTES",
    "MAX_ID_CHARS",
    "MAX_ITEMS",
    "MAX_KEPT_BODY_CHARS",
    "MAX_KEY_CHARS",
    "MAX_NAME_CHARS",
    "MAX_PROPERTIES",
    "MAX_RATIO",
    "SKEW_CAP_MS",
    "SKEW_FROM_MS",
]

MAX_BODY_BYTES = 20 << 20
MAX_DECODED_BYTES = 25 << 20
# How far a body may unfold. Real batches of equal events reach about 60; a bomb is above 1,000.
MAX_RATIO = 200
MAX_EVENT_BYTES = 1 << 20
MAX_ITEMS = 10_000
MAX_NAME_CHARS = 200
MAX_ID_CHARS = 400
MAX_KEY_CHARS = 200
MAX_PROPERTIES = 1_000
MAX_DEPTH = 20
# So much of a refused body is kept for the quarantine page.
MAX_KEPT_BODY_CHARS = 64 << 10
# A client clock is corrected when it is off by more than this, by at most that; the future ends after an hour.
SKEW_FROM_MS = 10_000
SKEW_CAP_MS = 24 * 3_600_000
FUTURE_MS = 3_600_000
