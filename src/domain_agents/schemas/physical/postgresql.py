"""PostgreSQL: text with checks, timestamptz, jsonb, partial and expression indexes, row-level security, partitions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from domain_agents.catalog import Column, ForeignKey, Index, IndexKey, Table, TableName
from domain_agents.schemas.physical import Search, Typed
from domain_agents.schemas.physical._postgresql_partitions import partition_statements
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

_UUIDV7_SINCE: Final = 18
_SET_NULL_COLUMNS_SINCE: Final = 15
_LENGTHS: Final = {
    "short_text": 200, "email": 254, "url": 2048, "phone": 32, "slug": 100, "code": 64, "language": 35, "time_zone": 64,
    "password_hash": 255,
}  # fmt: skip
_TYPES: Final = {
    "int": "integer", "bigint": "bigint", "percent": "numeric(7,4)", "float": "double precision", "bool": "boolean",
    "date": "date", "time": "time", "timestamp": "timestamptz", "duration": "interval", "uuid": "uuid", "json": "jsonb",
    "bytes": "bytea", "ip": "inet", "country": "char(2)", "currency": "char(3)",
}  # fmt: skip
SEARCH_CONFIGURATION: Final = "simple"
MAX_LINE: Final = 120
_CALL: Final = re.compile(r"[a-z_]+\((?:[^()]|\([^()]*\))*\)")


def on(engine: Engine) -> PostgreSQL:
    """PostgreSQL at that engine's version."""
    return PostgreSQL(engine)


