"""The exporter's settings: options, then the environment, then the config file."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from metrics_exporter import logs
from metrics_exporter.errors import UserError
from metrics_exporter.files import read_text, read_yaml
from metrics_exporter.profiles.retention import Retention
from metrics_exporter.reasons import reason
from metrics_exporter.urls import secrets

ENVIRONMENT_PREFIX = "DRIFTGAUGE_"
MAX_AGE = timedelta(hours=3)
SERIES_LIMIT = 1_000_000
LOOKBACK_DAYS = 28
RECOMPUTE = 3
RETENTION = Retention(short=timedelta(days=400), long=timedelta(days=1100))
READ_DAYS = 28  # so far back the exporter reads: baselines of four weeks, models and features known, categories seen
_AROUND_DAYS = 8  # the week around the first day of that begins up to so long before
QUERY_TIMEOUT = timedelta(minutes=5)
PASSWORDS = ("auth_password", "warehouse_password")
MOST_DAYS = 3650  # for each duration: beyond it, dates would have no year to stand for
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_NEAR = 0.8  # LISTN is that near to LISTEN; HISTORY_URL is not to HISTORY
_NAME = re.compile(r"[a-z_-]{1,40}")
_ADDRESS = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.%]+)\]|(?P<host>[^:\[\]]*)):(?P<port>\d{1,5})")


class SettingsError(UserError):
    """A setting that can't be used; the message names where it was set, what is wrong and what to write.

    Attributes:
        usage: it was set by an option.
    """

    def __init__(self, message: str, *, usage: bool = False) -> None:
        super().__init__(message)
        self.usage = usage


def _duration(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    found = re.fullmatch(r"(\d{1,9})([smhd])", str(value))
    if found is None:
        raise ValueError("is no duration; write a number and s, m, h or d, such as 3h")
    duration = timedelta(**{_UNITS[found[2]]: int(found[1])})
    if duration > timedelta(days=MOST_DAYS):
        raise ValueError(f"is longer than {MOST_DAYS}d")
    return duration


def _address(value: object) -> tuple[str, int]:
    found = _ADDRESS.fullmatch(str(value))
    if found is None or int(found["port"]) > 65535:
        raise ValueError("is no address; write host:port, such as 127.0.0.1:9877")
    return found["six"] or found["host"] or "0.0.0.0", int(found["port"])  # noqa: S104


def _warehouse(value: object) -> str:
    if ":" not in str(value):
        raise ValueError("names no kind of warehouse; write one such as duckdb:PATH or postgresql://USER@HOST/DATABASE")
    return str(value)


def _page(value: object) -> str:
    if not re.fullmatch(r"https?://[^\s/]+(/\S*)?", str(value)):
        raise ValueError("is no address of a page; write one such as https://grafana.example.com")
    return str(value).rstrip("/")


def _size(value: object) -> object:
    if not re.fullmatch(r"\d{1,9}[KMGT]B", str(value)):
        raise ValueError("is no size; write a number and MB or GB, such as 500MB")
    return value


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


Duration = Annotated[timedelta, BeforeValidator(_duration)]


class HistorySettings(BaseModel):
    """What a command needs that looks at the history alone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    history: str = Field("history", description="Folder or bucket URL that keeps the profiles.")

    def secrets(self) -> tuple[str, ...]:
        """What no message may show."""
        return secrets(self.history)


