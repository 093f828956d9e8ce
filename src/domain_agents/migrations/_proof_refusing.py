"""What a proof refuses to run before anything runs: what reaches out of the scratch server."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_STATEMENT_CHARACTERS: Final = 200_000

_FILE_FUNCTIONS: Final = (
    r"\b(?:pg_read_(?:binary_)?file|pg_ls_\w+|pg_stat_file|lo_(?:import|export)|pg_file_\w+|dblink\w*)\s*\("
)
_UNTRUSTED: Final = (
    r"\bCREATE\s+(?:EXTENSION|(?:OR\s+REPLACE\s+)?(?:TRUSTED\s+)?(?:PROCEDURAL\s+)?LANGUAGE)\s+(?:IF\s+NOT\s+EXISTS\s+)?"
    r'"?(?:pl\w+u|plpython\w*|file_fdw|dblink|postgres_fdw|adminpack)\b'
)
_DANGEROUS_PRAGMA: Final = (
    r"^\s*PRAGMA\s+(?:\w+\s*\.\s*)?(?:writable_schema|temp_store_directory|data_store_directory|trusted_schema)\b"
)


def _refusing(pattern: str, why: str) -> tuple[re.Pattern[str], str]:
    return re.compile(pattern, re.IGNORECASE | re.DOTALL | re.MULTILINE), why


_REACHES_OUTSIDE: Final = {
    "postgresql": (
        _refusing(r"^\s*\\", "a psql command (a line that begins with a backslash) is not SQL"),
        _refusing(r"\bCOPY\b[^;]*?\b(?:PROGRAM\b|(?:FROM|TO)\s+(?:E?'|\$))", "COPY with a program or a file"),
        _refusing(r"\bCOPY\b[^;]*?\bFROM\s+STDIN\b", "COPY FROM STDIN has its rows outside the statement"),
        _refusing(_FILE_FUNCTIONS, "a function that reads or writes the server's files, or calls another server"),
        _refusing(_UNTRUSTED, "an extension or language that reaches outside the database"),
        _refusing(
            r"\bALTER\s+SYSTEM\b|\bCREATE\s+(?:SUBSCRIPTION|SERVER|TABLESPACE|DATABASE)\b", "a change of the server"
        ),
        _refusing(r"\A\s*(?:LOAD\b|DROP\s+DATABASE\b)", "a change of the server"),
    ),
    **dict.fromkeys(
        ("mysql", "mariadb"),
        (
            _refusing(
                r"\bLOAD\s+(?:DATA|XML|INDEX)\b|\bINTO\s+(?:OUTFILE|DUMPFILE)\b", "a file that is read or written"
            ),
            _refusing(r"\bLOAD_FILE\s*\(", "a function that reads the server's files"),
            _refusing(r"\b(?:DATA|INDEX)\s+DIRECTORY\b", "a table in a folder of its own"),
            _refusing(
                r"\bENGINE\s*=?\s*[`'\"]?(?:FEDERATED\w*|CONNECT|SPIDER|S3|OQGRAPH)\b|\bCONNECTION\s*=",
                "a table on another server",
            ),
            _refusing(
                r"\A\s*(?:CREATE|DROP|ALTER)\s+(?:OR\s+REPLACE\s+)?(?:DATABASE|SCHEMA|USER|ROLE|SERVER|TABLESPACE|EVENT|"
                r"(?:AGGREGATE\s+)?FUNCTION\b.*\bSONAME)\b",
                "a change of the server",
            ),
            _refusing(
                r"\A\s*(?:INSTALL|UNINSTALL|SHUTDOWN|KILL|PURGE|RESET|CHANGE\s+(?:MASTER|REPLICATION)|START\s+(?:SLAVE|REPLICA)|"
                r"STOP\s+(?:SLAVE|REPLICA)|CLONE|RESTART)\b|\bSET\s+(?:@@)?(?:GLOBAL|PERSIST\w*)\b",
                "a change of the server",
            ),
            _refusing(r"\A\s*(?:\\[!.]|source\s|system\s)", "a command of the client is not SQL"),
        ),
    ),
    "sqlite": (
        _refusing(r"^\s*\.", "a dot command of the sqlite3 shell is not SQL"),
        _refusing(r"\A\s*(?:ATTACH|DETACH)\b", "ATTACH and DETACH reach another file"),
        _refusing(r"\A\s*VACUUM\b.*\bINTO\b", "VACUUM INTO writes another file"),
        _refusing(
            r"\b(?:load_extension|readfile|writefile|edit|fts3_tokenizer)\s*\(", "a function that reaches outside"
        ),
        _refusing(_DANGEROUS_PRAGMA, "a PRAGMA that can damage the database or reach outside"),
    ),
}
"""What a text can be refused for before anything runs. It is for a plain message, early: what keeps a proof inside is the
role that owns its database and nothing else (in MySQL and MariaDB the user with rights in it alone), and in SQLite the
authorizer."""


def refusals(engine: str, statements: Iterable[tuple[str, str]]) -> list[str]:
    """Why statements (file, sql) may not run even on a scratch server: what they reach for outside it."""
    found: list[str] = []
    for file, sql in statements:
        head = " ".join(sql.split())[:80]
        if len(sql) > MAX_STATEMENT_CHARACTERS:
            found.append(
                f"{file}: a statement of {len(sql):,} characters is too long (at most {MAX_STATEMENT_CHARACTERS:,})"
            )
            continue
        bare = _without_comments(sql)
        for pattern, why in _REACHES_OUTSIDE.get(engine, ()):
            if pattern.search(bare):
                found.append(f"{file}: {why}, so it is not run: {head}")
                break
    return found


def _without_comments(sql: str) -> str:
    # What stands in /*! ... */ is run by MySQL and MariaDB.
    return re.sub(r"--[^\n]*|/\*(?!M?!).*?\*/|/\*M?!\d*|\*/", " ", sql, flags=re.DOTALL)
