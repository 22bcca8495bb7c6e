"""The AsyncAPI document says what goes over the sockets: it is well-formed, complete, and golden messages fit it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx2
import orjson
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # has no types
from pydantic import TypeAdapter, ValidationError

from gridcast.api.app import create_app
from gridcast.api.asyncapi import CHANNELS, document
from gridcast.api.messages import SENT, TAKEN
from gridcast.broadcaster import Settings
from tests.api.serving import Api
from tests.goldens import FOLDER, golden, real_messages

WS_ROUTE = re.compile(r"\{\w+\}")


def references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        for name, inner in node.items():
            if name == "$ref":
                yield inner
            else:
                yield from references(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from references(inner)


def found(reference: str) -> Any:
    place: Any = document()
    for step in reference.removeprefix("#/").split("/"):
        place = place[step]
    return place


def names_of(kind: str) -> set[str]:
    """Of the messages in the document that this kind of socket sends."""
    channel = next(name for name, (its, *_) in CHANNELS.items() if its == kind)
    sent = document()["operations"][f"{channel}Sends"]["messages"]
    return {reference["$ref"].rsplit("/", 1)[1] for reference in sent}


async def test_it_is_served(api: Api) -> None:
    async with httpx2.AsyncClient(base_url=api.http) as http:
        served = (await http.get("/asyncapi.json")).json()
    assert served == orjson.loads(orjson.dumps(document()))
    assert (served["asyncapi"], served["info"]["title"]) == ("3.0.0", "Gridcast")


def test_every_reference_leads_somewhere() -> None:
    all_of_them = set(references(document()))
    assert len(all_of_them) > 50
    for reference in all_of_them:
        assert found(reference) is not None


def test_every_channel_has_both_directions_and_only_its_own_messages() -> None:
    for name in CHANNELS:
        channel = document()["channels"][name]
        for operation, action in ((f"{name}Sends", "send"), (f"{name}Takes", "receive")):
            told = document()["operations"][operation]
            assert (told["action"], told["channel"]) == (action, {"$ref": f"#/channels/{name}"})
            for reference in told["messages"]:
                assert reference["$ref"].rsplit("/", 1)[1] in channel["messages"]


def test_every_socket_of_the_service_is_in_it_and_no_other() -> None:
    app = create_app(Settings())
    sockets = {
        WS_ROUTE.sub("{id}", path) for path in map(str, paths_of(app.routes)) if path not in ("/{path:path}",)
    }
    assert {channel["address"] for channel in document()["channels"].values()} == sockets


def paths_of(routes: Any) -> Iterator[str]:
    """The addresses of all sockets, whatever routers they stand in."""
    from fastapi.routing import iter_route_contexts

    for route in iter_route_contexts(routes):
        if not route.methods and route.path is not None:
            yield route.path


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("session", "command"),
        ("session", "hello"),
        ("session", "schema"),
        ("session", "status"),
        ("session", "summary"),
        ("session", "tick_full"),
        ("session", "ticks"),
        ("session", "viewers"),
    ],
)
def test_the_golden_messages_fit(kind: str, name: str) -> None:
    check(kind, golden(name))


@pytest.mark.parametrize("path", sorted((FOLDER / "real").glob("*.json")), ids=lambda path: path.stem)
def test_messages_of_real_runs_fit(path: Any) -> None:
    kind = path.stem.partition(".")[0]
    check(kind, orjson.loads(path.read_bytes()))


def test_there_is_a_real_message_of_every_kind() -> None:
    for kind, models in SENT.items():
        seen = {model_of(kind, message) for message in real_messages(kind)}
        assert {model.__name__ for model in models} - seen - RARE[kind] == set(), kind


RARE = {
    "session": set(),
    "task": {"ResetFrame", "ErrorFrame", "HeartbeatFrame"},
    "experiment": {"ResetFrame", "ErrorFrame", "HeartbeatFrame", "PongFrame"},
    "operation": {"ResetFrame", "ErrorFrame", "HeartbeatFrame", "PongFrame", "FailedEntry"},
    "progress": set(),
}
"""The same message as of another kind of socket."""


def model_of(kind: str, message: dict[str, Any]) -> str:
    """The one model that a message fits."""
    raw = orjson.dumps(message)
    fitting = []
    for model in SENT[kind]:
        try:
            TypeAdapter(model).validate_json(raw)
        except ValidationError:
            continue
        fitting.append(model.__name__)
    assert len(fitting) == 1, (fitting, message)
    return fitting[0]


def check(kind: str, message: dict[str, Any]) -> None:
    """Fits its model, and the schema in the document."""
    name = model_of(kind, message)
    assert name in names_of(kind)
    payload = document()["components"]["messages"][name]["payload"]
    schema = {**payload, "components": document()["components"]}
    Draft202012Validator(schema).validate(message)


WRONG: dict[str, dict[str, Any]] = {
    "too little": {"tick": None},
    "another type": {"tick": "10"},
    "too much": {"more": 1},
    "another word": {"status": "gone"},
    "out of range": {"offset": 0},
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG)
def test_a_message_that_is_not_right_does_not_fit(change: dict[str, Any]) -> None:
    message = {name: value for name, value in {**golden("status"), **change}.items() if value is not None}
    for model in SENT["session"]:
        with pytest.raises(ValidationError):
            TypeAdapter(model).validate_json(orjson.dumps(message))


def test_what_a_client_sends_is_described_too() -> None:
    assert {model.__name__ for model in TAKEN["session"]} == {"CommandFrame", "PingFrame", "PlayheadFrame"}
    TypeAdapter(TAKEN["session"][1]).validate_python(golden("playhead"))
