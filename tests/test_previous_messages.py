"""Messages of earlier releases and of this one understand each other, for as long as they have the same protocol number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import TypeAdapter

from gridcast.api.messages import SENT
from gridcast.broadcaster.versions import PROTOCOL
from tests.goldens import FOLDER

FROZEN = FOLDER / f"protocol-{PROTOCOL}"
"""Messages of real runs as the first release with this number sent them; never written again."""
KEPT = sorted(FROZEN.glob("*.json"))
FREE = {
    "args",
    "data",
    "itl_s",
    "batch",
    "replicas",
    "power_w",
    "dc",
    "taps",
    "storage",
    "voltages",
    "tap_positions",
}
"""Objects whose names are those of a scenario, not of the protocol."""


def shape(value: Any) -> Any:
    """Names and kinds of what is in a message."""
    if isinstance(value, dict):
        return {name: {} if name in FREE else shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return (
        "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__
    )


def lacking(old: Any, new: Any, path: str = "") -> list[str]:
    """What a reader of the old message finds in it, and not in the new one."""
    if isinstance(old, dict):
        if not isinstance(new, dict):
            return [path]
        gone = [f"{path}.{name}" for name in old if name not in new]
        return gone + [
            lack for name in old if name in new for lack in lacking(old[name], new[name], f"{path}.{name}")
        ]
    if isinstance(old, list):
        if not isinstance(new, list):
            return [path]
        return lacking(old[0], new[0], f"{path}[]") if old and new else []
    return [] if "NoneType" in (old, new) or old == new else [f"{path}: {old} is {new} now"]


def test_messages_of_this_protocol_number_are_kept() -> None:
    assert {path.name for path in KEPT} <= {path.name for path in (FOLDER / "real").glob("*.json")}
    assert len(KEPT) > 20


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_todays_models_read_what_an_earlier_worker_wrote(path: Path) -> None:
    kind, name = path.stem.split(".")
    (model,) = [model for model in SENT[kind] if model.__name__ == name]
    TypeAdapter(model).validate_python(orjson.loads(path.read_bytes()))


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_an_earlier_reader_finds_all_that_it_knows_in_what_is_written_today(path: Path) -> None:
    today = orjson.loads((FOLDER / "real" / path.name).read_bytes())
    assert lacking(shape(orjson.loads(path.read_bytes())), shape(today)) == []


def test_a_lost_or_changed_field_would_be_found() -> None:
    old = shape({"a": 1, "b": {"c": [{"d": 1.5}]}, "e": None})
    assert lacking(old, shape({"a": 2.5, "b": {"c": [{"d": 1}]}, "e": "text", "more": 1})) == []
    assert lacking(old, shape({"b": {"c": [{}]}, "e": 1})) == [".a", ".b.c[].d"]
    assert lacking(old, shape({"a": "1", "b": [], "e": 1})) == [".a: number is str now", ".b"]
