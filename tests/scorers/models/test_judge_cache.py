from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from judge_server import JudgeServer, Reply, openai_answer

from evalstream.scorers import GenerateConfig, JudgeCache, ModelCallError, ModelContext, get_model, use_context
from evalstream.scorers.models import cache as cache_module

KEY = "sk-very-secret-0123456789"


@pytest.fixture
def cache(tmp_path):
    made = JudgeCache(tmp_path / "folder" / "judges.sqlite")
    yield made
    made.close()


def ask(server, cache, question="Is it right?", epoch=1, key=KEY, name="vllm/judge", cached=None, **config):
    async def call():
        with use_context(ModelContext(cache=cache, epoch=epoch)):
            model = get_model(name, base_url=f"{server.url}/v1", api_key=key, config=GenerateConfig(**config))
            return (await model.generate(question, cache=cached)).completion

    return asyncio.run(call())


def test_the_same_question_is_asked_once(server, cache):
    server.says(Reply(openai_answer("one")), Reply(openai_answer("two")))
    assert [ask(server, cache), ask(server, cache)] == ["one", "one"]
    assert len(server.asked) == 1


def test_a_stored_answer_is_the_whole_answer(server, cache):
    async def call():
        with use_context(ModelContext(cache=cache)):
            return await get_model("vllm/judge", base_url=f"{server.url}/v1").generate("?")

    first, second = asyncio.run(call()), asyncio.run(call())
    assert first.model_dump() == second.model_dump()


@pytest.mark.parametrize(
    "other",
    [
        {"question": "Is it wrong?"},
        {"epoch": 2},
        {"name": "vllm/another"},
        {"name": "ollama/judge"},
        {"temperature": 0.5},
        {"system_message": "Be strict."},
        {"extra_body": {"top_a": 1}},
        {"extra_headers": {"x-mode": "strict"}},
    ],
)
def test_whatever_decides_the_answer_makes_it_another_question(server, cache, other):
    ask(server, cache)
    ask(server, cache, **other)
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    "other",
    [{"key": "another-key"}, {"max_retries": 1}, {"timeout": 9.0}, {"extra_headers": {"x-auth": "s"}}],
)
def test_whatever_does_not_decide_the_answer_does_not(server, cache, other):
    ask(server, cache)
    ask(server, cache, **other)
    assert len(server.asked) == 1


def test_another_url_is_another_question(server, cache):
    ask(server, cache)
    with JudgeServer() as other:
        ask(other, cache)
        assert len(other.asked) == 1


def test_a_call_may_go_without_the_cache(server, cache):
    ask(server, cache)
    ask(server, cache, cached=False)
    ask(server, None)
    assert len(server.asked) == 3


def test_a_failure_is_not_kept(server, cache):
    server.says(Reply(b"no", 400))
    with pytest.raises(ModelCallError):
        ask(server, cache)
    begun = time.monotonic()
    assert ask(server, cache) == "GRADE: C"
    assert time.monotonic() - begun < 5  # nor is its lease waited for


def test_a_call_that_is_cancelled_gives_up_its_lease(server, cache):
    server.says(Reply(openai_answer("late"), delay=30))

    async def give_up():
        with use_context(ModelContext(cache=cache)):
            model = get_model("vllm/judge", base_url=f"{server.url}/v1", api_key=KEY)
            task = asyncio.create_task(model.generate("Is it right?"))
            while not server.asked:
                await asyncio.sleep(0.01)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    asyncio.run(give_up())
    assert ask(server, cache) == "GRADE: C"


def test_those_who_ask_the_same_at_once_make_one_call(server, cache):
    server.always = lambda _: Reply(openai_answer("GRADE: C"), delay=0.1)

    async def one():
        with use_context(ModelContext(cache=cache)):
            return await get_model("vllm/judge", base_url=f"{server.url}/v1").generate("?")

    async def many():
        return await asyncio.gather(*(one() for _ in range(20)))

    assert {output.completion for output in asyncio.run(many())} == {"GRADE: C"}
    assert len(server.asked) == 1


def test_one_scorer_that_asks_the_same_several_times_gets_several_answers_and_the_same_ones_again(server, cache):
    server.says(*(Reply(openai_answer(text)) for text in ("a", "b", "c")))

    async def panel():
        with use_context(ModelContext(cache=cache)):
            model = get_model("vllm/judge", base_url=f"{server.url}/v1")
            outputs = await asyncio.gather(*(model.generate("?") for _ in range(3)))
            return sorted(output.completion for output in outputs)

    assert [asyncio.run(panel()), asyncio.run(panel())] == [["a", "b", "c"]] * 2
    assert len(server.asked) == 3


