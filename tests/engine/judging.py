"""How often the engine is judged: on a hundred worlds in every run of the suite, on thousands at night.

Every example is a world of its own with one question about it: two questions about one world find less than two worlds.
"""

import os

from hypothesis import HealthCheck, settings

__all__ = ["always", "nightly"]

CHECKS = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
NIGHTLY = int(os.environ.get("NIGHTLY_EXAMPLES", "2000"))
always = settings(max_examples=100, deadline=None, suppress_health_check=CHECKS)
nightly = settings(max_examples=NIGHTLY, deadline=None, suppress_health_check=CHECKS)
