"""design_schema: a page of meaning -> tables, keys, indexes for how they are used, diagrams, and the reason for each."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from domain_agents.dialects import dialect, replay
from domain_agents.schemas.adopting import adopt
from domain_agents.schemas.advice import advise
from domain_agents.schemas.audit import audit
from domain_agents.schemas.design import Design, design
from domain_agents.schemas.diff import diff
from domain_agents.schemas.draw.dbml import draw_dbml
from domain_agents.schemas.draw.mermaid import draw_mermaid
from domain_agents.schemas.draw.svg import draw_svg
from domain_agents.schemas.reading_back import compare
from domain_agents.schemas.sizes import held_rows, row_bytes, size
from domain_agents.schemas.sketches import sketch
from domain_agents.schemas.spec import (
    AUDITS,
    ENUMS,
    IDS,
    KINDS,
    LIFECYCLES,
    OPERATIONS,
    SKETCHES,
    TENANCIES,
    UNIQUE,
    SpecError,
    read_spec,
)
from domain_agents.schemas.writing import write_sql
from domain_agents.tools import Result, Settings, Tool, ToolError, shortened
from domain_agents.tools._engine import engine_for
from domain_agents.tools._project import project_directory, read_project
from domain_agents.tools._schema_sides import read_side, renames_of

if TYPE_CHECKING:
    from domain_agents.catalog import Column, Table
    from domain_agents.engines import Engine
    from domain_agents.schemas.design import DesignedTable
    from domain_agents.schemas.spec import Spec
    from domain_agents.tools import Job
    from domain_agents.tools._schema_sides import Side


_LISTED: Final = {
    "type": "object",
    "description": "{name, settings, entities[{name, attributes[{name, kind}]}], relations[{child, parent}], "
    "access[{entity, equals, order_by}]}; kind: email, money, timestamp, ...; all fields: schema_designer",
}


_STYLE: Final = frozenset({"missing_reference"})
"""The design itself says what is named like a reference and is none."""


class DesignSchema(BaseModel):
    """The arguments (contract, design_schema)."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    spec: Annotated[dict[str, Any], WithJsonSchema(_LISTED)]
    existing: str | None = Field(None, max_length=2_000_000, description="DDL or a path")
    engine: Literal["postgresql", "mysql", "mariadb", "sqlite"] | None = None
    version: str | None = Field(None, max_length=20)
    project: str | None = None
    directory: str | None = Field(None, max_length=500)
    write: bool = False


def design_schema(arguments: DesignSchema, settings: Settings, job: Job) -> Result:
    """The tool.

    Raises:
        ToolError: the specification cannot be read or designed; with every fault and the way out.
        NeedsAnswer: the engine is not known.
    """
    job.check()
    try:
        spec = read_spec(arguments.spec)
        database = _engine(arguments, spec, settings)
        before = _today(arguments, database, settings)
        made = design(adopt(spec, before.schema) if before is not None else spec, database)
    except SpecError as error:
        raise ToolError(_faults(error)) from error
    job.check()
    sql = write_sql(made)
    structured = {**_structured(made, sql), **_changes(before, made, sql)}
    from domain_agents.prompts import report

    structured["report"] = report("schema-designer", "design", structured)
    structured["written"] = _write(structured, arguments, settings) if arguments.write else []
    text = shortened(
        structured["report"],
        how_to_page="The whole SQL and report are in the structured result, or in files with write: true.",
    )
    return Result(structured, text)


def _faults(error: SpecError) -> str:
    lines = "\n".join(f"- {fault}" for fault in error.faults)
    example = (
        '{"name": "shop", "entities": [{"name": "Customer", "attributes": [{"name": "email", "kind": "email"}]}, '
        '{"name": "Order", "attributes": [{"name": "placed_at", "kind": "timestamp"}]}], "relations": [{"child": "Order", '
        '"parent": "Customer"}], "access": [{"id": "my_orders", "entity": "Order", "equals": ["customer"], "order_by": '
        '["placed_at desc"]}]}'
    )
    return f"The specification does not fit:\n{lines}\nA specification that does: {example}"


