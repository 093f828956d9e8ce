"""MySQL's SQL. Any default that is not a plain literal makes ADD COLUMN copy the table (measured on 8.0, 8.4 and 9.7)."""

from __future__ import annotations

from typing import Final

from domain_agents.dialects._mysql_alter import Habits
from domain_agents.dialects._mysql_reader import MysqlDialect

DIALECT: Final = MysqlDialect("mysql", Habits(check_is_attribute=False, default_rewrites=True))