def test_a_cache_that_is_closed_while_questions_are_under_way_keeps_their_answers(cache, caplog):
    async def ask(number: int) -> None:
        async with cache.ask(f"question {number}") as asked:
            asked.keep(b"answer")

    async def all_of_them() -> None:
        await asyncio.gather(*(ask(number) for number in range(300)))

    with ThreadPoolExecutor(1) as elsewhere:
        asking = elsewhere.submit(asyncio.run, all_of_them())
        while not asking.done():
            cache.close()
        asking.result()
    assert caplog.text == ""
    cache.close()
    with contextlib.closing(sqlite3.connect(cache.path)) as file:
        assert file.execute("select count(*) from answers where answer = cast('answer' as blob)").fetchone() == (300,)


def test_an_answer_that_cannot_be_written_is_given_all_the_same(server, cache, monkeypatch, caplog):
    def full(*_):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(cache, "_end", full)
    assert ask(server, cache) == "GRADE: C"
    assert "the judge cache cannot be used: database or disk is full" in caplog.text


def test_where_there_can_be_no_file_judges_are_asked_without(server, tmp_path, caplog):
    (tmp_path / "file").write_text("no folder")
    nowhere = JudgeCache(tmp_path / "file" / "judges.sqlite")
    assert [ask(server, nowhere), ask(server, nowhere)] == ["GRADE: C"] * 2
    nowhere.close()
    assert caplog.text.count("no answers of judges are kept: ") == 1


PROGRAM = """
import asyncio, sys
from evalstream.scorers import JudgeCache, ModelContext, get_model, use_context

async def main(path, url):
    cache = JudgeCache(path)
    with use_context(ModelContext(cache=cache)):
        model = get_model("vllm/judge", base_url=url)
        outputs = await asyncio.gather(*(model.generate(f"question {n}") for n in range(30)))
    cache.close()
    print(len({output.completion for output in outputs}))

asyncio.run(main(sys.argv[1], sys.argv[2]))
"""


def test_processes_that_ask_the_same_at_once_share_their_calls(server, cache):
    server.always = lambda asked: Reply(openai_answer(asked.body["messages"][0]["content"]), delay=0.1)
    command = [sys.executable, "-c", PROGRAM, str(cache.path), f"{server.url}/v1"]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [process.communicate(timeout=60)[0].strip() for process in processes] == ["30"] * 3
    assert len(server.asked) == 30


def test_a_lease_whose_owner_died_expires(server, cache, monkeypatch):
    monkeypatch.setattr(cache_module, "LEASE_SECONDS", 0.3)

    async def die():
        dying = cache.ask("key")
        await dying.__aenter__()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:  # nobody renews it any more
            task.cancel()
        begun = time.monotonic()
        async with cache.ask("key") as asked:
            assert asked.answer is None
            return time.monotonic() - begun

    assert asyncio.run(die()) >= 0.2


def test_a_lease_is_renewed_while_its_owner_lives(cache, monkeypatch):
    monkeypatch.setattr(cache_module, "LEASE_SECONDS", 0.15)

    async def run():
        async def other():
            async with cache.ask("key") as asked:
                return asked.answer

        async with cache.ask("key") as asked:
            waiting = asyncio.create_task(other())
            await asyncio.sleep(0.5)
            assert not waiting.done()
            asked.keep(b"an answer")
        return await waiting

    assert asyncio.run(run()) == b"an answer"


def test_nothing_secret_is_in_the_file_and_only_its_owner_may_read_it(server, cache):
    ask(server, cache, extra_headers={"x-api-key": "another-secret"})
    cache.close()
    folder = cache.path.parent
    assert all(KEY.encode() not in file.read_bytes() for file in folder.iterdir())
    assert all(b"another-secret" not in file.read_bytes() for file in folder.iterdir())
    assert cache.path.stat().st_mode & 0o077 == 0


def test_an_answer_in_a_form_of_another_day_is_asked_for_again(server, cache, monkeypatch):
    ask(server, cache)

    async def spoil():
        cache._open().execute("update answers set answer = ?", (b'{"choices": 3}',))

    asyncio.run(spoil())
    assert ask(server, cache) == "GRADE: C"
    assert len(server.asked) == 2


def test_a_file_that_is_no_cache_is_named(server, tmp_path):
    path: Path = tmp_path / "judges.sqlite"
    path.write_bytes(b"not a database, but long enough to be taken for one" * 100)
    broken = JudgeCache(path)
    with pytest.raises(OSError, match=r"judges\.sqlite: the judge cache cannot be used: .*Delete it, or go without"):
        ask(server, broken)
    broken.close()
    assert server.asked == []
