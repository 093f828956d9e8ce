"""Beyond the tables: which store, replicas, pool, caches, shards, recovery, computed from rows and rates.

Nothing is advised without the figure that speaks for it, and the figure that would change the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from domain_agents.facts.scale import threshold
from domain_agents.schemas.sizes import held_rows, row_bytes, size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.facts.scale import Threshold
    from domain_agents.schemas.design import Design, DesignedTable
    from domain_agents.schemas.spec import Entity

_READS: Final = frozenset({"get", "list", "search", "aggregate"})
_SINGLE_SERVER: Final = frozenset({"sqlite"})
_SECONDS_OF_A_YEAR: Final = 365 * 86_400


@dataclass(frozen=True, slots=True)
class Advice:
    """One decision beside the tables: what was chosen, the computed reason, and the source of the figure it turns on."""

    topic: str
    choice: str
    because: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Load:
    """What the specification says of size and speed, added up. Bytes are for the rows held after a year, with indexes."""

    reads: float
    writes: float
    rows: int
    bytes: int
    largest: DesignedTable | None
    largest_bytes: int
    known: bool


def advise(made: Design) -> tuple[Advice, ...]:
    """The decisions that rows and rates lead to."""
    load = load_of(made)
    return tuple(
        advice
        for part in (
            _store,
            _together,
            _targets,
            _pool,
            _replica,
            _cache,
            _batches,
            _sharding,
            _search,
            _recovery,
            _security,
        )
        for advice in part(made, load)
    )


def load_of(made: Design) -> Load:
    """Rows, bytes and rates of the whole design."""
    reads = sum(path.per_second or 0 for path in made.access if path.op in _READS)
    path_writes = sum(path.per_second or 0 for path in made.access if path.op not in _READS)
    entities = made.spec.entities
    sizes = {table.table.name.name: _bytes(made, table) for table in made.tables}
    largest = max(made.tables, key=lambda table: sizes[table.table.name.name], default=None)
    return Load(
        reads=reads,
        writes=max(path_writes, sum(entity.writes_per_s or 0 for entity in entities)),
        rows=sum(held_rows(entity) for entity in entities),
        bytes=sum(sizes.values()),
        largest=largest,
        largest_bytes=sizes[largest.table.name.name] if largest is not None else 0,
        known=any(entity.rows_1y or entity.writes_per_s for entity in entities) or reads > 0,
    )


def entity_of(made: Design, table: DesignedTable) -> Entity | None:
    """The entity that a table holds."""
    return made.spec.entity(table.entity)


def _bytes(made: Design, table: DesignedTable) -> int:
    entity = entity_of(made, table)
    if entity is None:
        return 0
    indexes = [one.index for one in table.indexes]
    return held_rows(entity) * sum(row_bytes(table.table, indexes, dict(table.meanings)))


def _store(made: Design, load: Load) -> Iterator[Advice]:
    name = made.engine.name
    writes = threshold("sqlite_writes_per_second")
    if name in _SINGLE_SERVER and load.writes > writes.value:
        yield Advice(
            "store",
            "a server (PostgreSQL) instead of SQLite",
            f"about {load.writes:g} writes a second are asked for, and {writes.says}; up to about {writes.value:g} it is "
            "enough",
            writes.source,
        )
        return
    product = {"postgresql": "PostgreSQL", "mysql": "MySQL", "mariadb": "MariaDB", "sqlite": "SQLite"}[name]
    relations = len(made.spec.relations)
    kept = f"{_counted(relations, 'relation')} to keep, in {_counted(len(made.tables), 'table')}, ask for foreign keys"
    asks = kept if relations else "rows that must fit their rules ask for constraints"
    why = (
        f"{asks}, transactions and joins. MongoDB is for records without relations whose shape differs each time, "
        "DynamoDB for a few key look-ups at any rate on AWS, Redis, beside it, for what may be lost"
    )
    documents = [one.name for one in made.spec.entities if any(a.kind == "json" for a in one.attributes)]
    if documents:
        why += f". What differs from one {' and '.join(documents)} to the next is a JSON column"
    yield Advice("store", product, why)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _together(made: Design, _load: Load) -> Iterator[Advice]:
    """What is written together, and what is read together: one transaction, one query."""
    parts = [
        (key.parent.name, table.table.name.name, key.columns[-1])
        for table in made.tables
        for key in table.table.foreign_keys
        if key.on_delete == "CASCADE" and table.table.column("id") is not None and key.parent != table.table.name
    ]
    if not parts:
        return
    parent, child, column = parts[0]
    named = "; ".join(f"{one} with its {other}" for one, other, _ in parts)
    yield Advice(
        "reading and writing",
        f"one transaction and one query for what is one thing: {named}",
        f"half of it must never be seen; and the {child} of many {parent} are one query ({column} in a list, or a join), "
        "never one for each in a loop. Pages begin behind the last key read, not at an OFFSET; no SELECT *",
    )


def _targets(made: Design, _load: Load) -> Iterator[Advice]:
    if not made.access:
        return
    figure = threshold("p95_milliseconds")
    own = [f"{path.id} {path.p95_ms:g} ms" for path in made.access if path.p95_ms is not None]
    said = f"; {', '.join(own)} as asked" if own else ""
    yield Advice(
        "latency",
        f"p95 under {figure.value:g} ms for every path{said}",
        "EXPLAIN (ANALYZE) each with production-like rows before the release, and watch it by total time after",
        figure.source,
    )


def _pool(made: Design, _load: Load) -> Iterator[Advice]:
    if made.engine.name in _SINGLE_SERVER:
        yield Advice(
            "connections",
            "WAL mode, one writing connection, busy_timeout 5 s, foreign_keys on for every connection",
            "readers then never wait, and a second writer waits instead of failing",
            "https://www.sqlite.org/wal.html",
        )
        return
    figure = threshold("pool_connections_per_core")
    tool = "PgBouncer, transaction mode" if made.engine.name == "postgresql" else "ProxySQL, or the driver's own"
    why = f"{figure.says}; alarm at 80 % of max_connections"
    if made.spec.settings.rls:
        why += ". A tenant is said with SET LOCAL: SET would be seen by whoever gets the connection next"
    choice = f"a pool ({tool}) of {figure.value:g} connections for each core of the server"
    yield Advice("connections", choice, why, figure.source)


def _replica(made: Design, load: Load) -> Iterator[Advice]:
    if made.engine.name in _SINGLE_SERVER or not load.known:
        return
    figure = threshold("replica_reads_per_second")
    heavy = [path.id for path in made.access if path.op == "aggregate"]
    first = f". The first to move there: {', '.join(heavy)}, which add up many rows" if heavy else ""
    if load.reads >= figure.value:
        choice = "one, for listings and reports"
        why = f"{load.reads:,.0f} reads a second; {figure.says}; watch that it lags less than 5 s"
    else:
        choice = "none needed for reads"
        why = f"{load.reads:,.0f} reads a second are declared; think again at {figure.value:,.0f}"
    yield Advice("read replicas", choice, why + first, figure.source)


def _cache(made: Design, load: Load) -> Iterator[Advice]:
    figure = threshold("cache_reads_per_second")
    hot = [path for path in made.access if (path.per_second or 0) >= figure.value and path.op in _READS]
    if hot:
        named = ", ".join(f"{path.id} ({path.per_second:g}/s)" for path in hot)
        yield Advice(
            "cache",
            f"cache-aside in Redis for {named}",
            f"{figure.says}; delete the entry after the commit that changes it; vary the times to live and let one caller "
            "fill a missing entry, so that its end is no stampede; bound the memory (allkeys-lru)",
            figure.source,
        )
    elif load.reads:
        yield Advice("cache", "none", f"no path is read {figure.value:g} times a second or more", figure.source)


def _batches(made: Design, _load: Load) -> Iterator[Advice]:
    figure = threshold("queue_writes_per_second")
    for entity in made.spec.entities:
        rate = entity.writes_per_s or (entity.rows_1y or 0) / _SECONDS_OF_A_YEAR
        if rate >= figure.value:
            yield Advice(
                "writes", f"{entity.name}: written in batches", f"{rate:,.0f} a second; {figure.says}", figure.source
            )


def _sharding(made: Design, load: Load) -> Iterator[Advice]:
    if not load.known or load.largest is None:
        return
    by_size, by_rate = threshold("shard_bytes"), threshold("shard_writes_per_second")
    facts = (
        f"the largest table, {load.largest.table.name.name}, holds about {size(load.largest_bytes)} with its indexes, "
        f"all of them {size(load.bytes)}"
    )
    is_large, is_fast = load.largest_bytes >= by_size.value, load.writes >= by_rate.value
    if not is_large and not is_fast:
        why = f"{facts}; think again at {size(by_size.value)} in one table or {by_rate.value:,.0f} writes a second"
        yield Advice("sharding", "none", why, by_size.source)
        return
    reached: Threshold = by_size if is_large else by_rate
    is_tenanted = made.spec.settings.tenancy == "column"
    key = "the tenant, which every key begins with already" if is_tenanted else "the user or tenant"
    small = load.largest.table.partitioned_by is not None and not is_fast
    choice = "none while partitions keep it small" if small else f"plan it, by {key}"
    yield Advice("sharding", choice, f"{facts}; {reached.says}", reached.source)


def _search(made: Design, _load: Load) -> Iterator[Advice]:
    paths = [path.id for path in made.access if "words in" in path.uses]
    if paths:
        yield Advice(
            "text search",
            f"in the database, for {', '.join(paths)}",
            "it finds words as they stand, and is never behind the data; for typing errors, synonyms and ranking put a "
            "search engine beside it",
        )


def _recovery(made: Design, load: Load) -> Iterator[Advice]:
    ways = {
        "postgresql": "a base backup a day and archived WAL",
        "sqlite": "VACUUM INTO or the backup API every day, or Litestream",
    }
    way = ways.get(made.engine.name, "a full backup a day and the binary log")
    held = f"it will hold about {size(load.bytes)}; " if load.bytes else ""
    yield Advice(
        "recovery",
        f"{way}, kept 30 days, encrypted, a copy elsewhere",
        f"{held}restore one every month: a backup that nobody restored is none",
        "database standards, backup and recovery",
    )


def _security(made: Design, _load: Load) -> Iterator[Advice]:
    held = [f"{table.table.name.name} ({', '.join(table.personal)})" for table in made.tables if table.personal]
    if held:
        yield Advice(
            "personal data",
            f"in {'; '.join(held)}",
            "encrypted disks and TLS always; what only the application reads it encrypts itself; roles see what they need, "
            "test data is masked, and erasing a person is a written procedure, also where rows are soft-deleted",
        )
