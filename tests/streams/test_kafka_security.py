"""What Kafka's clients are told: for each mechanism, and for certificates that are in order and others."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest
import trustme
from aiokafka import AIOKafkaProducer
from aiokafka.conn import OAuthAuthenticator
from cryptography.hazmat.primitives import serialization

from evalstream.streams.errors import UsageError
from evalstream.streams.kafka_security import kafka_security, security_protocol
from evalstream.streams.kafka_tokens import EndpointTokens, FileTokens
from evalstream.streams.settings import Settings

ENDPOINT = {
    "kafka_oauth_token_url": "https://example.org/token",
    "kafka_oauth_client_id": "evals",
    "kafka_oauth_client_secret": "s3kr1t",
}


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def files(ca, tmp_path) -> dict[str, Path]:
    """The authority's certificate, and a client's certificate and key, as files and as one."""
    client = ca.issue_cert("worker@example.org")
    paths = {name: tmp_path / f"{name}.pem" for name in ("ca", "cert", "key", "both")}
    ca.cert_pem.write_to_path(str(paths["ca"]))
    client.cert_chain_pems[0].write_to_path(str(paths["cert"]))
    client.private_key_pem.write_to_path(str(paths["key"]))
    client.private_key_and_cert_chain_pem.write_to_path(str(paths["both"]))
    return paths


@pytest.fixture
def encrypted_key(files) -> Path:
    key = serialization.load_pem_private_key(files["key"].read_bytes(), None)
    how = serialization.BestAvailableEncryption(b"s3kr1t")
    form = serialization.PrivateFormat.PKCS8
    files["key"].write_bytes(key.private_bytes(serialization.Encoding.PEM, form, how))
    return files["key"]


def refused(**settings) -> str:
    with pytest.raises(UsageError) as caught:
        kafka_security(Settings(**settings))
    assert "s3kr1t" not in str(caught.value)
    return str(caught.value)


def client_takes(arguments) -> bool:
    """Whether aiokafka's clients take the arguments; they judge them when they are made."""

    async def make() -> None:
        AIOKafkaProducer(bootstrap_servers="localhost:1", **arguments)

    asyncio.run(make())
    return True