class Settings(HistorySettings):
    """All that differs between environments; each is an option, a key of the config file and a variable."""

    definitions: Path = Field(Path("output/metrics"), description="Folder of the generated metric definitions.")
    warehouse: Annotated[str, BeforeValidator(_warehouse)] = Field(
        description="Where the prediction log lies, such as duckdb:predictions.duckdb."
    )
    warehouse_password_file: Path | None = Field(
        None,
        description=f"File that holds the warehouse's password; or set {ENVIRONMENT_PREFIX}WAREHOUSE_PASSWORD.",
    )
    listen: Annotated[tuple[str, int], BeforeValidator(_address)] = Field(
        ("127.0.0.1", 9877), description="Address to serve on, host:port."
    )
    max_age: Duration = Field(MAX_AGE, description="How long values stay after the next ones should have come.")
    series_limit: int = Field(SERIES_LIMIT, ge=1, description="The most series exported; what grew is left out.")
    lookback_days: int = Field(
        LOOKBACK_DAYS, ge=1, le=MOST_DAYS - _AROUND_DAYS, description="How far back missed windows are caught up."
    )
    keep_short: Duration = Field(
        RETENTION.short, validate_default=True, description="How long windows shorter than a day are kept."
    )
    keep_long: Duration = Field(
        RETENTION.long, validate_default=True, description="How long windows of a day or longer are kept."
    )
    recompute: int = Field(
        RECOMPUTE, ge=0, le=24 * MOST_DAYS, description="How many past windows are recomputed for late rows."
    )
    query_timeout: Duration = Field(QUERY_TIMEOUT, description="Deadline of a warehouse query.")
    query_threads: int | None = Field(None, ge=1, description="Cores that a query here in DuckDB uses; default: all.")
    query_memory: Annotated[str, BeforeValidator(_size)] = Field(
        "2GB", description="Memory that a query here in DuckDB uses before it spills to disk."
    )
    log_level: Annotated[logs.Level, BeforeValidator(_lower)] = Field(
        "info", description="The lowest level that is logged: debug, info, warning or error."
    )
    log_format: Annotated[logs.Format, BeforeValidator(_lower)] = Field(
        "text", description="How a log line is written: text or json."
    )
    grafana_url: Annotated[str, BeforeValidator(_page)] | None = Field(
        None, description="Where Grafana is; the status page then links to the dashboards."
    )
    tls_certificate: Path | None = Field(None, description="PEM file of the certificate chain: serves HTTPS.")
    tls_key: Path | None = Field(None, description="PEM file of the certificate's private key.")
    auth_username: str | None = Field(None, description="User name that /metrics and / ask for.")
    auth_password_file: Path | None = Field(
        None, description=f"File that holds the password; or set {ENVIRONMENT_PREFIX}AUTH_PASSWORD."
    )
    auth_password: SecretStr | None = None
    warehouse_password: SecretStr | None = None

    @field_validator("keep_short")
    @classmethod
    def _is_long_enough(cls, value: timedelta, known: ValidationInfo) -> timedelta:
        """What is removed while it is still read would be computed again each hour, or be missed silently."""
        days: int = known.data.get("lookback_days", LOOKBACK_DAYS)
        least = timedelta(days=max(days, READ_DAYS) + _AROUND_DAYS)
        if value < least:
            raise ValueError(
                f"is shorter than {least.days}d, what the exporter reads itself: alerts compare with {READ_DAYS} days "
                f"before, lookback_days {days} has missing windows computed, and a week may begin {_AROUND_DAYS} days "
                "earlier"
            )
        return value

    @field_validator("keep_long")
    @classmethod
    def _is_not_shorter(cls, value: timedelta, known: ValidationInfo) -> timedelta:
        """A merged window that is removed before its parts would be merged again each time."""
        short: timedelta = known.data.get("keep_short", value)
        if value < short:
            raise ValueError(
                f"is shorter than keep_short, {short.days}d: longer windows are merged from the shorter ones, and must "
                "stay as long"
            )
        return value

    @property
    def retention(self) -> Retention:
        """How long windows are kept."""
        return Retention(self.keep_short, self.keep_long)

    def secrets(self) -> tuple[str, ...]:
        """What no message may show: what the addresses hold, and the passwords that are known."""
        passwords = (_revealed(self.auth_password), _revealed(self.warehouse_password))
        hidden = (*secrets(self.warehouse), *secrets(self.history), *passwords)
        return tuple(sorted(filter(None, hidden), key=len, reverse=True))

    def credentials(self) -> tuple[str, str] | None:
        """User name and password that are asked for, if any.

        Raises:
            SettingsError: one of the two is missing, or the file can't be read.
        """
        password = _revealed(self.auth_password) or _from_file("auth_password_file", self.auth_password_file)
        if self.auth_username is None and password is None:
            return None
        if not self.auth_username or not password:
            raise SettingsError(
                "basic auth needs both a user name and a password; set auth_username, and auth_password_file "
                f"or {ENVIRONMENT_PREFIX}AUTH_PASSWORD"
            )
        return self.auth_username, password

    def warehouse_login(self) -> str | None:
        """The password for the warehouse, as it is now, if the settings have one.

        Raises:
            SettingsError: the file can't be read.
        """
        return warehouse_login(_revealed(self.warehouse_password), self.warehouse_password_file)


def warehouse_login(password: str | None, file: Path | None) -> str | None:
    """The password for the warehouse: the environment's, or what the file holds now.

    Raises:
        SettingsError: the file can't be read.
    """
    return password or _from_file("warehouse_password_file", file)


def _revealed(password: SecretStr | None) -> str | None:
    return password.get_secret_value() if password else None


