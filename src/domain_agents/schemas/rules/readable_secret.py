"""A secret as it was typed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.rules import Rule, Seen, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECRET = re.compile(
    r"(?:.*_)?(?:password|passwd|passphrase|ssn|social_security_number|credit_card_number|card_number|cvv|private_key|secret_key)",
    re.IGNORECASE,
)


class _ReadableSecret(Rule):
    severity = Severity.WARNING
    harm = "Whoever reads the table, a backup or a log reads the secret."
    instead = "a slow salted hash for passwords (password_hash), encryption with a key kept elsewhere for the rest"
    sources = ("https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html",)
    bad = "CREATE TABLE users (id bigint PRIMARY KEY, password text NOT NULL);"
    good = """
        CREATE TABLE users (id bigint PRIMARY KEY, password_hash text NOT NULL, password_changed_at timestamptz NOT NULL);
    """

    def looks(self, at: Subject) -> Iterator[Seen]:
        for table in at.tables:
            for column in table.columns:
                if _SECRET.fullmatch(column.name) and (
                    "char" in at.type_of(column) or at.type_of(column) in ("text", "citext")
                ):
                    yield Seen(
                        f"{table.name}.{column.name} reads as what was typed: a backup or a log gives it away",
                        table.name,
                        column.name,
                    )


RULE = _ReadableSecret()
