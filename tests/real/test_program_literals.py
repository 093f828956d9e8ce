"""What a migration that is a program sends: the languages themselves give back every text as it was planned."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.protocol.node import modules
from tests.real.migration_tools import found
from tests.real.test_alembic_postgresql import NASTY
from tests.unit.format_plans import migration, migrations, plan_of, rendered

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MORE = [
    "#{x} #$x #@x",
    "{$x} $x ${x}",
    "`x` ${x} \\`",
    "<?php ?> //",
    "  SQL\nSQL;\n\tSQL",
    "a\n\n  b\n \nc",
    "?:x",
    "\\'",
]
TEXTS = [f"SELECT '{text}' AS x" for text in [*NASTY, *MORE]]
RUBY = """require "json"
module ActiveRecord
  class Migration
    def self.[](_version) = self
    def self.disable_ddl_transaction! = nil
    def execute(sql) = ($sent ||= []) << sql
  end
end
load ARGV[0]
Object.const_get(ARGV[1]).new.up
puts JSON.generate($sent.map { |sql| sql.delete_suffix("\\n") })
"""
PHP = """<?php
namespace Illuminate\\Database\\Migrations { class Migration {} }
namespace Illuminate\\Support\\Facades {
    class DB {
        static $sent = [];
        static function unprepared($sql) { self::$sent[] = $sql; }
    }
}
namespace Doctrine\\DBAL\\Schema { class Schema {} }
namespace Doctrine\\Migrations {
    class AbstractMigration {
        public $sent = [];
        function addSql($sql) { $this->sent[] = $sql; }
    }
}
namespace {
    $made = require $argv[1];
    if (is_object($made)) {
        $made->up();
        $sent = Illuminate\\Support\\Facades\\DB::$sent;
    } else {
        $name = $argv[2];
        $migration = new $name();
        $migration->up(new Doctrine\\DBAL\\Schema\\Schema());
        $sent = $migration->sent;
    }
    echo json_encode($sent);
}
"""
NODE = """const sent = [];
const raw = async (sql) => { sent.push(sql); };
const made = require(process.argv[2]);
made.up({ raw }).then(() => console.log(JSON.stringify(sent)));
"""


def _ruby(path: Path, content: str, directory: Path) -> list[str]:
    (directory / "run.rb").write_text(RUBY)
    name = re.search(r"^class (\w+)", content, re.MULTILINE)
    assert name is not None
    return [found("ruby", installed_by_ci=False), "-W0", "run.rb", str(path), name.group(1)]


def _php(path: Path, content: str, directory: Path) -> list[str]:
    (directory / "run.php").write_text(PHP)
    name = re.search(r"^final class (\w+)", content, re.MULTILINE)
    return [
        found("php", installed_by_ci=False),
        "run.php",
        str(path),
        f"App\\Migrations\\{name.group(1)}" if name else "",
    ]


def _node(path: Path, content: str, directory: Path) -> list[str]:
    (directory / "run.js").write_text(NODE)
    node = modules() / "node" / "bin" / "node"
    if not node.exists():
        found("node", installed_by_ci=True)
    return [str(node), "run.js", str(path)]


@pytest.mark.parametrize(
    ("name", "command"), [("rails", _ruby), ("laravel", _php), ("doctrine", _php), ("knex", _node)]
)
def test_every_text_reaches_the_framework_as_it_was_planned(
    name: str, command: Callable[[Path, str, Path], list[str]], tmp_path: Path
) -> None:
    texts = [sql for sql in TEXTS if "?" not in sql] if name == "knex" else TEXTS
    title = "?> <?php */ #{x} `x` \\\n end"
    planned = plan_of(migration("texts", *texts, title=title, why=title, undo=f"{title} ' \" $x", guards=()))
    ((path, content),) = migrations(name, rendered(name, planned, author=title)).items()
    file = tmp_path / path.rpartition("/")[2]
    file.write_text(content, encoding="utf-8")
    done = subprocess.run(
        command(file, content, tmp_path), cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout) == texts
