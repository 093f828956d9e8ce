"""A MariaDB (or a MySQL) of the tests' own: a server on a socket in a temporary folder, and the command-line client that files are for."""

from __future__ import annotations

import getpass
import shutil
import subprocess
import time
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pymysql

if TYPE_CHECKING:
    from pathlib import Path

BINARIES = ("mariadbd", "mariadb-install-db", "mariadb")
_START_SECONDS = 60


class NoMariaDB(Exception):
    """There is no server to start here, or it does not start."""


@dataclass
class MariaDB:
    """A running server."""

    socket: str
    process: subprocess.Popen[bytes] | None
    databases: int = 0
    product: str = "mariadb"

    @classmethod
    def start(cls, folder: Path) -> MariaDB:
        """Make a server's files in a folder and start it there.

        Raises:
            NoMariaDB: with what is missing, or what the server said.
        """
        missing = [name for name in BINARIES if shutil.which(name) is None]
        if missing:
            raise NoMariaDB(f"{', '.join(missing)} not found: apt-get install mariadb-server")
        data, user = folder / "data", f"--user={getpass.getuser()}"
        made = subprocess.run(
            ["mariadb-install-db", "--no-defaults", user, f"--datadir={data}", "--skip-test-db",
             "--auth-root-authentication-method=normal"],
            capture_output=True, check=False, text=True,
        )  # fmt: skip
        if made.returncode:
            raise NoMariaDB(made.stdout[-500:] + made.stderr[-500:])
        # A socket's path has room for about a hundred characters.
        socket = str(folder / "s")
        log = folder / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["mariadbd", "--no-defaults", user, f"--datadir={data}", f"--socket={socket}", "--skip-networking",
                 f"--pid-file={folder / 'pid'}", "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=64M",
                 "--character-set-server=utf8mb4", "--binlog-format=ROW", f"--log-bin={folder / 'binlog'}"],
                stdout=output, stderr=output,
            )  # fmt: skip
        server = cls(socket, process)
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end and process.poll() is None:
            # Asked by the client: a connection of the driver's that fails leaves its socket to the garbage collector.
            if not subprocess.run([*server.client, "-e", "SELECT 1"], capture_output=True, check=False).returncode:
                return server
            time.sleep(0.1)
        server.stop()
        raise NoMariaDB(log.read_text(errors="replace")[-800:])

    @property
    def client(self) -> list[str]:
        """The command line of the client that files are written for."""
        return ["mariadb", "--no-defaults", "-uroot", "-S", self.socket, "--default-character-set=utf8mb4"]

    def stop(self) -> None:
        """End the server."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=60)

    def connect(self, database: str | None = None) -> pymysql.Connection[Any]:
        """A connection that commits by itself."""
        return pymysql.connect(
            unix_socket=self.socket, user="root", database=database, autocommit=True, charset="utf8mb4"
        )

    def database(self) -> Database:
        """A new, empty database."""
        self.databases += 1
        name = f"d{self.databases}"
        with self.connect() as connection:
            connection.cursor().execute(f"CREATE DATABASE {name}")
        return Database(self, name)


@dataclass
class Database:
    """One database."""

    server: MariaDB
    name: str

    def start_file(self, text: str) -> subprocess.Popen[str]:
        """Begin to run a file as a person does: by the client, which stops at the first error."""
        process = subprocess.Popen(
            [*self.server.client, self.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdin is not None
        process.stdin.write(text)
        process.stdin.close()
        process.stdin = None
        return process

    def run_file(self, text: str) -> str:
        """Run a file to its end; what the client said of an error, or nothing."""
        _, errors = self.start_file(text).communicate(timeout=300)
        return errors

    def run(self, *statements: str) -> None:
        """Run statements on one connection."""
        with self.server.connect(self.name) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What a query gives."""
        with self.server.connect(self.name) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    def value(self, sql: str) -> Any:
        """The one value that a query gives."""
        return self.rows(sql)[0][0]

    def definition(self, table: str) -> str:
        """SHOW CREATE TABLE."""
        quoted = "`" + table.replace("`", "``") + "`"
        return str(self.rows(f"SHOW CREATE TABLE {quoted}")[0][1])

    def table_id(self, table: str) -> int:
        """The table's number inside InnoDB: a rebuild gives it another one."""
        tables = "INNODB_SYS_TABLES" if self.server.product == "mariadb" else "INNODB_TABLES"
        sql = f"SELECT TABLE_ID FROM information_schema.{tables} WHERE NAME = '{self.name}/{table}'"
        return int(self.value(sql))

    def fingerprint(self, sql: str) -> int:
        """A number for the rows of a query, whatever their order."""
        return sum(zlib.crc32(repr(row).encode()) for row in self.rows(sql))
