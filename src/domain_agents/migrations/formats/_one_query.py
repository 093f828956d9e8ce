"""Tools that send a whole file to the server as one query: dbmate, golang-migrate and sqlx do, and Prisma.

PostgreSQL runs several statements of one query in one transaction, whatever the file says, so what may not run in one has a
file of its own (PostgreSQL, "Multiple Statements in a Simple Query"; golang-migrate, database/postgres/README.md,
"Multi-statement mode"; amacneil/dbmate issue 126).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.migrations.formats import Format, OutsideTransaction
from domain_agents.migrations.formats._sql import one_statement_files

if TYPE_CHECKING:
    from domain_agents.engines import Engine
    from domain_agents.migrations.plan import Plan, Project


class OneQuery(Format):
    """What they share."""

    @property
    def outside_transaction(self) -> OutsideTransaction:
        return OutsideTransaction.ONE_STATEMENT

    def arrange(self, plan: Plan, project: Project, engine: Engine) -> Plan:
        return one_statement_files(plan, engine) if engine.name == "postgresql" else plan
