"""The log: to stderr only, as lines for a person or as one JSON object a line for a machine. Imports no SDK."""

from __future__ import annotations

import json
import logging
import sys
from typing import TextIO

FORMATS = ("text", "json")
LEVELS = ("debug", "info", "warning", "error")
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


class JsonFormatter(logging.Formatter):
    """One JSON object for each record: time (UTC, ISO 8601), level, logger, message, what `extra` gave, traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """The record on one line, whatever its message holds."""
        entry: dict[str, object] = {
            "time": _utc(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        entry.update({key: value for key, value in vars(record).items() if key not in _OWN})
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False, default=str)


class TextFormatter(logging.Formatter):
    """`15:04:05 WARNING domain_agents.server.http: message`, with the traceback below when there is one."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s", "%H:%M:%S")


def configure_logging(style: str = "text", level: str = "warning", stream: TextIO | None = None) -> None:
    """Send every logger's records to stderr in this style (`text` or `json`), replacing what was set up before.

    Raises:
        ValueError: no such style or level; the message lists those there are.
    """
    if style not in FORMATS:
        raise ValueError(f"--log must be one of: {', '.join(FORMATS)}")
    if level not in LEVELS:
        raise ValueError(f"the log level must be one of: {', '.join(LEVELS)}")
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if style == "json" else TextFormatter())
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    # A line for every request belongs in the balancer's log; the SDK's say nothing that ours do not.
    for name in ("uvicorn.access", "mcp", "httpx2"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def _utc(seconds: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
