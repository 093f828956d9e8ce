"""A foreign key that copies its table while writers wait."""

from __future__ import annotations

import re

from domain_agents.catalog import ForeignKey
from domain_agents.engines import Can
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said, adds, written_constraints

_FEW_ROWS = 100_000
"""Copied in about a second on the servers that were measured (add_foreign_key in the facts, with checks on)."""
_CHECKS = re.compile(r"\bforeign_key_checks\s*:?=\s*['\"]?(?P<value>\w+)", re.IGNORECASE)


class _CopyingForeignKey(Rule):
    severity = Severity.ERROR
    engines = ("mysql", "mariadb")
    example_engine = "mysql"
    harm = (
        "ADD FOREIGN KEY with foreign_key_checks on copies the table while writers wait; with it off, no row is tested."
    )
    instead = (
        "look for orphans, SET SESSION foreign_key_checks = 0, ADD FOREIGN KEY with ALGORITHM=INPLACE, LOCK=NONE, and look "
        "for orphans again (plan_migration writes all of it)"
    )
    sources = (
        "https://dev.mysql.com/doc/refman/8.4/en/innodb-online-ddl-operations.html#online-ddl-foreign-key-operations",
    )
    given = (
        "CREATE TABLE users (id bigint PRIMARY KEY);"
        " CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint, KEY orders_user (user_id));"
    )
    bad = (
        "SET SESSION lock_wait_timeout = 2;\n"
        "ALTER TABLE orders ADD CONSTRAINT orders_user_fk FOREIGN KEY (user_id) REFERENCES users (id);"
    )
    good = (
        "SET SESSION lock_wait_timeout = 2;\nSET SESSION foreign_key_checks = 0;\n"
        "ALTER TABLE orders ADD CONSTRAINT orders_user_fk FOREIGN KEY (user_id) REFERENCES users (id), ALGORITHM=INPLACE,"
        " LOCK=NONE;\nSET SESSION foreign_key_checks = 1;\n"
        "SELECT orders.id FROM orders LEFT JOIN users ON users.id = user_id WHERE users.id IS NULL AND user_id IS NOT NULL;"
    )

    def looks(self, at: Place, history: History) -> Said | None:
        if not adds(at.statement, ForeignKey) or at.is_alone or history.engine.can(Can.FOREIGN_KEY_TESTS_ROWS):
            return None
        key = next(one for one in written_constraints(at.statement) if isinstance(one, ForeignKey))
        if _are_off(at, history):
            if any(_tests(place, at, key) for place in history.places if place.file == at.file):
                return None
            return Said(
                f"with foreign_key_checks off no row of {at.table} is tested, now or later: orphans stay, under a foreign "
                "key that says there are none",
                Severity.INFO,
                "a query for orphans before and after it, in the same file or as the plan's check",
            )
        if at.effect.rewrites_table or (at.size.rows is not None and at.size.rows < _FEW_ROWS):
            return None
        if any("LOCK=NONE" in one.replace(" ", "").upper() for one in at.clauses):
            return Said(f"the server refuses LOCK=NONE for {at.table} while foreign_key_checks is on (1846)")
        return Said(f"writes on {at.table} wait until the whole table is copied and looked up in {key.parent}")


def _are_off(at: Place, history: History) -> bool:
    for place in history.earlier(at):
        if place.file != at.file:
            return False
        found = _CHECKS.search(place.sql)
        if found is not None:
            return found["value"].lower() in {"0", "off"}
    return False


def _tests(place: Place, at: Place, key: ForeignKey) -> bool:
    """Whether a query looks at both tables."""
    names = (at.table.name if at.table else "", key.parent.name)
    is_query = re.match(r"\s*\(?\s*(?:SELECT|WITH|CALL)\b", place.sql, re.IGNORECASE)
    return is_query is not None and all(re.search(rf"\b{re.escape(name)}\b", place.sql) for name in names)


RULE = _CopyingForeignKey()
