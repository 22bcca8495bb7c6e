"""Which package may import which: the house plan of docs/architecture.md, read from the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]

ALLOWED: dict[str, set[str]] = {
    "api": {"broadcaster", "recordings", "scenarios"},
    "broadcaster": set(),
    "cli": {"client"},
    "client": set(),
    "recordings": set(),
    "scenarios": set(),
    "workers": {"broadcaster", "recordings", "scenarios"},
}
"""For each package the other packages of ours that it may import."""

OUTSIDE_ONLY_IN: dict[str, set[str]] = {
    "openg2g": {"workers"},
    "opendssdirect": {"workers"},
    "fastapi": {"api"},
    "arq": {"broadcaster", "workers"},
    "typer": {"cli"},
    "rich": {"cli"},
}
"""Libraries that only these packages may import."""

FORBIDDEN: dict[str, set[str]] = {"scenarios": {"redis"}, "client": {"redis"}, "recordings": {"redis"}}
"""Libraries that a package must not import."""


def sources(package: str) -> list[Path]:
    return sorted((REPOSITORY / package).rglob("*.py"))


def imported(path: Path) -> Iterator[tuple[str, ...]]:
    """The dotted name of each module that a file imports, relative ones resolved, also inside functions."""
    package = path.parent.relative_to(REPOSITORY).parts
    for node in ast.walk(ast.parse(path.read_text(), filename=str(path))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield tuple(alias.name.split("."))
        elif isinstance(node, ast.ImportFrom):
            above = ("gridcast", *package[: len(package) - node.level + 1]) if node.level else ()
            module = tuple(node.module.split(".")) if node.module else ()
            yield from ((*above, *module, alias.name) for alias in node.names)


@pytest.mark.parametrize("package", ALLOWED)
def test_imports_only_what_the_plan_allows(package: str) -> None:
    wrong = []
    for path in sources(package):
        for name in imported(path):
            if name[0] == "gridcast":
                allowed = name[1] in ALLOWED[package] | {package}
            else:
                allowed = package in OUTSIDE_ONLY_IN.get(name[0], {package})
                allowed &= name[0] not in FORBIDDEN.get(package, ())
            if not allowed:
                wrong.append(f"{path.relative_to(REPOSITORY)} imports {'.'.join(name)}")
    assert wrong == []


def test_own_packages_are_imported_by_their_full_name() -> None:
    """`import broadcaster` works in the repository and nowhere else."""
    wrong = [
        f"{path.relative_to(REPOSITORY)} imports {'.'.join(name)}"
        for package in [*ALLOWED, "tests", "bench"]
        for path in sources(package)
        for name in imported(path)
        if name[0] in ALLOWED
    ]
    assert wrong == []


def test_every_package_is_in_the_plan_and_typed() -> None:
    packages = {path.parent.name for path in REPOSITORY.glob("*/__init__.py")} - {"tests", "bench", "web"}
    assert packages == set(ALLOWED)
    assert [package for package in ALLOWED if not (REPOSITORY / package / "py.typed").is_file()] == []


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("import redis.asyncio as aredis", ("redis", "asyncio")),
        ("from gridcast.scenarios import resolve", ("gridcast", "scenarios", "resolve")),
        ("from .names import Channel", ("gridcast", "workers", "engine", "names", "Channel")),
        ("from ..sessions import run", ("gridcast", "workers", "sessions", "run")),
        ("from ...broadcaster import hub", ("gridcast", "broadcaster", "hub")),
    ],
)
def test_reads_each_form_of_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, name: tuple[str, ...]
) -> None:
    path = tmp_path / "workers" / "engine" / "some.py"
    path.parent.mkdir(parents=True)
    path.write_text(line)
    monkeypatch.setattr(f"{__name__}.REPOSITORY", tmp_path)
    assert list(imported(path)) == [name]
