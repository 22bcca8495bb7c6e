"""The built page at `/`; the page's own addresses (`/sessions/{id}`) are answered with it too."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

from .failures import NOT_FOUND, Failure

_UNBUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Gridcast</title>
<body><h1>Gridcast is running, but its page is not built</h1>
<p>Build it with <code>make setup</code>, or look at the <a href="/openapi.json">HTTP interface</a>.</p></body></html>"""

_FOREVER = "public, max-age=31536000, immutable"
"""For files with a hash of their content in the name."""


def page_folder() -> Path | None:
    """Where the built page lies, if it does. Found without importing its package."""
    spec = find_spec("gridcast.web")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "dist"
    return folder if (folder / "index.html").is_file() else None


def file_at(folder: Path, path: str) -> Path | None:
    """The file that `path` names inside `folder`; never one outside."""
    if "\0" in path:
        return None
    found = (folder / path).resolve()
    try:
        return found if found.is_relative_to(folder.resolve()) and found.is_file() else None
    except OSError:  # no file system holds a name as long as that
        return None


def page_router(folder: Path | None) -> APIRouter:
    """Routes for everything that no other route took."""
    router = APIRouter(include_in_schema=False)

    @router.api_route("/{path:path}", methods=["GET", "HEAD"])
    async def page(request: Request, path: str) -> Response:
        if path.startswith(("api/", "sim/")) or path == "api":
            raise Failure(NOT_FOUND, f"there is nothing at {request.url.path}")
        if folder is None:
            return HTMLResponse(_UNBUILT, headers={"Cache-Control": "no-store"})
        found = file_at(folder, path)
        if found is not None and found.name != "index.html":
            cache = _FOREVER if path.startswith("assets/") else "no-cache"
            return FileResponse(found, headers={"Cache-Control": cache})
        if "." in path.rsplit("/", 1)[-1] and found is None:
            raise Failure(NOT_FOUND, f"there is no file at {request.url.path}")
        return FileResponse(folder / "index.html", headers={"Cache-Control": "no-cache"})

    return router
