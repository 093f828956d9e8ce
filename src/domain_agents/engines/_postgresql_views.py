"""A view under a table's old name, which an application reads and writes as if it were the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def stand_in_view(view: str, table: str, columns: Sequence[str], *, as_invoker: bool) -> tuple[str, str]:
    """The view, and a block that grants on it what is granted on the table; all names as SQL.

    With `as_invoker` (security_invoker, since 15) row security is that of whoever asks, not of the view's owner:
    https://www.postgresql.org/docs/18/sql-createview.html.
    """
    option = " WITH (security_invoker = true)" if as_invoker else ""
    return f"CREATE VIEW {view}{option} AS SELECT {', '.join(columns)} FROM {table}", grants_of(table, view)


def grants_of(source: str, target: str) -> str:
    """A block that grants on one table or view what is granted on another; both names as SQL."""
    body = f"""
DECLARE
    granted record;
BEGIN
    FOR granted IN
        SELECT a.privilege_type AS what, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(r.rolname) END AS who
          FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
         WHERE c.oid = {_literal(source)}::regclass AND a.grantee <> c.relowner
           AND a.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
    LOOP
        EXECUTE format('GRANT %s ON TABLE %s TO %s', granted.what, {_literal(target)}, granted.who);
    END LOOP;
END
"""
    tag, number = "$grants$", 0
    while tag in body:
        number += 1
        tag = f"$grants_{number}$"
    return f"DO {tag}{body}{tag}"


def _literal(text: str) -> str:
    quoted = "'" + text.replace("'", "''") + "'"
    return "E" + quoted.replace("\\", "\\\\") if "\\" in text else quoted