def _engine(arguments: DesignSchema, spec: Spec, settings: Settings) -> Engine:
    """What was asked for, else what the project's files say.

    Raises:
        ToolError: an engine or version that there is no knowledge of.
        NeedsAnswer: nothing tells.
    """
    name = arguments.engine or spec.settings.engine
    version = arguments.version or (spec.settings.version if name == spec.settings.engine else "")
    if not name:
        project = read_project(settings, arguments.project)
        name, version = project.engine, version or project.version
    return engine_for(
        name, version, "Which database is this schema for? Neither the specification nor the project tells."
    )


def _structured(made: Design, sql: str) -> dict[str, Any]:
    title = made.spec.name
    reached, unread = replay(sql, dialect(made.engine.name))
    held = {
        table.table.name.name: entity.rows_1y or 0
        for table in made.tables
        if (entity := made.spec.entity(table.entity))
    }
    audited = audit(reached, made.engine, rows=held, without=_STYLE)
    findings = [*made.findings, *compare(made, reached, unread), *(one.finding for one in audited.findings)]
    return {
        "engine": {"name": made.engine.name, "version": made.engine.version},
        "name": title,
        "sql": sql,
        "tables": [_table(made, table) for table in made.tables],
        "access": [asdict(one) for one in made.access],
        "diagrams": {
            "mermaid": draw_mermaid(made.schema),
            "dbml": draw_dbml(made.schema, title),
            "svg": draw_svg(made.schema, title),
        },
        "advice": [asdict(one) for one in advise(made)],
        "findings": [finding.as_json() for finding in findings],
        "assumptions": list(made.assumptions),
        "conventions": list(made.conventions),
        "sketches": {name: sketch(name, made) for name in made.spec.settings.sketches},
        "questions": [asdict(question) for question in made.questions],
        "written": [],
    }


def _today(arguments: DesignSchema, database: Engine, settings: Settings) -> Side | None:
    """The schema there is; None where none was given.

    Raises:
        ToolError: what was given cannot be read.
    """
    if arguments.existing is None:
        return None
    return read_side("existing", arguments.existing, database, settings, arguments.project)


def _changes(before: Side | None, made: Design, sql: str) -> dict[str, Any]:
    """What leads from the schema there is to this one, ready for plan_migration.

    Tables that the specification does not speak of stay as they are: leaving one out is no wish to lose it.
    """
    if before is None:
        return {"changes": [], "kept": [], "change_questions": [], "unread": []}
    after, _ = replay(sql, dialect(made.engine.name))
    found = diff(before.schema, after, made.engine, renames_of(made))
    kept = [str(change.table) for change in found.changes if change.kind == "drop_table"]
    return {
        "changes": [change.as_json() for change in found.changes if change.kind != "drop_table"],
        "kept": kept,
        "change_questions": [*found.questions, *found.not_expressed],
        "unread": [{"line": one.line, "statement": one.sql[:200], "reason": one.reason} for one in before.unread],
    }


def _table(design: Design, table: DesignedTable) -> dict[str, Any]:
    made = table.table
    meanings = dict(table.meanings)
    entity = design.spec.entity(table.entity)
    held = held_rows(entity) if entity is not None else 0
    return {
        "name": str(made.name),
        "entity": table.entity,
        "comment": made.comment,
        "columns": [_column(column, meanings.get(column.name, "")) for column in made.columns],
        "keys": _keys(made),
        "checks": [{"name": check.name, "expression": check.expression} for check in made.checks],
        "indexes": [
            {
                "name": one.index.name,
                "columns": [f"{key.text} DESC" if key.descending else key.text for key in one.index.keys],
                "unique": one.index.unique,
                "method": one.index.method,
                "where": one.index.where,
                "why": one.why,
            }
            for one in table.indexes
        ],
        "reasons": list(table.reasons),
        "personal_data": list(table.personal),
        "rows": held,
        "rows_after_days": (entity.retention_days or 365) if entity is not None else 365,
        "size": size(held * sum(row_bytes(made, [one.index for one in table.indexes], meanings))) if held else "",
    }


