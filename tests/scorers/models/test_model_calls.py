"""What a call does when its service misbehaves, for each of the three APIs."""

from __future__ import annotations

import asyncio
import ssl
import time

import pytest
import trustme
from judge_server import JudgeServer, Reply, openai_answer
from waiting import wait_for

from evalstream.scorers import (
    GenerateConfig,
    ModelAnswerError,
    ModelCallError,
    get_model,
)
from evalstream.streams.scoring.retries import is_transient

from .asking import ANSWERS, SECRET, ask, each_api, judge


@each_api
@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 529])
def test_a_status_that_passes_is_waited_for(server, api, status):
    server.says(Reply(b"busy", status), Reply(b"busy", status), Reply(ANSWERS[api]("GRADE: I")))
    assert ask(judge(server, api)).completion == "GRADE: I"
    assert len(server.asked) == 3


@each_api
@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 301])
def test_a_status_that_stays_is_an_error_at_once(server, api, status):
    server.says(Reply({"error": {"message": "No such model"}}, status))
    with pytest.raises(ModelCallError, match=rf"{api}/judge: .* status {status}.*No such model") as caught:
        ask(judge(server, api))
    assert caught.value.status == status and not is_transient(caught.value)
    assert len(server.asked) == 1


@each_api
def test_a_connection_that_is_cut_is_made_again(server, api):
    good = Reply(ANSWERS[api]("GRADE: C"))
    server.says(Reply(good.body, cut=-1), Reply(good.body, cut=0), Reply(good.body, cut=20), good)
    assert ask(judge(server, api)).completion == "GRADE: C"
    assert len(server.asked) == 4


@each_api
@pytest.mark.parametrize(
    "body", [b"<html>Bad gateway</html>", b"", b'{"choices": [', b"\xff\xfe", b"null", b"[]", b'"x"']
)
def test_what_is_no_answer_is_asked_for_again_and_then_an_error(server, api, body):
    server.always = lambda _: Reply(body)
    with pytest.raises(ModelAnswerError, match=f"{api}/judge: the answer ") as caught:
        ask(judge(server, api, max_retries=2))
    assert len(server.asked) == 3 and not is_transient(caught.value)


@pytest.mark.parametrize(
    ("api", "body"),
    [
        ("openai", {"choices": []}),
        ("openai", {"choices": None}),
        ("openai", {"choices": [{"index": 0}]}),
        ("openai", {"choices": ["text"]}),
        ("anthropic", {"content": []}),
        ("anthropic", {"type": "message"}),
        ("google", {"candidates": []}),
        ("google", {"candidates": "none"}),
    ],
)
def test_an_answer_without_choices_is_asked_for_again(server, api, body):
    server.says(Reply(body), Reply(ANSWERS[api]("GRADE: C")))
    assert ask(judge(server, api)).completion == "GRADE: C"


@each_api
def test_an_answer_that_trickles_ends_with_its_time(server, api):
    server.says(Reply(ANSWERS[api]("GRADE: C"), drip=0.02), Reply(ANSWERS[api]("GRADE: I")))
    assert ask(judge(server, api, attempt_timeout=0.2)).completion == "GRADE: I"


def test_a_service_that_does_not_answer_is_an_error_that_waiting_may_mend(server):
    server.always = lambda _: Reply(openai_answer("late"), delay=5.0)
    with pytest.raises(
        ModelCallError, match=r"no answer from http://127.0.0.1:\d+/v1/chat/completions within 0.05 s"
    ) as e:
        ask(judge(server, attempt_timeout=0.05, max_retries=1))
    assert is_transient(e.value) and len(server.asked) == 2


def test_retries_and_all_take_no_longer_than_the_timeout(server):
    server.always = lambda _: Reply(b"busy", 503)
    with pytest.raises(ModelCallError, match=r"within 0\.3 s, retries included") as caught:
        ask(judge(server, timeout=0.3, max_retries=1000))
    assert is_transient(caught.value)