def _from_file(name: str, file: Path | None) -> str | None:
    """The password in the file that a setting names."""
    if file is None:
        return None
    try:
        return read_text(file).strip()
    except (OSError, ValueError) as error:  # without its name, which is the password where somebody mixed them up
        raise SettingsError(
            f"{name}: the password can't be read ({reason(error)}); name a file that holds it"
        ) from None


_Kind = TypeVar("_Kind", bound=HistorySettings)


def names() -> tuple[str, ...]:
    """The settings that options and the config file may hold: all but the passwords."""
    return tuple(name for name in Settings.model_fields if name not in PASSWORDS)


def option(name: str) -> str:
    """The option of a setting."""
    return f"--{name.replace('_', '-')}"


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return f"{ENVIRONMENT_PREFIX}{name.upper()}"


def read(options: Mapping[str, str], environment: Mapping[str, str], file: Path | None) -> Settings:
    """Merge the three sources, an option before a variable before a key of the file.

    Raises:
        SettingsError: one of them holds what it can't hold.
    """
    return _read(Settings, options, environment, file)


def read_history(options: Mapping[str, str], environment: Mapping[str, str], file: Path | None) -> HistorySettings:
    """Like `read`, where the history alone is looked at: the other settings may be missing, or any.

    Raises:
        SettingsError: one of the sources holds what it can't hold.
    """
    return _read(HistorySettings, options, environment, file)


def _read(kind: type[_Kind], options: Mapping[str, str], environment: Mapping[str, str], file: Path | None) -> _Kind:
    _refuse_misspelt(environment)
    from_file = {key: value for key, value in _read_file(file).items() if key in kind.model_fields} if file else {}
    from_environment = {
        name: environment[variable(name)] for name in kind.model_fields if variable(name) in environment
    }
    places = {name: f"{file}: {name}" for name in from_file}
    places |= {name: variable(name) for name in from_environment}
    places |= {name: option(name) for name in options}
    try:
        return kind.model_validate({**from_file, **from_environment, **options})
    except ValidationError as error:
        name, problem = _first(error)
        missing = f"{name} is not set; give {option(name)}, {variable(name)} or the config file's key {name}"
        is_missing = error.errors()[0]["type"] == "missing"
        message = missing if is_missing else f"{places.get(name, name)}: {problem}"
        raise SettingsError(message, usage=name in options or is_missing) from None


def _refuse_misspelt(environment: Mapping[str, str]) -> None:
    """A variable that is almost a setting's is a mistake.

    Others are somebody else's: an orchestrator sets DRIFTGAUGE_PORT for a service of that name, a team
    DRIFTGAUGE_RISK_SLACK_URL for its Alertmanager. So is what goes on after a setting's name, as
    DRIFTGAUGE_HISTORY_PORT does.
    """
    known = [variable(name) for name in (*Settings.model_fields, "config")]
    for name in sorted(environment):
        if not name.startswith(ENVIRONMENT_PREFIX) or name in known:
            continue
        short = name.removeprefix(ENVIRONMENT_PREFIX)
        near = difflib.get_close_matches(short, [each.removeprefix(ENVIRONMENT_PREFIX) for each in known], 1, _NEAR)
        if near and not short.startswith(f"{near[0]}_"):
            raise SettingsError(f"{name}: unknown variable; did you mean {ENVIRONMENT_PREFIX}{near[0]}?")


def _read_file(file: Path) -> dict[str, Any]:
    try:
        content = read_yaml(file) or {}
    except (OSError, ValueError) as error:
        raise SettingsError(f"{file}: can't be read ({reason(error)})") from None
    if not isinstance(content, dict):
        raise SettingsError(f"{file}: is no mapping of settings; write lines such as `listen: 127.0.0.1:9877`")
    for key in content:
        if key in PASSWORDS:
            raise SettingsError(f"{file}: {key}: a password has no place here; use {key}_file or {variable(key)}")
        if key not in names():
            near = difflib.get_close_matches(str(key), names(), 1)
            advice = f"did you mean {near[0]}?" if near else f"known keys: {', '.join(names())}"
            raise SettingsError(f"{file}: {_unknown(str(key))}; {advice}")
    return content


def _unknown(key: str) -> str:
    """What is no name of a setting may be a value that lost its name, and no message shows values."""
    return f"unknown key {key!r}" if _NAME.fullmatch(key) else "a key is no name of a setting"


def _first(error: ValidationError) -> tuple[str, str]:
    problem = error.errors(include_url=False, include_input=False)[0]
    text = problem["msg"].removeprefix("Value error, ")
    return str(problem["loc"][0]), text[:1].lower() + text[1:]