def _column(column: Column, meaning: str) -> dict[str, Any]:
    return {
        "name": column.name,
        "type": column.type,
        "nullable": column.nullable,
        "default": column.default,
        "kind": meaning,
        "comment": column.comment,
    }


def _keys(table: Table) -> list[dict[str, Any]]:
    keys: list[dict[str, Any]] = []
    if table.primary_key is not None:
        keys.append({"kind": "primary", "name": table.primary_key.name, "columns": list(table.primary_key.columns)})
    keys += [{"kind": "unique", "name": one.name, "columns": list(one.columns)} for one in table.uniques]
    keys += [
        {
            "kind": "foreign",
            "name": one.name,
            "columns": list(one.columns),
            "references": str(one.parent),
            "parent_columns": list(one.parent_columns),
            "on_delete": one.on_delete,
        }
        for one in table.foreign_keys
    ]
    return keys


def _write(structured: dict[str, Any], arguments: DesignSchema, settings: Settings) -> list[str]:
    """The files, whole or not at all.

    Raises:
        ToolError: one is there already, or the directory is outside the project.
    """
    from domain_agents.schemas.names import snake
    from domain_agents.workspace.files import WriteRefused, write_new

    root = project_directory(settings, arguments.project)
    start = f"{(arguments.directory or 'schema').strip().strip('/')}/{snake(structured['name']) or 'schema'}"
    diagrams = structured["diagrams"]
    contents = {
        f"{start}.sql": structured["sql"],
        f"{start}.md": structured["report"],
        f"{start}.mmd": diagrams["mermaid"],
        f"{start}.dbml": diagrams["dbml"],
        f"{start}.svg": diagrams["svg"],
        **{f"{start}.{name}.md": text for name, text in structured["sketches"].items()},
    }
    try:
        return list(write_new(root, contents))
    except WriteRefused as error:
        raise ToolError(str(error)) from error


def _reference() -> str:
    """Every field of a specification."""
    return f"""`spec` says what the data means; types, keys and indexes follow. `[]` marks a list, `=` a default.

- **settings**: engine, version; ids = {"|".join(IDS)} (auto is bigint); tenancy = {"|".join(TENANCIES)}, tenant (the entity
  that owns the others), rls; audit = {"|".join(AUDITS)}; optimistic_lock; table_names = plural|singular; money =
  decimal|minor_units; currency (EUR when there is one, else per_row); enums = {"|".join(ENUMS)};
  sketches[] ({", ".join(SKETCHES)}: the same for another store, as a document).
- **entities[]**: name, description, attributes[], natural_key[] (what people know a row by), lifecycle =
  {"|".join(LIFECYCLES)}, rows_1y, writes_per_s, retention_days, checks[] (SQL conditions), tenant_scoped,
  renamed_from. No `id`, no foreign keys, no created_at: the design makes them.
- **attributes[]**: name, kind, required = true, unique = {"|".join(UNIQUE)}, default ("now" for times), max_len, precision,
  values[] (enum), pii, note, renamed_from. Kinds: {", ".join(KINDS)}.
- **relations[]**: child, parent, kind = many_to_one|one_to_one|many_to_many, required = true, on_parent_delete =
  auto|restrict|cascade|set_null, role (what the child calls the parent, or the name of a many-to-many table), attributes[]
  (of a many_to_many).
- **access[]**: id, entity, op = {"|".join(OPERATIONS)}, equals[] and range[] (attributes, or parents by name), order_by[]
  ("placed_at desc"), contains[] (words in texts, or a document), only_when ({{"status": "open"}} or an SQL condition),
  returns[], per_second, p95_ms.
"""


TOOL = Tool(
    name="design_schema",
    title="Design a schema",
    description="What data means and how it is read -> DDL, keys, indexes, ERD, advice.",
    arguments=DesignSchema,
    output_schema={
        "type": "object",
        "properties": {"sql": {"type": "string"}, "report": {"type": "string"}},
        "required": ["sql", "tables", "access", "diagrams", "advice", "findings", "changes", "report", "written"],
    },
    call=design_schema,
    read_only=False,
    destructive=False,
    idempotent=False,
    reference=_reference,
)
