"""A PostgreSQL server that lives as long as this process wants it, and not a moment longer.

The server is the child of a small shell that waits for one pipe to close. We hold the other end, so whatever ends us (an
exception, SIGTERM, SIGKILL) closes it, and the shell stops the server and deletes its folder. Nothing is left to an exit
handler that may not run.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from domain_agents.observations import ScratchProblem

if TYPE_CHECKING:
    from collections.abc import Callable

START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 10.0
SUPERUSER: Final = "postgres"

_SCRIPT: Final = r"""
trap : QUIT TERM
( "$1/initdb" --no-sync --no-locale -E UTF8 -A trust -U postgres -D "$2/data" >"$2/log" 2>&1 </dev/null \
  && "$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c unix_socket_permissions=0700 -c fsync=off \
     -c synchronous_commit=off -c full_page_writes=off -c wal_level=minimal -c max_wal_senders=0 \
     -c shared_buffers=128MB -c max_connections=40 -c max_wal_size=4GB -c autovacuum=off -c jit=off \
     -c deadlock_timeout=1s -c log_min_messages=fatal >>"$2/log" 2>&1 </dev/null
  : >"$2/ended" ) &
while read -r _; do :; done
cd /
kill -QUIT 0
wait
rm -rf "$2"
"""
# fsync and autovacuum are off because nobody needs this data after a crash, and a vacuum would take locks that are not
# the migration's. log_min_messages keeps the people's SQL out of the log.


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with `initdb` and `postgres`, and the server's version."""

    folder: Path
    version: str


def binaries_in(folder: Path) -> Binaries | None:
    """The PostgreSQL in a folder, or None when it holds none that runs."""
    postgres = folder / "postgres"
    if not (postgres.is_file() and (folder / "initdb").is_file()):
        return None
    try:
        said = subprocess.run(  # noqa: S603 - the program is one we found in an installation folder
            [str(postgres), "--version"], capture_output=True, text=True, timeout=10, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    version = next((word for word in said.split() if word[:1].isdigit()), "")
    return Binaries(folder.resolve(), version) if version else None


class ServerProcess:
    """A running scratch server, reached through a socket in a folder only its own user may enter."""

    def __init__(self, binaries: Binaries, check: Callable[[], None] = lambda: None) -> None:
        """Start it.

        Raises:
            ScratchProblem: it does not start; the message carries the server's own reason.
            Exception: whatever `check` raises, which is called while waiting.
        """
        if os.name != "posix":
            raise ScratchProblem(
                "a scratch PostgreSQL is started on Linux and macOS; on this system name a disposable server of yours "
                "with `server`"
            )
        self._user = _server_user()
        # A Unix socket's path may have no more than about 100 bytes, so the folder is made where paths are short.
        parent = Path("/tmp") if os.access("/tmp", os.W_OK) else Path(tempfile.gettempdir())  # noqa: S108
        self.folder = Path(tempfile.mkdtemp(prefix="dapg-", dir=parent))
        self._shell: subprocess.Popen[bytes] | None = None
        try:
            self._start(_reachable(binaries.folder, self.folder, self._user))
            self._wait_until_ready(check)
        except BaseException:
            self.stop()
            raise

    def _start(self, folder: Path) -> None:
        identity: dict[str, int | list[int]] = {}
        if self._user is not None:
            os.chown(self.folder, *self._user)
            identity = {"user": self._user[0], "group": self._user[1], "extra_groups": []}
        environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
        self._shell = subprocess.Popen(  # type: ignore[call-overload] # noqa: S603 - mypy cannot see through **identity
            ["/bin/sh", "-c", _SCRIPT, "sh", str(folder), str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=environment,
            start_new_session=True,
            **identity,
        )

    def _wait_until_ready(self, check: Callable[[], None]) -> None:
        deadline = time.monotonic() + START_SECONDS
        status = self.folder / "data" / "postmaster.pid"
        while time.monotonic() < deadline:
            check()
            # The eighth line is where the server says that it takes connections; pg_ctl waits for the same line.
            with contextlib.suppress(OSError):
                lines = status.read_text().splitlines()
                if len(lines) >= 8 and lines[7].strip() == "ready":
                    return
            if (self.folder / "ended").exists():
                raise ScratchProblem(f"the scratch PostgreSQL did not start: {self._last_words()}")
            time.sleep(0.01)
        raise ScratchProblem(f"the scratch PostgreSQL did not start within {START_SECONDS:.0f} s")

    def _last_words(self) -> str:
        try:
            lines = (self.folder / "log").read_text(errors="replace").strip().splitlines()
        except OSError:
            return "it left no reason"
        told = next((line for line in reversed(lines) if "FATAL" in line or "error" in line.lower()), "")
        return (told or (lines[-1] if lines else "it left no reason")).replace(str(self.folder), "its folder")

    def conninfo(self, database: str, user: str = SUPERUSER) -> dict[str, str]:
        """How to connect, as libpq's keywords."""
        return {"host": str(self.folder), "dbname": database, "user": user}

    def stop(self) -> None:
        """Stop the server and delete everything it had; may be called twice."""
        shell, self._shell = self._shell, None
        if shell is not None:
            if shell.stdin is not None:
                with contextlib.suppress(OSError):
                    shell.stdin.close()
            try:
                shell.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                # The shell leads a session of its own: this ends nothing but the server.
                with contextlib.suppress(OSError):
                    os.killpg(shell.pid, 9)
                shell.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def _server_user() -> tuple[int, int] | None:
    """The user and group that runs the server when we are root, for PostgreSQL refuses to be; None when we are not."""
    if os.geteuid() != 0:
        return None
    import pwd

    for name in ("pgserver", "postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return entry.pw_uid, entry.pw_gid
    raise ScratchProblem("PostgreSQL does not run as root and there is no user `postgres` or `nobody` to run it as")


def _reachable(folder: Path, scratch: Path, user: tuple[int, int] | None) -> Path:
    """The binaries where the server's user can execute them: where they are, or copied beside the data."""
    if user is None or all(part.stat().st_mode & 0o001 for part in (folder, *folder.parents)):
        return folder
    installation = folder.parent
    package = installation.parent
    top = scratch / "installation"
    copy = top / package.name / installation.name
    for part in ("bin", "lib", "share"):
        if (installation / part).is_dir():
            shutil.copytree(installation / part, copy / part, symlinks=True)
    # A wheel keeps the libraries it brings along beside its package, and its programs find them by a relative path.
    beside = package.with_name(f"{package.name}.libs")
    if beside.is_dir():
        shutil.copytree(beside, top / beside.name, symlinks=True)
    for entry in (top, *top.rglob("*")):
        if not entry.is_symlink():
            os.chown(entry, *user)
            entry.chmod(entry.stat().st_mode | 0o500)
    return copy / folder.name
