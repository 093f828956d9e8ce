"""What a MODIFY leaves out is gone."""

from __future__ import annotations

from domain_agents import ddl
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said


class _LostAttributes(Rule):
    severity = Severity.WARNING
    engines = ("mysql", "mariadb")
    example_engine = "mysql"
    harm = "MODIFY and CHANGE write the whole column: a NOT NULL, default or comment that they do not repeat is gone."
    instead = "the whole definition as SHOW CREATE TABLE gives it, with the one change in it"
    sources = ("https://dev.mysql.com/doc/refman/8.4/en/alter-table.html#alter-table-redefine-column",)
    given = "CREATE TABLE users (id bigint PRIMARY KEY, name varchar(20) NOT NULL DEFAULT 'x');"
    bad = "SET SESSION lock_wait_timeout = 2;\nALTER TABLE users MODIFY name varchar(40), ALGORITHM=INPLACE, LOCK=NONE;"
    good = (
        "SET SESSION lock_wait_timeout = 2;\n"
        "ALTER TABLE users MODIFY name varchar(40) NOT NULL DEFAULT 'x', ALGORITHM=INPLACE, LOCK=NONE;"
    )

    def looks(self, at: Place, history: History) -> Said | None:
        modify = at.statement
        if not isinstance(modify, ddl.ModifyColumn) or at.is_alone:
            return None
        old, new = at.column_of(modify.old_name or modify.column.name), modify.column
        if old is None or (old.type.lower() == new.type.lower() and old.name == new.name):
            return None  # what else differs is what the statement is for
        lost = ["NOT NULL"] if not old.nullable and new.nullable and not _is_key(at, old.name) else []
        lost += [f"DEFAULT {old.default}"] if old.default is not None and new.default is None else []
        lost += ["AUTO_INCREMENT"] if old.identity and not new.identity else []
        named = {attribute.split()[0].upper() for attribute in new.attributes}
        lost += [one for one in old.attributes if one.split()[0].upper() not in named]
        return Said(f"{at.table}.{old.name} loses {', '.join(lost)}, which this does not repeat") if lost else None


def _is_key(at: Place, column: str) -> bool:
    table = at.schema.table(at.table) if at.table else None
    return table is not None and table.primary_key is not None and column in table.primary_key.columns


RULE = _LostAttributes()
