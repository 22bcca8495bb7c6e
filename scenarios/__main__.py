"""`python -m gridcast.scenarios` prints the catalogue as JSON, for tools that do not import it."""

from __future__ import annotations

import json
import sys

from gridcast.scenarios import catalogue

json.dump(
    [
        {"name": name, "title": each.title, "description": each.description, "feeder": each.feeder}
        for name, each in catalogue().items()
    ],
    sys.stdout,
)
