"""What a person sees: colours and a progress bar on a terminal, plain text in a pipe, errors on standard error.

Standard output holds the answer and nothing else, so that a script can read it.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Mapping

_STYLES = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
}

BAR_CELLS = 24


class Terminal:
    """Standard output and standard error, and what each of them can show."""

    def __init__(
        self,
        out: TextIO | None = None,
        err: TextIO | None = None,
        *,
        environment: Mapping[str, str] | None = None,
        log: str = "text",
    ) -> None:
        self._out = sys.stdout if out is None else out
        self._err = sys.stderr if err is None else err
        environment = os.environ if environment is None else environment
        self.log = log
        self.is_interactive = self._out.isatty()
        self._out_has_colour = _has_colour(self._out, environment)
        self._err_has_colour = _has_colour(self._err, environment) and log == "text"
        self._bar_shown = False
        for stream in (self._out, self._err):
            # A console that cannot show an arrow must not end the command with a traceback.
            if (reconfigure := getattr(stream, "reconfigure", None)) is not None:
                reconfigure(errors="backslashreplace")

    @property
    def width(self) -> int:
        """Columns to write in: the terminal's, at most 120; 100 in a pipe."""
        return min(shutil.get_terminal_size((100, 24)).columns, 120) if self.is_interactive else 100

    def styled(self, text: str, *styles: str) -> str:
        """The text in these styles for standard output, or as it is where that shows no colours."""
        return _styled(text, styles) if self._out_has_colour else text

    def write(self, text: str = "") -> None:
        """One piece of the answer, and a line end."""
        self._clear_bar()
        self._out.write(text + "\n")
        self._out.flush()

    def write_json(self, value: Any) -> None:
        """The answer as data."""
        keeps_all = (self._out.encoding or "utf-8").lower().replace("-", "") == "utf8"
        self.write(json.dumps(value, indent=2, ensure_ascii=not keeps_all))

    def note(self, text: str) -> None:
        """Something a person may want to know, on standard error."""
        self._message("info", text, "dim")

    def warning(self, text: str) -> None:
        """Something a person should know, on standard error."""
        self._message("warning", text, "yellow")

    def error(self, text: str) -> None:
        """Why the command failed, on standard error; with `--log json` one JSON object on one line."""
        self._message("error", text, "red")

    def progress(self, done: float, total: float | None, message: str) -> None:
        """Draw the bar, on a terminal only."""
        if not self._err.isatty() or self.log == "json":
            return
        columns = shutil.get_terminal_size((100, 24)).columns
        if total:
            share = min(max(done / total, 0.0), 1.0)
            filled = round(share * BAR_CELLS)
            head = f"{'█' * filled}{'░' * (BAR_CELLS - filled)} {share:4.0%}  "
        else:
            head = "… "
        line = (head + " ".join(message.split()))[: max(columns - 1, 20)]
        self._err.write(f"\r\x1b[2K{line}")
        self._err.flush()
        self._bar_shown = True

    def end_progress(self) -> None:
        """Take the bar away."""
        self._clear_bar()

    def ask(self, question: str) -> str | None:
        """A person's answer, or None when nobody can be asked."""
        if not (sys.stdin.isatty() and self._err.isatty()):
            return None
        self._clear_bar()
        self._err.write(f"{question} ")
        self._err.flush()
        try:
            return sys.stdin.readline().strip() or None
        except ValueError:
            return None

    def _message(self, level: str, text: str, style: str) -> None:
        self._clear_bar()
        if self.log == "json":
            self._err.write(json.dumps({"level": level, "message": text}) + "\n")
        elif level == "error":
            prefix = _styled("error:", (style, "bold")) if self._err_has_colour else "error:"
            self._err.write(f"{prefix} {text}\n")
        elif level == "warning":
            prefix = _styled("warning:", (style,)) if self._err_has_colour else "warning:"
            self._err.write(f"{prefix} {text}\n")
        else:
            self._err.write((_styled(text, (style,)) if self._err_has_colour else text) + "\n")
        self._err.flush()

    def _clear_bar(self) -> None:
        if self._bar_shown:
            self._err.write("\r\x1b[2K")
            self._err.flush()
            self._bar_shown = False


def _styled(text: str, styles: tuple[str, ...]) -> str:
    codes = ";".join(_STYLES[style] for style in styles)
    return f"\x1b[{codes}m{text}\x1b[0m" if codes and text else text


def _has_colour(stream: TextIO, environment: Mapping[str, str]) -> bool:
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return True
    return stream.isatty() and environment.get("TERM") != "dumb"
