"""Words of SQLite's DDL, and the CREATE TABLE text of a table that has changed since that text was written.

A table's text is edited, not written anew: STRICT, WITHOUT ROWID, conflict clauses, collations and comments are the
owner's, and the catalog has no noun for most of them.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from domain_agents.catalog import Check, Column, ForeignKey, Index, IndexKey, PrimaryKey, Table, TableName, Unique
from domain_agents.ddl import renamed_in
from domain_agents.engines import CannotSpell
from domain_agents.engines._sqlite_table import Clause, Definition, Item, read_definition
from domain_agents.engines._sqlite_tokens import Kind, NotUnderstood, quoted, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from domain_agents.ddl import Constraint

_WORDS_FOR_VALUES: Final = ("NULL", "TRUE", "FALSE", "CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME")
_INDENT: Final = re.compile(r"\n[ \t]*\Z")
_REST_OF_LINE: Final = re.compile(r"[ \t]*(?:--[^\n]*|/\*(?:(?!\*/)[^\n])*\*/[ \t]*(?=\n))")

Edit = tuple[int, int, str]


def written_name(name: str) -> str:
    """A name as SQL.

    Raises:
        CannotSpell: SQLite cannot hold the name.
    """
    try:
        return quoted(name)
    except ValueError as error:
        raise CannotSpell(str(error)) from error


def written_table(table: TableName) -> str:
    """A table's name as SQL, with its schema if it has one."""
    name = written_name(table.name)
    return f"{written_name(table.schema)}.{name}" if table.schema else name


def written_names(names: Iterable[str]) -> str:
    """Names as SQL, in parentheses."""
    return f"({', '.join(map(written_name, names))})"


def enclosed(expression: str) -> str:
    """An expression in parentheses, which a comment at its end does not swallow."""
    return f"({expression}\n)" if "--" in expression else f"({expression})"


def is_plain_default(default: str) -> bool:
    """Whether DEFAULT takes the text without parentheses: a literal, a signed number, a word."""
    row = tokens(default)
    if len(row) == 2:
        return (row[0].is_sign("-") or row[0].is_sign("+")) and row[1].kind is Kind.NUMBER
    return len(row) == 1 and row[0].kind in {Kind.NUMBER, Kind.STRING, Kind.BLOB, Kind.WORD, Kind.NAME}


def written_default(default: str) -> str:
    """What stands behind DEFAULT."""
    if not is_plain_default(default):
        return enclosed(default)
    return "".join(token.text for token in tokens(default))


def written_column(column: Column, constraints: Sequence[Constraint] = ()) -> str:
    """A column's definition with its inline constraints."""
    parts = [written_name(column.name), column.type] if column.type else [written_name(column.name)]
    parts += _properties(column, column)
    parts += [_inline(constraint, is_identity=bool(column.identity)) for constraint in constraints]
    return " ".join(parts)


def _properties(column: Column, changed: Column) -> list[str]:
    """The clauses of `column`, without those that need not be said because they are as in `changed` already."""
    same = column is not changed
    parts = []
    if column.collation and not (same and column.collation == changed.collation):
        parts.append(f"COLLATE {written_name(column.collation)}")
    if not column.nullable and not (same and not changed.nullable):
        parts.append("NOT NULL")
    if column.default is not None and not (same and column.default == changed.default):
        parts.append(f"DEFAULT {written_default(column.default)}")
    if column.generated is not None and not (same and column.generated == changed.generated):
        parts.append(f"GENERATED ALWAYS AS {enclosed(column.generated)}")
    return parts


def _named(constraint: Constraint) -> str:
    return f"CONSTRAINT {written_name(constraint.name)} " if constraint.name else ""


def _inline(constraint: Constraint, *, is_identity: bool) -> str:
    match constraint:
        case PrimaryKey():
            return f"{_named(constraint)}PRIMARY KEY{' AUTOINCREMENT' if is_identity else ''}"
        case Unique():
            return f"{_named(constraint)}UNIQUE"
        case Check():
            return written_constraint(constraint)
        case ForeignKey():
            return f"{_named(constraint)}{_references(constraint)}"


