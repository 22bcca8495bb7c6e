"""What can be simulated: scenarios, their checks, the feeders and the measured figures. No OpenG2G, no Redis."""

from . import workloads
from .capacity import Overload, first_overload, replicas_at
from .catalogue import Scenario, catalogue, config_schema
from .config import ScenarioConfig
from .errors import FieldError, ScenarioError
from .feeders import FEEDERS, Feeder, load_feeder
from .resolving import parse_config, resolve

__all__ = [
    "FEEDERS",
    "Feeder",
    "FieldError",
    "Overload",
    "Scenario",
    "ScenarioConfig",
    "ScenarioError",
    "catalogue",
    "config_schema",
    "first_overload",
    "load_feeder",
    "parse_config",
    "replicas_at",
    "resolve",
    "workloads",
]
