"""Which database a project uses, and at which version, from the marks that its files bear.

Every mark is one row: the files it is found in, the pattern, and how much it says. What a container runs and what a
configuration names weigh most; a driver among the dependencies, or a turn of phrase in SQL, less. Connection strings
hold secrets: only the scheme is ever repeated.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from domain_agents.migrations.recognition import Claim, MarkIndex, base, claim

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from domain_agents.migrations.recognition import Files

SCHEMES = {
    "postgresql": "postgresql", "postgres": "postgresql", "psql": "postgresql", "pgsql": "postgresql",
    "postgis": "postgresql", "mysql": "mysql", "mysql2": "mysql", "mariadb": "mariadb", "sqlite": "sqlite",
    "sqlite3": "sqlite", "libsql": "sqlite",
}  # fmt: skip
_TITLES = {"postgresql": "PostgreSQL", "mysql": "MySQL", "mariadb": "MariaDB", "sqlite": "SQLite"}

IMAGE, CONFIGURED, HEADER, TOOL, CONTINUOUS, SIGN, DRIVER, FILE = 95, 100, 80, 70, 65, 55, 50, 30
EXAMPLE_URL, SECRET_URL = 90, 92
_ASIDE = 25  # what tests, fixtures and documentation say counts for that much less

_URL = re.compile(r"\b(?:jdbc:)?([a-z][a-z0-9]*)(?:\+[a-z0-9_]+)?:(?://|(?<=sqlite:)\S)", re.IGNORECASE)
_IMAGE = re.compile(r"""^\s*-?\s*(?:image:|FROM\s)\s*["']?([^\s"'#]+)""", re.IGNORECASE)
_POSTGRESQL_IMAGES = ("timescaledb", "pgvector", "postgresql-repmgr", "citus", "paradedb", "spilo")
_TAG_DEFAULT = re.compile(r"\$\{[^}:]*:?-([^}]*)\}")
_CONNECTION = re.compile(
    r"^\s*(?:export\s+)?(DB_CONNECTION|DB_DRIVER|DATABASE_ENGINE|DB_ENGINE)\s*=\s*[\"']?(\w+)", re.IGNORECASE
)
_HEADER = re.compile(
    r"^\s*(?:--|#|\*|/\*)\s*(?:engine|database|dialect|target|dbms)\s*:?\s*(postgres(?:ql)?|mysql|mariadb|sqlite)"
    r"[\s>=+v]*(\d+(?:\.\d+)*)?",
    re.IGNORECASE,
)
_TOOL = re.compile(
    r"""^\s*["']?(postgres(?:ql)?|mysql|mariadb|sqlite)["']?\s*(?:=\s*)?["']?(\d+(?:\.\d+)*)""", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Mark:
    """A pattern that names an engine where it is found; its first group does, unless `engine` is given."""

    files: re.Pattern[str]
    line: re.Pattern[str]
    weight: int
    says: str
    engine: str = ""


def _mark(files: str, line: str, weight: int, says: str, engine: str = "") -> Mark:
    return Mark(re.compile(files), re.compile(line, re.IGNORECASE), weight, says, engine)


_NAMES = r"(postgres(?:ql)?|pgsql|postgis|mysql2?|mariadb|sqlite3?)"
_MARKS = (
    _mark(r"(^|/)settings(/\w+)?\.py$", rf"""["']?ENGINE["']?\s*[:=].*backends\.{_NAMES}""", CONFIGURED, "Django uses"),
    _mark(r"(^|/)database\.ya?ml$", rf"^\s*adapter:\s*[\"']?{_NAMES}", CONFIGURED, "Rails uses"),
    _mark(r"schema\.prisma$", rf"^\s*provider\s*=\s*\"{_NAMES}\"", CONFIGURED, "Prisma uses"),
    _mark(r"drizzle\.config\.\w+$", rf"""\bdialect["']?\s*:\s*["']{_NAMES}""", CONFIGURED, "Drizzle uses"),
    _mark(r"drizzle\.config\.\w+$", r"""\bdialect["']?\s*:\s*["']turso""", CONFIGURED, "Drizzle uses", "sqlite"),
    _mark(r"knexfile\.\w+$", rf"""\bclient\s*:\s*["']{_NAMES}""", CONFIGURED, "Knex uses"),
    _mark(r"knexfile\.\w+$", r"""\bclient\s*:\s*["']pg["']""", CONFIGURED, "Knex uses", "postgresql"),
    _mark(r"(ormconfig|data-?source)\.\w+$", rf"""\btype["']?\s*:\s*["']{_NAMES}""", CONFIGURED, "TypeORM uses"),
    _mark(
        r"(^|/)config/config\.(js|json)$", rf"""["']?dialect["']?\s*:\s*["']{_NAMES}""", CONFIGURED, "Sequelize uses"
    ),
    _mark(r"(^|/)config/database\.php$", rf"""['"]default['"].*['"]{_NAMES}['"]""", CONFIGURED, "Laravel uses"),
    _mark(r"(^|/)doctrine\.ya?ml$", rf"driver:\s*['\"]?pdo_{_NAMES}", CONFIGURED, "Doctrine uses"),
    _mark(r"sqitch\.conf$", r"^\s*engine\s*=\s*pg\b", CONFIGURED, "Sqitch uses", "postgresql"),
    _mark(r"sqitch\.conf$", rf"^\s*engine\s*=\s*{_NAMES}", CONFIGURED, "Sqitch uses"),
    _mark(r"(^|/)sqlc\.ya?ml$", rf"engine:\s*[\"']?{_NAMES}", CONFIGURED, "sqlc reads"),
    _mark(r"(^|/)package\.json$", r'^\s*"(pg|postgres|pg-promise|@types/pg)"\s*:', DRIVER, "a driver of", "postgresql"),
    _mark(r"(^|/)package\.json$", r'^\s*"mysql2?"\s*:', DRIVER, "a driver of", "mysql"),
    _mark(r"(^|/)package\.json$", r'^\s*"mariadb"\s*:', DRIVER, "a driver of", "mariadb"),
    _mark(r"(^|/)package\.json$", r'^\s*"(sqlite3|better-sqlite3|sqlite)"\s*:', DRIVER, "a driver of", "sqlite"),
    _mark(r"(^|/)composer\.json$", r'^\s*"ext-(pdo_)?pgsql"\s*:', DRIVER, "a driver of", "postgresql"),
    _mark(r"(^|/)composer\.json$", r'^\s*"ext-(pdo_mysql|mysqli)"\s*:', DRIVER, "a driver of", "mysql"),
    _mark(r"(^|/)composer\.json$", r'^\s*"ext-(pdo_sqlite|sqlite3)"\s*:', DRIVER, "a driver of", "sqlite"),
    _mark(r"(^|/)Gemfile$", r"^\s*gem\s+['\"]pg['\"]", DRIVER, "a driver of", "postgresql"),
    _mark(r"(^|/)Gemfile$", r"^\s*gem\s+['\"](mysql2|trilogy)['\"]", DRIVER, "a driver of", "mysql"),
    _mark(r"(^|/)Gemfile$", r"^\s*gem\s+['\"]sqlite3['\"]", DRIVER, "a driver of", "sqlite"),
    _mark(r"(^|/)go\.mod$", r"\b(jackc/pgx|lib/pq)\b", DRIVER, "a driver of", "postgresql"),
    _mark(r"(^|/)go\.mod$", r"\bgo-sql-driver/mysql\b", DRIVER, "a driver of", "mysql"),
    _mark(r"(^|/)go\.mod$", r"\b(mattn/go-sqlite3|modernc\.org/sqlite)\b", DRIVER, "a driver of", "sqlite"),
    _mark(
        r"(^|/)Cargo\.toml$", r"^\s*(tokio-)?postgres\s*=|features.*\"postgres\"", DRIVER, "a driver of", "postgresql"
    ),
    _mark(r"(^|/)Cargo\.toml$", r"^\s*rusqlite\s*=|features.*\"sqlite\"", DRIVER, "a driver of", "sqlite"),
    _mark(r"(^|/)Cargo\.toml$", r"features.*\"mysql\"", DRIVER, "a driver of", "mysql"),
    _mark(r"(^|/)(pom\.xml|build\.gradle(\.kts)?)$", r"org\.postgresql", DRIVER, "a driver of", "postgresql"),
    _mark(r"(^|/)(pom\.xml|build\.gradle(\.kts)?)$", r"mysql-connector", DRIVER, "a driver of", "mysql"),
    _mark(r"(^|/)(pom\.xml|build\.gradle(\.kts)?)$", r"mariadb-java-client", DRIVER, "a driver of", "mariadb"),
)
_PYTHON = re.compile(
    r"(^|/)(pyproject\.toml|setup\.(py|cfg)|Pipfile|requirements[\w.-]*\.(txt|in)|requirements/[\w.-]+\.(txt|in))$"
)
_PYTHON_DRIVER = re.compile(
    r"""(?:^|["'\s])(psycopg(?:2(?:-binary)?)?|asyncpg|pg8000|psycopg2cffi|mysqlclient|pymysql|aiomysql|asyncmy|"""
    r"""mysql-connector-python|mariadb|aiosqlite)(?=$|["'\s\[<>=~!;,])""",
    re.IGNORECASE,
)
_PYTHON_ENGINES = {"mariadb": "mariadb", "aiosqlite": "sqlite"}
_MYSQL_DRIVERS = frozenset({"mysqlclient", "pymysql", "aiomysql", "asyncmy", "mysql-connector-python"})

_COMPOSE = re.compile(r"(^|/)(docker-)?compose[\w.-]*\.ya?ml$", re.IGNORECASE)
_DOCKERFILE = re.compile(r"(^|/)([\w.-]*Dockerfile[\w.-]*|Containerfile)$")
_CONTINUOUS = re.compile(
    r"(^|/)(\.github/workflows/[^/]+\.ya?ml|\.gitlab-ci\.ya?ml|\.circleci/config\.yml|\.woodpecker\.ya?ml)$"
)
_ENVIRONMENT = re.compile(r"(^|/)\.env([\w.-]*)$")
_EXAMPLE = re.compile(r"(example|sample|dist|template|default|test|development|local)", re.IGNORECASE)
_URL_FILE = re.compile(
    r"(^|/)(alembic\.ini|yoyo\.ini|flyway\.(conf|toml)|liquibase\.properties|dbconfig\.yml|atlas\.hcl)$"
)
_TOOL_FILE = re.compile(r"(^|/)(\.?mise(\.[\w-]+)?\.toml|\.tool-versions|\.config/mise/config\.toml|devbox\.json)$")
_DATABASE_FILE = re.compile(r"\.(sqlite3?|db)$", re.IGNORECASE)
_ASIDE_PATH = re.compile(
    r"(^|/)(tests?|fixtures|examples?|docs?|spec|testdata|benchmarks?|samples?)(/|$)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class EngineMarks:
    """Claims on the engine, and claims on the version by engine ("postgresql 16")."""

    engines: tuple[Claim, ...]
    versions: tuple[Claim, ...]


def read_marks(files: Files) -> EngineMarks:
    """Every mark in the project's configuration; SQL is weighed by `read_signs`."""
    engines: list[Claim] = []
    versions: list[Claim] = []
    for path in files.paths():
        found = list(_marks_of(path, files))
        aside = _ASIDE if _ASIDE_PATH.search(path) else 0
        for one, version in found:
            weight = max(1, one.weight - aside)
            engines.append(Claim(one.value, weight, one.evidence))
            if version:
                versions.append(Claim(f"{one.value} {version}", weight, one.evidence))
    return EngineMarks(tuple(engines), tuple(versions))


def _marks_of(path: str, files: Files) -> Iterator[tuple[Claim, str]]:
    if _DATABASE_FILE.search(path):
        yield claim("sqlite", FILE, path, 0, "a SQLite database lies in the project"), ""
        return
    for pattern, read in _READER_INDEX.of(path):
        if pattern.search(path):
            yield from read(path, files)
    for mark in _MARK_INDEX.of(path):
        if mark.files.search(path):
            yield from _marked(mark, path, files)


def _tools(path: str, files: Files) -> Iterator[tuple[Claim, str]]:
    for line, text in _lines(path, files):
        if found := _TOOL.match(text):
            engine = _engine_of(found.group(1))
            version = _short(engine, found.group(2))
            yield claim(engine, TOOL, path, line, f"the project's tools hold {_TITLES[engine]} {version}"), version


def _python_drivers(path: str, files: Files) -> Iterator[tuple[Claim, str]]:
    for line, text in _lines(path, files):
        for found in _PYTHON_DRIVER.finditer(text.partition("#")[0]):
            driver = found.group(1).lower()
            engine = "mysql" if driver in _MYSQL_DRIVERS else _PYTHON_ENGINES.get(driver, "postgresql")
            yield claim(engine, DRIVER, path, line, f"{driver} is a driver of {_TITLES[engine]}"), ""


def _marked(mark: Mark, path: str, files: Files) -> Iterator[tuple[Claim, str]]:
    for line, text in _lines(path, files):
        if found := mark.line.search(text):
            engine = mark.engine or _engine_of(found.group(1))
            said = found.group(0).strip().strip("\"':= ") if mark.weight == DRIVER else ""
            says = f"{said} is {mark.says} {_TITLES[engine]}" if said else f"{mark.says} {_TITLES[engine]}"
            yield claim(engine, mark.weight, path, line, says), ""


def _lines(path: str, files: Files) -> Iterable[tuple[int, str]]:
    return enumerate(files.text(path).split("\n"), start=1)


def _engine_of(word: str) -> str:
    return SCHEMES.get(word.lower(), "postgresql")


def _images(path: str, files: Files, weight: int) -> Iterator[tuple[Claim, str]]:
    for line, text in _lines(path, files):
        found = _IMAGE.match(text)
        known = image_engine(found.group(1)) if found else None
        if found and known:
            engine, version = known
            says = f"the image {found.group(1)} is {_TITLES[engine]}{f' {version}' if version else ''}"
            yield claim(engine, weight, path, line, says), version


def image_engine(image: str) -> tuple[str, str] | None:
    """The engine and version that a container image runs; None for anything else."""
    image = _TAG_DEFAULT.sub(lambda match: match.group(1), image).partition("@")[0]
    repository, _, tag = image.rpartition(":") if ":" in base(image) else (image, "", "")
    name = base(repository)
    if name == "supabase" or name.startswith(("cockroach", "yugabyte")):
        return None
    release = re.match(r"v?(\d+(?:\.\d+)*)", tag)
    version = release.group(1) if release else ""
    if name in {"postgres", "postgresql", "postgis"}:
        return "postgresql", _short("postgresql", version)
    if name.startswith(_POSTGRESQL_IMAGES):
        packed = re.search(r"(?:pg|postgres-?)(\d+)", f"{name}:{tag}")
        return "postgresql", packed.group(1) if packed else ""
    if name in {"mysql", "mysql-server", "percona", "percona-server"}:
        return "mysql", _short("mysql", version)
    if name == "mariadb":
        return "mariadb", _short("mariadb", version)
    return None


def _short(engine: str, version: str | None) -> str:
    """A version as the tools take it: the first number for PostgreSQL, two for the others."""
    parts = (version or "").split(".")
    return ".".join(parts[:1] if engine == "postgresql" else parts[:2])


def _environment(path: str, files: Files) -> Iterator[tuple[Claim, str]]:
    weight = EXAMPLE_URL if _EXAMPLE.search(base(path)) else SECRET_URL
    yield from _urls(path, files, weight, "a connection string names")
    for line, text in _lines(path, files):
        if (found := _CONNECTION.match(text)) and found.group(2).lower() in SCHEMES:
            engine = _engine_of(found.group(2))
            yield claim(engine, weight, path, line, f"{found.group(1).upper()} names {_TITLES[engine]}"), ""


def _urls(path: str, files: Files, weight: int, says: str) -> Iterator[tuple[Claim, str]]:
    for line, text in _lines(path, files):
        if text.lstrip().startswith(("#", ";")):
            continue
        for found in _URL.finditer(text):
            if engine := SCHEMES.get(found.group(1).lower()):
                yield claim(engine, weight, path, line, f"{says} {_TITLES[engine]}"), ""


_READERS: tuple[tuple[re.Pattern[str], Callable[[str, Files], Iterator[tuple[Claim, str]]]], ...] = (
    (_COMPOSE, partial(_images, weight=IMAGE)),
    (_CONTINUOUS, partial(_images, weight=CONTINUOUS)),
    (_DOCKERFILE, partial(_images, weight=CONTINUOUS)),
    (_ENVIRONMENT, _environment),
    (_URL_FILE, partial(_urls, weight=CONFIGURED, says="the configured database is")),
    (_TOOL_FILE, _tools),
    (_PYTHON, _python_drivers),
)

_READER_INDEX = MarkIndex(_READERS, lambda row: row[0])
_MARK_INDEX = MarkIndex(_MARKS, lambda mark: mark.files)

_SIGNS = {
    "postgresql": (
        r"\bCONCURRENTLY\b|\bNOT\s+VALID\b|\bTIMESTAMPTZ\b|\bJSONB\b|\b(?:BIG)?SERIAL\s+(?:PRIMARY|NOT)|\bBYTEA\b"
        r"|\bplpgsql\b|\bGENERATED\s+(?:ALWAYS|BY\s+DEFAULT)\s+AS\s+IDENTITY\b|\$\$|\bCREATE\s+EXTENSION\b"
        r"|::(?:text|jsonb|regclass|uuid)\b"
    ),
    "mysql": (
        r"\bAUTO_INCREMENT\b|\bENGINE\s*=\s*InnoDB\b|`\w+`|\bALGORITHM\s*=\s*IN\w+|\bUNSIGNED\b|\bCHARSET\s*="
        r"|\butf8mb4\b"
    ),
    "sqlite": (
        r"\bAUTOINCREMENT\b|\bPRAGMA\s+\w+|\bWITHOUT\s+ROWID\b|\bstrftime\s*\(|\bsqlite_(?:master|schema)\b"
        r"|\)\s*STRICT\s*;"
    ),
}
_SIGN_PATTERNS = tuple((engine, re.compile(pattern, re.IGNORECASE)) for engine, pattern in _SIGNS.items())
_MOST_SIGNS = 40


def read_signs(texts: Iterable[tuple[str, str]]) -> EngineMarks:
    """What migrations say in their headers, and the turns of phrase that only one engine understands; texts by path."""
    engines: list[Claim] = []
    versions: list[Claim] = []
    for count, (path, text) in enumerate(texts):
        for line, row in enumerate(text.split("\n", 30)[:30], start=1):
            if found := _HEADER.match(row):
                engine, version = _engine_of(found.group(1)), _short("", found.group(2))
                version = _short(engine, version)
                evidence = claim(engine, HEADER, path, line, f"a header names {_TITLES[engine]} {version}".rstrip())
                engines.append(evidence)
                if version:
                    # A later header is a later word: projects upgrade.
                    versions.append(Claim(f"{engine} {version}", HEADER - 20 + min(count, 20), evidence.evidence))
        if count < _MOST_SIGNS:
            for engine, pattern in _SIGN_PATTERNS:
                if found := pattern.search(text):
                    line = text.count("\n", 0, found.start()) + 1
                    word = " ".join(found.group(0).split())
                    engines.append(claim(engine, SIGN, path, line, f"{word} is {_TITLES[engine]}'s"))
    return EngineMarks(tuple(engines), tuple(versions))