def handshake(client: ssl.SSLContext, server: ssl.SSLContext, host: str = "localhost"):
    """Shake hands over buffers in memory; return what the server knows of the client's certificate."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server, server_hostname=host)
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    waiting = [ours, theirs]
    for _ in range(10):
        for side in list(waiting):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            waiting.remove(side)
    assert not waiting
    return theirs.getpeercert()


def server_of(ca: trustme.CA, wants_client: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost").configure_cert(context)
    if wants_client:
        ca.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


# Protocols and mechanisms


def test_without_settings_there_is_no_security():
    assert kafka_security(Settings()) == {"security_protocol": "PLAINTEXT"}


@pytest.mark.parametrize(
    ("settings", "protocol"),
    [
        ({"kafka_tls": True}, "SSL"),
        ({"kafka_tls": False}, "PLAINTEXT"),
        ({"kafka_ca_file": "x"}, "SSL"),
        ({"kafka_cert_file": "x"}, "SSL"),
        ({"kafka_sasl_mechanism": "PLAIN"}, "SASL_PLAINTEXT"),
        ({"kafka_sasl_mechanism": "OAUTHBEARER", "kafka_tls": False}, "SASL_PLAINTEXT"),
        ({"kafka_sasl_mechanism": "OAUTHBEARER", "kafka_tls": True}, "SASL_SSL"),
        ({"kafka_sasl_mechanism": "SCRAM-SHA-512", "kafka_ca_file": "x", "kafka_tls": True}, "SASL_SSL"),
    ],
)
def test_the_protocol_follows_from_what_is_given(settings, protocol):
    assert security_protocol(Settings(**settings)) == protocol


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
@pytest.mark.parametrize("tls", [True, None])
def test_a_user_name_and_a_password(mechanism, tls):
    login = {"kafka_sasl_mechanism": mechanism, "kafka_username": "ann", "kafka_password": "s3kr1t"}
    arguments = kafka_security(Settings(kafka_tls=tls, **login))
    context = arguments.pop("ssl_context", None)
    assert isinstance(context, ssl.SSLContext) if tls else context is None
    assert arguments == {
        "security_protocol": "SASL_SSL" if tls else "SASL_PLAINTEXT",
        "sasl_mechanism": mechanism,
        "sasl_plain_username": "ann",
        "sasl_plain_password": "s3kr1t",
    }
    assert client_takes(arguments | ({"ssl_context": context} if tls else {}))


def test_a_password_may_be_in_a_file(tmp_path):
    (tmp_path / "pw").write_text("s3kr1t\n")
    login = {"kafka_sasl_mechanism": "PLAIN", "kafka_username": "ann", "kafka_password_file": tmp_path / "pw"}
    assert kafka_security(Settings(**login))["sasl_plain_password"] == "s3kr1t"


def test_a_token_reaches_the_broker_as_the_mechanism_wants_it():
    arguments = kafka_security(Settings(kafka_sasl_mechanism="OAUTHBEARER", kafka_oauth_token="t0ken"))
    assert client_takes(arguments)
    assert set(arguments) == {"security_protocol", "sasl_mechanism", "sasl_oauth_token_provider"}
    sent = asyncio.run(OAuthAuthenticator(sasl_oauth_token_provider=arguments["sasl_oauth_token_provider"]).step(None))
    assert sent == (b"n,,\x01auth=Bearer t0ken\x01\x01", True)


def test_tokens_of_a_file_and_of_an_endpoint(tmp_path):
    (tmp_path / "token").write_text("t0ken")
    of_file = kafka_security(Settings(kafka_sasl_mechanism="OAUTHBEARER", kafka_oauth_token_file=tmp_path / "token"))
    assert isinstance(of_file["sasl_oauth_token_provider"], FileTokens)
    of_endpoint = kafka_security(Settings(kafka_sasl_mechanism="OAUTHBEARER", **ENDPOINT))
    assert isinstance(of_endpoint["sasl_oauth_token_provider"], EndpointTokens)
    assert client_takes(of_file)
    assert client_takes(of_endpoint)
    assert "s3kr1t" not in repr([of_endpoint, vars(of_endpoint["sasl_oauth_token_provider"])])


# Settings that make no sense together


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"kafka_username": "ann"}, ["kafka_username is given", "set it to PLAIN, SCRAM"]),
        ({"kafka_password": "s3kr1t"}, ["kafka_password is given", "kafka_sasl_mechanism is not"]),
        ({"kafka_oauth_token": "s3kr1t"}, ["kafka_oauth_token is given", "set it to OAUTHBEARER"]),
        ({"kafka_sasl_mechanism": "PLAIN"}, ["PLAIN", "set kafka_username"]),
        ({"kafka_sasl_mechanism": "PLAIN", "kafka_username": "a"}, ["set kafka_password (or kafka_password_file)"]),
        (
            {"kafka_sasl_mechanism": "PLAIN", "kafka_oauth_scope": "x"},
            ["kafka_oauth_scope is given", "is PLAIN", "OAUTHBEARER"],
        ),
        ({"kafka_sasl_mechanism": "OAUTHBEARER", "kafka_username": "ann"}, ["kafka_username", "is OAUTHBEARER"]),
        ({"kafka_sasl_mechanism": "OAUTHBEARER"}, ["kafka_oauth_token_file", "none is given"]),
        (
            {"kafka_sasl_mechanism": "OAUTHBEARER", "kafka_oauth_token": "s3kr1t", **ENDPOINT},
            ["kafka_oauth_token and kafka_oauth_token_url are given"],
        ),
        (
            {"kafka_sasl_mechanism": "OAUTHBEARER", "kafka_oauth_token": "s3kr1t", "kafka_oauth_client_id": "x"},
            ["kafka_oauth_client_id is for a token endpoint"],
        ),
        (
            {"kafka_sasl_mechanism": "OAUTHBEARER", **ENDPOINT, "kafka_oauth_client_secret": None},
            ["needs kafka_oauth_client_id and kafka_oauth_client_secret"],
        ),
        ({"kafka_sasl_mechanism": "OAUTHBEARER", "kafka_oauth_token_file": "nowhere"}, ["nowhere", "No such file"]),
        ({"kafka_tls": False, "kafka_ca_file": "ca.pem"}, ["kafka_tls is off", "kafka_ca_file"]),
        ({"kafka_key_file": "key.pem"}, ["kafka_key_file is given, but kafka_cert_file is not"]),
        ({"broker": "kafka://ann:s3kr1t@host"}, ["kafka_username", "--kafka-password-file"]),
        ({"broker": "kafka://ann:s3/kr1t@host"}, ["kafka_username"]),
    ],
)
def test_settings_that_contradict_each_other_or_lack_something(settings, words):
    message = refused(**settings)
    for word in words:
        assert word in message


# Certificates


def test_a_broker_with_a_certificate_of_the_given_authority_is_trusted_and_no_other(ca, files):
    context = kafka_security(Settings(kafka_ca_file=files["ca"]))["ssl_context"]
    handshake(context, server_of(ca))
    with pytest.raises(ssl.SSLCertVerificationError, match=r"self.signed|unable to get local issuer"):
        handshake(context, server_of(trustme.CA()))
    with pytest.raises(ssl.SSLCertVerificationError, match=r"[Hh]ostname"):
        handshake(context, server_of(ca), host="elsewhere.example.org")


def test_without_an_authority_those_of_the_system_are_trusted(ca):
    context = kafka_security(Settings(kafka_tls=True))["ssl_context"]
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(context, server_of(ca))


@pytest.mark.parametrize("names", [{"kafka_cert_file": "cert", "kafka_key_file": "key"}, {"kafka_cert_file": "both"}])
def test_a_client_shows_its_certificate(ca, files, names):
    settings = Settings(kafka_ca_file=files["ca"], **{setting: files[name] for setting, name in names.items()})
    context = kafka_security(settings)["ssl_context"]
    assert client_takes({"security_protocol": "SSL", "ssl_context": context})
    shown = handshake(context, server_of(ca, wants_client=True))
    assert ("email", "worker@example.org") in shown["subjectAltName"]


def test_a_key_may_be_encrypted(ca, files, encrypted_key, tmp_path):
    named = {"kafka_ca_file": files["ca"], "kafka_cert_file": files["cert"], "kafka_key_file": encrypted_key}
    (tmp_path / "pw").write_text("s3kr1t\n")
    for password in ({"kafka_key_password": "s3kr1t"}, {"kafka_key_password_file": tmp_path / "pw"}):
        context = kafka_security(Settings(**named, **password))["ssl_context"]
        assert handshake(context, server_of(ca, wants_client=True))


def test_an_encrypted_key_without_its_password_does_not_ask_on_the_terminal(files, encrypted_key):
    named = {"kafka_cert_file": files["cert"], "kafka_key_file": encrypted_key}
    assert "its password is missing" in refused(**named)
    assert "its password is wrong" in refused(**named, kafka_key_password="other")


@pytest.mark.parametrize("setting", ["kafka_ca_file", "kafka_cert_file", "kafka_key_file"])
def test_a_file_that_cannot_be_read_is_named_with_its_setting(files, setting, tmp_path):
    named = {"kafka_ca_file": files["ca"], "kafka_cert_file": files["cert"], "kafka_key_file": files["key"]}
    missing = tmp_path / "missing.pem"
    assert refused(**{**named, setting: missing}) == (
        f"{setting}: {missing}: cannot be read (No such file or directory). Check the path."
    )
    assert refused(**{**named, setting: tmp_path}).startswith(f"{setting}: {tmp_path}: cannot be read (Is a directory)")


@pytest.mark.parametrize("text", ["", "hello", "-----BEGIN CERTIFICATE-----\nhello\n-----END CERTIFICATE-----\n"])
def test_files_that_hold_something_else(files, text):
    (files["ca"].parent / "other.pem").write_text(text)
    other = files["ca"].parent / "other.pem"
    assert refused(kafka_ca_file=other) == f"kafka_ca_file: {other}: holds no certificate in PEM form."
    assert refused(kafka_cert_file=other).startswith(f"kafka_cert_file: {other}: need")
    assert str(other) in refused(kafka_cert_file=files["cert"], kafka_key_file=other)
    assert str(files["cert"]) in refused(kafka_cert_file=files["cert"])


def test_a_certificate_and_the_key_of_another(ca, files, tmp_path):
    ca.issue_cert("other@example.org").private_key_pem.write_to_path(str(tmp_path / "other.pem"))
    message = refused(kafka_cert_file=files["cert"], kafka_key_file=tmp_path / "other.pem")
    assert "the certificate is not that of the key" in message
