"""What `gridcast.client` promises as a package: light to import, complete, and as docs/sdk.md shows it."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys

import pytest

import gridcast.client
from tests.cli.started import REPOSITORY

PAGE = REPOSITORY / "docs" / "sdk.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)


def loaded_by(statement: str) -> set[str]:
    told = subprocess.run(
        [sys.executable, "-c", f"{statement}\nimport sys\nprint(*sys.modules)"],
        capture_output=True,
        check=True,
        text=True,
    )
    return set(told.stdout.split())


def test_commands_start_without_the_libraries_for_numbers() -> None:
    loaded = loaded_by("from gridcast.client import Service, follow, steer, ClientError")
    assert loaded & {"numpy", "pandas", "pyarrow"} == set()


def test_pandas_and_arrow_wait_until_they_are_needed() -> None:
    loaded = loaded_by("from gridcast.client import Client, AsyncClient, Ticks, History, Comparison")
    assert loaded & {"pandas", "pyarrow"} == set()


@pytest.mark.parametrize("name", gridcast.client.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(gridcast.client, name) is not None


def test_a_name_that_is_not_there_is_an_ordinary_error() -> None:
    with pytest.raises(ImportError, match="Klient"):
        exec("from gridcast.client import Klient")


@pytest.mark.parametrize("block", BLOCKS)
def test_the_page_shows_code_that_fits_the_package(block: str) -> None:
    """It is Python, imports what exists, and calls methods that the client and its answers have."""
    known = {
        "gridcast": gridcast.client.Client,
        "run": gridcast.client.Run,
        "sent": gridcast.client.Sent,
        "past": gridcast.client.History,
        "comparison": gridcast.client.Comparison,
    }
    for node in ast.walk(ast.parse(block)):
        if isinstance(node, ast.ImportFrom):
            assert node.module is not None
            module = importlib.import_module(node.module)
            assert all(hasattr(module, alias.name) for alias in node.names)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in known:
            assert hasattr(known[node.value.id], node.attr), f"{node.value.id}.{node.attr}"


def test_sync_and_async_offer_the_same() -> None:
    def offered(kind: type) -> set[str]:
        return {name for name in vars(kind) if not name.startswith("_")}

    assert offered(gridcast.client.Run) == offered(gridcast.client.AsyncRun)
    assert offered(gridcast.client.Client) - {"close"} == offered(gridcast.client.AsyncClient) - {"aclose"}
