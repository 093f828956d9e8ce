"""How rows live: who wrote them and when, how they are deleted, what keeps two writers apart."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from domain_agents.catalog import Column, TableName
from domain_agents.schemas.draft import Draft, DraftTable, Need, Question
from domain_agents.schemas.names import snake
from domain_agents.schemas.relations import add_key
from domain_agents.schemas.spec import Attribute, Relation

_PEOPLE: Final = ("user", "account", "member", "employee", "staff", "person", "profile", "agent", "operator")
_MOMENTS: Final = (
    "occurred_at",
    "recorded_at",
    "measured_at",
    "happened_at",
    "logged_at",
    "sent_at",
    "posted_at",
    "received_at",
)
HISTORY: Final = "change_log"


def add_lifecycles(draft: Draft) -> None:
    """The columns that say how a row lives, behind those that say what it is."""
    settings = draft.spec.settings
    for table in list(draft.tables.values()):
        entity = table.entity
        lifecycle = entity.lifecycle if entity is not None else "mutable"
        if entity is None and table.key != draft.tenant:
            continue
        wanted = {snake(one.name) for one in entity.attributes} if entity is not None else set()
        if lifecycle == "soft_delete" or "deleted_at" in wanted:
            _soft_delete(draft, table)
        if (
            settings.optimistic_lock
            and lifecycle in {"mutable", "soft_delete"}
            and table.table.column("version") is None
        ):
            number = draft.physical.typed(Attribute("version", "int"), money="decimal", enums="check")
            table.add(
                Column("version", number.type, nullable=False, default="1", comment="grows with every change"),
                meaning="int",
            )
            draft.agree(
                "`version` keeps two writers apart: an UPDATE says the version it read and adds one to it, and changes no "
                "row when somebody else came first"
            )
        _moment(table)
        has_moment = lifecycle == "append_only" and table.moment
        if (settings.audit != "none" or wanted & {"created_at"}) and lifecycle != "reference" and not has_moment:
            _created(draft, table)
        if "updated_at" in wanted or (settings.audit != "none" and lifecycle in {"mutable", "soft_delete"}):
            _updated(draft, table)
        if settings.audit == "timestamps_and_actor" and lifecycle != "reference":
            _actors(draft, table, lifecycle)
        if lifecycle == "append_only":
            table.reasons.append("rows are only ever added: the application is granted neither UPDATE nor DELETE")
    if "audit" not in settings.given:
        draft.assume("created_at and updated_at are enough of an audit trail (settings.audit: timestamps)")
    if not any(one.lifecycle == "soft_delete" for one in draft.spec.entities):
        draft.questions.append(
            Question(
                "What does deleting mean: gone, or hidden and restorable?",
                "gone",
                'lifecycle: "soft_delete" for the entities that people want back',
            )
        )


def _timestamp(draft: Draft) -> str:
    return draft.physical.typed(Attribute("x", "timestamp"), money="decimal", enums="check").type


def _moment(table: DraftTable) -> None:
    """When a row happened, where it says so itself."""
    moments = [name for name, kind in table.meanings.items() if kind == "timestamp"]
    required = [name for name in moments if not getattr(table.table.column(name), "nullable", True)]
    named = next((name for name in _MOMENTS if name in required), "")
    table.moment = named or (required[0] if required else "")


def _created(draft: Draft, table: DraftTable) -> None:
    now = draft.physical.literal("now", "timestamp")
    table.add(Column("created_at", _timestamp(draft), nullable=False, default=now), meaning="timestamp")
    table.moment = table.moment or "created_at"


def _updated(draft: Draft, table: DraftTable) -> None:
    column, shared, own = draft.physical.touched(table.table, "updated_at")
    table.add(column, meaning="timestamp")
    draft.before += [statement for statement in shared if statement not in draft.before]
    table.statements += own


def _soft_delete(draft: Draft, table: DraftTable) -> None:
    table.deleted = "deleted_at"
    comment = "empty while the row is alive"
    table.add(Column("deleted_at", _timestamp(draft), nullable=True, comment=comment), meaning="timestamp")
    table.reasons.append("its rows are hidden when they are deleted (`deleted_at`)")
    draft.agree(
        "where there is a `deleted_at`, queries say deleted_at IS NULL, and unique keys count only rows that are alive; "
        "what the law wants erased is deleted all the same"
    )
    alive = draft.physical.alive("deleted_at")
    if alive is not None:
        table.add(alive)
        table.alive = alive.name


def _actors(draft: Draft, table: DraftTable, lifecycle: str) -> None:
    person = next((draft.tables[name] for name in _PEOPLE if name in draft.tables and draft.tables[name].ids), None)
    names = ["created_by"] if lifecycle == "append_only" else ["created_by", "updated_by"]
    for name in names:
        if table.table.column(name) is not None:
            continue
        if person is None:
            text = draft.physical.typed(Attribute(name, "short_text"), money="decimal", enums="check")
            table.add(Column(name, text.type, nullable=True), meaning="short_text")
            draft.assume(f"nothing here is a person, so {' and '.join(names)} hold text")
            continue
        table.add(Column(name, draft.physical.reference(person.ids).type, nullable=True), meaning="reference")
        asked = Relation(table.key, person.key, required=False, role=name.removesuffix("_by"))
        add_key(draft, table, person, (name,), asked, is_required=False)
        table.reasons.pop()


def add_history(draft: Draft) -> None:
    """One table that keeps every change of the rows that change, written by triggers."""
    if draft.spec.settings.audit != "history_table":
        return
    physical = draft.physical
    tables = [table.table for table in draft.tables.values() if table.entity is not None and _changes(table)]
    if not tables:
        return
    log = draft.start(HISTORY)
    log.table = replace(log.table, name=TableName(HISTORY), comment="Every change of every row that can change.")
    log.ids = "bigint"
    key = physical.key("bigint")
    log.add(key, meaning="id")
    log.primary(("id",), draft.named(log, (), "pkey"))
    for name, kind, nullable in (
        ("table_name", "short_text", False), ("row_id", "code", False), ("operation", "code", False),
        ("old_row", "json", True), ("new_row", "json", True), ("changed_by", "short_text", True),
    ):  # fmt: skip
        typed = physical.typed(Attribute(name, kind), money="decimal", enums="check")
        log.add(Column(name, typed.type, nullable=nullable), meaning=kind)
    now = physical.literal("now", "timestamp")
    log.add(Column("changed_at", _timestamp(draft), nullable=False, default=now), meaning="timestamp")
    operations = ", ".join(physical.literal(word, "code") for word in ("insert", "update", "delete"))
    log.check(f"{draft.quote('operation')} IN ({operations})", draft.named(log, ("operation",), "check"))
    log.needs.append(Need("the history of a row", ("table_name", "row_id"), order=(("changed_at", False),)))
    log.reasons.append(
        "settings.audit: history_table; written by triggers, so nothing that changes a row can go around it"
    )
    draft.after += physical.history(tables, log.table)


def _changes(table: DraftTable) -> bool:
    return table.entity is not None and table.entity.lifecycle in {"mutable", "soft_delete"} and bool(table.ids)
