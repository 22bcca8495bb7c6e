"""Whatever a stranger writes into a scenario is refused, or is a name of ours: no text of his reaches what is computed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gridcast.scenarios import ScenarioError, catalogue, parse_config, resolve
from gridcast.scenarios.fields import one_line
from gridcast.scenarios.tuning import parse_task

PAYLOADS = [
    "671\nclear",
    "671 redirect /etc/passwd",
    "671.1.2.3 bus2=632",
    "x; shell rm -rf /",
    "../../../../etc/passwd",
    "/etc/passwd",
    "file:///etc/passwd",
    "name=[1 2 3]",
    'a"b',
    "a'b",
    "(x)",
    "{x}",
    "!comment",
    "//comment",
    "~ kw=1e9",
    "671\0",
    "671\u2028clear",
    "\u202e176",
]
OUR_OWN = {
    ("datacenters", "*", "name"),
    ("storages", "*", "name"),
    ("generators", "*", "name"),
    ("loads", "*", "name"),
}
"""Names that people choose: letters, digits, `_` and `-`."""

Path = tuple[str | int, ...]


def texts(value: Any, path: Path = ()) -> Iterator[Path]:
    """Where text stands in a config."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from texts(inner, (*path, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from texts(inner, (*path, number))
    elif isinstance(value, str):
        yield path


def kind(path: Path) -> tuple[str, ...]:
    return tuple("*" if isinstance(step, int) else step for step in path)


def fields() -> dict[tuple[str, ...], tuple[str, Path]]:
    """Each field with text, with a scenario and a place in which it has some."""
    found: dict[tuple[str, ...], tuple[str, Path]] = {}
    for name in catalogue():
        for path in texts(resolve(name).model_dump(mode="json")):
            found.setdefault(kind(path), (name, path))
    return found


FIELDS = fields()


def test_there_are_fields_to_try() -> None:
    assert ("datacenters", "*", "bus") in FIELDS
    assert ("feeder",) in FIELDS
    assert len(FIELDS) > 10


@pytest.mark.parametrize("field", FIELDS, ids=".".join)
@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_text_field_takes_a_strangers_text(field: tuple[str, ...], payload: str) -> None:
    scenario, path = FIELDS[field]
    config = resolve(scenario).model_dump(mode="json")
    place: Any = config
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = payload
    with pytest.raises(ScenarioError):
        parse_config(config)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_key_takes_a_strangers_text(payload: str) -> None:
    for path, value in (
        ("initial_taps", {payload: 1.0}),
        (payload, 1),
        (f"datacenters.0.{payload}", 1),
        (f"initial_taps.{payload}", 1.0),
    ):
        with pytest.raises(ScenarioError):
            resolve("ieee13", {path: value})


@pytest.mark.parametrize(
    "text",
    [
        "a\nb",
        "a\rb",
        "\ta",
        "a\x00",
        "\x1b[31mred",
        "\x7f",
        "\x85",
        "\x9b",
        "a\u2028b",
        "\u202egnp.exe",
        "\u2066x",
    ],
)
def test_titles_and_names_are_one_line_of_what_one_sees(text: str) -> None:
    with pytest.raises(ScenarioError, match="may not hold"):
        parse_task(
            {"scenario": "ieee13", "title": text, "space": {"seed": {"type": "int", "low": 0, "high": 9}}}
        )


@pytest.mark.parametrize(
    "text", ["", "Łódź, 2. Versuch", "العربية", "日本", "👩‍👩‍👧", "a\u00a0b", "a\u200bb"]
)
def test_every_language_is_fine(text: str) -> None:
    assert one_line(text) == text
