"""Facts load with their source and the day they were checked, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain_agents import engines, facts
from domain_agents.facts import FactsError, read_locks, version_key

ENTRY = """
[forms.add_column]
lock = "EXCLUSIVE"
blocks = "writes"
constant_seconds = [0.0, 0.5]
seconds_per_million_rows = [1, 3]
source = "https://example.org/doc, section 2"
checked = "2026-11-20"
since = "9.6"
until = "20"

[[forms.add_column.versions]]
from = "11"
until = "18"
constant_seconds = [0.0, 0.1]
note = "a note in the catalog only"

[[forms.add_column.versions]]
from = "18"
lock = "NONE"
blocks = "none"
measured_on = ["18.6"]
"""


@pytest.fixture
def some() -> facts.LockFacts:
    return read_locks("example", ENTRY)


def test_a_version_before_every_override_gets_the_entry_as_written(some: facts.LockFacts) -> None:
    fact = some.form("add_column", "10.3")
    assert (fact.lock, fact.blocks, fact.sources) == ("EXCLUSIVE", "writes", ("https://example.org/doc, section 2",))


def test_an_override_changes_what_it_names_and_keeps_the_rest(some: facts.LockFacts) -> None:
    fact = some.form("add_column", "17.11")
    assert (fact.lock, fact.note, fact.checked) == ("EXCLUSIVE", "a note in the catalog only", "2026-11-20")
    assert some.form("add_column", "18").measured_on == ("18.6",)


def test_a_range_in_an_override_replaces_the_whole_timing(some: facts.LockFacts) -> None:
    assert some.form("add_column", "11").seconds(5_000_000) == (0.0, 0.1)
    assert some.form("add_column", "10").seconds(5_000_000) == (5.0, 15.5)


def test_an_unknown_number_of_rows_counts_as_a_million(some: facts.LockFacts) -> None:
    assert some.form("add_column", "10").seconds(None) == some.form("add_column", "10").seconds(1_000_000)


def test_versions_compare_as_numbers(some: facts.LockFacts) -> None:
    assert some.form("add_column", "9.6").lock == "EXCLUSIVE"
    with pytest.raises(LookupError, match=r"9\.5 has no add_column: the form exists since 9\.6 until 20"):
        some.form("add_column", "9.5")
    with pytest.raises(LookupError, match="20 has no add_column"):
        some.form("add_column", "20")


def test_an_unknown_form_is_answered_with_the_names_there_are(some: facts.LockFacts) -> None:
    with pytest.raises(LookupError, match="there are: add_column"):
        some.form("add_colum", "16")


def test_an_unknown_engine_is_answered_with_the_engines_there_are() -> None:
    with pytest.raises(LookupError, match="sqlite"):
        facts.locks("oracle")


@pytest.mark.parametrize("nonsense", ["", "latest", "16beta", "1..2", "-1", "16 ", "１６"])
def test_a_version_that_is_no_number_is_refused(nonsense: str) -> None:
    with pytest.raises(ValueError, match="such as 16"):
        version_key(nonsense)


@given(st.lists(st.integers(0, 400), min_size=1, max_size=4), st.lists(st.integers(0, 400), min_size=1, max_size=4))
def test_version_order_is_the_order_of_its_numbers(one: list[int], other: list[int]) -> None:
    longest = max(len(one), len(other))
    padded = [numbers + [0] * (longest - len(numbers)) for numbers in (one, other)]
    keys = [version_key(".".join(map(str, numbers))) for numbers in (one, other)]
    assert (keys[0] < keys[1]) == (padded[0] < padded[1])
    assert (keys[0] == keys[1]) == (padded[0] == padded[1])


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('source = "https://example.org/doc, section 2"', "", r"forms\.add_column\.source"),
        ('source = "https://example.org/doc, section 2"', 'source = " "', r"forms\.add_column\.source"),
        ('checked = "2026-11-20"', "", r"forms\.add_column\.checked: write the day"),
        ('checked = "2026-11-20"', 'checked = "last week"', r"forms\.add_column\.checked: write the day"),
        ('blocks = "writes"', 'blocks = "some"', r"blocks: write one of: none, writes, reads and writes"),
        ('lock = "EXCLUSIVE"', "", r"forms\.add_column\.lock"),
        ("constant_seconds = [0.0, 0.5]", "constant_seconds = [2, 1]", "low first"),
        ("constant_seconds = [0.0, 0.5]", "constant_seconds = 0.5", "low first"),
        ('since = "9.6"', 'since = "soon"', r"since: not a version"),
        ('since = "9.6"', "sicne = 1", "unknown field 'sicne'"),
        ('from = "11"\nuntil = "18"', "", "entry 1: needs `from`"),
        ("[forms.add_column]", "[forms", r"locks/example\.toml"),
        ("[forms.add_column]", "extra = 1\n[forms.add_column]", "nothing else"),
        ('blocks = "writes"', 'blocks = "writes"\nscans_table = 1', "write true or false"),
        ('blocks = "writes"', 'blocks = "writes"\nother_locks = "x"', "role"),
    ],
)
def test_a_fault_names_its_entry_and_field(old: str, new: str, says: str) -> None:
    assert old in ENTRY
    with pytest.raises(FactsError, match=says):
        read_locks("example", ENTRY.replace(old, new, 1))


def test_a_fact_without_any_timing_is_refused() -> None:
    text = ENTRY.replace("constant_seconds = [0.0, 0.5]\nseconds_per_million_rows = [1, 3]\n", "")
    with pytest.raises(FactsError, match="seconds_per_million_rows or constant_seconds"):
        read_locks("example", text)


def test_a_day_may_be_written_as_a_toml_date() -> None:
    assert read_locks("example", ENTRY.replace('"2026-11-20"', "2026-11-20")).form("add_column", "10").checked == (
        "2026-11-20"
    )


@pytest.mark.parametrize("name", engines.engine_names())
def test_every_engine_has_lock_facts_and_each_names_its_source(name: str) -> None:
    known = facts.locks(name)
    assert known.names
    for form in known.names:
        # The newest version there can be: every form that was not taken away exists there.
        assert all(source.startswith("https://") for source in known.form(form, "999").sources)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "has exactly the fields"),
        ('value = "many"\nunit = "rows"\nsays = "x"\nsource = "y"\nchecked = "2026-11-21"', "value: write a number"),
        ('value = 1\nunit = "rows"\nsays = "x"\nsource = " "\nchecked = "2026-11-21"', "source: must be given"),
        ('value = 1\nunit = "rows"\nsays = "x"\nsource = "y"\nchecked = "soon"', "checked: write the day"),
    ],
)
def test_a_threshold_without_source_or_day_does_not_load(line: str, says: str) -> None:
    from domain_agents.facts.scale import read_thresholds

    with pytest.raises(FactsError, match=says):
        read_thresholds(f"[thresholds.shard_bytes]\n{line}\n")


def test_every_threshold_says_where_it_is_from() -> None:
    from domain_agents.facts.scale import threshold, thresholds

    assert all(one.source and one.checked and one.value > 0 for one in thresholds().values())
    with pytest.raises(LookupError, match="there are: cache_reads_per_second"):
        threshold("nothing")
