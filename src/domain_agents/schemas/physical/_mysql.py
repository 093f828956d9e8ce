"""What MySQL and MariaDB share: InnoDB, utf8mb4, everything about a table in its CREATE TABLE."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from domain_agents.catalog import Column, ForeignKey, Index, IndexKey, PrimaryKey, Table, TableName, Unique
from domain_agents.schemas.physical import Search, Typed
from domain_agents.schemas.physical._writing import aligned, body, clauses, constraint_text, constraints_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain_agents.catalog import Schema
    from domain_agents.engines import Engine
    from domain_agents.schemas.spec import Attribute

_LENGTHS: Final = {
    "short_text": 200, "email": 254, "url": 2048, "phone": 32, "slug": 100, "code": 64, "language": 35, "time_zone": 64,
    "password_hash": 255,
}  # fmt: skip
_TYPES: Final = {
    "int": "int", "bigint": "bigint", "percent": "decimal(7,4)", "float": "double", "bool": "boolean", "date": "date",
    "time": "time", "timestamp": "datetime(6)", "duration": "int", "json": "json", "country": "char(2)",
    "currency": "char(3)",
}  # fmt: skip
_INLINE_LIMIT: Final = 4_000
"""A text of more characters is kept outside the row, as TEXT."""

_VARBINARY_LIMIT: Final = 4_000
_KEY_BYTES: Final = 3_072
_PREFIX: Final = 191
_TEXT: Final = re.compile(r"(?:var)?char\((\d+)\)|(?:medium|long)?(?:text|blob)")
NOW: Final = "CURRENT_TIMESTAMP(6)"


@dataclass(frozen=True, slots=True)
class MysqlPhysical:
    """See Physical."""

    engine: Engine
    has_exclusion: bool = False
    has_partial_indexes: bool = False
    has_row_security: bool = False
    has_partitions: bool = False
    indexes_foreign_keys: bool = True
    longest_key: int = 768
    comments: bool = True

    uuid_type: str = "binary(16)"
    ip_type: str = "varbinary(16)"
    collation: str = ""

    def key(self, ids: str) -> Column:
        """See Physical."""
        if ids == "bigint":
            return Column("id", "bigint unsigned", nullable=False, identity="by default")
        comment = "UUID version 7, made by the application" if ids == "uuid7" else "UUID, made by the application"
        return Column("id", self.uuid_type, nullable=False, comment=comment)

    def reference(self, ids: str) -> Typed:
        """See Physical."""
        return Typed("bigint unsigned" if ids == "bigint" else self.uuid_type)

    def typed(self, attribute: Attribute, *, money: str, enums: str) -> Typed:
        """See Physical."""
        kind = attribute.kind
        if kind == "money":
            scale = 4 if attribute.precision is None else attribute.precision
            return Typed("bigint", note="in minor units") if money == "minor_units" else Typed(f"decimal(19,{scale})")
        if kind == "decimal":
            return Typed(f"decimal(18,{4 if attribute.precision is None else attribute.precision})")
        if kind == "percent" and attribute.precision is not None:
            return Typed(f"decimal({attribute.precision + 3},{attribute.precision})", note="12.5 means 12.5 %")
        if kind == "enum":
            return self._enum(attribute, enums)
        if kind == "uuid":
            return Typed(self.uuid_type)
        if kind == "ip":
            return Typed(self.ip_type, note="INET6_ATON()" if self.ip_type.startswith("varbinary") else "")
        if kind == "bytes":
            size = attribute.max_len
            return Typed(f"varbinary({size})" if size and size <= _VARBINARY_LIMIT else "mediumblob")
        if kind in _TYPES:
            note = {
                "percent": "12.5 means 12.5 %", "country": "ISO 3166-1 alpha-2", "currency": "ISO 4217",
                "duration": "in seconds",
            }  # fmt: skip
            return Typed(_TYPES[kind], note=note.get(kind, ""))
        limit = attribute.max_len or _LENGTHS.get(kind)
        note = {"phone": "E.164, such as +4930123456", "language": "BCP 47", "time_zone": "IANA, such as Europe/Berlin"}
        checks = ("locate('@', {column}) > 1",) if kind == "email" else ()
        if limit is None or limit > _INLINE_LIMIT:
            checks = (f"char_length({{column}}) <= {limit}",) if limit else ()
            return Typed("mediumtext" if limit and limit > 16_000 else "text", checks, note=note.get(kind, ""))
        return Typed(f"varchar({limit})", checks, note=note.get(kind, ""))

    def _enum(self, attribute: Attribute, enums: str) -> Typed:
        listed = ", ".join(map(self.text, attribute.values))
        if enums == "native":
            return Typed(f"enum({listed})")
        longest = max(32, *(len(value) for value in attribute.values))
        return Typed(f"varchar({longest})", (f"{{column}} IN ({listed})",))

    @staticmethod
    def text(value: str) -> str:
        """A text literal, in which a backslash is itself only when it is doubled."""
        return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"

    def literal(self, value: Any, kind: str) -> str:
        """See Physical."""
        if kind in {"timestamp", "date", "time"} and value == "now":
            return {"timestamp": NOW, "date": "(curdate())", "time": "(curtime())"}[kind]
        if value is None:
            return "NULL"
        if isinstance(value, bool):
            return "TRUE" if value else "FALSE"
        if isinstance(value, int | float):
            return repr(value)
        if kind == "json":
            from json import dumps

            return f"({self.text(value if isinstance(value, str) and value[:1] in '[{' else dumps(value))})"
        return f"({self.text(str(value))})" if kind == "text" else self.text(str(value))

    def length(self, column: str) -> str:
        """See Physical."""
        return f"char_length({column})"

    def can_set_null(self, columns: int) -> bool:
        """See Physical."""
        return columns == 1

    def folded(self, column: str) -> IndexKey:
        """See Physical. The collation of every text here makes no difference between cases."""
        return IndexKey(column)

    def case_insensitive(self, column: Column) -> Column:
        """See Physical."""
        return column

    def alive(self, deleted: str) -> Column | None:
        """See Physical. NULL is never the same as another NULL in a unique key, so deleted rows do not count."""
        return Column(
            "alive", "tinyint", generated=f"if({self.engine.quote(deleted)} IS NULL, 1, NULL)", virtual=True,
            comment="1, or NULL once deleted: for unique keys",
        )  # fmt: skip

    def search(self, table: Table, columns: Sequence[str], name: str) -> Search:
        """See Physical."""
        index = Index(name, table.name, tuple(map(IndexKey, columns)), method="fulltext")
        return Search(name, f"MATCH ({', '.join(map(self.engine.quote, columns))}) AGAINST (:words)", index)

    def indexable(self, index: Index, table: Table) -> Index:
        """See Physical. 3,072 bytes for all keys, four for each character (InnoDB, DYNAMIC rows)."""
        if index.method:
            return index
        lengths = {}
        for key in index.keys:
            column = table.column(key.text)
            found = _TEXT.fullmatch(column.type) if column is not None else None
            lengths[key.text] = 0 if found is None else int(found[1] or _KEY_BYTES)
        if 4 * sum(lengths.values()) <= _KEY_BYTES - 16 * len(index.keys):
            return index
        room = (_KEY_BYTES - 16 * len(index.keys)) // (4 * sum(length > 0 for length in lengths.values()))
        room = min(room, _PREFIX)
        keys = [replace(key, suffix=f"({room})") if lengths.get(key.text, 0) > room else key for key in index.keys]
        return replace(index, keys=tuple(keys))

    def document(self, table: TableName, column: str, name: str) -> Index | None:
        """See Physical."""
        return None

    def touched(self, table: Table, column: str) -> tuple[Column, tuple[str, ...], tuple[str, ...]]:
        """See Physical."""
        attributes = (f"ON UPDATE {NOW}",)
        return Column(column, "datetime(6)", nullable=False, default=NOW, attributes=attributes), (), ()

    def history(self, tables: Sequence[Table], log: Table) -> tuple[str, ...]:
        """See Physical."""
        found = []
        for table in tables:
            own = self.engine.quote_table(table.name)

            def row(which: str, table: Table = table) -> str:
                listed = [c for c in table.columns if "blob" not in c.type and c.generated is None]
                pairs = (f"{self.text(one.name)}, {which}.{self.engine.quote(one.name)}" for one in listed)
                return f"json_object({', '.join(pairs)})"

            for operation, old, new, kept in (
                ("insert", "NULL", row("NEW"), "NEW"),
                ("update", row("OLD"), row("NEW"), "NEW"),
                ("delete", row("OLD"), "NULL", "OLD"),
            ):
                found.append(
                    f"CREATE TRIGGER {self.engine.quote(f'{table.name.name}_log_{operation}'[:64])} "
                    f"AFTER {operation.upper()} ON {own} FOR EACH ROW\n"
                    f"    INSERT INTO {self.engine.quote_table(log.name)} "
                    "(`table_name`, `row_id`, `operation`, `old_row`, `new_row`, `changed_by`)\n"
                    f"    VALUES ({self.text(table.name.name)}, {kept}.`id`, '{operation}', {old}, {new}, @app_actor)"
                )
        return tuple(found)

    def row_security(self, table: Table, tenant: str) -> tuple[str, ...]:
        """See Physical."""
        return ()

    def partitions(self, table: Table, moment: str, *, keep_days: int | None) -> tuple[str, ...]:
        """See Physical."""
        return ()

    def write_table(self, table: Table, indexes: Sequence[Index], schema: Schema, later: Sequence[ForeignKey]) -> str:
        """See Physical. Indexes stand in the table, behind its keys."""
        quote, quote_table = self.engine.quote, self.engine.quote_table
        rows = [(quote(column.name), column.type, self._clauses(column)) for column in table.columns]
        written = [self._constraint(one) for one in constraints_of(table, later)]
        keys = sum(isinstance(one, PrimaryKey | Unique) for one in constraints_of(table, later))
        rest = [*written[:keys], *map(self._index, indexes), *written[keys:]]
        options = ["ENGINE=InnoDB", "DEFAULT CHARSET=utf8mb4"]
        if self.collation:
            options.append(f"COLLATE={self.collation}")
        if table.comment:
            options.append(f"COMMENT={self.text(table.comment[:2048])}")
        return f"CREATE TABLE {quote_table(table.name)} {body(aligned(rows), rest)} {' '.join(options)}"

    def _clauses(self, column: Column) -> str:
        default = f"DEFAULT {column.default}" if column.default is not None else ""
        generated = ""
        if column.generated is not None:
            generated = f"GENERATED ALWAYS AS ({column.generated}) {'VIRTUAL' if column.virtual else 'STORED'}"
        comment = f"COMMENT {self.text(column.comment[:1024])}" if column.comment else ""
        null = "" if column.generated is not None else "NULL" if column.nullable else "NOT NULL"
        counts = "AUTO_INCREMENT" if column.identity else ""
        collation = f"COLLATE {column.collation}" if column.collation else ""
        return clauses(collation, null, default, generated, counts, *column.attributes, comment)

    def _constraint(self, constraint: Any) -> str:
        if isinstance(constraint, PrimaryKey):
            return constraint_text(replace(constraint, name=""), self.engine.quote, self.engine.quote_table)
        if isinstance(constraint, Unique):
            names = ", ".join(map(self.engine.quote, constraint.columns))
            return f"UNIQUE KEY {self.engine.quote(constraint.name)} ({names})"
        return constraint_text(constraint, self.engine.quote, self.engine.quote_table)

    def _index(self, index: Index) -> str:
        keys = ", ".join(f"{self.engine.quote(k.text)}{k.suffix}{' DESC' if k.descending else ''}" for k in index.keys)
        kind = "UNIQUE KEY" if index.unique else "FULLTEXT KEY" if index.method == "fulltext" else "KEY"
        return f"{kind} {self.engine.quote(index.name)} ({keys})"

    def write_index(self, index: Index) -> str:
        """See Physical."""
        return ""

    def write_foreign_key(self, table: Table, key: ForeignKey) -> str:
        """See Physical."""
        text = constraint_text(key, self.engine.quote, self.engine.quote_table)
        return f"ALTER TABLE {self.engine.quote_table(table.name)}\n    ADD {text}"

    def write_comments(self, table: Table) -> tuple[str, ...]:
        """See Physical. They stand in the table."""
        return ()

    def preamble(self) -> tuple[str, ...]:
        """See Physical."""
        return ()
