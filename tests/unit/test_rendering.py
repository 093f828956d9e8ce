"""Templates: names that are not there are errors, and a user's template cannot reach out or fill the memory."""

from __future__ import annotations

import pytest

from domain_agents.rendering import RenderingError, render


def test_values_are_data_and_never_template_source() -> None:
    assert render("{{ task }}", {"task": "{{ 7 * 7 }}"}, trusted=False) == "{{ 7 * 7 }}"


def test_a_name_that_is_not_there_is_an_error_with_its_line() -> None:
    with pytest.raises(RenderingError, match="page"):
        render("one\n{{ nope }}", {}, name="page")


def test_a_malformed_template_names_its_line() -> None:
    with pytest.raises(RenderingError, match="page, line 2"):
        render("one\n{% if %}", {}, name="page")


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ range.__globals__ }}",
        "{{ 'x' * 10 ** 10 }}",
        "{{ 'x' * 1000000 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ values.clear() }}",
        "{% include 'x' %}",
        "{% for i in range(1000000000) %}x{% endfor %}",
        "{% for i in range(99999) %}{{ 'xxxxxxxxxx' }}{% endfor %}",
    ],
)
def test_a_template_that_is_not_ours_is_held_to_the_sandbox(source: str) -> None:
    with pytest.raises(RenderingError):
        render(source, {"values": [1]}, trusted=False)


def test_ordinary_arithmetic_is_allowed() -> None:
    assert render("{{ 6 * 7 }} {{ 2 ** 8 }} {{ '-' * 20 }}", {}, trusted=False) == f"42 256 {'-' * 20}"
