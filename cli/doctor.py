"""`gridcast doctor`: every setting with its value and meaning, and whether all that is needed is here."""

from __future__ import annotations

import asyncio
import importlib.metadata
import importlib.util
import os
import platform
import shutil
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson
from rich.table import Table
from rich.text import Text

from gridcast.client import ClientError, Service

from . import broker, environment, find, terminal
from .exits import CliError, Exit

OLDEST_PYTHON = (3, 11)
TRY_S = 30.0
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SPEC_MANIFEST = "*/_manifest.json"

LOOK_AT_RECORDINGS = """
import os, sys
from pathlib import Path
from gridcast.broadcaster.settings import load_settings
from gridcast.recordings.store import store_at
where = load_settings().recordings_at
if where is None:
    sys.exit("off: of a run only the newest entries are kept, rounded")
try:
    store_at(where).sessions()
except (OSError, ValueError) as error:
    sys.exit(f"nothing can be recorded at {where}: {error}")
if "://" not in where:
    there = next(folder for folder in (Path(where), *Path(where).parents) if folder.exists())
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        sys.exit(f"nothing can be recorded at {where}: {there} is no folder that may be written to")
print(where)
"""
"""In a process of its own: it needs more than the command line may load."""

LOOK_AT_BROKER = """
import asyncio, sys
from gridcast.broadcaster import BrokerUnavailable, load_settings
from gridcast.broadcaster.address import place
from gridcast.broadcaster.client import answering, async_client, channels_of, up_s
settings, of_channels = load_settings(), sys.argv[1] == "channels"
url = settings.channels_url if of_channels else settings.redis_url
async def look():
    broker = async_client(settings)
    try:
        async with answering():
            await (up_s(channels_of(broker)) if of_channels else broker.ping())
    finally:
        await broker.aclose()
try:
    asyncio.run(look())
except BrokerUnavailable as error:
    sys.exit(f"{place(url)}: {error}")
print(place(url), "answers")
"""
"""The same, with the clients that the processes use."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One thing that was looked at. What is not `needed` may be absent."""

    name: str
    ok: bool
    needed: bool
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What a look at one thing gave."""

    ok: bool
    detail: str


async def doctor(*, as_json: bool) -> Exit:
    """Print all settings and checks; FAILED if something needed is missing."""
    settings, problem = await _settings()
    checks = [await _check(*row) for row in _CHECKS]
    checks.insert(0, Check(name="settings", ok=problem is None, needed=True, detail=problem or "all valid"))
    known = {str(setting["env"]) for setting in settings}
    unknown = sorted(name for name in os.environ if name.startswith(environment.PREFIX) and name not in known)
    if settings and unknown:
        detail = f"not settings of Gridcast: {', '.join(unknown)}"
        checks.append(Check(name="environment", ok=False, needed=False, detail=detail))
    if as_json:
        terminal.print_json({"settings": settings, "checks": [asdict(check) for check in checks]})
    else:
        _print(settings, checks)
    return Exit.OK if all(check.ok or not check.needed for check in checks) else Exit.FAILED


async def _settings() -> tuple[list[dict[str, Any]], str | None]:
    code, output, errors = await _python(
        "-W", "ignore::RuntimeWarning:runpy", "-m", "gridcast.broadcaster.settings"
    )
    if code:
        return [], errors.strip() or "they cannot be read"
    shown: list[dict[str, Any]] = orjson.loads(output)
    for setting in shown:
        if setting["env"] == environment.REDIS_URL and isinstance(setting["value"], str):
            setting["value"] = broker.public(setting["value"])
    return shown, None


async def _check(name: str, needed: bool, look: Callable[[], Awaitable[Found]]) -> Check:
    found = await look()
    return Check(name=name, ok=found.ok, needed=needed, detail=found.detail)


async def _python_version() -> Found:
    return Found(
        ok=sys.version_info >= OLDEST_PYTHON, detail=f"{platform.python_version()} ({sys.executable})"
    )


async def _openg2g() -> Found:
    try:
        return Found(ok=True, detail=importlib.metadata.version("openg2g"))
    except importlib.metadata.PackageNotFoundError:
        return Found(ok=False, detail="not installed: pip install 'openg2g[opendss]'")


async def _opendss() -> Found:
    code, output, errors = await _python("-c", "import opendssdirect as dss; print(dss.Basic.Version())")
    text = output if code == 0 else errors
    return Found(ok=code == 0, detail=text.strip().splitlines()[-1] if text.strip() else "does not start")


async def _valkey() -> Found:
    if environment.external_broker():
        return Found(ok=True, detail=f"not used: {environment.REDIS_URL} names a broker")
    try:
        binary = broker.server_binary()
    except CliError as error:
        return Found(ok=False, detail=str(error))
    code, output, errors = await _program(str(binary), "--version")
    return Found(ok=code == 0, detail=(output if code == 0 else errors).strip())


async def _memory() -> Found:
    if environment.external_broker() or broker.overcommits():
        return Found(ok=True, detail="the broker may copy itself when memory is short")
    return Found(
        ok=False,
        detail="on a machine that runs short of memory the broker could not rewrite its log, which would grow; "
        "`sysctl vm.overcommit_memory=1` lets it",
    )


async def _broker() -> Found:
    if environment.external_broker() is None:
        return Found(ok=True, detail="embedded, started by `gridcast up`")
    return await _looked_at("broker")


async def _channels() -> Found:
    if not os.environ.get(environment.CHANNELS_URL):
        return Found(ok=True, detail="at the broker of all else")
    return await _looked_at("channels")


async def _looked_at(which: str) -> Found:
    code, output, errors = await _python("-c", LOOK_AT_BROKER, which)
    said = (output if code == 0 else errors).strip()
    return Found(ok=code == 0, detail=said.splitlines()[-1] if said else "cannot be looked at")


async def _page() -> Found:
    spec = importlib.util.find_spec("gridcast.web")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        index = Path(place) / "dist" / "index.html"
        if index.is_file():
            return Found(ok=True, detail=str(index.parent))
    return Found(ok=False, detail="not built: run `make setup` (the API works without it)")


async def _service() -> Found:
    try:
        url = find.service(None)
    except CliError as error:
        return Found(ok=False, detail=str(error))
    if url is None:
        return Found(ok=True, detail="none runs in this folder; `gridcast up` starts one")
    try:
        async with Service(url, timeout_s=broker.ANSWER_S) as service:
            state = await service.readiness()
    except ClientError as error:
        return Found(ok=False, detail=str(error))
    return Found(
        ok=state.ready, detail=f"{url} {'is ready' if state.ready else ': ' + '; '.join(state.reasons)}"
    )


async def _recordings() -> Found:
    code, output, errors = await _python("-c", LOOK_AT_RECORDINGS)
    told = (output if code == 0 else errors).strip().splitlines()
    return Found(ok=code == 0, detail=told[-1] if told else "cannot be looked at")


async def _specs() -> Found:
    named = os.environ.get(environment.SPECS_DIR)
    if not named:
        return Found(ok=True, detail="none: runs use the measured figures")
    found = _count_specs(Path(named))
    return Found(ok=found > 0, detail=f"{found} specs with real traces in {named}")


def _count_specs(folder: Path) -> int:
    return sum(1 for _ in folder.glob(SPEC_MANIFEST))


async def _chromium() -> Found:
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    return Found(ok=path is not None, detail=path or "none found; only the browser tests need it")


_CHECKS: tuple[tuple[str, bool, Callable[[], Awaitable[Found]]], ...] = (
    ("python", True, _python_version),
    ("openg2g", True, _openg2g),
    ("opendss", True, _opendss),
    ("valkey", True, _valkey),
    ("broker", True, _broker),
    ("channels", True, _channels),
    ("memory", False, _memory),
    ("web page", False, _page),
    ("service", False, _service),
    ("recordings", False, _recordings),
    ("specs", False, _specs),
    ("chromium", False, _chromium),
)


def _print(settings: list[dict[str, Any]], checks: list[Check]) -> None:
    marks = {(True, True): ("ok", "green"), (True, False): ("ok", "green")}
    marks |= {(False, True): ("FAIL", "bold red"), (False, False): ("note", "yellow")}
    table = Table("", "check", "what was found", box=None, pad_edge=False)
    for check in checks:
        table.add_row(Text(*marks[check.ok, check.needed]), Text(check.name), Text(check.detail))
    values = Table("setting", "value", "meaning", box=None, pad_edge=False)
    for setting in settings:
        value = "" if setting["value"] is None else str(setting["value"])
        values.add_row(Text(str(setting["env"])), Text(value), Text(str(setting["meaning"])))
    console = terminal.out()
    console.print(table)
    console.print()
    console.print(values)


async def _python(*arguments: str) -> tuple[int, str, str]:
    return await _program(sys.executable, *arguments)


async def _program(*command: str) -> tuple[int, str, str]:
    child = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(TRY_S):
            output, errors = await child.communicate()
    except TimeoutError:
        child.kill()
        await child.wait()
        return 1, "", f"gave no answer in {TRY_S:.0f} s"
    assert child.returncode is not None
    return child.returncode, output.decode(errors="replace"), errors.decode(errors="replace")
