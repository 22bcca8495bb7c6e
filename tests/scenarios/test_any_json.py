"""Whatever JSON a stranger sends: a valid scenario, or an error that names fields. Never anything else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridcast.scenarios import FieldError, ScenarioConfig, ScenarioError, catalogue, parse_config, resolve

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["671", "default", "ofo", "Llama-3.1-8B", 128, 0.1]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


def paths_of(value: Any, prefix: str = "") -> list[str]:
    """Every dotted path into a scenario's full configuration."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [] if not prefix else [prefix]
    for key, inner in parts:
        found += paths_of(inner, f"{prefix}.{key}" if prefix else str(key))
    return found


NAMES = st.sampled_from(sorted(catalogue()))
REAL_PATHS = {name: paths_of(each.config.model_dump(mode="json")) for name, each in catalogue().items()}
ANY_PATH = st.text(max_size=30) | st.lists(
    st.sampled_from(["datacenters", "0", "bus", "x", ""]), max_size=5
).map(".".join)


def check(attempt: Callable[[], ScenarioConfig]) -> None:
    """A valid scenario that survives JSON, or errors that say something; any other exception is a failure."""
    errors: list[FieldError] = []
    config: ScenarioConfig | None = None
    try:
        config = attempt()
    except ScenarioError as refused:
        errors = refused.errors
    if config is None:
        assert errors
        assert all(error.msg and len(str(error)) < 3000 for error in errors)
    else:
        assert 1 <= config.n_ticks <= 2_000_000
        assert config.n_ticks * config.tick == config.duration_s
        assert ScenarioConfig.model_validate(config.model_dump(mode="json")) == config


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), name=NAMES, seed=st.integers())
def test_overrides_give_a_valid_scenario_or_named_errors(data: st.DataObject, name: str, seed: int) -> None:
    path = st.sampled_from(REAL_PATHS[name]) | ANY_PATH
    overrides = data.draw(st.dictionaries(path, JSON, max_size=4))
    check(lambda: resolve(name, overrides, seed))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(JSON)
def test_any_document_is_a_scenario_or_is_refused(document: Any) -> None:
    check(lambda: parse_config(document))


@given(st.text(max_size=30))
def test_any_name_is_known_or_refused(name: str) -> None:
    check(lambda: resolve(name))
