"""The protocol's own conformance suite, in both versions: on the fixture server for its own names, and on ours."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.protocol import connecting, node

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.conformance
SUITE = "conformance/dist/index.js"
EXAMPLE = str(connecting.ROOT / "examples" / "shop-postgresql")


@pytest.fixture(scope="module")
def fixture_server() -> Iterator[str]:
    port = connecting.free_port()
    with connecting.served([sys.executable, "-m", "tests.protocol.conformance_server", str(port)]):
        connecting.wait_until_open(port)
        yield f"http://127.0.0.1:{port}/mcp"


@pytest.fixture(scope="module")
def our_server() -> Iterator[str]:
    port = connecting.free_port()
    command = ["-m", "domain_agents", "--project", EXAMPLE, "serve", "--transport", "http", "--port", str(port)]
    with connecting.served([sys.executable, *command]):
        connecting.wait_until_healthy(port)
        yield f"http://127.0.0.1:{port}/mcp"


@pytest.mark.parametrize("version", ["2025-11-25", "2026-07-28"])
def test_every_required_scenario_of_a_version_passes(fixture_server: str, version: str) -> None:
    done = node.run(SUITE, "server", "--url", fixture_server, "--requirements", version)
    summary = done.stdout.partition("=== SUMMARY ===")[2]
    failing = [line for line in summary.splitlines() if line.startswith("✗")]
    # The tasks extension is the only part that the SDK, and so we, do not have.
    assert [line for line in failing if not line.startswith("✗ tasks-")] == [], done.stdout
    assert done.returncode == 0, done.stdout
    assert summary.count("✓") >= 33


@pytest.mark.parametrize(
    ("version", "scenario"),
    [
        ("2025-11-25", "server-initialize"),
        ("2025-11-25", "ping"),
        ("2025-11-25", "tools-list"),
        ("2025-11-25", "resources-list"),
        ("2025-11-25", "prompts-list"),
        ("2025-11-25", "dns-rebinding-protection"),
        ("2026-07-28", "tools-list"),
        ("2026-07-28", "resources-list"),
        ("2026-07-28", "prompts-list"),
        ("2026-07-28", "caching"),
        ("2026-07-28", "http-header-validation"),
        ("2026-07-28", "sep-2164-resource-not-found"),
        ("2026-07-28", "dns-rebinding-protection"),
        ("", "sep-2640-skills-enumeration"),
        ("", "sep-2640-skills-manifest"),
        ("", "sep-2640-skills-directory"),
    ],
)
def test_our_own_server_passes_every_scenario_that_needs_no_names_of_the_suites(
    our_server: str, version: str, scenario: str
) -> None:
    of_version = ("--spec-version", version) if version else ()  # an extension belongs to no version
    done = node.run(SUITE, "server", "--url", our_server, "--scenario", scenario, *of_version)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 failed" in done.stdout + done.stderr
