"""The Terraform starter: parsed by an HCL parser, and what must never be wrong in it looked at."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from domain_agents.pipelines.artifacts import make
from domain_agents.pipelines.design import design
from domain_agents.pipelines.filling import read_grid
from tests.unit.pipeline_grids import REPORTS, SMALL, SYSTEMS

hcl2 = pytest.importorskip("hcl2")
GRIDS = {**REPORTS, **SMALL, **{key: grid for key, (grid, _) in SYSTEMS.items()}}
VECTORS = {
    "problem_type": "semantic search", "llm": {"n_chunks": 3_000_000, "dims": 1024}, "peak_qps": 20, "latency_p95_ms": 200,
    "availability_slo": 0.999,
}  # fmt: skip


def made(grid: dict[str, Any]) -> Any:
    return make(["terraform"], design(read_grid(grid), "2026-11-21"))


def plain(value: Any) -> Any:
    """The parsed tree without the quotes that the parser keeps, and without its own marks."""
    if isinstance(value, dict):
        return {plain(key): plain(one) for key, one in value.items() if not str(key).startswith("__")}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value[1:-1] if isinstance(value, str) and len(value) > 1 and value[0] == value[-1] == '"' else value


def resources(files: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Every resource by type."""
    found: dict[str, dict[str, Any]] = {}
    for content in files.values():
        for block in plain(hcl2.loads(content)).get("resource", []):
            for kind, named in block.items():
                found[kind] = next(iter(named.values()))
    return found


def checked(files: dict[str, str]) -> None:
    found = resources(files)
    text = "\n".join(files.values())
    assert not re.search(r"^\s*(master_)?password\s*=", text, re.MULTILINE)
    assert "0.0.0.0/0" not in text
    assert "AKIA" not in text
    asked = {
        name for content in files.values() for block in plain(hcl2.loads(content)).get("variable", []) for name in block
    }
    assert set(re.findall(r"\bvar\.(\w+)", text)) <= asked
    if "aws_s3_bucket" in found:
        block = found["aws_s3_bucket_public_access_block"]
        assert all(block[name] is True for name in block if name.startswith(("block_", "ignore_", "restrict_")))
        assert found["aws_s3_bucket_versioning"]["versioning_configuration"][0]["status"] == "Enabled"
        assert "aws_s3_bucket_server_side_encryption_configuration" in found
    if "aws_ecr_repository" in found:
        assert found["aws_ecr_repository"]["image_tag_mutability"] == "IMMUTABLE"
    if "aws_db_instance" not in found:
        return
    database = found["aws_db_instance"]
    right = {
        "storage_encrypted": True, "deletion_protection": True, "publicly_accessible": False, "skip_final_snapshot": False,
        "manage_master_user_password": True, "delete_automated_backups": False, "storage_type": "gp3",
    }  # fmt: skip
    assert {name: database[name] for name in right} == right
    assert "cidr_ipv4" not in found["aws_vpc_security_group_ingress_rule"]
    (module,) = plain(hcl2.loads(files["terraform/main.tf"]))["module"]
    given = module["postgresql"]
    assert given["backup_retention_days"] >= 7
    assert given["max_allocated_storage"] > given["allocated_storage"] >= 20
    wanted = {
        name
        for block in plain(hcl2.loads(files["terraform/modules/postgresql/variables.tf"]))["variable"]
        for name in block
    }
    assert wanted == set(given) - {"source"}


@pytest.mark.parametrize("name", sorted(GRIDS))
def test_the_files_of_every_known_grid_parse_and_are_safe(name: str) -> None:
    found = made(GRIDS[name])
    if found.files:
        checked(dict(found.files))


def test_a_database_is_as_large_as_its_vectors_and_as_safe_as_was_promised() -> None:
    files = dict(made(VECTORS).files)
    checked(files)
    assert "aws_db_instance" in resources(files)
    module = plain(hcl2.loads(files["terraform/main.tf"]))["module"][0]["postgresql"]
    # 3,000,000 x (4 x 1,024 + 8 x 16) B x 1.5 = 17.7 GiB: more than 16, less than 32.
    assert module["instance_class"] == "db.r6g.xlarge"
    assert module["multi_az"] is True
    assert "n_chunks=3,000,000" in files["terraform/main.tf"]


def test_what_is_there_already_or_elsewhere_is_not_rented_again() -> None:
    assert "module" not in made({**VECTORS, "existing_stack": ["postgresql"]}).files.get("terraform/main.tf", "")
    assert "another cloud" in made({"rows": 9_000, "existing_stack": ["BigQuery"]}).declined["terraform"]
    assert "rented" in made({}).declined["terraform"]


@pytest.mark.skipif(not shutil.which("terraform"), reason="no terraform here: its own formatter is not asked")
def test_the_files_are_formatted_as_terraform_writes_them(tmp_path: Path) -> None:
    for number, grid in enumerate((VECTORS, REPORTS["checkout_fraud"], REPORTS["credit_decisions"])):
        for path, content in made(grid).files.items():
            (tmp_path / str(number) / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / str(number) / path).write_text(content)
    done = subprocess.run(
        ["terraform", "fmt", "-check", "-recursive", "-diff", tmp_path],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, "")
