"""Golden files: what is rendered, kept as a person approved it.

`DOMAIN_AGENTS_GOLDEN=write pytest tests/...` writes them anew; read the difference before committing it.
"""

from __future__ import annotations

import os
from pathlib import Path

HERE = Path(__file__).parent


def same_as_golden(name: str, text: str) -> None:
    """Assert that a text is what the golden file holds (or write it, when asked to)."""
    path = HERE / name
    if os.environ.get("DOMAIN_AGENTS_GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    assert path.is_file(), f"no golden file {name}: run with DOMAIN_AGENTS_GOLDEN=write and read what it wrote"
    assert text == path.read_text(encoding="utf-8"), f"differs from golden file {name}"
