"""Diagrams: everything is there, nothing stands on anything else, and no name gets out of its quotes."""

import re
from itertools import combinations, pairwise
from xml.etree import ElementTree

import pytest

from domain_agents.catalog import Column, ForeignKey, PrimaryKey, Schema, Table, TableName
from domain_agents.schemas.draw.dbml import draw_dbml
from domain_agents.schemas.draw.mermaid import draw_mermaid
from domain_agents.schemas.draw.svg import draw_svg

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = ('a"b', "<script>alert(1)</script>", "x&y", "tab\tle\x00", "' or 1=1 --", "Straße", "表の名前", "a" * 300)


def schema(count: int, *, names: tuple[str, ...] = ()) -> Schema:
    """Tables that refer to those before them, to themselves, in a circle, and to one that is not there."""
    called = [TableName(names[n] if n < len(names) else f"table_{n}") for n in range(count)]
    tables = []
    for n, name in enumerate(called):
        parents = {called[(n * 7 + 3) % n], called[n // 2], called[0]} if n else {called[-1]}
        parents |= {name} if n % 9 == 4 else set()
        parents |= {TableName("elsewhere")} if n % 11 == 5 else set()
        keys = tuple(
            ForeignKey((f"ref_{number}",), parent, ("id",), on_delete="CASCADE")
            for number, parent in enumerate(sorted(parents, key=str))
        )
        columns = (
            Column("id", "bigint", nullable=False, identity="always"),
            *(Column(key.columns[0], "bigint", nullable=place % 2 == 0) for place, key in enumerate(keys)),
            *(Column(f"{name}_{extra}", "double precision") for extra in range(n % 7)),
        )
        tables.append(Table(name, columns, PrimaryKey(("id",)), foreign_keys=keys))
    return Schema({table.name: table for table in tables})


def moved(element: ElementTree.Element) -> tuple[float, float]:
    found = re.match(r"translate\((\S+) (\S+)\)", element.get("transform", ""))
    return (float(found[1]), float(found[2])) if found else (0.0, 0.0)


def boxes(root: ElementTree.Element) -> dict[str, tuple[float, float, float, float]]:
    """Left, top, right and bottom of each table."""
    found = {}
    for group in root.iter(f"{SVG}g"):
        x, y = moved(group)
        for table in group.findall(f"{SVG}g[@class='table']"):
            left, top = moved(table)
            frame = table.find(f"{SVG}rect")
            assert frame is not None
            wide, tall = float(frame.get("width", "")), float(frame.get("height", ""))
            found[table.get("data-table", "")] = (x + left, y + top, x + left + wide, y + top + tall)
    return found


def lines(root: ElementTree.Element) -> list[tuple[tuple[str, str, str], list[tuple[float, float]]]]:
    """Of each edge: child, columns and parent; and the corners of its line."""
    found = []
    for group in root.iter(f"{SVG}g"):
        x, y = moved(group)
        for edge in group.findall(f"{SVG}g[@class='edge']"):
            line = edge.find(f"{SVG}path[@class='line']")
            assert line is not None
            numbers = [float(one) for one in re.findall(r"-?[\d.]+(?:e-?\d+)?", line.get("d", ""))]
            said = (edge.get("data-child", ""), edge.get("data-columns", ""), edge.get("data-parent", ""))
            found.append((said, [(x + a, y + b) for a, b in zip(numbers[::2], numbers[1::2], strict=True)]))
    return found


@pytest.mark.parametrize("count", [1, 2, 5, 12, 40, 150])
def test_boxes_stand_apart_and_every_foreign_key_has_a_line_that_runs_through_none(count: int) -> None:
    drawn = schema(count)
    root = ElementTree.fromstring(draw_svg(drawn, "Title"))
    found = boxes(root)
    assert sorted(found) == sorted(str(name) for name in drawn.tables)
    for one, other in combinations(found.values(), 2):
        assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
    edges = lines(root)
    keys = [
        (str(table.name), key.columns[0], str(key.parent))
        for table in drawn.tables.values()
        for key in table.foreign_keys
    ]
    assert sorted(said for said, _ in edges) == sorted(keys)
    for (child, _, parent), points in edges:
        for (x1, y1), (x2, y2) in pairwise(points):
            for name, (left, top, right, bottom) in found.items():
                apart = max(x1, x2) <= left or min(x1, x2) >= right or max(y1, y2) <= top or min(y1, y2) >= bottom
                assert apart, f"{child} -> {parent} runs through {name}"
    wide, tall = (float(one) for one in root.get("viewBox", "").split()[2:])
    assert all(
        left >= 0 and top >= 0 and right <= wide and bottom <= tall for left, top, right, bottom in found.values()
    )


def test_the_same_schema_gives_the_same_picture() -> None:
    assert draw_svg(schema(40), "x") == draw_svg(schema(40), "x")


def test_a_hostile_name_stays_text() -> None:
    hostile = schema(len(HOSTILE), names=HOSTILE)
    root = ElementTree.fromstring(draw_svg(hostile, '"><script>'))
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        "svg", "title", "style", "rect", "text", "tspan", "g", "path", "circle",
    }  # fmt: skip
    assert len(boxes(root)) == len(HOSTILE)


def test_an_empty_schema_is_a_picture_too() -> None:
    assert ElementTree.fromstring(draw_svg(Schema(), "")).tag == f"{SVG}svg"


def test_optional_required_one_and_many_are_told_apart() -> None:
    parent = Table(TableName("a"), (Column("id", "int", nullable=False),), PrimaryKey(("id",)))
    signs = {}
    for said, nullable, key in (
        ("many", False, PrimaryKey(("x",))),
        ("optional", True, PrimaryKey(("x",))),
        ("one", False, PrimaryKey(("a_id",))),
    ):
        columns = (Column("x", "int", nullable=False), Column("a_id", "int", nullable=nullable))
        child = Table(TableName("b"), columns, key, foreign_keys=(ForeignKey(("a_id",), TableName("a"), ("id",)),))
        text = draw_svg(Schema({parent.name: parent, child.name: child}))
        signs[said] = (
            text[text.rindex("</g>\n<path") :].count("<circle"),
            text[text.rindex("</g>\n<path") :].count("v10"),
        )
    assert signs == {"many": (1, 2), "optional": (2, 1), "one": (1, 3)}


@pytest.mark.parametrize("count", [5, 150, 600])
def test_mermaid_stays_within_what_it_draws(count: int) -> None:
    text = draw_mermaid(schema(count))
    assert len(text) < 50_000
    assert len(re.findall(r"--[o|]", text)) <= 500


def test_mermaid_types_are_one_word_and_names_are_quoted() -> None:
    text = draw_mermaid(schema(len(HOSTILE), names=HOSTILE))
    assert "double precision" not in text
    assert all(line.count('"') % 2 == 0 for line in text.splitlines())
    assert "\x00" not in text


def test_dbml_closes_every_quote() -> None:
    text = draw_dbml(schema(len(HOSTILE), names=HOSTILE), "two\nlines")
    assert all(line.count('"') % 2 == 0 for line in text.splitlines())
    assert text.splitlines()[0] == "// two lines"
    assert '"double precision"' in text
