"""The built page is served at `/` and at its own addresses; nothing outside its folder is."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from gridcast.api import problems
from gridcast.api.static import file_at, page_router


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<title>page</title>")
    (folder / "assets" / "main-1a2b.js").write_text("1")
    (folder / "icon.svg").write_text("<svg/>")
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    return folder


async def get(folder: Path | None, path: str) -> httpx2.Response:
    app = FastAPI()
    problems.install(app)
    app.include_router(page_router(folder))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://lab") as http:
        return await http.get(path)


@pytest.mark.parametrize("path", ["/", "/index.html", "/sessions/k3v9", "/sessions/k3v9/"])
async def test_the_pages_own_addresses_are_the_page(folder: Path, path: str) -> None:
    response = await get(folder, path)
    assert (response.text, response.headers["cache-control"]) == ("<title>page</title>", "no-cache")


async def test_files_are_served_and_hashed_ones_cached_for_ever(folder: Path) -> None:
    assert "immutable" in (await get(folder, "/assets/main-1a2b.js")).headers["cache-control"]
    assert (await get(folder, "/icon.svg")).headers["content-type"].startswith("image/svg+xml")


@pytest.mark.parametrize("path", ["/assets/gone.js", "/api/nothing", "/api", "/sim/nothing"])
async def test_what_is_no_address_of_the_page_is_not_there(folder: Path, path: str) -> None:
    assert (await get(folder, path)).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt",
        "assets/../../secret.txt",
        "link.txt",
        "/etc/passwd",
        "a\0b",
        "assets",
        "x" * 300,
        "x/" * 3000,
    ],
)
def test_nothing_outside_the_folder_is_a_file_of_it(folder: Path, path: str) -> None:
    assert file_at(folder, path) is None


async def test_without_a_built_page_it_says_how_to_build_one() -> None:
    response = await get(None, "/")
    assert (response.status_code, "make setup" in response.text) == (200, True)
