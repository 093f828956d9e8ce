"""Keep rows from coming into each other's way: an exclusion constraint, whose index is built while everybody waits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.catalog import Exclusion
from domain_agents.engines import Can, Engine
from domain_agents.operations import CannotPlan, Deploy, Migration, Phase, Query, Situation, Step
from domain_agents.operations._asking import Change, Field, Request

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, TableName

_METHODS = ("gist", "spgist", "btree", "hash")
_DEFINITION = re.compile(
    r"\s*(?:USING\s+(?P<method>\w+)\s*)?\((?P<elements>.*?)\)\s*(?:WHERE\s*\((?P<where>.*)\))?\s*(?:NOT\s+)?(?:DEFERRABLE.*)?",
    re.IGNORECASE | re.DOTALL,
)
_ELEMENT = re.compile(r"(?P<what>.+?)\s+WITH\s+(?P<operator>[^\s\w]+|OPERATOR\s*\(.+\))", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class AddExclusion:
    """No two rows for which every one of the operators holds: no room twice at overlapping times."""

    kind: ClassVar[str] = "add_exclusion"
    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("name", "text"),
        Field("elements", "names", 'what is compared and how: ["room_id WITH =", "during WITH &&"]'),
        Field("method", "text", "of the index: gist (when left out), spgist, btree, hash"),
        Field("where", "expression", "which rows it holds for"),
    )
    table: TableName
    exclusion: Exclusion

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return ""

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        return ddl.AddExclusion(self.table, self.exclusion)

    @classmethod
    def from_change(cls, change: Change) -> AddExclusion:
        """See Operation."""
        table, engine = change.table(), change.request.engine
        require_exclusions(engine)
        elements = change.names("elements", '["room_id WITH =", "during WITH &&"]')
        for one in elements:
            if not _ELEMENT.fullmatch(one.strip()):
                raise change.fail(
                    "elements", f"{one!r} does not say what is compared and how", 'for example "during WITH &&"'
                )
        method = (change.word("method") or "gist").lower()
        if method not in _METHODS:
            raise change.fail("method", f"there is no index method {method!r} for it", f"one of {', '.join(_METHODS)}")
        where = change.expression("where")
        definition = f"USING {method} ({', '.join(one.strip() for one in elements)})"
        definition += f" WHERE ({where})" if where else ""
        names = tuple(_column_of(one) for one in elements)
        return cls(table, Exclusion(definition, change.word("name") or engine.object_name(table, names, "excl")))

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> AddExclusion | None:
        """See Operation."""
        if not isinstance(statement, ddl.AddExclusion):
            return None
        return cls(statement.table, statement.exclusion)

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        return self.statement.apply(schema)

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        require_exclusions(engine)
        after = self.apply(schema)
        is_empty = situation.is_new_table or situation.size.rows == 0
        made = Migration(
            title=f"add exclusion constraint {self.exclusion.name}",
            slug=f"add_exclusion_{self.exclusion.name}",
            phase=Phase.EXPAND,
            why="there is no row to compare yet"
            if is_empty
            else "its index is built under the lock: none is taken over for it, and no later step validates it",
            statements=(self.statement,),
            prechecks=() if is_empty else self._prechecks(engine),
            undo="; ".join(engine.spell(ddl.DropConstraint(self.table, self.exclusion.name), after)),
            warnings=() if is_empty else self._warnings(engine),
            waits=not is_empty,
        )
        deploy = Deploy(
            title=f"every application version can live with a row of {self.table.name} refused by {self.exclusion.name}",
            why="an INSERT or UPDATE that comes into another row's way fails with 23P01 from the next step on",
        )
        return (made,) if situation.is_new_table else (deploy, made)

    def _warnings(self, engine: Engine) -> tuple[str, ...]:
        table = engine.quote_table(self.table)
        way_out = (
            f"nobody reads or writes {table} while {self.exclusion.name} is added, and no server version has a gentler "
            "way: run it in a maintenance window, after trying its time on a copy. Ways out: a condition such as WHERE "
            "(id > <today's greatest id>) holds for new rows alone, and costs one read of the table instead of an index of "
            f"all of it; or a table with the constraint, filled beside {table} and exchanged with it"
        )
        needs = (
            "a plain column WITH = in a GiST index needs the extension btree_gist "
            "(CREATE EXTENSION IF NOT EXISTS btree_gist)"
        )
        has_equality = re.search(r"\bWITH\s*=(?![<>=&|])", self.exclusion.definition, re.IGNORECASE) is not None
        is_gist = re.search(r"\bUSING\s+(?:sp)?gist\b", self.exclusion.definition, re.IGNORECASE) is not None
        return (way_out, *((needs,) if has_equality and is_gist else ()))

    def _prechecks(self, engine: Engine) -> tuple[Query, ...]:
        """The pairs of rows that it refuses; no query where the definition is not told apart."""
        found = _DEFINITION.fullmatch(self.exclusion.definition)
        elements = [_ELEMENT.fullmatch(one.strip()) for one in _listed(found["elements"])] if found else []
        if found is None or not elements or not all(elements):
            return ()
        pairs = [(one["what"], one["operator"]) for one in elements if one is not None]
        listed = ", ".join(f"{what} AS v{number}" for number, (what, _) in enumerate(pairs))
        where = f" WHERE {found['where']}" if found["where"] else ""
        rows = f"(SELECT ctid AS place, {listed} FROM {engine.quote_table(self.table)}{where})"
        clash = " AND ".join(f"a.v{number} {operator} b.v{number}" for number, (_, operator) in enumerate(pairs))
        sql = f"SELECT count(*) FROM {rows} a JOIN {rows} b ON a.place < b.place AND {clash}"
        return (Query(sql, "0", "rows in each other's way make it fail after all the waiting: repair them first"),)


def require_exclusions(engine: Engine) -> None:
    """Refuse where there are none.

    Raises:
        CannotPlan: with what does the same there.
    """
    if not engine.can(Can.EXCLUSION_CONSTRAINTS):
        raise CannotPlan(
            f"{engine.name} has no exclusion constraints",
            field="kind",
            way_out="let the application lock the parent row (SELECT ... FOR UPDATE on the room) and look for an overlap "
            "before it writes; where all compared values must be equal, add_unique does it",
        )


def _column_of(element: str) -> str:
    found = _ELEMENT.fullmatch(element.strip())
    what = found["what"].strip() if found else ""
    bare = what[1:-1].replace('""', '"') if what.startswith('"') and what.endswith('"') else what
    return bare if what != bare or what.isidentifier() else "expr"


def _listed(text: str) -> list[str]:
    """The parts between commas that stand in no brackets."""
    parts, depth, current = [], 0, ""
    for character in text:
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            parts.append(current)
            current = ""
        else:
            current += character
    return [*parts, current]
