"""Every setting: its type, its bounds, its default and what it means.

A setting's text is what ``--help`` and ``docs/settings.md`` say about it; its unit is what they call its value.
"""

from __future__ import annotations

import os
import re
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic.config import JsonDict
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from evalstream.scorers.options import OptionSyntaxError, parse_option_lines

from ..errors import UsageError
from .folders import as_folder
from .masking import masked

__all__ = ["BUDGET", "Mechanism", "Section", "Settings", "default_broker", "is_none", "kinds_of"]

Section = Literal["general", "scoring", "judges", "metrics", "kafka"]
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"]

_DAY = 24 * 60 * 60

BUDGET = r"\$?(?P<usd>[0-9]+(\.[0-9]+)?)( ?USD)?|(?P<tokens>[0-9_]+) ?tokens"
"""What a budget for judges looks like."""


def default_broker() -> str:
    """Return the URL of the embedded broker in ./.evalstream."""
    return f"embedded://{Path('.evalstream').absolute()}"


def _cache_path() -> Path:
    try:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:  # a container's user without a home
        return Path(".evalstream").absolute() / "judges.sqlite"
    return folder / "evalstream" / "judges.sqlite"


def _setting(
    section: Section,
    unit: str,
    text: str,
    default: Any = None,
    default_text: str = "",
    short: str = "",
    repeatable: bool = False,
    **how: Any,
) -> Any:
    """Make a field: which section it stands in, what its value is called in ``--help``, and what it means.

    ``default_text`` describes a default that differs from place to place; ``short`` is a second name of the option.
    """
    if "default_factory" not in how:
        how["default"] = default
    extra: JsonDict = {
        "section": section, "unit": unit, "default_text": default_text, "short": short, "repeatable": repeatable
    }  # fmt: skip
    return Field(description=text, json_schema_extra=extra, **how)


def _seconds(section: Section, text: str, default: float | None, **bounds: Any) -> Any:
    return _setting(section, "SECONDS", text, default, allow_inf_nan=False, **(bounds or {"gt": 0}))


def _number(section: Section, text: str, default: int | None, unit: str = "N", **bounds: Any) -> Any:
    return _setting(section, unit, text, default, **(bounds or {"ge": 1}))


def _file(text: str) -> Any:
    return _setting("kafka", "FILE", text)


