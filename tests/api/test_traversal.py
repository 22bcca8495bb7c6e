"""No name in a request leads to a file: ids, file names of the page and whatever else stands in an address."""

from __future__ import annotations

import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from gridcast.broadcaster import Settings
from tests.api.serving import Api, serving
from tests.waiting import PATIENCE_S

MARK = "gridcast-traversal"
NAMES = [
    f"../{MARK}",
    f"../../../../../../tmp/{MARK}",
    f"..\\{MARK}",
    f"/tmp/{MARK}",
    f"{MARK}\0",
    f"file:///tmp/{MARK}",
    f"%2e%2e%2f{MARK}",
    f"....//{MARK}",
    f"~/{MARK}",
    f"{MARK}/../../{MARK}",
]
_touched: list[str] = []


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if event in (
        "open",
        "os.remove",
        "os.rmdir",
        "os.mkdir",
        "os.rename",
        "shutil.rmtree",
        "os.listdir",
        "os.scandir",
    ):
        _touched.append(str(args[0]))


@pytest.fixture(scope="module", autouse=True)
def audited() -> None:
    sys.addaudithook(_audit)


@pytest.fixture
def touched() -> list[str]:
    """Names of files that this process opened or changed, or folders that it looked into."""
    _touched.clear()
    return _touched


@pytest.fixture
async def api(settings: Settings, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(settings.model_copy(update={"recordings": str(tmp_path / "recordings")})) as running:
        yield running


@pytest.mark.parametrize("name", NAMES)
async def test_no_id_names_a_file(api: Api, touched: list[str], name: str) -> None:
    async with httpx2.AsyncClient(base_url=api.http, timeout=PATIENCE_S) as http:
        paths = (await http.get("/openapi.json")).json()["paths"]
        with_ids = {path: operations for path, operations in paths.items() if "{" in path}
        assert len(with_ids) > 20
        for path, operations in with_ids.items():
            address = re.sub(r"\{[^}]+\}", lambda _: quote(name, safe=""), path)
            for method in operations:
                response = await http.request(method.upper(), address, json={})
                assert 400 <= response.status_code < 500, (method, path, response.text)
                assert "Traceback" not in response.text
    assert [file for file in touched if MARK in file] == []


@pytest.mark.parametrize("name", NAMES)
async def test_no_file_outside_of_the_page_is_served(api: Api, tmp_path: Path, name: str) -> None:
    secret = tmp_path / MARK
    secret.write_text("secret")
    async with httpx2.AsyncClient(base_url=api.http, timeout=PATIENCE_S) as http:
        for prefix in ("/", "/assets/", "/assets/../"):
            for tried in (name, str(secret), f"..{secret}"):
                response = await http.get(prefix + quote(tried, safe="/"))
                assert "secret" not in response.text


@pytest.mark.parametrize("name", NAMES)
async def test_no_parameter_names_a_file(api: Api, touched: list[str], name: str) -> None:
    async with httpx2.AsyncClient(base_url=api.http, timeout=PATIENCE_S) as http:
        for path in (
            f"/api/compare?ids={quote(name)},{quote(name)}",
            f"/api/sessions?cursor={quote(name)}&scenario={quote(name)}",
            f"/api/scenarios/{quote(name, safe='')}",
        ):
            assert (await http.get(path)).status_code in (404, 422)
        for body in (
            {"scenario": name},
            {"scenario": "ieee13", "overrides": {"feeder": name}},
            {"scenario": "ieee13", "overrides": {"datacenters.0.bus": name}},
            {"scenario": "ieee13", "overrides": {name: 1}},
        ):
            assert (await http.post("/api/sessions", json=body)).status_code == 422
    assert [file for file in touched if MARK in file] == []
