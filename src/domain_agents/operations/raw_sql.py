"""SQL that no other change covers, in a file of its own, with what it does declared by whoever writes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.catalog import TableName
from domain_agents.engines import Blocks
from domain_agents.operations import CannotPlan, Deploy, Migration, Phase, Situation, Step
from domain_agents.operations._asking import Change, Field, Request

if TYPE_CHECKING:
    from domain_agents.catalog import Schema
    from domain_agents.engines import Engine


@dataclass(frozen=True, slots=True)
class RawSql:
    """One statement as it is written; `reads` is what it is read as, which gives its lock and the schema it yields."""

    kind: ClassVar[str] = "raw_sql"
    HAS_TABLE: ClassVar[bool] = False
    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("query", "query", "one statement"),
        Field("why", "query"),
        Field("undo", "query", "the statement or words that take it back"),
        Field("blocks", "text", "who may wait for as long as it runs: none, writes, or reads and writes"),
        Field("outside_transaction", "flag"),
        Field("after_deploy", "text", "the application that must be live before it"),
    )
    sql: str
    why: str
    undo: str
    blocks: str
    transaction: bool
    after_deploy: str
    reads: tuple[ddl.Statement, ...]

    @property
    def table(self) -> TableName:
        """The table that it works on, where its text tells."""
        found = [getattr(one, "table", None) for one in self.reads]
        return next((one for one in found if isinstance(one, TableName)), TableName(""))

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return ""

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        first = self.reads[0]
        kind = first.kind if isinstance(first, ddl.NoCatalogChange) else "schema"
        return ddl.Verbatim(self.sql, kind, self.table if self.table.name else None, self.reads)

    @classmethod
    def from_change(cls, change: Change) -> RawSql:
        """See Operation."""
        sql = change.text("query", "\"COMMENT ON TABLE users IS 'people'\"").strip().rstrip(";").strip()
        reads, problem = change.request.expressions.read(sql)
        if problem:
            raise change.fail("query", problem, "one statement that is understood, so that its lock is known")
        blocks = change.word("blocks") or Blocks.NONE.value
        if blocks not in set(map(str, Blocks)):
            raise change.fail("blocks", f"{blocks!r} is none of them", "none, writes, or reads and writes")
        return cls(
            sql,
            change.text("why", '"the report of the tax office needs it"'),
            change.text("undo", '"DROP VIEW ..."'),
            blocks,
            not change.flag("outside_transaction", default=False),
            change.word("after_deploy"),
            reads,
        )

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> RawSql | None:
        """See Operation. What `sql` holds is planned, or refused."""
        return None

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        return self.statement.apply(schema)

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        self.apply(schema)
        order = tuple(Blocks)
        current = schema
        for one in self.reads:
            effect = engine.effect(one, current, situation.size)
            long = effect.is_long and not situation.is_new_table and situation.size.rows != 0
            if long and order.index(effect.blocks) > order.index(Blocks(self.blocks)):
                raise CannotPlan(
                    f"{effect.blocks.value} on {self.table} would wait for as long as it runs ({effect.lock}), and "
                    f"`blocks` says {self.blocks}",
                    field="blocks",
                    way_out=f'another kind of change; or "blocks": "{effect.blocks.value}", for a quiet moment',
                )
            current = one.apply(current)
        refuses = any(engine.refuses_transaction(one, schema) for one in self.reads)
        migration = Migration(
            title=f"run {_short(self.sql)}",
            slug=f"run_{'_'.join(self.sql.split()[:4])}",
            phase=Phase.CONTRACT if self.after_deploy else Phase.EXPAND,
            why=self.why,
            statements=(self.statement,),
            transaction=self.transaction and not refuses,
            undo=self.undo,
            waits=Blocks(self.blocks) is not Blocks.NONE,
            warnings=(f"{_short(self.sql)}: written by hand; its undo and what it does to data are as declared",),
        )
        if not self.after_deploy:
            return (migration,)
        return (Deploy(title=f"{self.after_deploy} is live everywhere", why=self.why), migration)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:57]}..."
