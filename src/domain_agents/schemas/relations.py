"""Relations -> foreign keys: columns, what happens when the parent goes, join tables, and the index that each needs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from domain_agents.catalog import Column, ForeignKey
from domain_agents.schemas._reading import SpecError
from domain_agents.schemas.draft import Draft, DraftTable, Need
from domain_agents.schemas.entities import add_attribute
from domain_agents.schemas.names import one, plural, said, singular, snake

if TYPE_CHECKING:
    from domain_agents.schemas.spec import Relation

_PARTS: Final = (
    "item",
    "line",
    "detail",
    "entry",
    "part",
    "row",
    "member",
    "attachment",
    "image",
    "photo",
    "leg",
    "seat",
)
_KEPT: Final = ("payment", "invoice", "ledger", "transaction", "audit", "receipt", "refund", "payout", "posting")


def add_relations(draft: Draft) -> None:
    """Every relation, in the order in which they were written."""
    for relation in draft.spec.relations:
        if relation.kind == "many_to_many":
            _join(draft, relation)
        else:
            _refer(draft, relation)


def _base(relation: Relation) -> str:
    """What the child calls the parent."""
    if relation.role:
        return snake(relation.role).removesuffix("_id")
    is_self = singular(snake(relation.child)) == singular(snake(relation.parent))
    return "parent" if is_self else singular(snake(relation.parent))


def _refer(draft: Draft, relation: Relation) -> None:
    child, parent = draft.of(relation.child), draft.of(relation.parent)
    if parent.key == draft.tenant and child.tenant:
        # The tenant column is this relation already.
        child.names.setdefault(_base(relation), child.tenant)
        return
    if draft.spec.settings.tenancy in {"schema", "database"} and draft.tenant in {parent.key, child.key}:
        draft.assume(
            f"{said(child.key)} to {said(parent.key)}: where a row lies says whose it is, so there is no column for it"
        )
        return
    column = f"{_base(relation)}_id"
    if child.table.column(column) is not None:
        raise SpecError(
            [
                (
                    f"{relation.place}.role: {said(child.key)} refers to {said(parent.key)} as {column} already; a second "
                    'relation between them needs a role, for example "billing_address"'
                )
            ]
        )
    is_required = relation.required and relation.on_parent_delete != "set_null"
    is_self = child.key == parent.key
    if is_self and is_required and not relation.role:
        draft.assume(f"the first {said(child.key)} has no parent, so {child.name}.{column} may be empty")
        is_required = False
    typed = draft.physical.reference(parent.ids)
    child.add(
        Column(column, typed.type, nullable=not is_required), _base(relation), relation.parent, meaning="reference"
    )
    add_key(draft, child, parent, (column,), relation, is_required=is_required)
    if relation.kind == "one_to_one":
        child.ones.append(column)
    if _is_part(child, parent, relation):
        child.owner = parent.key


def add_key(
    draft: Draft,
    child: DraftTable,
    parent: DraftTable,
    columns: tuple[str, ...],
    relation: Relation,
    *,
    is_required: bool,
) -> None:
    """The foreign key of a column, with the tenant in it where both sides have one, and the need for an index."""
    own: tuple[str, ...] = columns
    theirs: tuple[str, ...] = ("id",)
    if child.tenant and parent.tenant:
        own, theirs = (child.tenant, *columns), (parent.tenant, "id")
        parent.unique(theirs, draft.named(parent, theirs, "key"))
    rule, why = _delete_rule(child, parent, relation, is_required=is_required)
    emptied: tuple[str, ...] = ()
    if rule == "SET NULL" and len(own) > 1:
        if draft.physical.can_set_null(len(own)):
            emptied = columns
        else:
            rule, why = "RESTRICT", f"{why}, which would empty the tenant too here: the application empties it first"
    child.refer(
        ForeignKey(
            own, parent.table.name, theirs, draft.named(child, columns, "fkey"), on_delete=rule, set_columns=emptied
        )
    )
    child.needs.append(Need(f"foreign key to {parent.name}", own, is_foreign_key=True))
    child.reasons.append(f"`{columns[0]}` → {parent.name}, ON DELETE {rule}: {why}")


def _is_part(child: DraftTable, parent: DraftTable, relation: Relation) -> bool:
    """Whether rows of the child are parts of the parent: an order's items are, an order is no part of its customer."""
    if relation.on_parent_delete == "cascade":
        return True
    if relation.on_parent_delete != "auto" or not relation.required:
        return False
    rest = child.key.removeprefix(f"{parent.key}_")
    return rest != child.key or (child.key.rpartition("_")[2] in _PARTS and child.key.partition("_")[0] in parent.key)


def _delete_rule(child: DraftTable, parent: DraftTable, relation: Relation, *, is_required: bool) -> tuple[str, str]:
    asked = relation.on_parent_delete
    if asked != "auto":
        return asked.replace("_", " ").upper(), "as asked"
    if not is_required:
        return "SET NULL", f"{one(child.key)} goes on without its {said(_base(relation))}"
    if child.entity is not None and child.entity.lifecycle == "append_only":
        return "RESTRICT", "rows that are only ever added are kept"
    if any(word in child.key for word in _KEPT):
        return "RESTRICT", "money and records outlive what they belong to"
    if _is_part(child, parent, relation):
        return "CASCADE", f"{one(child.key)} is a part of its {said(parent.key)} and goes with it"
    if parent.deleted or (parent.entity is not None and parent.entity.lifecycle == "soft_delete"):
        return "RESTRICT", f"{said(parent.name)} are hidden, not deleted"
    return "RESTRICT", f"{one(parent.key)} that is still in use cannot be deleted"


def _join(draft: Draft, relation: Relation) -> None:
    """A table between two: the pair is its key, and a second index leads the other way."""
    first, second = draft.of(relation.child), draft.of(relation.parent)
    name = snake(relation.role) if relation.role else f"{first.key}_{plural(second.key)}"
    if singular(name) in draft.tables:
        fault = (
            f"{relation.place}.role: there is a table {plural(singular(name))} already; give this relation its own role"
        )
        raise SpecError([fault])
    table = draft.start(name)
    table.tenant = first.tenant if first.tenant and second.tenant else ""
    if table.tenant:
        kind = draft.physical.reference(draft.tables[draft.tenant].ids).type
        table.add(Column(table.tenant, kind, nullable=False), draft.tenant, meaning="tenant")
    columns = []
    for side in (first, second):
        base = f"related_{side.key}" if f"{side.key}_id" in columns else side.key
        columns.append(f"{base}_id")
        table.add(
            Column(f"{base}_id", draft.physical.reference(side.ids).type, nullable=False), base, meaning="reference"
        )
    key = tuple(columns)
    table.primary((table.tenant, *key) if table.tenant else key, draft.named(table, (), "pkey"))
    linked = replace(
        relation, on_parent_delete="cascade" if relation.on_parent_delete == "auto" else relation.on_parent_delete
    )
    for side, column in zip((first, second), key, strict=True):
        add_key(draft, table, side, (column,), linked, is_required=True)
    first.joins.setdefault(second.key, (table.key, columns[1]))
    second.joins.setdefault(first.key, (table.key, columns[0]))
    table.reasons[:] = [reason.replace("as asked", "a link goes with either end") for reason in table.reasons]
    for attribute in relation.attributes:
        add_attribute(draft, table, attribute)
    table.table = replace(
        table.table, comment=f"Which {said(plural(second.key))} belong to which {said(plural(first.key))}."
    )