@dataclass(frozen=True, slots=True)
class PostgreSQL:
    """See Physical."""

    engine: Engine
    has_exclusion: bool = True
    has_partial_indexes: bool = True
    has_row_security: bool = True
    has_partitions: bool = True
    indexes_foreign_keys: bool = False
    longest_key: int = 0
    comments: bool = True

    @property
    def _major(self) -> int:
        return int(self.engine.version.split(".")[0])

    def key(self, ids: str) -> Column:
        """See Physical."""
        if ids == "bigint":
            return Column("id", "bigint", nullable=False, identity="always")
        if ids == "uuid4":
            return Column("id", "uuid", nullable=False, default="gen_random_uuid()")
        has_v7 = self._major >= _UUIDV7_SINCE
        comment = "" if has_v7 else f"UUID version 7, made by the application (PostgreSQL {_UUIDV7_SINCE} has uuidv7())"
        return Column("id", "uuid", nullable=False, default="uuidv7()" if has_v7 else None, comment=comment)

    def reference(self, ids: str) -> Typed:
        """See Physical."""
        return Typed("bigint" if ids == "bigint" else "uuid")

    def typed(self, attribute: Attribute, *, money: str, enums: str) -> Typed:
        """See Physical."""
        kind = attribute.kind
        if kind == "money":
            scale = 4 if attribute.precision is None else attribute.precision
            return Typed("bigint", note="in minor units") if money == "minor_units" else Typed(f"numeric(19,{scale})")
        if kind == "decimal":
            return Typed(f"numeric(18,{4 if attribute.precision is None else attribute.precision})")
        if kind == "percent" and attribute.precision is not None:
            return Typed(f"numeric({attribute.precision + 3},{attribute.precision})", note="12.5 means 12.5 %")
        if kind == "enum":
            listed = ", ".join(map(text_literal, attribute.values))
            return Typed("text", (f"{{column}} IN ({listed})",))
        if kind in _TYPES:
            note = {"percent": "12.5 means 12.5 %", "country": "ISO 3166-1 alpha-2", "currency": "ISO 4217"}
            checks = ("{column} = upper({column})",) if kind in {"country", "currency"} else ()
            return Typed(_TYPES[kind], checks, note=note.get(kind, ""))
        limit = attribute.max_len or _LENGTHS.get(kind)
        rules = [f"char_length({{column}}) <= {limit}"] if limit else []
        if kind == "email":
            rules.append("position('@' in {column}) > 1")
        checks = (" AND ".join(rules),) if rules else ()
        note = {"phone": "E.164, such as +4930123456", "language": "BCP 47", "time_zone": "IANA, such as Europe/Berlin"}
        return Typed("text", checks, note=note.get(kind, ""))

    def literal(self, value: Any, kind: str) -> str:
        """See Physical."""
        if kind in {"timestamp", "date", "time"} and value == "now":
            return {"timestamp": "now()", "date": "CURRENT_DATE", "time": "LOCALTIME"}[kind]
        if value is None:
            return "NULL"
        if isinstance(value, bool):
            return "true" if value else "false"
        if kind == "duration":
            return f"interval '{value} seconds'"
        if isinstance(value, int | float):
            return repr(value)
        if kind == "json":
            from json import dumps

            return text_literal(value if isinstance(value, str) and value[:1] in "[{" else dumps(value))
        return text_literal(str(value))

    def length(self, column: str) -> str:
        """See Physical."""
        return f"char_length({column})"

    def can_set_null(self, columns: int) -> bool:
        """See Physical."""
        return columns == 1 or self._major >= _SET_NULL_COLUMNS_SINCE

    def folded(self, column: str) -> IndexKey:
        """See Physical."""
        return IndexKey(f"lower({self.engine.quote(column)})", is_expression=True)

    def case_insensitive(self, column: Column) -> Column:
        """See Physical. The index folds the case, the column stays as it is."""
        return column

    def alive(self, deleted: str) -> Column | None:
        """See Physical."""
        return None

    def search(self, table: Table, columns: Sequence[str], name: str) -> Search:
        """See Physical. The `simple` configuration knows no language: it stems nothing and finds words as they stand."""
        parts = []
        for one in columns:
            column = table.column(one)
            quoted = self.engine.quote(one)
            parts.append(quoted if column is not None and not column.nullable else f"coalesce({quoted}, '')")
        text = " || ' ' || ".join(parts)
        vector = f"to_tsvector('{SEARCH_CONFIGURATION}', {text})"
        index = Index(name, table.name, (IndexKey(vector, is_expression=True),), method="gin")
        return Search(name, f"{vector} @@ websearch_to_tsquery('{SEARCH_CONFIGURATION}', :words)", index)

    def indexable(self, index: Index, table: Table) -> Index:
        """See Physical."""
        return index

    def document(self, table: TableName, column: str, name: str) -> Index | None:
        """See Physical."""
        return Index(name, table, (IndexKey(column, suffix="jsonb_path_ops"),), method="gin")

    def touched(self, table: Table, column: str) -> tuple[Column, tuple[str, ...], tuple[str, ...]]:
        """See Physical."""
        quoted = self.engine.quote(column)
        function = (
            "-- Keeps updated_at true, whoever writes the row.\n"
            f"CREATE FUNCTION set_{column}() RETURNS trigger\n    LANGUAGE plpgsql\n    SET search_path = ''\nAS $$\n"
            f"BEGIN\n    NEW.{quoted} := now();\n    RETURN NEW;\nEND\n$$"
        )
        trigger = (
            f"CREATE TRIGGER {self.engine.quote(f'{table.name.name}_set_{column}'[:63])}\n"
            f"    BEFORE UPDATE ON {self.engine.quote_table(table.name)}\n"
            f"    FOR EACH ROW EXECUTE FUNCTION set_{column}()"
        )
        return Column(column, "timestamptz", nullable=False, default="now()"), (function,), (trigger,)

    def history(self, tables: Sequence[Table], log: Table) -> tuple[str, ...]:
        """See Physical."""
        function = (
            "-- Every change of a row that has a history becomes a row of the log.\n"
            "CREATE FUNCTION log_change() RETURNS trigger\n    LANGUAGE plpgsql\n    SET search_path = ''\nAS $$\nBEGIN\n"
            f"    INSERT INTO public.{self.engine.quote_table(log.name)} "
            "(table_name, row_id, operation, old_row, new_row, changed_by)\n"
            "    VALUES (\n        TG_TABLE_NAME,\n"
            "        coalesce(to_jsonb(NEW), to_jsonb(OLD)) ->> 'id',\n        lower(TG_OP),\n"
            "        CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END,\n"
            "        CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END,\n"
            "        nullif(current_setting('app.actor', true), '')\n    );\n"
            "    RETURN NULL;\nEND\n$$"
        )
        triggers = [
            f"CREATE TRIGGER {self.engine.quote(f'{table.name.name}_log_change'[:63])}\n"
            f"    AFTER INSERT OR UPDATE OR DELETE ON {self.engine.quote_table(table.name)}\n"
            "    FOR EACH ROW EXECUTE FUNCTION log_change()"
            for table in tables
        ]
        return (function, *triggers)

    def row_security(self, table: Table, tenant: str) -> tuple[str, ...]:
        """See Physical. The setting is read once for a statement, not once for a row, because it stands in a SELECT."""
        column = table.column(tenant)
        kind = column.type if column else "bigint"
        name, quoted = self.engine.quote_table(table.name), self.engine.quote(tenant)
        setting = f"(SELECT nullif(current_setting('app.tenant_id', true), '')::{kind})"
        return (
            f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY",
            (
                f"CREATE POLICY {self.engine.quote(f'{table.name.name}_of_tenant'[:63])} ON {name}\n"
                f"    USING ({quoted} = {setting})\n    WITH CHECK ({quoted} = {setting})"
            ),
        )

    def partitions(self, table: Table, moment: str, *, keep_days: int | None) -> tuple[str, ...]:
        """See Physical."""
        return partition_statements(self.engine, table.name, keep_days=keep_days)

    def write_table(self, table: Table, indexes: Sequence[Index], schema: Schema, later: Sequence[ForeignKey]) -> str:
        """See Physical."""
        quote, quote_table = self.engine.quote, self.engine.quote_table
        rows = [(quote(column.name), column.type, self._clauses(column)) for column in table.columns]
        rest = [constraint_text(one, quote, quote_table) for one in constraints_of(table, later)]
        partitioned = f" PARTITION BY {table.partitioned_by}" if table.partitioned_by else ""
        return f"CREATE TABLE {quote_table(table.name)} {body(aligned(rows), rest)}{partitioned}"

    def _clauses(self, column: Column) -> str:
        if column.identity:
            return f"GENERATED {column.identity.upper()} AS IDENTITY"
        default = f"DEFAULT {column.default}" if column.default is not None else ""
        generated = f"GENERATED ALWAYS AS ({column.generated}) STORED" if column.generated is not None else ""
        return clauses(nullness(column), default, generated)

    def write_index(self, index: Index) -> str:
        """See Physical. A function call needs no brackets of its own; what is long is broken at its clauses."""
        quote = self.engine.quote
        keys = []
        for key in index.keys:
            is_call = key.is_expression and _CALL.fullmatch(key.text) is not None
            text = key.text if is_call else f"({key.text})" if key.is_expression else quote(key.text)
            keys.append(clauses(text, key.suffix, "DESC" if key.descending else ""))
        method = f" USING {index.method}" if index.method else ""
        first = f"CREATE {'UNIQUE ' if index.unique else ''}INDEX {quote(index.name)}"
        second = f"ON {self.engine.quote_table(index.table)}{method} ({', '.join(keys)})"
        third = f"WHERE {index.where}" if index.where else ""
        line = clauses(first, second, third)
        return line if len(line) <= MAX_LINE else "\n    ".join(part for part in (first, second, third) if part)

    def write_foreign_key(self, table: Table, key: ForeignKey) -> str:
        """See Physical."""
        text = constraint_text(key, self.engine.quote, self.engine.quote_table)
        return f"ALTER TABLE {self.engine.quote_table(table.name)}\n    ADD {text}"

    def write_comments(self, table: Table) -> tuple[str, ...]:
        """See Physical."""
        name = self.engine.quote_table(table.name)
        found = [f"COMMENT ON TABLE {name} IS {text_literal(table.comment)}"] if table.comment else []
        found += [
            f"COMMENT ON COLUMN {name}.{self.engine.quote(column.name)} IS {text_literal(column.comment)}"
            for column in table.columns
            if column.comment
        ]
        return tuple(found)

    def preamble(self) -> tuple[str, ...]:
        """See Physical."""
        return ()
