"""`gridcast verify`: have a service run an ended session again, and say whether it is the same run."""

from __future__ import annotations

from .choose import service_with
from .exits import Exit
from .operation import Outputs, see_through


async def verify(name: str, *, url: str | None, as_json: bool) -> Exit:
    """Verify the session that `name` means; an interrupted command cancels that.

    Raises:
        CliError: no one session is meant, or the second run did not reach its end.
        ClientError: it cannot be verified, or the service was lost.
    """
    outputs = Outputs(json=as_json, csv=None, png=None, force=False)
    async with service_with(url, name) as (service, session):
        operation = await service.operations.verify(str(session["id"]))
        result = await see_through(service, operation, outputs)
    return Exit.OK if result.get("identical") else Exit.FAILED