def test_a_port_on_which_nobody_listens_is_an_error_that_waiting_may_mend(server):
    model = get_model("vllm/judge", base_url="http://127.0.0.1:9/v1", config=GenerateConfig(max_retries=1))
    with pytest.raises(
        ModelCallError, match=r"no answer from http://127.0.0.1:9/v1/chat/completions \(ConnectError"
    ) as e:
        ask(model)
    assert is_transient(e.value)


def test_a_service_that_asks_to_wait_is_given_that_time(server):
    server.says(Reply(b"slow down", 429, {"retry-after": "0.3"}), Reply(openai_answer("GRADE: C")))
    begun = time.monotonic()
    ask(judge(server))
    assert time.monotonic() - begun >= 0.3


def test_a_service_that_asks_to_wait_for_hours_is_an_error_at_once(server):
    server.says(Reply(b"quota", 429, {"retry-after": "7200"}))
    with pytest.raises(ModelCallError) as caught:
        ask(judge(server))
    assert (caught.value.retry_after, is_transient(caught.value)) == (7200.0, True)


def test_an_error_in_an_answer_of_status_200_is_an_error(server):
    server.says(
        Reply({"error": {"code": 502, "message": "upstream"}}), Reply({"error": {"code": 400, "message": "no"}})
    )
    with pytest.raises(ModelCallError, match="answered with an error: no"):
        ask(judge(server))
    assert len(server.asked) == 2


def test_an_endless_answer_is_cut_off(server, monkeypatch):
    monkeypatch.setattr("evalstream.scorers.models.http.LONGEST_BODY", 1000)
    server.says(Reply(openai_answer("x" * 2000)))
    with pytest.raises(ModelAnswerError, match="longer than 1000 bytes"):
        ask(judge(server, max_retries=0))


@each_api
def test_a_key_is_in_no_error_and_no_repr(server, api):
    server.always = lambda asked: Reply({"error": f"Incorrect API key provided: {SECRET}"}, 401)
    model = judge(server, api)
    with pytest.raises(ModelCallError) as caught:
        ask(model)
    shown = "".join(
        (repr(caught.value), str(caught.value), repr(model), repr(vars(model)), repr(caught.value.__dict__))
    )
    assert SECRET not in shown and "***" in shown
    assert caught.value.__cause__ is None


@each_api
def test_a_key_goes_in_the_header_that_its_service_wants(server, api):
    server.says(Reply(ANSWERS[api]("GRADE: C")))
    ask(judge(server, api))
    name, value = {
        "openai": ("authorization", f"Bearer {SECRET}"),
        "anthropic": ("x-api-key", SECRET),
        "google": ("x-goog-api-key", SECRET),
    }[api]
    assert server.asked[0].headers[name] == value
    assert SECRET not in server.asked[0].path


def test_nothing_secret_is_logged(server, caplog):
    caplog.set_level("DEBUG")
    server.says(Reply(b"busy", 503), Reply(openai_answer("GRADE: C")))
    ask(judge(server))
    assert SECRET not in caplog.text


def test_a_service_is_spoken_to_in_tls_and_must_show_a_certificate_that_is_trusted(tmp_path, monkeypatch):
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with JudgeServer(tls=context) as secure:
        with pytest.raises(ModelCallError, match="certificate verify failed"):
            ask(judge(secure, max_retries=0))
        assert secure.asked == []
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        assert ask(judge(secure)).completion == "GRADE: C"


def test_a_proxy_of_the_environment_is_used(server, monkeypatch):
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.setenv("http_proxy", server.url)
    assert ask(get_model("vllm/judge", base_url="http://judge.invalid/v1")).completion == "GRADE: C"
    assert server.asked[0].path == "http://judge.invalid/v1/chat/completions"


def test_connections_are_kept_for_the_next_call_and_closed_with_the_loop(server):
    async def several():
        for _ in range(3):
            await judge(server).generate("Is it right?")
        assert server.open == 1

    asyncio.run(several())
    assert len(server.asked) == 3 and server.connections == 1
    wait_for(lambda: server.open == 0, "the connections to close")


def test_a_model_may_be_asked_from_one_event_loop_after_another(server):
    model = judge(server)
    assert [ask(model).completion for _ in range(3)] == ["GRADE: C"] * 3
    assert server.connections == 3
