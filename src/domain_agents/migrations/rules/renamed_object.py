"""A type, schema, view or enum value renamed in one step."""

from __future__ import annotations

import re

from domain_agents import ddl
from domain_agents.findings import Severity
from domain_agents.migrations.rules import History, Place, Rule, Said

_RENAME = re.compile(
    r"ALTER\s+(?P<kind>SCHEMA|VIEW|MATERIALIZED\s+VIEW|SEQUENCE|DOMAIN)\s+(?:IF\s+EXISTS\s+)?(?P<old>[\w.\"]+)\s+RENAME\s+TO\s",
    re.IGNORECASE,
)


class _RenamedObject(Rule):
    severity = Severity.WARNING
    engines = ("postgresql",)
    harm = (
        "The name of a schema, view, type or enum value is part of the application's SQL, which breaks at the rename."
    )
    instead = (
        "both names side by side until no old instance runs: a second view, or a second enum value that is phased in"
    )
    sources = ("https://martinfowler.com/bliki/ParallelChange.html",)
    given = "CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE users (id bigint PRIMARY KEY, mood mood);"
    bad = "ALTER TYPE mood RENAME VALUE 'sad' TO 'blue';"
    good = "ALTER TYPE mood ADD VALUE 'blue';"

    def looks(self, at: Place, history: History) -> Said | None:
        match at.statement:
            case ddl.RenameEnumValue(enum=enum, value=old, new_value=new) if not _is_made(enum.name, at, history):
                return Said(
                    f"the server refuses {old!r} of {enum} from now on: instances that write or compare it fail, and those "
                    f"that say {new!r} do until then"
                )
            case ddl.KeepText(text=text):
                found = _RENAME.match(text)
                if found is None or _is_made(found["old"].rpartition(".")[2].strip('"'), at, history):
                    return None
                kind = " ".join(found["kind"].lower().split())
                return Said(
                    f"the server knows the {kind} {found['old']} no more: instances that name it fail from now on"
                )
        return None


def _is_made(name: str, at: Place, history: History) -> bool:
    """Whether the same files make it under that name."""
    made = re.compile(rf"\s*CREATE\b[^(]*\b{re.escape(name)}\b", re.IGNORECASE)
    return any(made.match(place.sql) for place in history.earlier(at))


RULE = _RenamedObject()
