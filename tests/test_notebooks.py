"""The notebooks of docs/ do what they show, against a real service."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.cli.started import REAL, REPOSITORY, started

NOTEBOOKS = sorted((REPOSITORY / "docs" / "notebooks").glob("*.ipynb"))
CELL_S = 60
"""Generous: a cell takes a second or two."""


def code_cells(notebook: Any) -> Iterator[Any]:
    return (cell for cell in notebook.cells if cell.cell_type == "code")


def load(path: Path) -> Any:
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
async def test_runs_from_top_to_bottom(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = load(path)
    folder = tmp_path / "gridcast"
    async with started("up", "--port", "0", "--workers", "1", folder=folder, command=REAL) as up:
        monkeypatch.setenv("GRIDCAST_DIR", str(folder))  # the kernel finds the service as a reader's does
        monkeypatch.delenv("GRIDCAST_URL", raising=False)
        client = NotebookClient(notebook, timeout=CELL_S, resources={"metadata": {"path": str(tmp_path)}})
        await client.async_execute()
        up.process.terminate()
        await up.ended()
    warned = [
        output.text
        for cell in code_cells(notebook)
        for output in cell.outputs
        if output.output_type == "stream" and output.name == "stderr"
    ]
    assert warned == []
    assert any(cell.outputs for cell in code_cells(notebook))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_holds_no_outputs_that_could_grow_old(path: Path) -> None:
    notebook = load(path)
    assert [cell.id for cell in code_cells(notebook) if cell.outputs or cell.execution_count] == []


def test_there_is_one_to_begin_with() -> None:
    assert "first-run" in [path.stem for path in NOTEBOOKS]
