"""A MySQL or MariaDB server that lives as long as this process wants it: found on the machine, run in a temporary folder.

As with PostgreSQL, the server is the child of a small shell that waits for one pipe to close. Whatever ends us closes it,
and the shell stops the server and deletes its folder. A service of the machine is never touched: the server has a data
folder, a socket and a configuration of its own, and no network.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from domain_agents.observations import ScratchProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

START_SECONDS: Final = 90.0
STOP_SECONDS: Final = 10.0
PRODUCTS: Final = {"mysql": "MySQL", "mariadb": "MariaDB"}
_FOLDERS: Final = ("/usr/sbin", "/usr/libexec", "/usr/local/sbin", "/usr/local/bin", "/usr/bin")
_HOMES: Final = (
    ("/usr/local", "mysql*/bin"),
    ("/usr/local", "mariadb*/bin"),
    ("/opt", "mysql*/bin"),
    ("/opt", "mariadb*/bin"),
    ("/opt/homebrew/opt", "mysql*/bin"),
    ("/opt/homebrew/opt", "mariadb*/bin"),
)
_GET: Final = {
    "mariadb": "apt-get install mariadb-server, dnf install mariadb-server, or brew install mariadb",
    "mysql": "dnf install mysql-server, brew install mysql, or dev.mysql.com's archive, its bin folder on the PATH",
}

_SCRIPT: Final = r"""
trap : QUIT TERM
( if [ "$4" = mariadb ]; then
    "$5" --no-defaults --datadir="$2/data" --auth-root-authentication-method=normal --skip-test-db --skip-name-resolve
  else
    "$1" --no-defaults --initialize-insecure --datadir="$2/data"
  fi >"$2/log" 2>&1 </dev/null \
  && "$1" --no-defaults --datadir="$2/data" --socket="$2/s" --pid-file="$2/pid" --tmpdir="$2" --skip-networking \
     --skip-name-resolve --character-set-server=utf8mb4 --local-infile=0 --secure-file-priv="$2/none" --skip-log-bin \
     --innodb-flush-log-at-trx-commit=0 --innodb-fast-shutdown=2 --innodb-buffer-pool-size=128M --max-connections=60 \
     --performance-schema=ON --performance-schema-instrument=wait/lock/metadata/sql/mdl=ON $3 >>"$2/log" 2>&1 </dev/null
  : >"$2/ended" ) &
