"""Whatever fits or breaks the OpenAPI document, sent to every route: no mistake of ours shows. `bench fuzz` sends more."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.api.contract import Contract
from tests.api.process import threaded_api
from tests.valkey import ValkeyServer

EXAMPLES = 3
"""For each route and way to make them; some 60 routes, two ways."""


@pytest.fixture(scope="module")
def contract(shared_valkey: ValkeyServer) -> Iterator[Contract]:
    shared_valkey.empty()
    with threaded_api(shared_valkey.url) as url:
        yield Contract(url)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("valid", [True, False], ids=["what fits", "what does not fit"])
def test_no_route_answers_with_a_mistake_of_ours(contract: Contract, valid: bool) -> None:
    assert threading.active_count() < 50
    found = contract.run(valid=valid, examples=EXAMPLES)
    assert found.mistakes == []
    assert found.requests > 50
    assert found.routes > 30
