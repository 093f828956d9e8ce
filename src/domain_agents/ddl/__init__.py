"""DDL statements as data: the atoms that readers produce, engines spell, and plans are composed of.

Each atom knows its effect on the catalog (`apply`), nothing of any engine's words. What a person asks for (an
*operation*) becomes a sequence of atoms; what a file contains is read back into atoms. The two meet here, which is how a
rendered file is checked against the schema that was asked for.
"""

from domain_agents.ddl._columns import (
    AddColumn,
    ChangeType,
    DropColumn,
    DropNotNull,
    ModifyColumn,
    RenameColumn,
    SetDefault,
    SetNotNull,
)
from domain_agents.ddl._expressions import mentions, renamed_in
from domain_agents.ddl._keys import (
    AddConstraint,
    CreateIndex,
    DropConstraint,
    DropIndex,
    RenameConstraint,
    RenameIndex,
    ValidateConstraint,
)
from domain_agents.ddl._others import KeepText, NoCatalogChange
from domain_agents.ddl._statement import Constraint, DoesNotApply, Statement, apply_all, with_constraint
from domain_agents.ddl._tables import (
    CreateTable,
    CreateTrigger,
    CreateView,
    DropTable,
    DropTrigger,
    DropView,
    RenameTable,
)

__all__ = [
    "AddColumn",
    "AddConstraint",
    "ChangeType",
    "Constraint",
    "CreateIndex",
    "CreateTable",
    "CreateTrigger",
    "CreateView",
    "DoesNotApply",
    "DropColumn",
    "DropConstraint",
    "DropIndex",
    "DropNotNull",
    "DropTable",
    "DropTrigger",
    "DropView",
    "KeepText",
    "ModifyColumn",
    "NoCatalogChange",
    "RenameColumn",
    "RenameConstraint",
    "RenameIndex",
    "RenameTable",
    "SetDefault",
    "SetNotNull",
    "Statement",
    "ValidateConstraint",
    "apply_all",
    "mentions",
    "renamed_in",
    "with_constraint",
]
