"""Hypothesis settings: a few seconds in CI, RETRYSPEC_EXAMPLES=10000 for the long mode."""
import os

from hypothesis import HealthCheck, settings

settings.register_profile("retryspec", max_examples=int(os.environ.get("RETRYSPEC_EXAMPLES", "300")),
                          deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow],
                          database=None)
settings.load_profile("retryspec")
