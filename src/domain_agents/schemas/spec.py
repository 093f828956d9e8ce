"""The specification of a schema: what the data means, never which SQL type holds it. Frozen data, read from JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from domain_agents.schemas._reading import SpecError
from domain_agents.schemas.names import singular, snake

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Access", "Attribute", "Condition", "Entity", "Relation", "Settings", "Spec", "SpecError", "read_spec"]

KINDS: Final = (
    "text", "short_text", "email", "url", "phone", "slug", "code", "int", "bigint", "decimal", "money", "percent", "float",
    "bool", "date", "time", "timestamp", "duration", "uuid", "json", "enum", "bytes", "geo_point", "ip", "country",
    "currency", "language", "time_zone", "password_hash",
)  # fmt: skip
UNIQUE: Final = ("no", "yes", "per_tenant", "case_insensitive")
LIFECYCLES: Final = ("mutable", "append_only", "reference", "soft_delete")
OPERATIONS: Final = ("get", "list", "search", "aggregate", "insert", "update", "delete")
IDS: Final = ("auto", "bigint", "uuid7", "uuid4")
TENANCIES: Final = ("none", "column", "schema", "database")
AUDITS: Final = ("none", "timestamps", "timestamps_and_actor", "history_table")
ENUMS: Final = ("check", "native", "lookup")
SKETCHES: Final = ("dbt", "dynamodb", "mongodb")
ENGINES: Final = ("postgresql", "mysql", "mariadb", "sqlite")


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute. `max_len` is in characters (bytes for bytes), `precision` is digits behind the point, `default`
    a JSON value or the word now."""

    name: str
    kind: str = "short_text"
    required: bool = True
    unique: str = "no"
    default: Any = None
    max_len: int | None = None
    precision: int | None = None
    values: tuple[str, ...] = ()
    pii: bool = False
    renamed_from: str = ""
    note: str = ""
    place: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Entity:
    """One thing that is stored. `tenant_scoped` None leaves it to the design."""

    name: str
    description: str = ""
    attributes: tuple[Attribute, ...] = ()
    natural_key: tuple[str, ...] = ()
    tenant_scoped: bool | None = None
    lifecycle: str = "mutable"
    rows_1y: int | None = None
    writes_per_s: float | None = None
    retention_days: int | None = None
    checks: tuple[str, ...] = ()
    renamed_from: str = ""
    place: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Relation:
    """Many children to one parent, unless `kind` says else. `role` names the parent as the child calls it."""

    child: str
    parent: str
    kind: str = "many_to_one"
    required: bool = True
    on_parent_delete: str = "auto"
    role: str = ""
    attributes: tuple[Attribute, ...] = ()
    place: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Condition:
    """When a path looks at some rows only: `sql` as it was written, or attribute -> the values it may have."""

    sql: str = ""
    values: tuple[tuple[str, tuple[Any, ...]], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.sql or self.values)


@dataclass(frozen=True, slots=True)
class Access:
    """One way in which the data is read or found. `order_by` pairs an attribute with whether it descends."""

    id: str
    entity: str
    op: str = "list"
    equals: tuple[str, ...] = ()
    range: tuple[str, ...] = ()
    order_by: tuple[tuple[str, bool], ...] = ()
    contains: tuple[str, ...] = ()
    only_when: Condition = Condition()
    returns: tuple[str, ...] = ()
    per_second: float | None = None
    p95_ms: float | None = None
    place: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for the whole schema. Empty texts were not given."""

    engine: str = ""
    version: str = ""
    ids: str = "auto"
    tenancy: str = "none"
    tenant: str = ""
    audit: str = "timestamps"
    optimistic_lock: bool = False
    table_names: str = "plural"
    money: str = "decimal"
    currency: str = ""
    enums: str = "check"
    rls: bool = False
    sketches: tuple[str, ...] = ()
    """Other stores that a document is wanted for."""
    given: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Spec:
    """A page of meaning."""

    name: str
    settings: Settings = Settings()
    entities: tuple[Entity, ...] = ()
    relations: tuple[Relation, ...] = ()
    access: tuple[Access, ...] = ()
    non_goals: tuple[str, ...] = ()

    def entity(self, name: str) -> Entity | None:
        """The entity that a person means by a name, whatever its case and number."""
        return next((one for one in self.entities if same_name(one.name, name)), None)


def same_name(first: str, second: str) -> bool:
    """Whether two names mean one entity: OrderItem, order_items, "order item"."""
    return singular(snake(first)) == singular(snake(second))


def read_spec(data: Mapping[str, Any]) -> Spec:
    """The specification that JSON data is.

    Raises:
        SpecError: with every fault: its place, what is wrong, the nearest thing that would do.
    """
    from domain_agents.schemas._spec_reading import read

    return read(data)
