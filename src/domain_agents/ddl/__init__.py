"""DDL statements as data: the atoms that readers produce, engines spell, and plans are composed of.

Each atom knows its effect on the catalog (`apply`), nothing of any engine's words. What a person asks for (an
*operation*) becomes a sequence of atoms; what a file contains is read back into atoms. The two meet here, which is how a
rendered file is checked against the schema that was asked for.
"""

from domain_agents.ddl._bounds import Quoting, bound_condition
from domain_agents.ddl._charsets import is_text, with_charset, with_type, written_charset
from domain_agents.ddl._columns import (
    AddColumn,
    ChangeType,
    DropColumn,
    DropNotNull,
    ModifyColumn,
    RenameColumn,
    SetDefault,
    SetNotNull,
    is_serial,
    next_number,
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
from domain_agents.ddl._others import KeepText, NoCatalogChange, Reindex, Vacuum
from domain_agents.ddl._partitions import (
    AttachIndex,
    AttachPartition,
    CreatePartition,
    CreateTableLike,
    DetachPartition,
    misfit,
)
from domain_agents.ddl._sequences import (
    AddIdentity,
    AlterSequence,
    ContinueIdentity,
    DropIdentity,
    LockTables,
    SetIdentity,
)
from domain_agents.ddl._statement import Constraint, DoesNotApply, Statement, apply_all, with_constraint
from domain_agents.ddl._tables import (
    CreateTable,
    CreateTrigger,
    CreateView,
    DropTable,
    DropTrigger,
    RenameTable,
)
from domain_agents.ddl._types import (
    AddEnumValue,
    CreateEnum,
    DropType,
    RemoveEnumValue,
    RenameEnumValue,
    RenameType,
    casts_to,
    enum_columns,
    enum_in,
    enum_values_of_column,
    named_type,
    renamed_type,
    says_value,
)
from domain_agents.ddl._views import DefineView, DropView, RefreshView

__all__ = [
    "AddColumn",
    "AddConstraint",
    "AddEnumValue",
    "AddIdentity",
    "AlterSequence",
    "AttachIndex",
    "AttachPartition",
    "ChangeType",
    "Constraint",
    "ContinueIdentity",
    "CreateEnum",
    "CreateIndex",
    "CreatePartition",
    "CreateTable",
    "CreateTableLike",
    "CreateTrigger",
    "CreateView",
    "DefineView",
    "DetachPartition",
    "DoesNotApply",
    "DropColumn",
    "DropConstraint",
    "DropIdentity",
    "DropIndex",
    "DropNotNull",
    "DropTable",
    "DropTrigger",
    "DropType",
    "DropView",
    "KeepText",
    "LockTables",
    "ModifyColumn",
    "NoCatalogChange",
    "Quoting",
    "RefreshView",
    "Reindex",
    "RemoveEnumValue",
    "RenameColumn",
    "RenameConstraint",
    "RenameEnumValue",
    "RenameIndex",
    "RenameTable",
    "RenameType",
    "SetDefault",
    "SetIdentity",
    "SetNotNull",
    "Statement",
    "Vacuum",
    "ValidateConstraint",
    "apply_all",
    "bound_condition",
    "casts_to",
    "enum_columns",
    "enum_in",
    "enum_values_of_column",
    "is_serial",
    "is_text",
    "mentions",
    "misfit",
    "named_type",
    "next_number",
    "renamed_in",
    "renamed_type",
    "says_value",
    "with_charset",
    "with_constraint",
    "with_type",
    "written_charset",
]
