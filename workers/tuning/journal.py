"""Where a task's study is kept: Optuna's journal in the broker, laid out as its own `JournalRedisBackend` does, so that
Optuna's tools open it.

Ours instead of theirs, because it writes as the task's leased coordinator or not at all: nothing comes back once the task
was deleted. It reads many entries at once, bounds every call, and keeps no snapshots, which would be pickles.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import orjson
import redis
from optuna.storages.journal import BaseJournalBackend

from gridcast.broadcaster import Channel, Fenced, NoChannel
from gridcast.broadcaster.names import study_prefix

_PAGE = 500

_APPEND = """
-- Append entries as the holder of a task's token, once: a retry after a lost reply finds them at the end.
-- KEYS: meta, counter   ARGV: token, prefix of the entries' keys, entries...
local token = redis.call('HGET', KEYS[1], 'token')
if not token then return {'NOCHANNEL', 0} end
if tonumber(token) ~= tonumber(ARGV[1]) then return {'FENCED', tonumber(token)} end
local newest, n = tonumber(redis.call('GET', KEYS[2]) or '-1'), #ARGV - 2
local there = newest + 1 >= n
for i = 1, n do
  there = there and redis.call('GET', ARGV[2] .. string.format('%d', newest - n + i)) == ARGV[2 + i]
end
if not there then
  for i = 1, n do redis.call('SET', ARGV[2] .. string.format('%d', newest + i), ARGV[2 + i]) end
  redis.call('SET', KEYS[2], string.format('%d', newest + n))
end
return {'OK', 0}
"""


class Journal(BaseJournalBackend):
    """The journal of one task's study, for the holder of its `token`. Redis' own errors mean that the broker is away."""

    def __init__(self, client: redis.Redis, channel: Channel, *, token: int) -> None:
        self._client = client
        self._channel = channel
        self._token = token
        prefix = study_prefix(channel.id)
        self._counter, self._entry = f"{prefix}:log_number", f"{prefix}:log:"
        self._append = client.register_script(_APPEND)

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        """Entries from this one on.

        Raises:
            NoChannel: some are gone, so the task was deleted.
        """
        newest = int(self._client.get(self._counter) or -1)  # type: ignore[arg-type]
        for begin in range(log_number_from, newest + 1, _PAGE):
            end = min(begin + _PAGE, newest + 1)
            for raw in self._client.mget([f"{self._entry}{n}" for n in range(begin, end)]):  # type: ignore[union-attr]
                if raw is None:
                    raise NoChannel(str(self._channel))
                yield orjson.loads(raw)

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Add entries, all or none.

        Raises:
            NoChannel, Fenced: nothing was written; the task was deleted, or is another coordinator's now.
        """
        entries = [json.dumps(log) for log in logs]
        word, newest = self._append(
            keys=[self._channel.meta, self._counter], args=[self._token, self._entry, *entries]
        )
        if word == b"NOCHANNEL":
            raise NoChannel(str(self._channel))
        if word == b"FENCED":
            raise Fenced(str(self._channel), self._token, int(newest))