while read -r _; do :; done
cd /
kill -TERM 0
rm -rf "$2"
rm -rf "$2"
kill -KILL 0
"""
# Nobody needs this data, so the server is not waited for: on its own it may take long, or never end once its files are
# gone. Twice, for it may have made a file while the first one removed the others. KILL ends the shell, too.
_OWN: Final = {
    "mariadb": "--innodb-flush-method=nosync --innodb-log-file-size=256M --plugin-load-add=metadata_lock_info",
    "mysql": "--mysqlx=OFF --innodb-redo-log-capacity=256M",
}
"""Options that only one of the two knows. Nobody needs this data after a crash. The plugin comes with the server, and shows
the metadata locks as they are; the performance schema of MariaDB shows them as they were asked for at first."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """A server program, the product and version that it says it is, and what makes its data folder (MySQL: itself)."""

    server: Path
    engine: str
    version: str
    installer: Path

    @property
    def series(self) -> str:
        """The release series ("10.11", "8.4")."""
        return ".".join(self.version.split(".")[:2])


@cache
def installed() -> tuple[Binaries, ...]:
    """The servers that there are on this machine."""
    found: dict[Path, Binaries] = {}
    for folder in _folders():
        for name in ("mariadbd", "mysqld"):
            server = folder / name
            if server.is_file() and server.resolve() not in found:
                binaries = _asked(server)
                if binaries is not None:
                    found[server.resolve()] = binaries
    return tuple(found.values())


def _folders() -> Iterator[Path]:
    for name in ("mariadbd", "mysqld"):
        on_path = shutil.which(name)
        if on_path:
            yield Path(on_path).parent
    for folder in _FOLDERS:
        yield Path(folder)
    for home, pattern in _HOMES:
        yield from sorted(Path(home).glob(pattern))


def _asked(server: Path) -> Binaries | None:
    try:
        said = subprocess.run(  # noqa: S603 - the program is one we found in an installation folder
            [str(server), "--no-defaults", "--version"], capture_output=True, text=True, timeout=10, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    version = re.search(r"\bVer\s+(\d+(?:\.\d+)+)", said)
    if version is None:
        return None
    if "mariadb" not in said.lower():
        return Binaries(server, "mysql", version.group(1), server)
    beside = (server.parent, server.parent.parent / "bin", server.parent.parent / "scripts")
    for name in ("mariadb-install-db", "mysql_install_db"):
        on_path = shutil.which(name)
        for candidate in (*(folder / name for folder in beside), *([Path(on_path)] if on_path else [])):
            if candidate.is_file():
                return Binaries(server, "mariadb", version.group(1), candidate)
    return None


def choose(engine: str, version: str, available: tuple[Binaries, ...]) -> Binaries:
    """The server of the series asked for, else the newest of that product.

    Raises:
        ScratchProblem: there is none; with what to install.
    """
    own = [one for one in available if one.engine == engine]
    if not own:
        product = PRODUCTS[engine]
        raise ScratchProblem(
            f"no {product} server is installed here ({'mariadbd' if engine == 'mariadb' else 'mysqld'} is neither on the "
            f"PATH nor where it usually is). Install one ({_GET[engine]}; it need not run as a service), or name a "
            f"disposable {product} of yours with `server`"
        )
    series = ".".join(version.split(".")[:2])
    newest = max(own, key=lambda one: tuple(int(part) for part in one.version.split(".")))
    return next((one for one in own if series and (one.series + ".").startswith(series + ".")), newest)


class ServerProcess:
    """A running scratch server, reached through a socket in a folder only its own user may enter."""

    def __init__(self, binaries: Binaries, check: Callable[[], None] = lambda: None) -> None:
        """Make its data folder and start it.

        Raises:
            ScratchProblem: it does not start; the message carries the server's own reason.
            Exception: whatever `check` raises, which is called while waiting.
        """
        product = PRODUCTS[binaries.engine]
        if os.name != "posix":
            raise ScratchProblem(
                f"a scratch {product} is started on Linux and macOS; on this system name a disposable server of yours with "
                "`server`"
            )
        user = _server_user(product)
        # A Unix socket's path may have no more than about 100 bytes, so the folder is made where paths are short.
        parent = Path("/tmp") if os.access("/tmp", os.W_OK) else Path(tempfile.gettempdir())  # noqa: S108
        self.folder = Path(tempfile.mkdtemp(prefix="damy-", dir=parent))
        self.socket = str(self.folder / "s")
        self._product = product
        self._shell: subprocess.Popen[bytes] | None = None
        try:
            self._start(binaries, user)
            self._wait_until_ready(check)
        except BaseException:
            self.stop()
            raise

    def _start(self, binaries: Binaries, user: tuple[int, int] | None) -> None:
        identity: dict[str, int | list[int]] = {}
        (self.folder / "none").mkdir()
        if user is not None:
            os.chown(self.folder, *user)
            identity = {"user": user[0], "group": user[1], "extra_groups": []}
        paths = dict.fromkeys(str(p) for p in (binaries.installer.parent, binaries.server.parent, "/usr/bin", "/bin"))
        self._shell = subprocess.Popen(  # type: ignore[call-overload] # noqa: S603 - mypy cannot see through **identity
            [
                "/bin/sh", "-c", _SCRIPT, "sh", str(binaries.server), str(self.folder), _OWN[binaries.engine],
                binaries.engine, str(binaries.installer),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={"PATH": ":".join(paths), "LC_ALL": "C", "TZ": "UTC"},
            start_new_session=True,
            **identity,
        )  # fmt: skip

    def _wait_until_ready(self, check: Callable[[], None]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            check()
            if self._takes_connections():
                return
            if (self.folder / "ended").exists():
                raise ScratchProblem(f"the scratch {self._product} did not start: {self._last_words()}")
            time.sleep(0.02)
        raise ScratchProblem(f"the scratch {self._product} did not start within {START_SECONDS:.0f} s")

    def _takes_connections(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
            asking.settimeout(1)
            try:
                asking.connect(self.socket)
            except OSError:
                return False
            # It greets whom it will serve.
            with contextlib.suppress(OSError):
                return bool(asking.recv(1))
        return False

    def _last_words(self) -> str:
        try:
            lines = (self.folder / "log").read_text(errors="replace").strip().splitlines()
        except OSError:
            return "it left no reason"
        told = next((line for line in lines if "[ERROR]" in line), lines[-1] if lines else "it left no reason")
        return told.replace(str(self.folder), "its folder")[-300:]

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


def _server_user(product: str) -> tuple[int, int] | None:
    """The user and group that runs the server when we are root, for it refuses to be; None when we are not."""
    if os.geteuid() != 0:
        return None
    import pwd

    for name in ("mysql", "mariadb", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return entry.pw_uid, entry.pw_gid
    raise ScratchProblem(f"{product} does not run as root and there is no user `mysql` or `nobody` to run it as")
