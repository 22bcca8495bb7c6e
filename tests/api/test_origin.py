"""Who may use the service from a browser."""

from __future__ import annotations

import pytest

from gridcast.api.origin import allowed


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (None, "lab:8000"),
        ("http://lab:8000", "lab:8000"),
        ("https://lab.example", "lab.example"),
        ("https://lab.example", "lab.example:443"),
        ("http://LAB:8000", "lab:8000"),
        ("http://localhost:5173", "127.0.0.1:8000"),
        ("http://127.0.0.1:3000", "lab:8000"),
        ("http://[::1]:3000", "lab:8000"),
        ("https://partner.example", "lab:8000"),
    ],
)
def test_own_pages_this_machines_and_the_listed_ones_may(origin: str | None, host: str) -> None:
    assert allowed(origin, host=host, extra=("https://partner.example",))


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("null", "lab:8000"),
        ("", "lab:8000"),
        ("http://evil.example", "lab:8000"),
        ("http://lab:8001", "lab:8000"),
        ("http://lab.evil.example:8000", "lab:8000"),
        ("http://localhost.evil.example", "lab:8000"),
        ("http://partner.example", "lab:8000"),
        ("file://", "lab:8000"),
        ("http://lab:port", "lab:8000"),
        ("http://[::1", "lab:8000"),
        ("http://lab:8000", None),
        ("http://lab:8000/x", "lab:8000"),
    ],
)
def test_others_may_not(origin: str, host: str | None) -> None:
    assert not allowed(origin, host=host, extra=("https://partner.example",))
