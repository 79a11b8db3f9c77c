"""What is wrong with a setting is said in one line: where it stands, which one it is, and what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalstream.streams.errors import UsageError
from evalstream.streams.settings import Settings, load_settings


def message(options=None, config=None):
    with pytest.raises(UsageError) as caught:
        load_settings(options, config)
    assert "\n" not in str(caught.value)
    return str(caught.value)


BAD = [
    ("scorer_timeout", "soon", "must be a number, not 'soon'"),
    ("scorer_timeout", "0", "must be greater than 0, not '0'"),
    ("scorer_timeout", "nan", "must be a finite number, not 'nan'"),
    ("window_samples", "many", "must be a whole number, not 'many'"),
    ("window_samples", "1.5", "must be a whole number"),
    ("metrics_port", "70000", "must be less than or equal to 65535"),
    ("session_timeout", "1", "must be greater than or equal to 6"),
    ("kafka_tls", "perhaps", "must be true or false, not 'perhaps'"),
    ("kafka_sasl_mechanism", "GSSAPI", "must be 'PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512' or 'OAUTHBEARER'"),
    ("kafka_oauth_token_url", "example.org", "must begin with https://"),
    ("app_id", "two words", "letters, digits"),
    ("topic_prefix", "a/b", "letters, digits"),
]

each_bad_value = pytest.mark.parametrize(("name", "value", "words"), BAD)


@each_bad_value
def test_a_bad_variable(monkeypatch, name, value, words):
    monkeypatch.setenv(f"EVALSTREAM_{name.upper()}", value)
    assert message().startswith(f"EVALSTREAM_{name.upper()}: ")
    assert words in message()


@each_bad_value
def test_a_bad_option(name, value, words):
    said = message({name: value})
    assert said.startswith(f"--{name.replace('_', '-')}: ")
    assert words in said


@each_bad_value
def test_a_bad_key(write, name, value, words):
    write(f"{name} = {value!r}")
    assert message().startswith(f"evalstream.toml, {name}: ")
    assert words in message()


@pytest.mark.parametrize(
    "text", ["partitions = true", "partitions = [1]", "log_dir = 5", "broker = 5", "kafka_tls = 5"]
)
def test_a_key_of_another_type(write, text):
    write(text)
    assert message().startswith(f"evalstream.toml, {text.split(' = ')[0]}: must ")


def test_an_empty_app_id(write):
    write('app_id = ""')
    assert message() == "evalstream.toml, app_id: must not be empty, not ''."


def test_all_that_is_wrong_is_said_at_once(write, monkeypatch):
    write("partitions = 0")
    monkeypatch.setenv("EVALSTREAM_REPLICATION", "0")
    said = message()
    assert "evalstream.toml, partitions: " in said
    assert "EVALSTREAM_REPLICATION: " in said


@pytest.mark.parametrize(
    ("text", "key", "meant"),
    [
        ("borker = 'x'", "borker", "broker"),
        ("Broker = 'x'", "Broker", "broker"),
        ("username = 'x'", "username", "kafka_username"),
        ("[kafka]\nusrname = 'x'", "kafka.usrname", "kafka_username"),
        ("[kafak]\nusername = 'x'", "kafak.username", "kafka_username"),
        ("[broker]\nurl = 'x'", "broker.url", "broker"),
    ],
)
def test_an_unknown_key_names_the_nearest_one(write, text, key, meant):
    write(text)
    assert message() == f"evalstream.toml: there is no setting {key}. Did you mean {meant}?"


def test_a_key_in_the_wrong_table(write):
    write("[metrics]\npartitions = 5")
    assert (
        message()
        == "evalstream.toml: there is no setting metrics.partitions. partitions stands at the top, or in [kafka]."
    )


def test_an_unknown_key_that_is_near_to_none(write):
    write("colour = 'red'")
    assert message() == "evalstream.toml: there is no setting colour. `evalstream config` lists all settings."


def test_a_key_that_is_given_twice(write):
    write("kafka_username = 'ann'\n[kafka]\nusername = 'bob'")
    assert message() == "evalstream.toml: kafka.username and kafka_username are the same: leave one out."


def test_a_secret_and_its_file_in_one_source(write, monkeypatch):
    write("[kafka]\npassword = 'x'\npassword_file = 'y'")
    assert message().startswith("evalstream.toml, kafka.password and evalstream.toml, kafka.password_file")
    write("")
    monkeypatch.setenv("EVALSTREAM_KAFKA_PASSWORD", "x")
    monkeypatch.setenv("EVALSTREAM_KAFKA_PASSWORD_FILE", "y")
    assert message().startswith("EVALSTREAM_KAFKA_PASSWORD and EVALSTREAM_KAFKA_PASSWORD_FILE say the same")


def test_a_file_that_is_not_there(monkeypatch, folder):
    assert message(config=Path("mine.toml")).startswith("--config: mine.toml: there is no such file.")
    monkeypatch.setenv("EVALSTREAM_CONFIG", "theirs.toml")
    assert message().startswith("EVALSTREAM_CONFIG: theirs.toml: there is no such file.")
    (folder / "some").mkdir()
    assert message(config=Path("some")).startswith("--config: some: is a folder.")


@pytest.mark.parametrize("text", [b"broker = ", b"broker: x", b"\xff", b"broker = 'x'\nbroker = 'y'"])
def test_a_file_that_is_not_toml(folder, text):
    (folder / "evalstream.toml").write_bytes(text)
    assert message().startswith("evalstream.toml: this is not TOML (")


def test_a_file_that_may_not_be_read(write, monkeypatch):
    write("")

    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert message().startswith("evalstream.toml: cannot be read (Permission denied).")


@pytest.mark.parametrize(
    "text", ["kafka_password = 12345", "kafka_oauth_token = ['12345']", "[kafka]\npassword = 12345"]
)
def test_a_secret_of_another_type_is_not_shown(write, text):
    write(text)
    assert "must be text" in message()
    assert "12345" not in message()


def test_a_url_with_a_password_is_not_shown(write):
    write("[kafka.oauth]\ntoken_url = 'ftp://ann:12345@example.org'")
    assert "ftp://ann:********@example.org" in message()
    assert "12345" not in message()


def test_a_list_of_urls_with_passwords_is_not_shown(write):
    write("broker = ['kafka://ann:12345@one', 'kafka://ann:12345@two']")
    assert "must be text, not ['kafka://ann:********@two']" in message()


def test_paths_that_cannot_be(write):
    assert "a user that is not known here" in message({"log_dir": "~nobody-of-this-name/logs"})
    write('log_dir = "a\\u0000b"')
    assert "must not hold a NUL" in message()
    assert "there is no such file" in message(config=Path("~nobody-of-this-name/x.toml"))


def test_code_with_a_bad_secret_gets_an_error_without_it():
    with pytest.raises(ValueError, match="kafka_password") as caught:
        Settings(kafka_password=12345)
    assert "12345" not in str(caught.value)
