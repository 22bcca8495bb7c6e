"""Text for people and logs, without the secrets that stand in it."""

from __future__ import annotations

import re

_USERINFO = re.compile(r"(\w+://[^/\s:@]*):[^/\s@]*@")
_NAMED = re.compile(
    r"(?i)([?&](?:[\w-]*(?:token|ticket|secret|password|signature)|[\w-]*_key|key|share)=)[^&\s\"']+"
)
_BEARER = re.compile(r"(?i)\b(bearer )[\w.~+/=-]+")


def without_secrets(text: str) -> str:
    """`text` without passwords in addresses, tokens in queries and bearer tokens."""
    if ":" in text:
        text = _USERINFO.sub(r"\1:***@", text)
    if "=" in text:
        text = _NAMED.sub(r"\1***", text)
    return _BEARER.sub(r"\1***", text)
