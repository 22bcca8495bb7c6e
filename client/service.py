"""One Gridcast service, request by request: the thin layer under everything else here."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self, TypeAlias
from urllib.parse import quote

import httpx2

from .http import Http, document_of, problem_of, with_query
from .identity import headers_of
from .operations import Operations
from .tasks import Tasks
from .types import JSON, JSONObject

ANSWER_S = 30.0
"""A request that got no answer in this time counts as unanswered; creating a session takes milliseconds."""

ROUNDED_FROM = "gridcast-rounded-from"
"""Header of an export: the first tick that comes from the log, rounded."""

ExportFormat: TypeAlias = Literal["csv", "parquet", "jsonl"]
WheelAction: TypeAlias = Literal["take", "ask", "let-go", "give", "refuse"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Readiness:
    """Whether a service can serve now; `reasons` says why not."""

    ready: bool
    reasons: tuple[str, ...]


class Service:
    """An async client of the service at `url`; use it as a context manager. Answers are documents of the protocol.

    Args:
        token: says who one is; default: GRIDCAST_TOKEN. A service without accounts needs none.
        share: the secret of a share link.

    Raises (each method):
        Unreachable: nobody answered.
        Problem: the service refused, and said why.
    """

    def __init__(
        self, url: str, *, timeout_s: float = ANSWER_S, token: str | None = None, share: str | None = None
    ) -> None:
        self.headers = headers_of(token, share)
        self._http = Http(url, timeout_s=timeout_s, headers=self.headers)
        self.tasks = Tasks(self._http)
        self.operations = Operations(self._http)

    @property
    def url(self) -> str:
        return self._http.url

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    async def readiness(self) -> Readiness:
        """Ask `/readyz`; a service that answers 503 is not ready, which is no error here."""
        response = await self._http.send("GET", "/readyz")
        if response.status_code == httpx2.codes.OK:
            return Readiness(ready=True, reasons=())
        return Readiness(ready=False, reasons=_reasons(response))

    async def workers(self) -> JSONObject:
        """`queue_depth`, and the `workers` that live, each with the sessions that it runs."""
        return await self._http.document("GET", "/api/workers")

    async def scenarios(self) -> list[JSONObject]:
        """The catalogue: name, title, description and feeder of each scenario."""
        return await self._http.items("/api/scenarios")

    async def scenario(self, name: str) -> JSONObject:
        """One scenario with its full default config, and the feeder that it runs on."""
        return await self._http.document("GET", f"/api/scenarios/{quote(name, safe='')}")

    async def create_session(
        self,
        scenario: str,
        *,
        overrides: Mapping[str, JSON] | None = None,
        seed: int | None = None,
        speed: float | str | None = None,
        title: str | None = None,
        on_idle: str | None = None,
    ) -> JSONObject:
        """Start a session; the answer is the session object of the protocol."""
        wanted = {
            "scenario": scenario,
            "overrides": dict(overrides) if overrides else None,
            "seed": seed,
            "speed": speed,
            "title": title,
            "on_idle": on_idle,
        }
        body = {name: value for name, value in wanted.items() if value is not None}
        return await self._http.document("POST", "/api/sessions", body)

    async def session(self, session_id: str) -> JSONObject:
        """The session object as it is now."""
        return await self._http.document("GET", _of(session_id))

    def sessions(
        self, *, status: str | None = None, owner: str | None = None, scenario: str | None = None
    ) -> AsyncGenerator[JSONObject]:
        """Sessions, newest first, without their schemas; all, or those with this status, owner and scenario.

        They are read page by page, as far as the caller goes.
        """
        return self._http.pages("/api/sessions", {"status": status, "owner": owner, "scenario": scenario})

    def audit(
        self, *, session: str | None = None, user: str | None = None, action: str | None = None
    ) -> AsyncGenerator[JSONObject]:
        """Who did what, newest first; all, or what was done to this session, by this user, of this kind. For admins."""
        return self._http.pages("/api/audit", {"session": session, "user": user, "action": action})

    async def fork_session(
        self,
        session_id: str,
        *,
        at_tick: int,
        overrides: Mapping[str, JSON] | None = None,
        commands: Sequence[Mapping[str, JSON]] = (),
    ) -> JSONObject:
        """Start a session that shares the first `at_tick` ticks of another; the answer is its session object."""
        body: dict[str, Any] = {"at_tick": at_tick}
        if overrides:
            body["overrides"] = dict(overrides)
        if commands:
            body["commands"] = [dict(command) for command in commands]
        return await self._http.document("POST", _of(session_id, "/fork"), body)

    async def delete_session(self, session_id: str) -> None:
        """Stop a session and delete all that is known of it."""
        response = await self._http.send("DELETE", _of(session_id))
        if response.is_error:
            raise problem_of(response)

    async def viewers(self, session_id: str) -> list[JSONObject]:
        """Who watches a session (`id`, `name`, `since` in Unix seconds), longest there first."""
        found = (await self._http.document("GET", _of(session_id, "/viewers"))).get("viewers")
        return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []

    async def wheel(self, session_id: str) -> JSONObject:
        """Who alone steers a session (`holder`, None: all who may; `since`), and who has asked to (`asked`)."""
        return await self._http.document("GET", _of(session_id, "/wheel"))

    async def turn_wheel(
        self, session_id: str, action: WheelAction, *, name: str | None = None
    ) -> JSONObject:
        """Change who alone steers a session; the answer is as of `wheel`.

        Args:
            name: who gets it, or is refused; for `give` and `refuse`.
        """
        body = None if name is None else {"name": name}
        return await self._http.document("POST", _of(session_id, f"/wheel/{action}"), body)

    async def command(
        self,
        session_id: str,
        command: str,
        args: Mapping[str, JSON] | None = None,
        *,
        command_id: str | None = None,
        wait: bool = False,
    ) -> JSONObject:
        """Send a command; the answer holds its `id`. What became of it is an entry of the session's log.

        With a `command_id` it is safe to send the same again: it takes effect once. With `wait` the answer is that
        entry, however long it takes, and a command that the session rejects is a `Problem` (409).
        """
        body: dict[str, Any] = {"command": command}
        if args:
            body["args"] = dict(args)
        if command_id is not None:
            body["id"] = command_id
        return await self._http.document(
            "POST", with_query(_of(session_id, "/commands"), {"wait": "true" if wait else None}), body
        )

    async def commands(self, session_id: str) -> list[JSONObject]:
        """What was applied to a session, by whom, at which tick, in order."""
        return await self._http.items(_of(session_id, "/commands"))

    async def history(
        self,
        session_id: str,
        *,
        from_tick: int | None = None,
        to_tick: int | None = None,
        max_points: int | None = None,
        fields: Sequence[str] | None = None,
    ) -> JSONObject:
        """Ticks `from_tick` (default 0) to `to_tick` (default: the newest), both included, columnar as in `ticks`.

        Args:
            max_points: at most 4 x so many rows, chosen so that minima and maxima survive; None: every tick.
            fields: names of columns, or their beginnings at a dot (`v`, `v.671`, `dc.dc1.p_w`, `events`); None: all.
        """
        wanted: dict[str, str | int | None] = {
            "from": from_tick,
            "to": to_tick,
            "max_points": max_points,
            "fields": None if fields is None else ",".join(fields),
        }
        return await self._http.document("GET", with_query(_of(session_id, "/ticks"), wanted))

    def export(
        self,
        session_id: str,
        format: ExportFormat,  # noqa: A002  # its name there
        *,
        rounded: Callable[[int], None] | None = None,
    ) -> AsyncGenerator[bytes]:
        """The whole run as a file, in pieces as they arrive; a stream that ends without an error is whole.

        Args:
            rounded: called before the first piece with the first tick that no recording holds and that is rounded
                as in the live stream, if there is one.
        """

        def begun(headers: Mapping[str, str]) -> None:
            first = headers.get(ROUNDED_FROM)
            if rounded is not None and first is not None:
                rounded(int(first))

        return self._http.stream(with_query(_of(session_id, "/export"), {"format": format}), begun=begun)

    async def compare(
        self, ids: Sequence[str], *, fields: Sequence[str] | None = None, max_points: int | None = None
    ) -> JSONObject:
        """Series of several sessions aligned by time, and the differences of their parameters and summaries.

        Args:
            fields, max_points: as in `history`.
        """
        wanted: dict[str, str | int | None] = {
            "ids": ",".join(ids),
            "fields": None if fields is None else ",".join(fields),
            "max_points": max_points,
        }
        return await self._http.document("GET", with_query("/api/compare", wanted))


def _of(session_id: str, part: str = "") -> str:
    """The path of a session, or of a part of it; an id is never taken for more than one piece of a path."""
    return f"/api/sessions/{quote(session_id, safe='')}{part}"


def _reasons(response: httpx2.Response) -> tuple[str, ...]:
    document = document_of(response)
    for key in ("reasons", "errors"):
        listed = document.get(key)
        if isinstance(listed, list) and listed:
            return tuple(str(r.get("msg") or r) if isinstance(r, dict) else str(r) for r in listed)
    return (str(document.get("detail") or f"it answered {response.status_code}"),)