def written_constraint(constraint: Constraint) -> str:
    """A table constraint."""
    match constraint:
        case PrimaryKey():
            body = f"PRIMARY KEY {written_names(constraint.columns)}"
        case Unique():
            body = f"UNIQUE {written_names(constraint.columns)}"
        case Check():
            body = f"CHECK {enclosed(constraint.expression)}"
        case ForeignKey():
            body = f"FOREIGN KEY {written_names(constraint.columns)} {_references(constraint)}"
    return _named(constraint) + body


def _references(key: ForeignKey) -> str:
    # A foreign key of SQLite's cannot name a schema: the parent lives where the child does.
    parts = [f"REFERENCES {written_name(key.parent.name)}"]
    if key.parent_columns:
        parts.append(written_names(key.parent_columns))
    if key.on_delete != "NO ACTION":
        parts.append(f"ON DELETE {key.on_delete}")
    if key.on_update != "NO ACTION":
        parts.append(f"ON UPDATE {key.on_update}")
    if key.deferrable:
        parts.append(key.deferrable)
    return " ".join(parts)


def written_index(index: Index, *, if_not_exists: bool = False) -> str:
    """CREATE INDEX."""
    if index.include or index.method:
        raise CannotSpell(f"index {index.name}: SQLite has neither INCLUDE nor USING; leave them out")
    name = written_table(TableName(index.name, index.table.schema))
    words = f"CREATE {'UNIQUE ' if index.unique else ''}INDEX {'IF NOT EXISTS ' if if_not_exists else ''}"
    keys = ", ".join(map(_key, index.keys))
    where = f" WHERE {index.where}" if index.where else ""
    return f"{words}{name} ON {written_name(index.table.name)} ({keys}){where}"


def _key(key: IndexKey) -> str:
    parts = [key.text if key.is_expression else written_name(key.text)]
    if key.suffix:
        parts.append(key.suffix)
    if key.descending:
        parts.append("DESC")
    return " ".join(parts)


def written_create(table: Table, *, if_not_exists: bool = False) -> str:
    """The CREATE TABLE that makes the table as it is now.

    Raises:
        CannotSpell: the table's text is one that SQLite would not read either.
    """
    start = f"CREATE TABLE {'IF NOT EXISTS ' if if_not_exists else ''}{written_table(table.name)} "
    if not table.definition:
        return f"{start}(\n    {(',' + chr(10) + '    ').join(_items_of(table))}\n)"
    try:
        definition = read_definition(table.definition)
    except NotUnderstood as error:
        raise CannotSpell(f"the text of table {table.name} cannot be read: {error}") from error
    return start + _Editor(definition, table).text()


def definition_of(table: Table) -> Definition:
    """The table as it is now, taken apart.

    Raises:
        CannotSpell: the table's text is one that SQLite would not read either.
    """
    try:
        return read_definition(written_create(table))
    except NotUnderstood as error:
        raise CannotSpell(f"the text of table {table.name} cannot be read: {error}") from error


def _items_of(table: Table) -> list[str]:
    """The body of a table that has no text yet."""
    key = table.primary_key
    inline = key.columns[0] if key is not None and len(key.columns) == 1 else ""
    items = [
        written_column(column, (key,) if key is not None and column.name == inline else ()) for column in table.columns
    ]
    rest: list[Constraint] = [*table.uniques, *table.checks, *table.foreign_keys]
    if key is not None and not inline:
        rest.insert(0, key)
    return items + [written_constraint(constraint) for constraint in rest]


def _constraints(table: Table) -> list[Constraint]:
    key: list[Constraint] = [table.primary_key] if table.primary_key else []
    return [_bare(one) for one in (*key, *table.uniques, *table.checks, *table.foreign_keys)]


def _bare(constraint: Constraint) -> Constraint:
    """The constraint without what SQLite cannot say of it."""
    if isinstance(constraint, ForeignKey):
        return replace(constraint, validated=True, parent=TableName(constraint.parent.name))
    return replace(constraint, validated=True) if isinstance(constraint, Check) else constraint