class Settings(BaseSettings):
    """Settings of a process of ours, whatever it does; each part takes what concerns it.

    Code that makes one says all that it means: what is left out has its default, whatever the environment holds. To
    read options, variables and a file is `load_settings`'s part. Where ``None`` is a value, the word ``none`` says it.

    Examples
    --------
    >>> settings = Settings(broker="kafka://ann:s3kr1t@host:9092", kafka_password="s3kr1t", metrics_port="none")
    >>> settings.scorer_timeout, settings.metrics_port
    (600.0, None)
    >>> "s3kr1t" in repr(settings)
    False
    """

    model_config = SettingsConfigDict(
        env_prefix="EVALSTREAM_", env_ignore_empty=True, extra="forbid", frozen=True, hide_input_in_errors=True
    )

    broker: str = _setting(
        "general", "URL", "Broker: embedded:///folder on this machine, or kafka://host:9092[,host:9092…].",
        default_factory=default_broker, default_text="embedded:///… in ./.evalstream",
    )  # fmt: skip
    log_dir: Path | str = _setting(
        "general", "FOLDER",
        "Folder of logs: where they are looked for, and where a worker writes them; for a worker any fsspec URL, too.",
        Path("logs"), default_text="$INSPECT_LOG_DIR, else ./logs",
    )  # fmt: skip
    app_id: str = _setting(
        "general", "NAME", "Name of the group of workers; workers of one name share the work.", "evalstream"
    )
    blob_dir: str | None = _setting(
        "general",
        "FOLDER",
        "Folder or fsspec URL for samples larger than max_message_bytes, the same for publishers and workers;"
        " none: below the embedded broker's folder, with Kafka below the log dir.",
    )

    scorer_timeout: float = _seconds("scoring", "How long a scorer may take for one sample.", 600.0)
    scoring_attempts: int = _number("scoring", "How often a scorer is tried on a sample before it has failed.", 3)
    scorer_patience: float = _seconds(
        "scoring", "How long a scorer is tried again while what it needs (a judge) cannot be reached.", 3600.0, ge=0
    )
    window_samples: int = _number("scoring", "At most so many samples wait for their scorers at once.", 256)
    window_bytes: int = _number(
        "scoring", "At most so many bytes of samples wait for their scorers at once.", 64 * 1024 * 1024, "BYTES"
    )
    sandbox: Literal["local", "docker"] | None = _setting(
        "scoring", "KIND",
        "Where a scorer's commands run, over the files that came with a sample: docker, in a container without a"
        " network; local, on this machine with all rights of this process; none: nowhere, but the files can be read.",
    )  # fmt: skip
    sandbox_image: str = _setting(
        "scoring", "IMAGE", "Image of the containers that sandbox=docker starts.", "python:3.12-slim", min_length=1
    )
    eval_deadline: float | None = _seconds(
        "scoring",
        "An eval of which nothing has come for so long is given up: its log says what is missing; none: never.",
        None,
    )

    state_retention: float | None = _seconds(
        "scoring",
        "How long an eval's state is kept after its log was written: scores that come later are those of a new eval;"
        " none: for ever.",
        30.0 * _DAY,
    )

    model: str | None = _setting(
        "judges", "NAME", "Model that grades for scorers that name none, as in openai/gpt-4o; none: the one under test."
    )
    model_role: str | None = _setting(
        "judges",
        "ROLE=NAME",
        "Model that plays a role, as in grader=openai/gpt-4o; more names, with commas, are a panel; repeatable"
        " (in a variable or a file: one a line); none: nobody plays any.",
        repeatable=True,
    )
    model_base_url: str | None = _setting(
        "judges", "URL", "Base URL of that model or of the one under test; none: the one of its service."
    )
    model_args: str | None = _setting(
        "judges",
        "KEY=VALUE",
        "How that model is asked, as in temperature=0; repeatable (in a variable or a file: one a line);"
        " none: as its service does by default.",
        short="-M",
        repeatable=True,
    )
    judge_budget: str | None = _setting(
        "judges",
        "AMOUNT",
        "What judges may use, in USD (5.00) or tokens (200000 tokens); then samples are unscored; none: no limit.",
    )
    judge_prices: Path | None = _setting(
        "judges", "FILE", "YAML file of prices, as in openai/gpt-4o: {input: 2.5, output: 10}; none: not known."
    )
    judge_cache: bool = _setting("judges", "", "Keep judges' answers on this machine, and ask nothing twice.", True)
    judge_cache_path: Path = _setting(
        "judges", "FILE", "Where they are kept.", default_factory=_cache_path,
        default_text="$XDG_CACHE_HOME/evalstream/judges.sqlite, else below ~/.cache",
    )  # fmt: skip

    metrics_interval: float = _seconds("metrics", "At most one snapshot of running metrics in this time.", 0.5, ge=0)
    metrics_port: int | None = _number(
        "metrics", "Port of /metrics; 0: any free one; none: off.", None, "PORT", ge=0, le=65535
    )
    metrics_host: str = _setting("metrics", "HOST", "Address that the metrics port is opened on.", "127.0.0.1")

    topic_prefix: str = _setting("kafka", "TEXT", "Goes before the name of every topic.", "")
    partitions: int = _number("kafka", "Partitions that a topic gets when it is made.", 8)
    replication: int | None = _number(
        "kafka", "Copies that a topic gets when it is made; none: one per broker, up to 3.", None
    )
    completions_retention: float | None = _seconds(
        "kafka", "How long completions are kept, for replays; none: for ever.", 30.0 * _DAY
    )
    # 8 MiB is what managed Kafkas commonly allow on their smaller plans; what is larger takes the way of a claim check.
    # An embedded broker keeps to it too, so that its rows stay small.
    max_message_bytes: int = _number(
        "kafka", "Largest message; samples that are larger go to the blob dir.", 8 * 1024 * 1024, "BYTES", ge=1024
    )
    # Kafka's own default, and its brokers' bounds.
    session_timeout: float = _seconds(
        "kafka", "A worker that was silent for so long is taken for dead, and others take over.", 45.0, ge=6, le=1800
    )
    instance_id: str | None = _setting(
        "kafka",
        "NAME",
        "Name of this worker that outlives it: one that comes back in time gets its partitions at once.",
    )

    kafka_tls: bool | None = _setting(
        "kafka", "", "Encrypt; by default if a CA or a certificate is given. Without a CA, the system's are trusted."
    )
    kafka_ca_file: Path | None = _file("PEM file of the authorities that the brokers' certificates come from.")
    kafka_cert_file: Path | None = _file("PEM file of the client's certificate, and of the chain behind it.")
    kafka_key_file: Path | None = _file("PEM file of the client's key; none: it is in the certificate's file.")
    kafka_key_password: SecretStr | None = _setting("kafka", "SECRET", "Password of the client's key.")
    kafka_key_password_file: Path | None = _file("File that holds the password of the client's key.")
    kafka_sasl_mechanism: Mechanism | None = _setting(
        "kafka", "NAME", "How to log in: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER; none: not at all."
    )
    kafka_username: str | None = _setting("kafka", "NAME", "Who logs in, by PLAIN or SCRAM.")
    kafka_password: SecretStr | None = _setting("kafka", "SECRET", "Password of who logs in.")
    kafka_password_file: Path | None = _file("File that holds the password of who logs in.")
    kafka_oauth_token: SecretStr | None = _setting("kafka", "SECRET", "Token for OAUTHBEARER; it is never renewed.")
    kafka_oauth_token_file: Path | None = _file("File with the token for OAUTHBEARER; read again when it changes.")
    kafka_oauth_token_url: str | None = _setting(
        "kafka", "URL", "Endpoint that gives tokens for OAUTHBEARER to a client id and its secret."
    )
    kafka_oauth_client_id: str | None = _setting("kafka", "NAME", "Client id for the token endpoint.")
    kafka_oauth_client_secret: SecretStr | None = _setting("kafka", "SECRET", "Client secret for the token endpoint.")
    kafka_oauth_client_secret_file: Path | None = _file("File that holds the client secret for the token endpoint.")
    kafka_oauth_scope: str | None = _setting("kafka", "TEXT", "Scope to ask the token endpoint for.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what the caller says, and nothing else: the other sources are read by `load_settings`."""
        return (init_settings,)

    @field_validator("*", mode="before")
    @classmethod
    def _mend(cls, value: Any, info: ValidationInfo) -> Any:
        kinds = kinds_of(cls.model_fields[info.field_name or ""])
        if is_none(value, kinds):
            return None
        # To pydantic, true is the number 1.
        if isinstance(value, bool) and bool not in kinds:
            raise ValueError("must not be true or false")
        return value

    @field_validator("log_dir", mode="before")
    @classmethod
    def _folder_or_url(cls, value: Any) -> Any:
        if not isinstance(value, str) or "://" not in value:
            return Path(value) if isinstance(value, str) else value
        try:
            return as_folder(value, "log_dir") or value
        except UsageError as error:
            raise ValueError(str(error)) from None

    @field_validator("kafka_sasl_mechanism", mode="before")
    @classmethod
    def _upper(cls, value: Any) -> Any:
        return value.upper() if isinstance(value, str) else value

    @field_validator("app_id", "topic_prefix", "instance_id")
    @classmethod
    def _kafka_name(cls, value: str | None, info: ValidationInfo) -> str | None:
        # Topics and groups take these names, and Kafka takes no others.
        if value is None:
            return None
        if not re.fullmatch(r"[a-zA-Z0-9._-]{0,100}", value):
            raise ValueError("must be at most 100 letters, digits, dots, hyphens and underscores")
        if info.field_name != "topic_prefix" and not value:
            raise ValueError("must not be empty")
        return value

    @field_validator("model_role", "model_args")
    @classmethod
    def _pairs(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None:
            return None
        try:
            pairs = parse_option_lines(value)
        except OptionSyntaxError as error:
            roles = info.field_name == "model_role"
            form = "ROLE=NAME, as in grader=openai/gpt-4o" if roles else "KEY=VALUE, as in temperature=0"
            why = f": {error}" if "=" in error.option else ""
            raise ValueError(f"must be {form}{why.rstrip('.')}") from None
        if info.field_name == "model_args" and "api_key" in pairs:
            raise ValueError("must hold no api_key, which everybody on a machine could read: set its variable")
        return value

    @field_validator("judge_budget")
    @classmethod
    def _budget(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(BUDGET, value.strip()):
            raise ValueError("must be USD, as in 5.00, or tokens, as in '200000 tokens'")
        return value

    @field_validator("kafka_oauth_token_url", "model_base_url")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        if value is not None and not re.match(r"https?://[^/]", value):
            raise ValueError("must begin with https:// or http://, and name a host")
        return value

    @field_validator("*", mode="after")
    @classmethod
    def _path(cls, value: Any) -> Any:
        if not isinstance(value, Path):
            return value
        if "\0" in str(value):
            raise ValueError("must not hold a NUL character")
        try:
            return value.expanduser()
        except RuntimeError:
            raise ValueError("names the home of a user that is not known here") from None

    def __repr_args__(self) -> Iterator[tuple[str, Any]]:
        # A URL may carry a password; those of a type of their own hide themselves.
        yield from ((name, masked(value)) for name, value in super().__repr_args__() if name is not None)


def is_none(value: object, kinds: tuple[Any, ...]) -> bool:
    """Tell whether a value is the word for None, and None is one of the types."""
    return isinstance(value, str) and value.lower() == "none" and type(None) in kinds


def kinds_of(field: FieldInfo) -> tuple[Any, ...]:
    """Return the types of a field, each member of a union by itself."""
    annotation = field.annotation
    return get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)
