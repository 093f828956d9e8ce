"""The node programs that judge us from outside: the conformance suite and the Inspector's command line."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.protocol.connecting import ROOT

SECONDS = 120


def modules() -> Path:
    """Where `.ci/node` installed them."""
    given = os.environ.get("DOMAIN_AGENTS_NODE_MODULES")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(given) if given else cache / "domain-agents-tests" / "node" / "node_modules"


def tools() -> Path:
    """Where it installed the migration tools."""
    return modules().parent / "tools" / "node_modules"


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one of them. Without the packages the test is skipped and says so; where CI is set, it fails."""
    node, script = modules() / "node" / "bin" / "node", modules() / "@modelcontextprotocol" / program
    if not (node.exists() and script.exists()):
        missing = "the node packages are not installed; .ci/node installs them"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    command = [str(node), str(script), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False)
