"""What a session does when nobody watches it any more. No I/O; viewers are counted elsewhere."""

from __future__ import annotations

from typing import Final, Literal

OnIdle = Literal["continue", "pause", "stop"]
Move = Literal["pause", "stop", "resume"]

BY: Final = "session:on_idle"
"""Author of the commands that a session gives itself."""


class IdleWatch:
    """Decides from the number of viewers, looked at now and then, what an idle session does.

    Nobody may be there for `grace_s`, also right after the start, before the policy acts. Only a pause of its own is undone
    when somebody comes back.
    """

    def __init__(self, policy: OnIdle, *, grace_s: float) -> None:
        self._policy = policy
        self._grace_s = grace_s
        self._alone_since_s: float | None = None
        self._paused_here = False

    @property
    def acts(self) -> bool:
        """Whether looking is of any use."""
        return self._policy != "continue"

    def restore(self, *, paused_here: bool) -> None:
        """Take over from an earlier attempt."""
        self._paused_here = paused_here

    def steered(self) -> None:
        """A person gave a command: what holds now is what people want."""
        self._paused_here = False

    def look(self, viewers: int, *, running: bool, now_s: float) -> Move | None:
        """What to do now, if anything."""
        if viewers > 0:
            self._alone_since_s = None
            if self._paused_here and not running:
                self._paused_here = False
                return "resume"
            return None
        if self._alone_since_s is None:
            self._alone_since_s = now_s
        if now_s - self._alone_since_s < self._grace_s or self._policy == "continue":
            return None
        if self._policy == "stop":
            return "stop"
        if running:
            self._paused_here = True
            return "pause"
        return None
