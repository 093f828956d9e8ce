"""Statements that change no schema and yet keep others waiting, or take rows away: told apart by their text.

The readers keep of them that they change nothing; here it counts which tables they lock, and how.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from domain_agents import ddl
from domain_agents.catalog import TableName
from domain_agents.engines import Blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.dialects import ReadStatement
    from domain_agents.engines import Effect

_PART: Final = r'(?:"(?:[^"]|"")+"|`(?:[^`]|``)+`|[\w$]+)'
_NAME: Final = rf"{_PART}(?:\s*\.\s*{_PART})*"
_NAMES: Final = rf"(?:ONLY\s+)?{_NAME}\s*\*?(?:\s*,\s*(?:ONLY\s+)?{_NAME}\s*\*?)*"
_TRUNCATE: Final = re.compile(
    rf"TRUNCATE\s+(?:TABLE\s+)?(?P<tables>{_NAMES})(?:\s+(?:RESTART|CONTINUE)\s+IDENTITY)?(?:\s+(?:CASCADE|RESTRICT))?\Z",
    re.IGNORECASE,
)
_VACUUM_FULL: Final = re.compile(
    r"VACUUM\s*(?:\([^)]*\bFULL\b(?!\s+(?:off|false|0))[^)]*\)|FULL\b(?:\s+(?:FREEZE|VERBOSE|ANALYZE)\b)*)\s*(?P<tables>.*)\Z",
    re.IGNORECASE | re.DOTALL,
)
_CLUSTER: Final = re.compile(r"CLUSTER\b", re.IGNORECASE)
_LOCK: Final = re.compile(
    rf"LOCK\s+(?:TABLE\s+)?(?P<tables>{_NAMES})(?:\s+IN\s+(?P<mode>[\w\s]+?)\s+MODE)?(?:\s+NOWAIT)?\Z", re.IGNORECASE
)
_LOCK_TABLES: Final = re.compile(
    r"LOCK\s+TABLES?\s+(?P<tables>.+\b(?:READ|WRITE)(?:\s+LOCAL)?)\Z", re.IGNORECASE | re.DOTALL
)
_LOCKED: Final = re.compile(
    rf"({_NAME})(?:\s+(?:AS\s+)?{_PART})??\s+(READ|(?:LOW_PRIORITY\s+|CONCURRENT\s+)?WRITE)\b", re.IGNORECASE
)
_FIRST: Final = re.compile(rf"\s*(?:ONLY\s+)?({_NAME})", re.IGNORECASE)
_MODES: Final = {
    "ACCESS EXCLUSIVE": Blocks.READS_AND_WRITES,
    "EXCLUSIVE": Blocks.WRITES,
    "SHARE ROW EXCLUSIVE": Blocks.WRITES,
    "SHARE": Blocks.WRITES,
}
"""https://www.postgresql.org/docs/18/explicit-locking.html#LOCKING-TABLES; the others let rows be written."""
_SOURCE: Final = "https://www.postgresql.org/docs/18/explicit-locking.html#LOCKING-TABLES"
_SOURCE_OF_PAIRS: Final = "https://dev.mysql.com/doc/refman/8.4/en/lock-tables.html"
_WITHOUT_TABLE: Final = re.compile(
    r"(?:REINDEX\s*(?:\([^)]*\)\s*)?(?:SCHEMA|DATABASE|SYSTEM)\b(?!\s+CONCURRENTLY)"
    r"|CLUSTER\s*(?:\([^)]*\)\s*|VERBOSE\s*)?\Z|VACUUM\s+FULL\b(?:\s+(?:FREEZE|VERBOSE|ANALYZE)\b)*\s*\Z"
    r"|VACUUM\s*\([^)]*\bFULL\b(?!\s+(?:off|false|0))[^)]*\)\s*\Z)",
    re.IGNORECASE,
)
_EVERYTHING: Final = re.compile(r"DROP\s+(?:DATABASE|SCHEMA|OWNED)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Weighed:
    """A statement's atoms as they are weighed; `lock` and `blocks` say what an explicit lock is."""

    atoms: tuple[ddl.Statement, ...]
    lock: str = ""
    blocks: Blocks | None = None
    source: str = ""

    def on(self, effect: Effect) -> Effect:
        """The effect, with the lock that the statement itself names."""
        if self.blocks is None or effect.blocks is self.blocks is Blocks.NONE:
            return effect
        return replace(effect, operation="lock_table", lock=self.lock, blocks=self.blocks, sources=(self.source,))


def weighed(read: ReadStatement) -> Weighed:
    """What a statement does to the tables that it names."""
    sql = read.sql.strip()
    if found := _TRUNCATE.match(sql):
        return Weighed(tuple(ddl.NoCatalogChange("truncate", one) for one in _tables(found["tables"])))
    if found := _LOCK_TABLES.match(sql):
        pairs = [(_table(pair[1]), pair[2].upper()) for pair in _LOCKED.finditer(found["tables"])]
        writes = any(mode.endswith("WRITE") for _, mode in pairs)
        blocks = Blocks.READS_AND_WRITES if writes else Blocks.WRITES
        return Weighed(_locks([one for one, _ in pairs]), "WRITE" if writes else "READ", blocks, _SOURCE_OF_PAIRS)
    if found := _LOCK.match(sql):
        mode = " ".join((found["mode"] or "ACCESS EXCLUSIVE").upper().split())
        return Weighed(_locks(list(_tables(found["tables"]))), mode, _MODES.get(mode, Blocks.NONE), _SOURCE)
    if (found := _VACUUM_FULL.match(sql)) and all(isinstance(atom, ddl.NoCatalogChange) for atom in read.atoms):
        tables = _tables(re.sub(r"\([^)]*\)", "", found["tables"]))
        return Weighed(tuple(ddl.Vacuum(one, full=True) for one in tables) or read.atoms)
    if _CLUSTER.match(sql):
        upkeep = (atom for atom in read.atoms if isinstance(atom, ddl.NoCatalogChange) and atom.table is not None)
        return Weighed(tuple(replace(atom, kind="cluster") for atom in upkeep) or read.atoms)
    return Weighed(read.atoms)


def rebuilds_everything(sql: str) -> bool:
    """Whether every table or index of a schema or a database is written anew, while others wait."""
    return _WITHOUT_TABLE.match(sql.strip()) is not None


def takes_everything(sql: str) -> bool:
    """Whether a whole database, or all that a schema or a role owns, is dropped: no reader has atoms for that."""
    return _EVERYTHING.match(sql.strip()) is not None


def _locks(tables: list[TableName]) -> tuple[ddl.Statement, ...]:
    return tuple(ddl.NoCatalogChange("lock", one) for one in tables)


def _tables(text: str) -> Iterator[TableName]:
    for part in _split(text):
        found = _FIRST.match(part)
        if found:
            yield _table(found[1])


def _split(text: str) -> list[str]:
    """The parts between commas that stand outside quotes."""
    return re.findall(r"""(?:"(?:[^"]|"")*"|`(?:[^`]|``)*`|[^,"`])+""", text)


def _table(text: str) -> TableName:
    """The last two parts of a written name; the catalog finds it in any case where the server does."""
    parts = [_folded(part) for part in re.findall(_PART, text)]
    return TableName(parts[-1], parts[-2] if len(parts) > 1 else "")


def _folded(part: str) -> str:
    quote = part[0]
    return part[1:-1].replace(quote * 2, quote) if quote in '"`' else part
