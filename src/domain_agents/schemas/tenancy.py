"""Whose rows are whose: a tenant column that foreign and unique keys carry, a schema for each tenant, or a database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from domain_agents.catalog import Column, ForeignKey
from domain_agents.schemas.draft import Draft, DraftTable, Need, Question
from domain_agents.schemas.names import one, said, singular, snake
from domain_agents.schemas.spec import Attribute

if TYPE_CHECKING:
    from collections.abc import Iterable

_TENANTS: Final = (
    "tenant", "organization", "organisation", "workspace", "company", "account", "team", "customer_account", "clinic",
    "practice", "school", "store", "shop", "merchant", "agency", "studio", "hotel", "restaurant", "property", "firm",
)  # fmt: skip


def choose_tenant(draft: Draft) -> None:
    """The table whose rows own the others; made where the specification has none."""
    settings = draft.spec.settings
    if settings.tenancy == "none":
        if "tenancy" not in settings.given:
            draft.questions.append(
                Question(
                    "Do several organisations share this database, each seeing only its own rows?",
                    "no, there is one organisation",
                    'settings.tenancy: "column" (with rls: true on PostgreSQL), "schema" or "database"',
                )
            )
        return
    named = singular(snake(settings.tenant)) if settings.tenant else ""
    draft.tenant = named or next((name for name in _TENANTS if name in draft.tables), "")
    if draft.tenant:
        draft.assume(f"the tenant is the {said(draft.tenant)}")
        return
    draft.tenant = "tenant"
    table = draft.start("tenant")
    # The tenants come first: nearly everything refers to them.
    draft.tables = {"tenant": draft.tables.pop("tenant"), **draft.tables}
    table.ids = {"auto": "bigint"}.get(settings.ids, settings.ids)
    table.add(draft.physical.key(table.ids), "id", meaning="id")
    table.primary(("id",), draft.named(table, (), "pkey"))
    name = draft.physical.typed(Attribute("name", "short_text"), money="decimal", enums="check")
    table.add(Column("name", name.type, nullable=False), meaning="short_text")
    for check in name.checks:
        table.check(check.replace("{column}", draft.quote("name")), draft.named(table, ("name",), "check"))
    draft.assume(
        "no entity is the tenant, so a table of tenants was added (settings.tenant names the entity if there is one)"
    )


def set_apart(draft: Draft) -> None:
    """Which tables every tenant has for itself, where each has a schema or a database."""
    tenancy = draft.spec.settings.tenancy
    if tenancy not in {"schema", "database"}:
        return
    for table in scoped(draft) if tenancy == "schema" else draft.tables.values():
        table.apart = table.key != draft.tenant
    if tenancy == "schema":
        draft.agree(
            f"every {said(draft.tenant)} has a schema: CREATE SCHEMA, SET search_path TO it and public, then the second "
            "part of the SQL. A migration runs once for each: hundreds are fine, thousands are not"
        )
    else:
        draft.agree(
            f"every {said(draft.tenant)} has a database with the second part of the SQL; the first is for the database "
            "that knows them all. Backups and migrations are one for each, and nothing joins across"
        )


def add_tenant_columns(draft: Draft) -> None:
    """The tenant's column in every table of a tenant's, with its foreign key."""
    if draft.spec.settings.tenancy != "column":
        return
    tenants = draft.tables[draft.tenant]
    column = f"{draft.tenant}_id"
    for table in scoped(draft):
        typed = draft.physical.reference(tenants.ids)
        table.add(Column(column, typed.type, nullable=False), draft.tenant, "tenant", "tenant_id", meaning="tenant")
        table.tenant = column
        table.refer(
            ForeignKey(
                (column,), tenants.table.name, ("id",), draft.named(table, (column,), "fkey"), on_delete="RESTRICT"
            )
        )
        table.needs.append(Need(f"foreign key to {tenants.name}", (column,), is_foreign_key=True))
        table.reasons.append(f"its rows are {one(draft.tenant)}'s")
    shared = [one.name for one in draft.tables.values() if not one.tenant and one.key != draft.tenant and one.entity]
    if shared:
        draft.assume(f"{', '.join(shared)} are the same for everybody (tenant_scoped: true makes them a tenant's)")
    draft.agree(
        f"`{column}` stands in the keys of every table of {one(draft.tenant)}'s, and in the foreign keys between them: no "
        f"row can point to another {said(draft.tenant)}'s"
    )


def scoped(draft: Draft) -> Iterable[DraftTable]:
    """The tables whose rows belong to a tenant: what is not said to be shared, and is no reference data."""
    for table in draft.tables.values():
        if table.entity is None or table.key == draft.tenant:
            continue
        asked = table.entity.tenant_scoped
        if asked or (asked is None and table.entity.lifecycle != "reference"):
            yield table


def add_row_security(draft: Draft) -> None:
    """Policies, where the engine has them and they were asked for."""
    settings = draft.spec.settings
    if not settings.rls:
        if settings.tenancy == "column" and draft.physical.has_row_security and "rls" not in settings.given:
            draft.questions.append(
                Question(
                    "Shall the server itself hide other tenants' rows, or only the application's queries?",
                    "only the queries; foreign and unique keys hold the tenants apart all the same",
                    "settings.rls: true, with SET LOCAL app.tenant_id in every transaction",
                )
            )
        return
    if settings.tenancy != "column":
        draft.assume("row-level security needs a tenant column (settings.tenancy: column), so there are no policies")
        return
    if not draft.physical.has_row_security:
        draft.assume(f"{draft.physical.engine.name} has no row-level security: every query must say the tenant")
        return
    for table in draft.tables.values():
        if table.tenant:
            table.statements += draft.physical.row_security(table.table, table.tenant)
            table.reasons.append("row-level security hides the rows of others")
    draft.agree(
        "a transaction says SET LOCAL app.tenant_id = '...' and sees the rows of that tenant; without it, it sees nothing. "
        "The application's role has no BYPASSRLS"
    )
