"""SQLite: STRICT tables of four types, money in minor units, moments as ISO 8601 text, full-text search with FTS5."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from domain_agents.catalog import Column, ForeignKey, Index, IndexKey, Table, TableName
from domain_agents.engines._sqlite_text import written_index
from domain_agents.schemas.physical import Search, Typed
from domain_agents.schemas.physical._writing import (
    aligned,
    body,
    clauses,
    constraint_text,
    constraints_of,
    nullness,
    text_literal,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain_agents.catalog import Schema
    from domain_agents.engines import Engine
    from domain_agents.schemas.spec import Attribute

NOW: Final = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"
_LENGTHS: Final = {
    "short_text": 200, "email": 254, "url": 2048, "phone": 32, "slug": 100, "code": 64, "language": 35, "time_zone": 64,
    "password_hash": 255, "uuid": 36, "ip": 45,
}  # fmt: skip
_TYPES: Final = {
    "int": "INTEGER", "bigint": "INTEGER", "percent": "REAL", "float": "REAL", "json": "TEXT", "bytes": "BLOB",
    "decimal": "INTEGER", "duration": "INTEGER", "money": "INTEGER",
}  # fmt: skip


def on(engine: Engine) -> SQLite:
    """SQLite at that engine's version."""
    return SQLite(engine)