class _Editor:
    """Brings the text of a table to what the table is now."""

    def __init__(self, definition: Definition, table: Table) -> None:
        self.definition = definition
        self.table = table
        self.source = definition.table.definition
        self.renamed = _renamed(definition.table.columns, table.columns)
        self.wanted = _constraints(table)

    def text(self) -> str:
        """From the body's parenthesis to the end."""
        items = self.definition.items
        leads, trails = self._gaps()
        pieces: list[str] = []
        columns_end = max(place for place, item in enumerate(items) if item.column is not None)
        carried = ""
        for place, item in enumerate(items):
            kept = self._item(item)
            if kept is None:
                # The comment behind a comma is about the item before it: that one stays, the dropped item's goes.
                carried += _same_line(leads[place])
                leads[place + 1] = leads[place + 1].removeprefix(_same_line(leads[place + 1]))
            else:
                pieces.append(_behind_comment(carried, leads[place]) + kept + trails[place])
                carried = ""
            if place == columns_end:
                pieces += self._appended(self._added_columns(), leads, place + 1)
        pieces += self._appended([written_constraint(one) for one in self.wanted], leads, len(items))
        tail = _behind_comment(carried, leads[-1] + ")")
        return "(" + ",".join(pieces) + tail + self.source[self.definition.body[1] + 1 :]

    def _gaps(self) -> tuple[list[str], list[str]]:
        """The space and comments before each item and the closing parenthesis, and those between an item and its comma."""
        first, last = self.definition.body
        starts = [*(item.start for item in self.definition.items), last]
        ends = [first, *(item.end for item in self.definition.items)]
        leads, trails = [], []
        for end, start in zip(ends, starts, strict=True):
            gap = self.source[end:start]
            comma = next((token.start for token in tokens(gap) if token.is_sign(",")), None)
            leads.append(gap if comma is None else gap[comma + 1 :])
            trails.append("" if comma is None else gap[:comma])
        return leads, trails[1:]

    def _appended(self, texts: Sequence[str], leads: list[str], following: int) -> list[str]:
        """New items; a comment on the line of the item before them stays on that line."""
        if not texts:
            return []
        comment = _same_line(leads[following])
        leads[following] = leads[following].removeprefix(comment)
        pieces = [self._lead() + text for text in texts]
        return [_behind_comment(comment, pieces[0]), *pieces[1:]]

    def _lead(self) -> str:
        """The space that items begin with: a line of their own where the last column has one."""
        first, _ = self.definition.body
        lead = self.source[first : self.definition.items[0].start]
        indent = _INDENT.search(lead)
        return indent.group() if indent else " "

    def _added_columns(self) -> list[str]:
        known = {column.name for column in self.definition.table.columns} - set(self.renamed)
        known |= set(self.renamed.values())
        return [written_column(column) for column in self.table.columns if column.name not in known]

    def _item(self, item: Item) -> str | None:
        """The item's text as it must be now; None when it goes."""
        edits: list[Edit] = []
        if item.column is None:
            if not self._keeps(item.clauses[0]):
                return None
        else:
            now = self.table.column(self.renamed.get(item.column.name, item.column.name))
            if now is None:
                return None
            edits += self._column_edits(item, now)
        for clause in item.clauses:
            if not any(start <= clause.start and clause.end <= end for start, end, _ in edits):
                edits += self._renames(clause)
        return _edited(self.source, item.start, item.end, edits)

    def _keeps(self, clause: Clause) -> bool:
        """Whether the table still has the clause's constraint (then it is no longer wanted elsewhere)."""
        constraint = clause.constraint
        if constraint is None:
            return True
        if isinstance(constraint, PrimaryKey | Unique | ForeignKey):
            columns = tuple(self.renamed.get(column, column) for column in constraint.columns)
            constraint = replace(constraint, columns=columns)
        if isinstance(constraint, Check):
            constraint = replace(constraint, expression=self._now(constraint.expression))
        if isinstance(constraint, ForeignKey) and constraint.parent.name == self.definition.table.name.name:
            names = tuple(self.renamed.get(column, column) for column in constraint.parent_columns)
            constraint = replace(constraint, parent_columns=names)
        constraint = _bare(constraint)
        if constraint not in self.wanted:
            return False
        self.wanted.remove(constraint)
        return True

    def _now(self, expression: str) -> str:
        for before, after in self.renamed.items():
            expression = renamed_in(expression, before, after)
        return expression

    def _column_edits(self, item: Item, now: Column) -> list[Edit]:
        was = next(c for c in self.definition.table.columns if item.column is not None and c.name == item.column.name)
        if was.generated is not None:
            was = replace(was, generated=self._now(was.generated))
        edits: list[Edit] = []
        if now.name != was.name:
            edits.append((item.start, item.name_end, written_name(now.name)))
        said = "".join(f" {part}" for part in _properties(now, was))
        start, end = item.type_span
        if now.type != was.type:
            # Where there was no type, it needs a space before it.
            space = " " if start == end and now.type else ""
            edits.append((start, end, space + now.type + said))
        elif said:
            edits.append((end, end, said))
        gone = {"null"} if not now.nullable and was.nullable else set()
        gone |= {"not null"} if now.nullable and not was.nullable else set()
        gone |= {"default"} if now.default != was.default else set()
        gone |= {"collate"} if now.collation != was.collation else set()
        gone |= {"generated", "stored"} if now.generated != was.generated else set()
        for clause in item.clauses:
            if clause.kind in gone or not self._keeps(clause):
                before = len(self.source[: clause.start].rstrip(" \t"))
                edits.append((before, clause.end, ""))
        return edits

    def _renames(self, clause: Clause) -> list[Edit]:
        """A renamed column's name in the expressions and column lists of a clause."""
        old = {before.lower(): after for before, after in self.renamed.items() if before != after}
        if not old or clause.kind in {"name", "not null", "null", "default", "collate"}:
            return []
        parent = clause.constraint.parent.name if isinstance(clause.constraint, ForeignKey) else ""
        is_own = parent.lower() == self.definition.table.name.name.lower()
        edits: list[Edit] = []
        skip = False
        for token in tokens(self.source[clause.start : clause.end]):
            if token.is_word("REFERENCES") and not is_own:
                break
            is_name = token.kind in {Kind.WORD, Kind.NAME} and not skip
            skip = token.is_word("CONSTRAINT", "REFERENCES", "COLLATE")
            if is_name and token.value.lower() in old:
                start = clause.start + token.start
                # Quoted by the rule that the catalog renames by, so that both say the same text.
                edits.append(
                    (start, clause.start + token.end, renamed_in(token.text, token.value, old[token.value.lower()]))
                )
        return edits


