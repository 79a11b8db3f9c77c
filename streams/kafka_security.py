"""From settings to the security arguments of Kafka's clients: how to encrypt, and how to log in."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from .errors import UsageError
from .kafka_tokens import EndpointTokens, FileTokens, FixedToken, TokenProvider
from .settings.masking import masked_url
from .settings.model import Settings
from .settings.secrets import read_secret, read_secret_file

__all__ = ["Protocol", "kafka_security", "security_protocol"]

Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]

_TLS_FILES = ("kafka_ca_file", "kafka_cert_file", "kafka_key_file")
_PASSWORD = ("kafka_username", "kafka_password", "kafka_password_file")
_CLIENT = (
    "kafka_oauth_client_id",
    "kafka_oauth_client_secret",
    "kafka_oauth_client_secret_file",
    "kafka_oauth_scope",
)
_TOKENS = ("kafka_oauth_token", "kafka_oauth_token_file", "kafka_oauth_token_url")


def security_protocol(settings: Settings) -> Protocol:
    """Return the protocol that the settings mean: TLS if it or a file for it is given, SASL if a mechanism is.

    Examples
    --------
    >>> security_protocol(Settings())
    'PLAINTEXT'
    >>> security_protocol(Settings(kafka_ca_file="ca.pem", kafka_sasl_mechanism="PLAIN"))
    'SASL_SSL'

    Raises
    ------
    UsageError
        TLS is switched off, but there is a file for it.
    """
    files = _set(settings, _TLS_FILES)
    if settings.kafka_tls is False and files:
        raise UsageError(f"kafka_tls is off, but {files[0]} is for TLS: switch TLS on, or leave the file out.")
    tls = settings.kafka_tls or bool(files)
    if settings.kafka_sasl_mechanism is None:
        return "SSL" if tls else "PLAINTEXT"
    return "SASL_SSL" if tls else "SASL_PLAINTEXT"


def kafka_security(settings: Settings) -> dict[str, Any]:
    """Return the keyword arguments for security that aiokafka's producers, consumers and admin clients take.

    Reads the files that the settings name, and connects to nothing: `TokenProvider.token` is what asks for a token.
    One dictionary may serve all clients of a process.

    Returns
    -------
    dict
        ``security_protocol``; with TLS ``ssl_context``; with SASL ``sasl_mechanism``, and either
        ``sasl_plain_username`` and ``sasl_plain_password``, or ``sasl_oauth_token_provider``.

    Examples
    --------
    >>> kafka_security(Settings())
    {'security_protocol': 'PLAINTEXT'}

    Raises
    ------
    UsageError
        Settings contradict each other, one is missing, or a file cannot be used; no message holds a secret.
    """
    if "@" in urlsplit(settings.broker).netloc or masked_url(settings.broker) != settings.broker:
        raise UsageError(
            "The broker's URL has a user name in it: give kafka_username, and the password by"
            " --kafka-password-file or EVALSTREAM_KAFKA_PASSWORD."
        )
    protocol = security_protocol(settings)
    arguments: dict[str, Any] = {"security_protocol": protocol}
    if protocol in ("SSL", "SASL_SSL"):
        arguments["ssl_context"] = _tls_context(settings)
    return arguments | _login(settings)


def _login(settings: Settings) -> dict[str, Any]:
    mechanism = settings.kafka_sasl_mechanism
    idle = [] if mechanism == "OAUTHBEARER" else [*_TOKENS, *_CLIENT]
    if mechanism in (None, "OAUTHBEARER"):
        idle += _PASSWORD
    if left := _set(settings, idle):
        means = "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512" if left[0] in _PASSWORD else "OAUTHBEARER"
        raise UsageError(
            f"{left[0]} is given, but kafka_sasl_mechanism is {mechanism or 'not'}: set it to {means},"
            f" or leave {left[0]} out."
        )
    if mechanism is None:
        return {}
    if mechanism == "OAUTHBEARER":
        return {"sasl_mechanism": mechanism, "sasl_oauth_token_provider": _token_provider(settings)}
    password = read_secret(settings, "kafka_password")
    if settings.kafka_username is None or password is None:
        missing = "kafka_username" if settings.kafka_username is None else "kafka_password (or kafka_password_file)"
        raise UsageError(f"kafka_sasl_mechanism is {mechanism}, which needs a user name and a password: set {missing}.")
    return {
        "sasl_mechanism": mechanism,
        "sasl_plain_username": settings.kafka_username,
        "sasl_plain_password": password,
    }


def _token_provider(settings: Settings) -> TokenProvider:
    ways = _set(settings, _TOKENS)
    if len(ways) != 1:
        what = f"{' and '.join(ways)} are given" if ways else "none is given"
        raise UsageError(f"OAUTHBEARER needs one of {', '.join(_TOKENS)}, but {what}.")
    if settings.kafka_oauth_token_url is None and (left := _set(settings, _CLIENT)):
        raise UsageError(f"{left[0]} is for a token endpoint, but kafka_oauth_token_url is not given.")
    if settings.kafka_oauth_token is not None:
        return FixedToken(settings.kafka_oauth_token)
    if settings.kafka_oauth_token_file is not None:
        # A file that is wrong from the start is said now, not by a client that keeps trying.
        read_secret_file("kafka_oauth_token_file", settings.kafka_oauth_token_file)
        return FileTokens(settings.kafka_oauth_token_file)
    secret = read_secret(settings, "kafka_oauth_client_secret")
    if settings.kafka_oauth_client_id is None or secret is None:
        raise UsageError(
            "kafka_oauth_token_url needs kafka_oauth_client_id and kafka_oauth_client_secret (or its _file)."
        )
    return EndpointTokens(
        settings.kafka_oauth_token_url or "", settings.kafka_oauth_client_id, secret, settings.kafka_oauth_scope
    )


def _tls_context(settings: Settings) -> ssl.SSLContext:
    ca, cert, key = settings.kafka_ca_file, settings.kafka_cert_file, settings.kafka_key_file
    if cert is None and key is not None:
        raise UsageError(
            "kafka_key_file is given, but kafka_cert_file is not: a key without its certificate is no use."
        )
    password = read_secret(settings, "kafka_key_password")
    for setting, path in (("kafka_ca_file", ca), ("kafka_cert_file", cert), ("kafka_key_file", key)):
        if path is not None:
            _check_readable(setting, path)
    try:
        context = ssl.create_default_context(cafile=ca)
    except ssl.SSLError as error:
        raise UsageError(f"kafka_ca_file: {ca}: holds no certificate in PEM form.") from error
    if cert is not None:
        try:
            # Always a function: without one OpenSSL would ask on the terminal for the password of an encrypted key.
            context.load_cert_chain(cert, key, password=lambda: password or "")
        except (ssl.SSLError, ValueError) as error:
            raise UsageError(_why_no_certificate(cert, key, password, error)) from error
    return context


def _why_no_certificate(cert: Path, key: Path | None, password: str | None, error: Exception) -> str:
    reason = getattr(error, "reason", None) or str(error)
    if "MISMATCH" in reason:
        return f"kafka_cert_file: {cert}: the certificate is not that of the key in {key or cert}."
    text = (key or cert).read_text("utf-8", errors="replace")
    if "ENCRYPTED" in text:
        which = "is wrong" if password else "is missing: set it, or kafka_key_password_file"
        return f"kafka_key_password: {key or cert}: the key is encrypted, and its password {which}."
    setting = "kafka_key_file and kafka_cert_file" if key else "kafka_cert_file"
    files = f"{cert} and {key}" if key else f"{cert}"
    return f"{setting}: {files}: need a certificate and its key in PEM form ({reason})."


def _check_readable(setting: str, path: Path) -> None:
    # Ssl itself does not say which of the files it means.
    try:
        path.open("rb").close()
    except OSError as error:
        raise UsageError(f"{setting}: {path}: cannot be read ({error.strerror or error}). Check the path.") from error


def _set(settings: Settings, names: Iterable[str]) -> list[str]:
    return [name for name in names if getattr(settings, name) is not None]
