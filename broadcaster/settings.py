"""One frozen object with every setting, read once at start and passed down."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import orjson
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from .address import CHANNELS_SCHEMES, CLUSTER, SCHEMES, nodes_in, sentinels_in
from .errors import BadSettings
from .masking import without_secrets
from .names import ENV_PREFIX

STORE_SCHEMES = ("file", "s3", "gs", "gcs", "abfs", "abfss", "hdfs", "viewfs")
"""Those of the URLs that pyarrow.fs opens."""


class Settings(BaseSettings):
    """Settings from the environment (prefix `GRIDCAST_`); every field has a default that suits one laptop."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX, frozen=True, extra="ignore", validate_default=True
    )

    redis_url: str = Field(
        "redis://127.0.0.1:6379/0",
        description="The broker: any Redis >= 7 or Valkey, or redis+sentinel://HOST,HOST/MASTER.",
    )
    redis_password_file: Path | None = Field(
        None, description="File that holds the broker's password, where GRIDCAST_REDIS_URL has none."
    )
    channels_url: str | None = Field(
        None,
        description="The broker of the channels, such as redis+cluster://HOST,HOST; default: the same as of all else.",
    )
    channels_password_file: Path | None = Field(
        None, description="File that holds its password, where GRIDCAST_CHANNELS_URL has none."
    )
    url: str | None = Field(
        None, description="The service that the command line talks to, such as http://HOST:8000."
    )
    dir: Path = Field(
        Path(".gridcast"), description="Folder of `gridcast up`: broker files, run.json, recordings."
    )
    recordings: str | None = Field(
        None,
        description="Where recordings go: a folder, a pyarrow.fs URL, or `off`; default `recordings` in GRIDCAST_DIR.",
    )
    recordings_ttl_s: int = Field(
        30 * 86400, ge=60, description="Seconds for which a finished session and its recording are kept."
    )
    recordings_bytes: int = Field(
        20 << 30, ge=0, description="Bytes of all recordings; beyond them those of the oldest sessions go."
    )
    specs_dir: Path | None = Field(
        None, description="An OpenG2G spec cache with real power traces; used where present."
    )
    lease_s: float = Field(
        5.0, gt=0.2, le=600, description="Seconds after which a silent session child counts as lost."
    )
    viewer_bytes: int = Field(
        1 << 20,
        ge=64 << 10,
        description="Backlog of one viewer above which it is served from the log; four times that lets it go.",
    )
    window_bytes: int = Field(
        4 << 20,
        ge=64 << 10,
        description="Bytes of newest entries that an API process keeps in memory per channel.",
    )
    log_bytes: int = Field(
        32 << 20, ge=256 << 10, description="Bytes of entries that a channel's log keeps in the broker."
    )
    slots: int | None = Field(
        None, ge=1, le=4096, description="Sessions per worker; default 16 for each core."
    )
    auth: Literal["off", "jwt", "off-trusted-network"] = Field(
        "off",
        description="Accounts: `off` (one local user, loopback only), `jwt`, or `off-trusted-network` (off on any address).",
    )
    auth_secret: SecretStr | None = Field(
        None, description="Secret that signs tokens (HS256), 32 bytes or more; better in a file."
    )
    auth_secret_file: Path | None = Field(None, description="File that holds that secret.")
    auth_jwks_url: str | None = Field(
        None,
        description="Where the public keys of an issuer of tokens are (RS256, ES256), instead of a secret.",
    )
    auth_issuer: str | None = Field(
        None, description="`iss` that a token must have; default `gridcast`; needed with a JWKS."
    )
    auth_audience: str | None = Field(
        None, description="`aud` that a token must have; default `gridcast`; needed with a JWKS."
    )
    auth_admins: tuple[str, ...] = Field((), description="Users (JSON list) who may do everything.")
    auth_leeway_s: float = Field(
        10.0, ge=0, le=120, description="Seconds by which the clock of who signs tokens may differ."
    )
    token: SecretStr | None = Field(
        None, description="Token with which the command line and the SDK say who they are."
    )
    allowed_origins: tuple[str, ...] = Field(
        (),
        description="Origins of pages (JSON list) that may use the API besides its own, such as https://lab.example.",
    )
    max_body_bytes: int = Field(1 << 20, ge=1024, description="Largest request body the API reads.")
    stall_s: float = Field(10.0, gt=0, description="Seconds without progress after which a viewer is let go.")
    idle_grace_s: float = Field(
        30.0,
        ge=0,
        description="Seconds without a viewer after which a session pauses or stops, if it was asked to.",
    )
    heartbeat_s: float = Field(
        15.0, gt=0, description="Seconds of silence after which a viewer gets a heartbeat frame."
    )
    session_ttl_s: int = Field(
        7 * 86400, ge=60, description="Seconds for which the broker keeps a finished session's log."
    )
    logs_bytes: int = Field(
        1 << 30,
        ge=0,
        description="Bytes of all logs in the broker; beyond them those of the oldest sessions go.",
    )
    results_ttl_s: int = Field(
        7 * 86400, ge=60, description="Seconds for which the result of a simulation without viewers is kept."
    )
    batch_slots: int | None = Field(
        None,
        ge=1,
        le=4096,
        description="Simulations without viewers that a worker computes at once; default one for each core.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="What the processes log."
    )
    log_format: Literal["auto", "json", "console"] = Field(
        "auto", description="How they log; `auto`: JSON unless stderr is a terminal."
    )
    trace: Literal["off", "otlp"] = Field(
        "off",
        description="Traces by OpenTelemetry, sent where OTEL_EXPORTER_OTLP_ENDPOINT says; needs gridcast[trace].",
    )
    allowed_hosts: tuple[str, ...] = Field(
        (),
        description="Names (JSON list) under which browsers may reach the API besides the address it listens on; "
        "`*` allows all.",
    )
    audit_events: int = Field(
        100_000, ge=0, description="Newest events that the audit keeps; 0 turns it off."
    )
    audit_ttl_s: int = Field(90 * 86400, ge=60, description="Seconds for which the audit keeps an event.")
    wheel_grace_s: float = Field(
        30.0, ge=1, description="Seconds after which whoever has the wheel and is not seen has let go of it."
    )
    user_queued_sessions: int = Field(
        100,
        ge=0,
        description="Sessions of one user that wait for a worker, with accounts on; 0: any number.",
    )
    all_queued_sessions: int = Field(
        10_000, ge=0, description="The same of all users together, also without accounts; 0: any number."
    )
    user_running_sessions: int = Field(
        100,
        ge=0,
        description="Sessions of one user that run at once (also paused), with accounts on; more wait. 0: any number.",
    )
    all_running_sessions: int = Field(
        10_000, ge=0, description="The same of all users together, also without accounts; 0: any number."
    )
    user_analyses: int = Field(
        30,
        ge=0,
        description="Tasks and operations of one user that are not over, with accounts on; 0: any number.",
    )
    all_analyses: int = Field(
        1000, ge=0, description="The same of all users together, also without accounts; 0: any number."
    )
    user_sockets: int = Field(
        100,
        ge=0,
        description="Sockets and event streams that one user has open at once, with accounts on; 0: any number.",
    )
    user_requests_per_s: int = Field(
        100,
        ge=0,
        description="Requests a second of one user, over 10 s, with accounts on; 0: any number.",
    )
    user_commands_per_s: int = Field(
        50,
        ge=0,
        description="Commands a second of one user to all sessions, over 10 s, with accounts on; 0: any number.",
    )
    session_ticks: int = Field(
        2_000_000, ge=1, le=2_000_000, description="Ticks that a session may be asked to run."
    )
    session_duration_s: int = Field(
        7 * 86400, ge=1, le=7 * 86400, description="Simulated seconds that a session may be asked to run."
    )

    @field_validator("dir")
    @classmethod
    def _absolute(cls, folder: Path) -> Path:
        # Here and now: OpenDSS changes the working directory of the process that it runs in.
        return folder.absolute()

    @field_validator("recordings")
    @classmethod
    def _absolute_folder(cls, where: str | None) -> str | None:
        if not where or where == "off":
            return where or None
        scheme, is_url, _ = where.partition("://")
        if is_url:
            if scheme not in STORE_SCHEMES:
                raise ValueError(
                    f"{scheme}:// is no place for files; needed is a folder, off, or one of "
                    + ", ".join(f"{known}://" for known in STORE_SCHEMES)
                )
            return where
        return str(Path(where).expanduser().absolute())

    @field_validator("redis_url")
    @classmethod
    def _address(cls, url: str) -> str:
        scheme, _, _ = url.partition("://")
        if scheme == CLUSTER:
            raise ValueError(
                "a cluster can hold the channels only: name it in GRIDCAST_CHANNELS_URL, and here a broker of one "
                "server, or with Sentinel, for the rest"
            )
        return _checked(url, SCHEMES)

    @field_validator("channels_url")
    @classmethod
    def _address_of_channels(cls, url: str | None) -> str | None:
        return _checked(url, CHANNELS_SCHEMES) if url else None

    @field_validator("redis_password_file", "channels_password_file")
    @classmethod
    def _readable(cls, file: Path | None) -> Path | None:
        if file is not None:
            password_in(file)
        return file

    @property
    def redis_password(self) -> str | None:
        """The broker's password, read anew: a file of secrets may change."""
        return None if self.redis_password_file is None else password_in(self.redis_password_file)

    @property
    def channels_password(self) -> str | None:
        """The password of the channels' broker, likewise."""
        file = self.channels_password_file
        return None if file is None else password_in(file)

    @property
    def channels_fail_over(self) -> bool:
        """Whether the channels' broker may be another server all at once, which may lack what the one before had."""
        url = self.channels_url or self.redis_url
        return sentinels_in(url) is not None or nodes_in(url) is not None

    @property
    def recordings_at(self) -> str | None:
        """The absolute folder or the URL of the recordings; `None` where nothing is recorded."""
        if self.recordings == "off":
            return None
        return self.recordings or str(self.dir / "recordings")


