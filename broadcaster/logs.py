"""Logging of every process of the service: one line an event, to stderr, the same fields and one time format everywhere.

JSON where nobody looks at it live (stderr is no terminal), else lines for people; `GRIDCAST_LOG_FORMAT` decides otherwise.
Lines of libraries come out the same way. Nothing in a line is a secret, and nothing in it can look like another line.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from typing import Any

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from .masking import without_secrets
from .settings import Settings


def _cleaned(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Whatever a stranger wrote stays on its line, and secrets stay out."""
    for name, value in event.items():
        if isinstance(value, str):
            text = without_secrets(value)
            if name not in ("exception", "stack") and not text.isprintable():
                text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
            event[name] = text
    return event


def _named(process: str) -> Processor:
    def name(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        event.setdefault("process", process)
        event["pid"] = os.getpid()
        return event

    return name


def _dumped(event: EventDict, **options: Any) -> str:
    try:
        return orjson.dumps(event, default=repr, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:  # half of a character of two: orjson holds to UTF-8
        return json.dumps(event, default=repr)


def wants_json(settings: Settings) -> bool:
    """Whether lines are JSON."""
    if settings.log_format == "auto":
        return not sys.stderr.isatty()
    return settings.log_format == "json"


def set_up_logs(settings: Settings, *, process: str) -> None:
    """Have structlog and the standard library's logging write to stderr: ours from the settings' level on, libraries only
    their warnings. `process` names this one in each line."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    common: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _named(process),
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if wants_json(settings):
        closing: list[Processor] = [
            structlog.processors.format_exc_info,
            _cleaned,
            structlog.processors.JSONRenderer(serializer=_dumped),
        ]
    else:
        # Plain: the rich one takes seconds to draw a deep traceback, and every viewer would wait for it.
        console = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
        closing = [structlog.processors.format_exc_info, _cleaned, console]
    structlog.configure(
        processors=[*common, *closing],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # One `write` for each line: children share stderr with their fork server.
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*common, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *closing],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
