"""Tokens: asked for once, renewed in time, and safe to ask for from several threads and loops."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest
from pydantic import SecretStr

from evalstream.streams.errors import BrokerError, TokenError
from evalstream.streams.kafka_tokens import EndpointTokens, FileTokens, FixedToken


class Endpoint:
    """A token endpoint: gives t1, t2, and so on, each for 100 seconds, unless ``answer`` says otherwise."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, list[str]]]] = []
        self.answer: tuple[int, bytes] | None = None
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                endpoint.requests.append((self.headers["Authorization"], parse_qs(body)))
                token = {"access_token": f"t{len(endpoint.requests)}", "token_type": "Bearer", "expires_in": 100}
                status, data = endpoint.answer or (200, json.dumps(token).encode())
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/token"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    for name in ("HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    made = Endpoint()
    yield made
    made.close()


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def ask(provider) -> str:
    return asyncio.run(provider.token())


def refused(provider) -> str:
    with pytest.raises(TokenError) as caught:
        ask(provider)
    assert "s3kr1t" not in str(caught.value)
    return str(caught.value)


def test_a_fixed_token_stays():
    provider = FixedToken(SecretStr("t0ken"))
    assert ask(provider) == "t0ken"
    assert "t0ken" not in repr([provider, vars(provider)])


# Files


def test_a_file_is_read_again_when_it_changes(tmp_path):
    path = tmp_path / "token"
    path.write_text("one\n")
    provider = FileTokens(path)
    assert ask(provider) == "one"
    path.write_text("three")
    assert ask(provider) == "three"


def test_a_link_that_is_swapped_is_a_change(tmp_path):
    """As Kubernetes does it: the new file may be as long and as old as the former one."""
    for name in ("one", "two"):
        (tmp_path / name).write_text(name)
        os.utime(tmp_path / name, (1, 1))
    (tmp_path / "token").symlink_to("one")
    provider = FileTokens(tmp_path / "token")
    assert ask(provider) == "one"
    (tmp_path / "next").symlink_to("two")
    (tmp_path / "next").replace(tmp_path / "token")
    assert ask(provider) == "two"


def test_a_file_that_has_not_changed_is_not_read(tmp_path, monkeypatch):
    path = tmp_path / "token"
    path.write_text("one")
    provider = FileTokens(path)
    ask(provider)
    monkeypatch.setattr("evalstream.streams.kafka_tokens.read_secret_file", lambda *_: pytest.fail("read again"))
    assert ask(provider) == "one"


def test_a_file_that_is_gone_or_empty_is_no_token_just_now(tmp_path):
    path = tmp_path / "token"
    provider = FileTokens(path)
    assert "No such file" in refused(provider)
    path.write_text("")
    assert "is empty" in refused(provider)
    path.write_text("one")
    assert ask(provider) == "one"


# Endpoints


def test_the_client_logs_in_and_asks_for_its_scope(endpoint):
    assert ask(EndpointTokens(endpoint.url, "evals", "s3kr1t", "kafka")) == "t1"
    ((login, form),) = endpoint.requests
    assert login == f"Basic {base64.b64encode(b'evals:s3kr1t').decode()}"
    assert form == {"grant_type": ["client_credentials"], "scope": ["kafka"]}


def test_odd_characters_in_a_client_id_and_its_secret_are_encoded_as_in_a_form(endpoint):
    ask(EndpointTokens(endpoint.url, "a:b", "c d%é"))
    ((login, form),) = endpoint.requests
    assert base64.b64decode(login.removeprefix("Basic ")) == b"a%3Ab:c+d%25%C3%A9"
    assert "scope" not in form


def test_a_token_is_kept_for_four_fifths_of_its_life(endpoint):
    clock = Clock()
    provider = EndpointTokens(endpoint.url, "evals", "s3kr1t", clock=clock)
    assert ask(provider) == "t1"
    clock.now += 79
    assert ask(provider) == "t1"
    clock.now += 1
    assert ask(provider) == "t2"
    assert len(endpoint.requests) == 2


def test_many_who_ask_at_once_from_several_loops_cause_one_request(endpoint):
    provider = EndpointTokens(endpoint.url, "evals", "s3kr1t")

    async def many() -> list[str]:
        return await asyncio.gather(*(provider.token() for _ in range(5)))

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: asyncio.run(many()), range(4)))
    assert {token for tokens in answers for token in tokens} == {"t1"}
    assert len(endpoint.requests) == 1


def test_the_old_token_serves_while_the_endpoint_fails_and_only_as_long_as_it_lives(endpoint, caplog):
    clock = Clock()
    provider = EndpointTokens(endpoint.url, "evals", "s3kr1t", clock=clock)
    ask(provider)
    endpoint.answer = 503, b""
    clock.now += 90
    assert ask(provider) == "t1"
    assert "status 503" in caplog.text
    assert "another 10 s" in caplog.text
    assert "s3kr1t" not in caplog.text
    clock.now += 10
    assert "status 503" in refused(provider)
    endpoint.answer = None
    assert ask(provider) == "t4"


def test_a_refusal_says_why_but_no_more_than_that(endpoint):
    answer = {"error": "invalid_client", "error_description": "Unknown client", "debug": "s3kr1t"}
    endpoint.answer = 401, json.dumps(answer).encode()
    message = refused(EndpointTokens(endpoint.url, "evals", "s3kr1t"))
    assert message.startswith(f"The token endpoint {endpoint.url} refused with status 401")
    assert ", invalid_client, Unknown client." in message


@pytest.mark.parametrize(
    "body", [b"", b"s3kr1t", b"[]", b"null", b"{}", b'{"access_token": null}', b'{"access_token": ""}', b"\xff"]
)
def test_an_answer_without_a_token(endpoint, body):
    endpoint.answer = 200, body
    assert "answered without an access_token" in refused(EndpointTokens(endpoint.url, "evals", "s3kr1t"))


@pytest.mark.parametrize("lifetime", ["null", '"soon"', "-1", "0", "1e999", "[]"])
def test_a_lifetime_that_makes_no_sense_is_five_minutes(endpoint, lifetime):
    clock = Clock()
    endpoint.answer = 200, f'{{"access_token": "t0ken", "expires_in": {lifetime}}}'.encode()
    provider = EndpointTokens(endpoint.url, "evals", "s3kr1t", clock=clock)
    ask(provider)
    clock.now += 239
    ask(provider)
    assert len(endpoint.requests) == 1
    clock.now += 1
    ask(provider)
    assert len(endpoint.requests) == 2


def test_an_endpoint_that_is_not_there(endpoint):
    endpoint.close()
    assert "does not answer" in refused(EndpointTokens(endpoint.url, "evals", "s3kr1t"))


def test_an_address_with_a_password_is_masked():
    message = refused(EndpointTokens("http://ann:s3kr1t@127.0.0.1:1/", "evals", "s3kr1t"))
    assert message.startswith("The token endpoint http://ann:********@127.0.0.1:1/ does not answer (")


@pytest.mark.parametrize("url", ["http://127.0.0.1:notaport/", "http://ann:s3kr1t/x@host"])
def test_an_address_that_makes_no_sense(url):
    assert "mend kafka_oauth_token_url" in refused(EndpointTokens(url, "evals", "s3kr1t"))


def test_to_kafkas_clients_a_missing_token_is_a_connection_that_failed():
    assert issubclass(TokenError, BrokerError)
    assert issubclass(TokenError, OSError)
