"""What tables are made of, in the trees of PostgreSQL's grammar: columns, constraints, the keys of indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from domain_agents.catalog import Check, Column, ForeignKey, IndexKey, PrimaryKey, TableName, Unique
from domain_agents.dialects._postgresql_expressions import columns_of
from domain_agents.engines.postgresql import object_name as default_name

if TYPE_CHECKING:
    from domain_agents import ddl
    from domain_agents.dialects._postgresql_source import Span

_ACTIONS = {"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}
# Clauses that no atom holds, by the field of the tree that says them.
_CONSTRAINT_CLAUSES = {
    "nulls_not_distinct": "NULLS NOT DISTINCT", "including": "INCLUDE",
    "is_no_inherit": "NO INHERIT", "options": "WITH (...)", "indexspace": "USING INDEX TABLESPACE",
}  # fmt: skip


class NotUnderstood(Exception):
    """A clause that has no atom."""


def name_of(relation: Any) -> TableName:
    return TableName(relation.relname, relation.schemaname)


def strings(nodes: Any) -> tuple[str, ...]:
    return tuple(node.string.sval for node in nodes)


def enum_name(message: Any, field: str) -> str:
    """The name of an enumerated field's value."""
    descriptor = message.DESCRIPTOR.fields_by_name[field].enum_type
    return str(descriptor.values_by_number[getattr(message, field)].name)


class Parts:
    """The parts of one statement, with the tokens to cut their texts from; `dropped` names clauses that no atom holds."""

    def __init__(self, span: Span) -> None:
        self.span = span
        self.dropped: list[str] = []
        self.named: set[str] = set()

    def _drop(self, tree: Any, clauses: dict[str, str]) -> None:
        self.dropped += [words for field, words in clauses.items() if getattr(tree, field, None)]

    def _free_name(self, table: TableName, columns: tuple[str, ...], kind: str) -> str:
        """The default name, with the number the server adds when the statement has used the name already."""
        name, number = default_name(table, columns, kind), 0
        while name in self.named:
            number += 1
            name = default_name(table, columns, f"{kind}{number}")
        self.named.add(name)
        return name

    def _column(self, table: TableName, tree: Any) -> tuple[Column, tuple[ddl.Constraint, ...]]:
        at = self.span.index_at(tree.location)
        end = self.span.item_end(at)
        marks = sorted(c.constraint.location for c in tree.constraints if c.constraint.location >= 0)
        collate = tree.coll_clause.location if tree.HasField("coll_clause") else -1
        type_start = self.span.index_at(tree.type_name.location) if tree.HasField("type_name") else at + 1
        stops = [self.span.index_at(mark) for mark in marks if self.span.index_at(mark) >= type_start]
        if collate >= 0:
            stops.append(self.span.index_at(collate))
        type_end = min([end, *stops])
        options = [i for i in range(type_start, type_end) if self.span.tokens[i].kind in ("STORAGE", "COMPRESSION")]
        values: dict[str, Any] = {"name": tree.colname, "type": self.span.text(type_start, min([type_end, *options]))}
        constraints: list[ddl.Constraint] = []
        self.dropped += ["STORAGE or COMPRESSION"] if options else []
        for node in tree.constraints:
            constraint = node.constraint
            kind = enum_name(constraint, "contype")
            if kind.startswith("CONSTR_ATTR_"):
                self.dropped.append(kind.removeprefix("CONSTR_ATTR_").replace("_", " "))
            later = [self.span.index_at(mark) for mark in marks if mark > constraint.location]
            until = min([end, *later])
            start = self.span.index_at(constraint.location)
            if kind == "CONSTR_NOTNULL":
                values["nullable"] = False
            elif kind == "CONSTR_DEFAULT":
                values["default"] = self.span.text(start + 1, until)
            elif kind == "CONSTR_IDENTITY":
                values["identity"] = "always" if constraint.generated_when == "a" else "by default"
                values["nullable"] = False
                self._drop(constraint, {"options": "the identity's options"})
            elif kind == "CONSTR_GENERATED":
                opening = self.span.find("ASCII_40", start)
                values["generated"] = self.span.text(opening + 1, self.span.closing(opening))
                values["virtual"] = constraint.generated_kind == "v"
            elif kind in ("CONSTR_PRIMARY", "CONSTR_UNIQUE", "CONSTR_CHECK", "CONSTR_FOREIGN"):
                constraints.append(self._constraint(table, constraint, (tree.colname,)))
        if collate >= 0:
            values["collation"] = ".".join(strings(tree.coll_clause.collname))
        return Column(**values), tuple(constraints)

    def _constraint(self, table: TableName, tree: Any, own: tuple[str, ...]) -> ddl.Constraint:
        kind = enum_name(tree, "contype")
        self._drop(tree, _CONSTRAINT_CLAUSES)
        if kind == "CONSTR_PRIMARY":
            self._drop(tree, {"deferrable": "DEFERRABLE"})
            return PrimaryKey(strings(tree.keys) or own, tree.conname or self._free_name(table, (), "pkey"))
        if kind == "CONSTR_UNIQUE":
            self._drop(tree, {"deferrable": "DEFERRABLE"})
            columns = strings(tree.keys) or own
            return Unique(columns, tree.conname or self._free_name(table, columns, "key"))
        if kind in ("CONSTR_CHECK", "CONSTR_FOREIGN") and not (tree.is_enforced or own):
            self.dropped.append("NOT ENFORCED")
        if kind == "CONSTR_CHECK":
            opening = self.span.find("ASCII_40", self.span.index_at(tree.location))
            expression = self.span.text(opening + 1, self.span.closing(opening))
            name = tree.conname or self._free_name(table, columns_of(tree.raw_expr), "check")
            return Check(expression, name, not tree.skip_validation)
        if kind == "CONSTR_FOREIGN":
            columns = strings(tree.fk_attrs) or own
            if tree.fk_matchtype not in ("", "s"):
                self.dropped.append("MATCH FULL")
            return ForeignKey(
                columns=columns,
                parent=name_of(tree.pktable),
                parent_columns=strings(tree.pk_attrs),
                name=tree.conname or self._free_name(table, columns, "fkey"),
                on_delete=_ACTIONS.get(tree.fk_del_action, "NO ACTION"),
                on_update=_ACTIONS.get(tree.fk_upd_action, "NO ACTION"),
                deferrable=("DEFERRABLE" + (" INITIALLY DEFERRED" if tree.initdeferred else ""))
                if tree.deferrable
                else "",
                validated=not tree.skip_validation,
                set_columns=strings(tree.fk_del_set_cols),
            )
        raise NotUnderstood(f"the constraint {tree.conname or kind.removeprefix('CONSTR_').lower()}")

    def _index_key(self, tree: Any, start: int, end: int) -> IndexKey:
        descending = enum_name(tree, "ordering") == "SORTBY_DESC"
        if tree.name:
            text, behind, is_expression = tree.name, start + 1, False
        else:
            opening = self.span.find("ASCII_40", start)
            closing = self.span.closing(opening)
            text = self.span.text(start, closing + 1) if opening != start else self.span.text(start + 1, closing)
            behind, is_expression = closing + 1, True
        suffix = [i for i in range(behind, end) if self.span.tokens[i].kind not in ("ASC", "DESC")]
        return IndexKey(text, is_expression, descending, " ".join(self.span.text(i, i + 1) for i in suffix))