def _checked(url: str, schemes: Sequence[str]) -> str:
    """An address of one of these schemes. Raises `ValueError`."""
    scheme, is_url, _ = url.partition("://")
    if not is_url or scheme not in schemes:
        raise ValueError("needed is " + ", ".join(f"{known}://" for known in schemes))
    sentinels_in(url)
    nodes_in(url)
    return url


def password_in(file: Path) -> str:
    """What a file of one secret holds.

    Raises:
        ValueError: it cannot be read, or is empty.
    """
    try:
        found = file.read_text().strip()
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {error.strerror}") from None
    if not found:
        raise ValueError(f"{file} is empty")
    return found


def load_settings(**overrides: Any) -> Settings:
    """Read the environment; `overrides` (of the command line) win over it.

    Raises:
        BadSettings: a value is not what its field allows.
    """
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})
    except ValidationError as error:
        # Neither the value nor the cause goes on: an address of a broker may hold a password.
        faults = (f"{ENV_PREFIX}{str(fault['loc'][0]).upper()}: {fault['msg']}" for fault in error.errors())
        raise BadSettings("; ".join(faults)) from None


def _shown(value: Any) -> Any:
    """A value as everybody may see it."""
    return without_secrets(value) if isinstance(value, str) else value


def describe(settings: Settings) -> list[dict[str, Any]]:
    """Each setting as `{env, value, default, meaning}`, for `gridcast doctor`."""
    values = settings.model_dump(mode="json")
    return [
        {
            "env": ENV_PREFIX + name.upper(),
            "value": _shown(values[name]),
            "default": None
            if field.default is None
            else orjson.loads(orjson.dumps(field.default, default=str)),
            "meaning": field.description,
        }
        for name, field in Settings.model_fields.items()
    ]


if __name__ == "__main__":
    try:
        sys.stdout.buffer.write(orjson.dumps(describe(load_settings())) + b"\n")
    except BadSettings as error:
        sys.exit(str(error))
