"""A table copied while writers wait."""

from __future__ import annotations

from domain_agents import ddl
from domain_agents.engines import Can
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said

_COPIES = (
    ddl.ConvertTable, ddl.SetCollation, ddl.AddConstraint, ddl.ChangePrimaryKey, ddl.DropConstraint, ddl.DropColumn,
    ddl.RenameConstraint, ddl.DropNotNull, ddl.AddIdentity,
)  # fmt: skip


class _BlockingTableCopy(Rule):
    severity = Severity.ERROR
    engines = ("mysql", "mariadb")
    example_engine = "mysql"
    harm = "What the server can only do by copying the table keeps writers waiting until the copy is done."
    instead = "gh-ost or pt-online-schema-change (plan_migration writes the command), or a moment without writers"
    sources = ("https://dev.mysql.com/doc/refman/8.4/en/innodb-online-ddl-operations.html",)
    given = (
        "CREATE TABLE users (id bigint PRIMARY KEY, email varchar(50), KEY users_email (email)) CHARACTER SET utf8mb3;"
    )
    bad = "SET SESSION lock_wait_timeout = 2;\nALTER TABLE users CONVERT TO CHARACTER SET utf8mb4;"
    good = (
        "SET SESSION lock_wait_timeout = 2;\nALTER TABLE users ADD COLUMN email_new varchar(50) CHARACTER SET utf8mb4, "
        "ALGORITHM=INSTANT;"
    )

    def looks(self, at: Place, history: History) -> Said | None:
        change = at.statement
        if not isinstance(change, _COPIES) or not at.blocks_for_long or not at.effect.rewrites_table:
            return None
        if not history.engine.can(Can.CONCURRENT_WRITES):
            return None
        if isinstance(change, ddl.ConvertTable | ddl.SetCollation) and (at.table is None or at.known(at.table) is None):
            return Said(
                f"today's columns of {at.table} are not known here: where one of its texts is indexed, "
                f"{at.effect.blocks.value} wait until the table is copied",
                Severity.WARNING,
            )
        return Said(f"{at.effect.blocks.value} on {at.table} wait until the whole table is copied ({at.effect.lock})")


RULE = _BlockingTableCopy()
