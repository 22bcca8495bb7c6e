"""`gridcast` with stand-ins for the API and worker processes, so that the life of `up` is tested in milliseconds.

    python -m tests.cli.standins up ...      the command, starting stand-ins
    python -m tests.cli.standins api ...     a stand-in of the API process
    python -m tests.cli.standins worker      a stand-in of a worker, with a child of its own

GRIDCAST_TEST_STANDIN says how they misbehave: `broken-api` (ends at once), `bad-setting` (its
API process refuses a setting), `stubborn-worker` (ignores SIGTERM).
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys

import uvicorn

from gridcast.cli import main, supervisor
from tests.cli.fake_service import FakeService, entries

BEHAVIOUR = "GRIDCAST_TEST_STANDIN"


def api(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host")
    parser.add_argument("--port", type=int)
    parsed = parser.parse_args(arguments)
    if os.environ.get(BEHAVIOUR) == "broken-api":
        sys.exit("the stand-in is broken")
    if os.environ.get(BEHAVIOUR) == "bad-setting":
        sys.stderr.write("GRIDCAST_X is not valid\n")
        sys.exit(2)
    fake = FakeService()
    if os.environ.get(BEHAVIOUR) == "failing-demo":
        fake.log = entries(last="failed", reason="tick 4: the power flow did not converge")
    if os.environ.get(BEHAVIOUR) == "refused-demo":
        fake.refusal = (
            422,
            {"title": "not valid", "errors": [{"loc": ["scenario"], "msg": "unknown scenario"}]},
        )
    uvicorn.run(fake.app(), host=parsed.host, port=parsed.port, log_level="error", ws="websockets-sansio")


def worker() -> None:
    child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    sys.stdout.write(json.dumps({"worker": os.getpid(), "child": child.pid}) + "\n")
    sys.stdout.flush()
    if os.environ.get(BEHAVIOUR) == "stubborn-worker":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        signal.pause()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["api", *rest]:
            api(rest)
        case ["worker"]:
            worker()
        case _:
            here = [sys.executable, "-m", "tests.cli.standins"]
            supervisor.api_command = lambda: [*here, "api"]
            supervisor.worker_command = lambda: [*here, "worker"]
            main.main()
