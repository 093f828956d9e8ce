"""Proofs on a MariaDB and a MySQL of their own, while an application reads and writes."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

import pymysql
import pytest
from tests.every_unit.test_operations import EXAMPLES, MORE_SCHEMA, PLANNED
from tests.every_unit.test_operations import SCHEMA as UNITS

from domain_agents.engines import Blocks, Effect
from domain_agents.migrations.prove import Outcome, Proof, ProofFile, ProofRequest, ProofStatement, Verdict
from domain_agents.observations import How
from domain_agents.tools import Cancelled, Job, Settings
from domain_agents.tools._proving import Refused, prove
from domain_agents.tools.plan_migration import PlanMigration, planned
from domain_agents.tools.prove_migration import ProveMigration, _prepared
from domain_agents.workspace.bench_mysql import MysqlBench
from domain_agents.workspace.scratch_mysql import MysqlScratch
from domain_agents.workspace.watch import Watch

if TYPE_CHECKING:
    from pathlib import Path

ROWS = 1_000
NAME = 'or`der "s" 100%s'
MANY = 100_000
SCHEMA = (
    "CREATE TABLE customers (id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, email varchar(190) NOT NULL UNIQUE,"
    " score int NOT NULL DEFAULT 0, kind enum('a', 'b'))",
    "CREATE TABLE orders (id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, customer_id bigint unsigned, note varchar(190))",
)


def file(*sqls: str, path: str = "0001.sql", declared: Effect | None = None) -> ProofFile:
    """One migration file."""
    return ProofFile(path, tuple(ProofStatement(sql, effect=declared) for sql in sqls))


def proof(scratch: MysqlScratch, *files: ProofFile, rows: int = ROWS, **changes: Any) -> Proof:
    """The files proved in a database of their own."""
    tables = ("customers", "orders", NAME, "everything")
    given: dict[str, Any] = {"schema": SCHEMA, "rows": dict.fromkeys(tables, rows), **changes}
    return prove(ProofRequest(scratch.facts.engine, files, **given), Job(), scratch=scratch)


def proof_of_plan(scratch: MysqlScratch, **asked: Any) -> Proof:
    """What is planned for this very server, proved on it."""
    facts = scratch.facts
    given = {"engine": facts.engine, "version": facts.version, "framework": "raw", "date": "2026-11-21", **asked}
    made = _prepared(ProveMigration.model_validate(given), Settings(project=None), Job()).request
    return prove(made, Job(), scratch=scratch)


def modes(found: Proof, table: str) -> dict[str, float]:
    """The locks that the last statement held on a table, with the seconds."""
    return {lock.mode: lock.held_seconds for lock in found.statements[-1].seen.locks if lock.relation == table}


@pytest.mark.parametrize(("kind", "name"), [(k, n) for k, n in PLANNED if n in ("mariadb", "mysql") and k in EXAMPLES])
def test_every_operation_that_is_planned_is_proved(kind: str, name: str, request: pytest.FixtureRequest) -> None:
    found = proof_of_plan(
        request.getfixturevalue(f"{name}_scratch"),
        changes=[{"kind": kind, **EXAMPLES[kind]}],
        schema=UNITS + MORE_SCHEMA.get(kind, ""),
        rows=dict.fromkeys(("customers", "orders", "refunds"), ROWS),
    )
    assert found.verdict is Verdict.PROVED, found.reasons
    for statement in found.statements:
        if statement.declared is not None:
            assert statement.declared.rewrites_table == bool(statement.seen.rewrote), statement.seen.sql


def test_a_required_column_is_proved_with_its_backfill_killed_twice(scratch: MysqlScratch) -> None:
    found = proof_of_plan(
        scratch,
        sql="ALTER TABLE customers ADD COLUMN locale varchar(10) NOT NULL",
        backfill={"customers.locale": "'en'"},
        schema=";\n".join(SCHEMA),
        rows={"customers": MANY, "orders": ROWS},
    )
    assert found.verdict is Verdict.PROVED, found.reasons
    assert {name for name, check in found.checks.items() if check.outcome is Outcome.OK} == {
        "applies", "data_kept", "old_app_works", "new_app_works", "rerun", "crash_resume", "converges",
    }  # fmt: skip
    assert found.server is not None
    assert (found.server.how, found.server.engine) == (How.LOCAL, scratch.facts.engine)


def test_a_backfill_leaves_alone_the_time_of_the_last_change(scratch: MysqlScratch) -> None:
    schema = """CREATE TABLE customers (id int PRIMARY KEY, email varchar(190) NOT NULL, a_time datetime(6) NULL,
        changed timestamp NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP)"""
    found = proof_of_plan(
        scratch,
        sql="ALTER TABLE customers ADD COLUMN locale varchar(10) NOT NULL",
        backfill={"customers.locale": "'en'"},
        schema=schema,
        rows={"customers": ROWS},
    )
    assert found.verdict is Verdict.PROVED, found.reasons


def test_a_copy_is_refuted_by_the_lock_it_holds_and_the_table_it_makes_anew(scratch: MysqlScratch) -> None:
    found = proof(scratch, file("ALTER TABLE customers MODIFY score bigint NOT NULL DEFAULT 0"), rows=MANY)
    assert found.verdict is Verdict.REFUTED
    assert "rewrites customers while SHARED_NO_WRITE is held on customers" in found.reasons[0]
    seen = found.statements[0].seen
    assert seen.rewrote == ("customers",)
    assert modes(found, "customers")["SHARED_NO_WRITE"] > seen.seconds / 2


def test_an_index_that_is_built_online_lets_writers_pass(scratch: MysqlScratch) -> None:
    found = proof(scratch, file("ALTER TABLE customers ADD INDEX s (score), ALGORITHM=INPLACE, LOCK=NONE"), rows=MANY)
    assert found.verdict is Verdict.PROVED, found.reasons
    seen = found.statements[0].seen
    assert (seen.rewrote, seen.scanned) == ((), ("customers",))
    assert "SHARED_UPGRADABLE" in modes(found, "customers")
    assert "SHARED_NO_WRITE" not in modes(found, "customers")


def test_a_declared_lock_that_is_not_the_one_taken_is_told(scratch: MysqlScratch) -> None:
    online = Effect("change_type", "SHARED_UPGRADABLE", Blocks.NONE, rewrites_table=True)
    sql = "ALTER TABLE customers MODIFY score bigint NOT NULL DEFAULT 0"
    found = proof(scratch, file(sql, declared=online), rows=MANY)
    assert not found.statements[0].agrees
    assert any("declared was SHARED_UPGRADABLE" in reason for reason in found.reasons)
    instant = Effect("add_column", "EXCLUSIVE", Blocks.READS_AND_WRITES)
    found = proof(scratch, file("ALTER TABLE customers ADD COLUMN c int AFTER id, FORCE", declared=instant), load=False)
    assert any("it rebuilt customers, which was not declared" in reason for reason in found.reasons)


def test_an_update_of_every_row_at_once_is_refuted(scratch: MysqlScratch) -> None:
    found = proof(scratch, file("UPDATE customers SET score = score + 1000"), rows=20_000)
    assert any("rows in one transaction: whoever writes one of them" in reason for reason in found.reasons)
    assert found.checks["rerun"].outcome is Outcome.FAILED


def test_a_file_that_can_be_left_half_applied_is_refuted(scratch: MysqlScratch) -> None:
    twice = ("ALTER TABLE customers ADD COLUMN a int", "ALTER TABLE customers ADD COLUMN b int")
    check = proof(scratch, file(*twice), load=False).checks["crash_resume"]
    assert check.outcome is Outcome.FAILED
    assert "1060 Duplicate column name 'a'" in check.why
    one_each = [file(sql, path=f"000{number}.sql") for number, sql in enumerate(twice, 1)]
    check = proof(scratch, *one_each, load=False).checks["crash_resume"]
    assert check.outcome is Outcome.NOT_RUN


def test_a_half_applied_file_that_may_pass_twice_goes_on(mariadb_scratch: MysqlScratch) -> None:
    sqls = [f"ALTER TABLE customers ADD COLUMN IF NOT EXISTS {name} int" for name in "abc"]
    check = proof(mariadb_scratch, file(*sqls), load=False).checks["crash_resume"]
    assert check.outcome is Outcome.OK, check.why


ORPHANS = (
    "INSERT INTO customers (id, email) VALUES (1, 'a'), (2, 'b')",
    "INSERT INTO orders (id, customer_id) VALUES (1, 1), (2, 2), (3, 99)",
)


def test_a_foreign_key_over_orphans_fails_at_once_or_leaves_them_where_the_precheck_finds_them(
    scratch: MysqlScratch,
) -> None:
    schema = (*SCHEMA, *ORPHANS)
    direct = "ALTER TABLE orders ADD CONSTRAINT owner FOREIGN KEY (customer_id) REFERENCES customers (id)"
    found = proof(scratch, file(direct), schema=schema)
    assert "1452" in found.checks["applies"].why
    asked = {"engine": scratch.facts.engine, "version": scratch.facts.version, "framework": "raw", "sql": direct}
    ready = planned(
        PlanMigration.model_validate({**asked, "schema": ";\n".join(schema)}), Settings(project=None), Job()
    )
    bench = MysqlBench(scratch, Watch(60))
    try:
        bench.apply_schema(schema)
        (migration,) = ready.plan.migrations
        with contextlib.closing(scratch.session(bench.database)) as session:
            assert [session.execute(query.sql).rows for query in migration.prechecks] == [[(1,)]]
            session.execute("UPDATE orders SET customer_id = NULL WHERE customer_id = 99")
            assert [session.execute(query.sql).rows for query in migration.prechecks] == [[(0,)]]
        seen = bench.run_file("", [(statement.sql, 0) for statement in ready.files[0].statements])
        assert [one.error for one in seen if one.error] == []
        with contextlib.closing(scratch.session(bench.database)) as session, pytest.raises(pymysql.Error, match="1452"):
            session.execute("INSERT INTO orders (customer_id) VALUES (99)")
    finally:
        bench.close()


def test_a_lock_that_an_idle_transaction_holds_makes_the_file_give_up_and_nobody_queues_behind_it(
    scratch: MysqlScratch,
) -> None:
    asked = {"engine": scratch.facts.engine, "version": scratch.facts.version, "framework": "raw"}
    sql = "ALTER TABLE customers ADD COLUMN locale varchar(10)"
    ready = planned(
        PlanMigration.model_validate({**asked, "sql": sql, "schema": ";\n".join(SCHEMA)}), Settings(project=None), Job()
    )
    statements = [(statement.sql, 0) for statement in ready.files[0].statements]
    bench = MysqlBench(scratch, Watch(60))
    try:
        bench.apply_schema(SCHEMA)
        with contextlib.closing(scratch.session(bench.database)) as holder:
            holder.execute("BEGIN")
            holder.execute("SELECT count(*) FROM customers")
            seen = bench.run_file("0001.sql", statements)
            assert seen[-1].error.startswith("1205 Lock wait timeout")
            with contextlib.closing(scratch.session(bench.database)) as reader:
                reader.execute("SELECT count(*) FROM customers")
        assert [one.error for one in bench.run_file("0001.sql", statements) if one.error] == []
    finally:
        bench.close()


def test_names_that_need_quoting_everywhere_are_seeded_loaded_and_read(scratch: MysqlScratch) -> None:
    schema = (
        'CREATE TABLE `or``der "s" 100%s` (`select` int NOT NULL AUTO_INCREMENT PRIMARY KEY, `ümläut ``` varchar(30)'
        " CHECK (`ümläut ``` <> ''), UNIQUE (`ümläut ```))",
    )
    sql = 'ALTER TABLE `or``der "s" 100%s` ADD COLUMN `100%s` int NOT NULL DEFAULT 7'
    found = proof(scratch, file(sql), schema=schema, rows=500)
    assert found.verdict is Verdict.PROVED, found.reasons
    assert dict(found.rows) == {NAME: 500}
    assert sum(found.application.inserted.values()) > 0


EVERY_TYPE = """CREATE TABLE everything (
    a tinyint unsigned, b smallint, c mediumint, d int unsigned, e bigint, f decimal(9,3), g float, h double, i bit(3),
    j bool, k char(9), l varchar(20) CHARACTER SET latin1, m tinytext, n text, o longtext, p binary(16), q varbinary(30),
    r blob, s date, t datetime(6), u timestamp NULL, v time, w year, x enum('a', 'it''s'), y set('p', 'q'), z json,
    aa point, bb varchar(40) GENERATED ALWAYS AS (upper(l)) VIRTUAL, cc int GENERATED ALWAYS AS (b + 1) STORED,
    code varchar(12) NOT NULL, CHECK (b between 1 and 500), CHECK (k in ('x', 'y')), UNIQUE (code), UNIQUE (d, l),
    PRIMARY KEY (e, s))"""


def test_a_table_with_every_type_is_filled_and_its_values_are_kept(scratch: MysqlScratch) -> None:
    found = proof(scratch, file("ALTER TABLE everything FORCE"), schema=(EVERY_TYPE,), rows=2_000)
    assert dict(found.rows) == {"everything": 2_000}, found.notes
    assert found.checks["data_kept"].outcome is Outcome.OK
    assert found.statements[0].seen.rewrote == ("everything",)


def test_a_table_that_grew_by_dump_comes_with_definers_triggers_and_routines(scratch: MysqlScratch) -> None:
    schema = (
        *SCHEMA,
        "CREATE TABLE log (id int AUTO_INCREMENT PRIMARY KEY, what varchar(190))",
        "/*!50003 CREATE*/ /*!50017 DEFINER=`somebody`@`%`*/ /*!50003 TRIGGER t AFTER INSERT ON customers FOR EACH ROW"
        " INSERT INTO log (what) VALUES (NEW.email) */",
        "CREATE ALGORITHM=UNDEFINED DEFINER=`somebody`@`10.%` SQL SECURITY DEFINER VIEW v AS SELECT id FROM customers",
        "CREATE DEFINER=`somebody`@`%` PROCEDURE p() SELECT 1",
        "GRANT SELECT ON customers TO somebody",
    )
    found = proof(
        scratch, file("CREATE INDEX i ON orders (note)"), schema=schema, asked=("CREATE INDEX j ON orders (note)",)
    )
    assert found.verdict is Verdict.PROVED, found.reasons
    assert found.checks["converges"].why.endswith("except names: index j is named i")
    assert any("GRANT SELECT" in note for note in found.notes)


def test_a_schema_that_does_not_apply_is_no_proof_and_says_where(scratch: MysqlScratch) -> None:
    found = proof(
        scratch, file("SELECT 1"), schema=("CREATE TABLE t (id int, FOREIGN KEY (id) REFERENCES nowhere (id))",)
    )
    assert found.verdict is Verdict.NOT_RUN
    assert "the schema to start from does not apply: 1" in found.reasons[0]


def test_nothing_reaches_outside_the_proof_even_where_reading_cannot_see_it(
    scratch: MysqlScratch, tmp_path: Path
) -> None:
    target = tmp_path / "stolen"
    tmp_path.chmod(0o777)
    hidden = (
        f"SET @s = CONCAT('SELECT 1 INTO OUT', 'FILE ''{target}''')",
        "PREPARE p FROM @s",
        "EXECUTE p",
    )
    assert proof(scratch, file(*hidden), load=False).checks["applies"].outcome is Outcome.FAILED
    assert not target.exists()
    assert "denied" in proof(scratch, file("SELECT * FROM mysql.user"), load=False).checks["applies"].why


@pytest.mark.parametrize(
    "sql",
    [
        "LOAD DATA INFILE '/etc/passwd' INTO TABLE t",
        "/*!50000 LOAD DATA LOCAL */ INFILE 'x' INTO TABLE t",
        "SELECT 1 INTO OUTFILE 'x'",
        "SELECT load_file('x')",
        "SET GLOBAL max_connections = 1",
        "CREATE DATABASE other",
        "CREATE TABLE t (id int) ENGINE=FEDERATED CONNECTION='mysql://u@h/d/t'",
        "CREATE TABLE t (id int) DATA DIRECTORY = '/tmp'",
        "INSTALL SONAME 'x'",
    ],
)
@pytest.mark.parametrize("engine", ["mysql", "mariadb"])
def test_what_reaches_outside_is_refused_before_a_server_is_looked_for(sql: str, engine: str) -> None:
    with pytest.raises(Refused):
        prove(ProofRequest(engine, (file(sql),)), Job())


def test_a_proof_that_is_taken_back_stops_the_query(scratch: MysqlScratch) -> None:
    job = Job()
    threading.Timer(1.0, job.cancel).start()
    with pytest.raises(Cancelled):
        prove(ProofRequest(scratch.facts.engine, (file("DO SLEEP(600)"),), SCHEMA, load=False), job, scratch=scratch)
    with contextlib.closing(scratch.session()) as session:
        assert session.execute("SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE 'DO %'").rows == []


def test_a_proof_leaves_nothing_on_a_server_that_stays(scratch: MysqlScratch, monkeypatch: pytest.MonkeyPatch) -> None:
    with contextlib.closing(scratch.session()) as session:
        (socket,) = session.execute("SELECT @@socket").rows[0]
        monkeypatch.setenv("DOMAIN_AGENTS_SERVER_MINE", f"mysql://root@localhost/?unix_socket={socket}")
        request = ProofRequest(
            scratch.facts.engine, (file("CREATE INDEX i ON orders (note)"),), SCHEMA, {"orders": 100}
        )
        found = prove(request, Job(), server="mine")
        assert found.verdict is Verdict.PROVED, found.reasons
        assert found.server is not None
        assert found.server.how is How.CONFIGURED
        assert session.execute("SHOW DATABASES LIKE 'proof%'").rows == []
        assert session.execute("SELECT count(*) FROM mysql.user WHERE User LIKE 'proof%'").rows == [(0,)]
    other = "mysql" if scratch.facts.engine == "mariadb" else "mariadb"
    found = prove(ProofRequest(other, (file("SELECT 1"),)), Job(), server="mine")
    assert "and the migration is for" in found.reasons[0]


def test_what_an_older_server_refuses_is_no_refutation(mariadb_scratch: MysqlScratch) -> None:
    online = "ALTER TABLE customers MODIFY score bigint NOT NULL DEFAULT 0, ALGORITHM=INSTANT, LOCK=NONE"
    found = proof(mariadb_scratch, file(online), version="99.1")
    assert found.verdict is Verdict.NOT_RUN
    assert found.reasons[0].startswith("asked for MariaDB 99.1, proved on ")


def test_the_server_and_its_folder_are_gone_when_it_is_closed(mariadb_scratch: MysqlScratch) -> None:
    with MysqlScratch.start("mariadb") as scratch, contextlib.closing(scratch.session()) as session:
        (folder,) = session.execute("SELECT @@tmpdir").rows[0]
        assert folder != session.execute("SELECT @@datadir").rows[0][0]
    from pathlib import Path

    assert not Path(folder).exists()


def test_a_copy_that_the_plan_says_aloud_is_proved_with_the_wait_that_it_said(scratch: MysqlScratch) -> None:
    found = proof_of_plan(
        scratch,
        changes=[{"kind": "change_type", "table": "measured", "column": "amount", "type": "varchar(20)"}],
        schema="CREATE TABLE measured (id int NOT NULL PRIMARY KEY, amount int NULL);",
        rows={"measured": 60_000},
    )
    assert found.verdict is Verdict.PROVED, found.reasons
    assert any(one.rewrote for one in (statement.seen for statement in found.statements))
    assert any(reason.startswith("writers wait, as the plan says aloud: ") for reason in found.reasons)
