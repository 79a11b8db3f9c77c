"""Secrets are read as they are meant, and shown nowhere."""

from __future__ import annotations

import pytest

from evalstream.streams.errors import UsageError
from evalstream.streams.settings import Settings, load_settings
from evalstream.streams.settings.masking import masked_url
from evalstream.streams.settings.secrets import read_secret


@pytest.mark.parametrize(
    ("text", "secret"),
    [("s3kr1t", "s3kr1t"), ("s3kr1t\n", "s3kr1t"), ("s3kr1t\r\n", "s3kr1t"), (" a b \n", " a b "), ("a\n\n", "a\n")],
)
def test_a_line_break_at_the_end_of_a_file_is_no_part_of_the_secret(folder, text, secret):
    (folder / "pw").write_bytes(text.encode())
    assert read_secret(Settings(kafka_password_file="pw"), "kafka_password") == secret


def test_without_a_secret_there_is_none():
    assert read_secret(Settings(), "kafka_password") is None
    assert read_secret(Settings(kafka_password="s3kr1t"), "kafka_password") == "s3kr1t"


@pytest.mark.parametrize(
    ("data", "words"), [(None, "No such file"), (b"", "is empty"), (b"\n", "is empty"), (b"\xffs3kr1t", "not UTF-8")]
)
def test_a_file_without_a_secret_is_named_with_its_setting(folder, data, words):
    if data is not None:
        (folder / "pw").write_bytes(data)
    with pytest.raises(UsageError, match=words) as caught:
        read_secret(Settings(kafka_password_file="pw"), "kafka_password")
    assert str(caught.value).startswith("kafka_password_file: pw: ")
    assert "s3kr1t" not in str(caught.value)


def test_a_secret_and_a_file_at_once():
    with pytest.raises(UsageError, match="leave one of them out"):
        read_secret(Settings(kafka_password="s3kr1t", kafka_password_file="pw"), "kafka_password")


def test_nothing_that_is_printed_of_settings_shows_a_secret(monkeypatch):
    monkeypatch.setenv("EVALSTREAM_KAFKA_PASSWORD", "s3kr1t")
    monkeypatch.setenv("EVALSTREAM_BROKER", "kafka://ann:s3kr1t@host:9092")
    loaded = load_settings()
    for text in (str(loaded), repr(loaded), str(loaded.settings), repr(loaded.settings)):
        assert "ann:********@host:9092" in text
        assert "s3kr1t" not in text


@pytest.mark.parametrize(
    "url",
    [
        "kafka://ann:s3kr1t@host:9092",
        "kafka://ann:s3kr1t@one,two",
        "kafka://ann:s3kr1t@one,kafka://bob:s3kr1t@two",
        "kafka://ann:@s3kr1t/s3kr1t,s3kr1t;s3kr1t:s3kr1t?s3kr1t#s3kr1t\ns3kr1t@host",
        "kafka://:s3kr1t@host",
        "kafka://one,ann:s3kr1t@two",
        "kafka://one:9092,ann:s3kr1t@two",
        "kafka://ann://s3kr1t@host",
        "ann:s3kr1t@host:9092",
    ],
)
def test_a_password_in_a_url_is_masked_whatever_is_in_it(url):
    assert "s3kr1t" not in masked_url(url)
    assert masked_url(url).count("********") == 1


@pytest.mark.parametrize("url", ["kafka://one:9092,two:9092", "embedded:///home/me@here/x", "memory://", "", "a@b:c"])
def test_a_url_without_a_password_stays_as_it_is(url):
    assert masked_url(url) == url
