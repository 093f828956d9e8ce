"""MariaDB's SQL. A CHECK written on a column is a part of its definition, which MODIFY loses when it is left out."""

from __future__ import annotations

from typing import Final

from domain_agents.dialects._mysql_alter import Habits
from domain_agents.dialects._mysql_reader import MysqlDialect

DIALECT: Final = MysqlDialect("mariadb", Habits(check_is_attribute=True, default_rewrites=False))