@dataclass(frozen=True, slots=True)
class SQLite:
    """See Physical."""

    engine: Engine
    has_exclusion: bool = False
    has_partial_indexes: bool = True
    has_row_security: bool = False
    has_partitions: bool = False
    indexes_foreign_keys: bool = False
    longest_key: int = 0
    comments: bool = False

    @property
    def _is_strict(self) -> bool:
        """STRICT: https://www.sqlite.org/stricttables.html, since 3.37."""
        from domain_agents.facts import version_key

        return version_key(self.engine.version) >= (3, 37)

    def key(self, ids: str) -> Column:
        """See Physical. INTEGER PRIMARY KEY is the rowid itself: no second tree, and it counts by itself."""
        if ids == "bigint":
            return Column("id", "INTEGER", nullable=False)
        return Column("id", "TEXT", nullable=False, comment="UUID, made by the application")

    def reference(self, ids: str) -> Typed:
        """See Physical."""
        return Typed("INTEGER" if ids == "bigint" else "TEXT")

    def typed(self, attribute: Attribute, *, money: str, enums: str) -> Typed:
        """See Physical."""
        kind = attribute.kind
        if kind == "enum":
            listed = ", ".join(map(text_literal, attribute.values))
            return Typed("TEXT", (f"{{column}} IN ({listed})",))
        if kind == "decimal":
            scale = 4 if attribute.precision is None else attribute.precision
            return Typed("INTEGER", note=f"times 10^{scale}: STRICT tables have no decimals" if scale else "")
        if kind in _TYPES:
            note = {"money": "in minor units", "duration": "in seconds", "percent": "12.5 means 12.5 %"}
            checks = ("json_valid({column})",) if kind == "json" else ()
            return Typed(_TYPES[kind], checks, note=note.get(kind, ""))
        fixed = {
            "bool": Typed("INTEGER", ("{column} IN (0, 1)",)),
            "date": Typed("TEXT", ("{column} GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'",), note="ISO 8601"),
            "time": Typed("TEXT", ("{column} GLOB '[0-2][0-9]:[0-5][0-9]*'",), note="ISO 8601"),
            "timestamp": Typed("TEXT", ("{column} GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]T*Z'",), note="UTC"),
            "country": Typed(
                "TEXT", ("length({column}) = 2 AND {column} = upper({column})",), note="ISO 3166-1 alpha-2"
            ),
            "currency": Typed("TEXT", ("length({column}) = 3 AND {column} = upper({column})",), note="ISO 4217"),
        }
        if kind in fixed:
            return fixed[kind]
        limit = attribute.max_len or _LENGTHS.get(kind)
        rules = [f"length({{column}}) <= {limit}"] if limit else []
        if kind == "email":
            rules.append("instr({column}, '@') > 1")
        checks = (" AND ".join(rules),) if rules else ()
        note = {"phone": "E.164, such as +4930123456", "language": "BCP 47", "time_zone": "IANA, such as Europe/Berlin"}
        return Typed("TEXT", checks, note=note.get(kind, ""))

    def literal(self, value: Any, kind: str) -> str:
        """See Physical."""
        if kind in {"timestamp", "date", "time"} and value == "now":
            return {"timestamp": NOW, "date": "CURRENT_DATE", "time": "CURRENT_TIME"}[kind]
        if value is None:
            return "NULL"
        if isinstance(value, bool):
            return "1" if value else "0"
        if isinstance(value, int | float):
            return repr(value)
        if kind == "json":
            from json import dumps

            return text_literal(value if isinstance(value, str) and value[:1] in "[{" else dumps(value))
        return text_literal(str(value))

    def length(self, column: str) -> str:
        """See Physical."""
        return f"length({column})"

    def can_set_null(self, columns: int) -> bool:
        """See Physical."""
        return columns == 1

    def folded(self, column: str) -> IndexKey:
        """See Physical. NOCASE folds the letters of ASCII."""
        return IndexKey(column)

    def case_insensitive(self, column: Column) -> Column:
        """See Physical."""
        return replace(column, collation="NOCASE")

    def alive(self, deleted: str) -> Column | None:
        """See Physical."""
        return None

    def search(self, table: Table, columns: Sequence[str], name: str) -> Search:
        """See Physical. An FTS5 table beside the table, kept by triggers (https://www.sqlite.org/fts5.html, 4.4.3)."""
        quote = self.engine.quote
        own, beside = self.engine.quote_table(table.name), quote(name)
        listed = ", ".join(map(quote, columns))

        def values(row: str) -> str:
            return ", ".join(f"{row}.{quote(one)}" for one in columns)

        remove = f"INSERT INTO {beside} ({beside}, rowid, {listed}) VALUES ('delete', OLD.rowid, {values('OLD')})"
        add = f"INSERT INTO {beside} (rowid, {listed}) VALUES (NEW.rowid, {values('NEW')})"
        statements = (
            (
                f"CREATE VIRTUAL TABLE {beside} USING fts5 ({listed}, content = {text_literal(table.name.name)}, "
                "content_rowid = 'rowid')"
            ),
            f"CREATE TRIGGER {quote(name + '_insert')} AFTER INSERT ON {own} BEGIN\n    {add};\nEND",
            f"CREATE TRIGGER {quote(name + '_delete')} AFTER DELETE ON {own} BEGIN\n    {remove};\nEND",
            (
                f"CREATE TRIGGER {quote(name + '_update')} AFTER UPDATE OF {listed} ON {own} BEGIN\n"
                f"    {remove};\n    {add};\nEND"
            ),
        )
        source = f"{beside} JOIN {own} ON {own}.rowid = {beside}.rowid"
        return Search(name, f"{beside} MATCH :words", None, statements, source)

    def indexable(self, index: Index, table: Table) -> Index:
        """See Physical."""
        return index

    def document(self, table: TableName, column: str, name: str) -> Index | None:
        """See Physical."""
        return None

    def touched(self, table: Table, column: str) -> tuple[Column, tuple[str, ...], tuple[str, ...]]:
        """See Physical."""
        own, quoted = self.engine.quote_table(table.name), self.engine.quote(column)
        trigger = (
            f"CREATE TRIGGER {self.engine.quote(f'{table.name.name}_set_{column}')}\n"
            f"    AFTER UPDATE ON {own} WHEN NEW.{quoted} = OLD.{quoted}\nBEGIN\n"
            f"    UPDATE {own} SET {quoted} = {NOW} WHERE rowid = NEW.rowid;\nEND"
        )
        return Column(column, "TEXT", nullable=False, default=NOW), (), (trigger,)

    def history(self, tables: Sequence[Table], log: Table) -> tuple[str, ...]:
        """See Physical."""
        found = []
        for table in tables:
            own = self.engine.quote_table(table.name)

            def row(which: str, table: Table = table) -> str:
                listed = [column for column in table.columns if column.type != "BLOB" and column.generated is None]
                pairs = (f"{text_literal(one.name)}, {which}.{self.engine.quote(one.name)}" for one in listed)
                return f"json_object({', '.join(pairs)})"

            # The trigger that keeps updated_at true writes the row once more: that is no change of its own.
            said = ", ".join(self.engine.quote(one.name) for one in table.columns if one.name != "updated_at")
            for operation, old, new, kept in (
                ("insert", "NULL", row("NEW"), "NEW"),
                (f"update OF {said}", row("OLD"), row("NEW"), "NEW"),
                ("delete", row("OLD"), "NULL", "OLD"),
            ):
                verb = operation.partition(" ")[0]
                found.append(
                    f"CREATE TRIGGER {self.engine.quote(f'{table.name.name}_log_{verb}')}\n"
                    f"    AFTER {verb.upper()}{operation.removeprefix(verb)} ON {own}\nBEGIN\n"
                    f"    INSERT INTO {self.engine.quote_table(log.name)} "
                    "(table_name, row_id, operation, old_row, new_row)\n"
                    f"    VALUES ({text_literal(table.name.name)}, {kept}.id, '{verb}', {old}, {new});\nEND"
                )
        return tuple(found)

    def row_security(self, table: Table, tenant: str) -> tuple[str, ...]:
        """See Physical."""
        return ()

    def partitions(self, table: Table, moment: str, *, keep_days: int | None) -> tuple[str, ...]:
        """See Physical."""
        return ()

    def write_table(self, table: Table, indexes: Sequence[Index], schema: Schema, later: Sequence[ForeignKey]) -> str:
        """See Physical. A comment is a comment of the text, which SQLite keeps with the table."""
        quote, quote_table = self.engine.quote, self.engine.quote_table
        key = table.primary_key
        inline = key.columns[0] if key is not None and len(key.columns) == 1 else ""
        rows = []
        for column in table.columns:
            text = "PRIMARY KEY" if column.name == inline else ""
            rows.append((quote(column.name), column.type, self._clauses(column, text)))
        rest = [
            constraint_text(one, quote, quote_table) for one in constraints_of(table) if not (inline and one is key)
        ]
        strict = " STRICT" if self._is_strict else ""
        notes = [column.comment for column in table.columns]
        return f"CREATE TABLE {quote_table(table.name)} {body(aligned(rows), rest, notes)}{strict}"

    def _clauses(self, column: Column, key: str) -> str:
        is_rowid = key and column.type == "INTEGER"
        default = f"DEFAULT {_default(column.default)}" if column.default is not None else ""
        collation = f"COLLATE {column.collation}" if column.collation else ""
        return clauses("" if is_rowid else nullness(column), key, default, collation)

    def write_index(self, index: Index) -> str:
        """See Physical."""
        return written_index(index)

    def write_foreign_key(self, table: Table, key: ForeignKey) -> str:
        """See Physical. A parent may come later."""
        return ""

    def write_comments(self, table: Table) -> tuple[str, ...]:
        """See Physical."""
        return ()

    def preamble(self) -> tuple[str, ...]:
        """See Physical. Off by default, for each connection: https://www.sqlite.org/foreignkeys.html, section 2."""
        return ("PRAGMA foreign_keys = ON",)


def _default(text: str) -> str:
    return f"({text})" if "(" in text else text