def _same_line(lead: str) -> str:
    found = _REST_OF_LINE.match(lead)
    return found.group() if found else ""


def _behind_comment(comment: str, text: str) -> str:
    """The text behind a comment, on a line of its own where the comment would swallow it."""
    needs_line = "--" in comment and not text.lstrip(" \t").startswith("\n")
    return f"{comment}\n{text}" if needs_line else comment + text


def _edited(source: str, start: int, end: int, edits: list[Edit]) -> str:
    pieces: list[str] = []
    place = start
    for first, last, text in sorted(edits, key=lambda edit: (edit[0], edit[1])):
        pieces += [source[place:first], text]
        place = max(place, last)
    return "".join([*pieces, source[place:end]])


def _renamed(before: Sequence[Column], after: Sequence[Column]) -> Mapping[str, str]:
    """Columns of a text that have another name now: columns never change their order, and new ones come last.

    Between two columns that kept their names, a column that is not known can only be a renamed one. Behind the last of
    those it may be new as well: then it counts as renamed only when all else about it is the same.
    """
    old_names, new_names = {c.name for c in before}, {c.name for c in after}
    kept = [c.name for c in before if c.name in new_names]
    renamed: dict[str, str] = {}
    bounds: list[str | None] = [None, *kept, None]
    for first, last in pairwise(bounds):
        gone = [c for c in _between(before, first, last) if c.name not in new_names]
        unknown = [c for c in _between(after, first, last) if c.name not in old_names]
        for column in unknown:
            same = next((c for c in gone if replace(c, name=column.name) == column), None)
            if same is None and last is not None and gone:
                same = gone[0]
            if same is not None:
                renamed[same.name] = column.name
                gone.remove(same)
    return renamed


def _between(columns: Sequence[Column], first: str | None, last: str | None) -> Sequence[Column]:
    names = [column.name for column in columns]
    start = 0 if first is None else names.index(first) + 1
    return columns[start : len(names) if last is None else names.index(last)]
