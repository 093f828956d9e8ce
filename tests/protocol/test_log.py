"""The log goes to one stream, one record a line when a machine reads it."""

from __future__ import annotations

import io
import json
import logging
from typing import TYPE_CHECKING

import pytest

from domain_agents.server.log import configure_logging

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def loggers_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_json_is_one_object_a_line_with_the_traceback_inside() -> None:
    stream = io.StringIO()
    configure_logging("json", "info", stream)
    logger = logging.getLogger("domain_agents.test")
    try:
        int("two\nlines")
    except ValueError:
        logger.exception("it %s", "failed\nbadly", extra={"reference": "abc"})
    logger.info("then this")
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert first["message"] == "it failed\nbadly"
    assert first["level"] == "error"
    assert first["reference"] == "abc"
    assert "ValueError" in first["traceback"]
    assert first["time"].endswith("Z")
    assert second["message"] == "then this"


def test_text_is_for_a_person_and_quiet_levels_are_left_out() -> None:
    stream = io.StringIO()
    configure_logging("text", "warning", stream)
    logging.getLogger("domain_agents.test").info("no")
    logging.getLogger("domain_agents.test").warning("yes")
    logging.getLogger("mcp.server.streamable_http").info("no")
    assert stream.getvalue().endswith("WARNING domain_agents.test: yes\n")
    assert stream.getvalue().count("\n") == 1


@pytest.mark.parametrize(("style", "level"), [("xml", "info"), ("json", "loud")])
def test_an_unknown_style_or_level_is_refused_with_those_there_are(style: str, level: str) -> None:
    with pytest.raises(ValueError, match=r"must be one of: (text, json|debug, info)"):
        configure_logging(style, level)
