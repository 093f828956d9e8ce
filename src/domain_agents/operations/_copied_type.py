"""Another type where the server itself converts the rows, in a copy: no column stands in for another meanwhile.

Foreign keys hold both their columns to one type and let neither be changed, so they go first and come back last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents import ddl
from domain_agents.engines import Can, CopiesTables
from domain_agents.operations import CannotPlan, Migration, Phase, Query, Step
from domain_agents.operations._keys import orphans

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain_agents.catalog import ForeignKey, Schema, Table, TableName
    from domain_agents.engines import Engine


def copied_steps(
    engine: Engine,
    schema: Schema,
    changes: Sequence[ddl.ChangeType],
    *,
    why: str,
    phase: Phase,
    warnings: tuple[str, ...],
) -> tuple[Step, ...]:
    """Each column in a file of its own, between the end of the foreign keys on them and their return.

    Raises:
        CannotPlan: a foreign key would join two types.
    """
    keys = keys_on(schema, changes)
    current, steps = schema, list[Step]()
    if keys:
        dropping = tuple(ddl.DropConstraint(owner, key.name) for owner, key in keys)
        steps.append(_drop(engine, schema, keys, dropping, phase))
        current = ddl.apply_all(dropping, current)
    for number, change in enumerate(changes):
        steps.append(_change(engine, current, change, why=why, phase=phase, warnings=() if number else warnings))
        current = change.apply(current)
    for owner, key in keys:
        steps.append(_add_again(engine, current, owner, key, phase))
        current = ddl.AddConstraint(owner, key).apply(current)
    return tuple(steps)


def keys_on(schema: Schema, changes: Sequence[ddl.ChangeType]) -> list[tuple[TableName, ForeignKey]]:
    """The foreign keys that hold one of the columns, with their tables."""
    changed = {(_found(schema, change.table), change.column) for change in changes}
    found: list[tuple[TableName, ForeignKey]] = []
    for child in schema.tables.values():
        for key in child.foreign_keys:
            parent = schema.table(key.parent)
            theirs = key.parent_columns or (parent.primary_key.columns if parent and parent.primary_key else ())
            parent_name = parent.name if parent else key.parent
            pairs = [
                ((child.name, ours), (parent_name, other)) for ours, other in zip(key.columns, theirs, strict=False)
            ]
            held = [(one in changed, other in changed) for one, other in pairs]
            if not any(any(pair) for pair in held):
                continue
            alone = next((pair for pair, one in zip(pairs, held, strict=True) if one[0] and not one[1]), None)
            if alone is not None:
                raise CannotPlan(
                    f"{alone[0][0]}.{alone[0][1]} refers to {alone[1][0]}.{alone[1][1]}, and a foreign key joins columns "
                    "of one type only",
                    field="column",
                    way_out=f"ask for the type of {alone[1][0]}.{alone[1][1]}: what refers to it is changed along; or drop "
                    f"the foreign key {key.name} first",
                )
            if not key.name:
                raise CannotPlan(
                    f"a foreign key of {child.name} has no name in the schema at hand, and must go for a while",
                    field="schema",
                    way_out="give what SHOW CREATE TABLE says: the server has named it",
                )
            found.append((child.name, key))
    return found


def _found(schema: Schema, name: TableName) -> TableName:
    table: Table | None = schema.table(name)
    return table.name if table is not None else name


def _spelled(engine: Engine, statements: Sequence[ddl.Statement], schema: Schema) -> str:
    parts: list[str] = []
    for statement in statements:
        parts += engine.spell(statement, schema)
        schema = statement.apply(schema)
    return "; ".join(parts)


def _drop(
    engine: Engine,
    schema: Schema,
    keys: Sequence[tuple[TableName, ForeignKey]],
    dropping: tuple[ddl.DropConstraint, ...],
    phase: Phase,
) -> Migration:
    names = ", ".join(key.name for _, key in keys)
    again = tuple(ddl.AddConstraint(owner, key) for owner, key in keys)
    return Migration(
        title=f"drop {'the foreign key' if len(keys) == 1 else 'the foreign keys'} {names} for a while",
        slug=f"drop_{keys[0][1].name}",
        phase=phase,
        why="the server refuses another type for a column that a foreign key holds; the keys come back in the last steps",
        statements=dropping,
        undo=_spelled(engine, again, ddl.apply_all(dropping, schema)),
        warnings=(
            (
                f"until {names} {'is' if len(keys) == 1 else 'are'} back, nothing refuses a row without a parent, and no "
                "ON DELETE action runs: the checks before and after the last steps find what slipped in"
            ),
        ),
    )


def _change(
    engine: Engine, schema: Schema, change: ddl.ChangeType, *, why: str, phase: Phase, warnings: tuple[str, ...]
) -> Migration:
    table = schema.table(change.table)
    column = table.column(change.column) if table else None
    before = engine.stored_type(column.type) if column else ""
    unfit = ""
    if table is not None and column is not None and isinstance(engine, CopiesTables):
        unfit = engine.unfit_values(table, column, change.type)
    listed = Query(unfit, "no rows", "a value that does not fit the new type stops the change: repair these first")
    return Migration(
        title=f"change {change.table.name}.{change.column} to {change.type}",
        slug=f"change_{change.table.name}_{change.column}_type",
        phase=phase,
        why=why,
        statements=(change,),
        transaction=not engine.refuses_transaction(change, schema),
        prechecks=(listed,) if unfit else (),
        undo=f"a new change of {change.table.name}.{change.column} back to {before}; values that do not fit it stop that "
        "change",
        warnings=warnings,
    )


def _add_again(engine: Engine, schema: Schema, owner: TableName, key: ForeignKey, phase: Phase) -> Migration:
    again = ddl.AddConstraint(owner, key)
    found: tuple[Query, ...] = orphans(engine, schema, owner, key)
    return Migration(
        title=f"add the foreign key {key.name} again",
        slug=f"add_{key.name}_again",
        phase=phase,
        why="both its columns have the new type; rows without a parent that were written meanwhile show in the check",
        statements=(again,),
        prechecks=found,
        validations=() if engine.can(Can.FOREIGN_KEY_TESTS_ROWS) else found,
        undo=_spelled(engine, (ddl.DropConstraint(owner, key.name),), again.apply(schema)),
    )
