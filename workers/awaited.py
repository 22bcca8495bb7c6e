"""The simulations that one coordinator has asked for and that have no result yet."""

from __future__ import annotations

from collections.abc import Mapping

from gridcast.broadcaster.simulations import Result, Simulations

from .chair import Chair


class Awaited:
    """Asks for simulations in the name of a chair, and collects what comes. Outlasts a broker that is away."""

    def __init__(self, chair: Chair, simulations: Simulations) -> None:
        self._chair = chair
        self._who = str(chair.channel)
        self._simulations = simulations
        self._keys: dict[str, None] = {}

    def __len__(self) -> int:
        """How many are waited for."""
        return len(self._keys)

    async def ask(self, specs: Mapping[str, bytes]) -> None:
        """Have these computed, key -> spec; what is waited for already is not asked for twice."""
        fresh = {key: spec for key, spec in specs.items() if key not in self._keys}
        for key in fresh:
            self._keys[key] = None
            self._chair.watched[key] = 0.0
        await self._chair.insist(lambda: self._simulations.want(self._who, fresh, user=self._chair.user))

    def share_done(self, key: str) -> float:
        """How far one that is waited for was when it told last, 0 to 1."""
        return self._chair.watched.get(key, 0.0) / 100.0

    async def come(self) -> dict[str, Result]:
        """Key -> result of those that are done since the last call; they are waited for no longer."""
        keys = list(self._keys)
        found = await self._chair.insist(lambda: self._simulations.results(keys))
        results = {key: result for key, result in zip(keys, found, strict=True) if result is not None}
        for key in results:
            del self._keys[key]
            self._chair.watched.pop(key, None)
        return results

    async def give_up(self) -> None:
        """Want none of them any more."""
        keys = list(self._keys)
        await self._chair.insist(lambda: self._simulations.give_up(self._who, keys))
        self._keys.clear()
