"""What holds for every test."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# No deadline: how long an example takes says something about the machine, never about the behaviour under test.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")
