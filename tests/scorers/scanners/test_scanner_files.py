"""Files of scanners, ours and inspect-scout's, where scorers are asked for."""

import inspect_scout
import pytest
from scanner_helpers import names, talk

from evalstream.scorers import (
    LoadError,
    TaskState,
    as_scorers,
    load_file,
    resolve_scorer,
    run_now,
)
from evalstream.scorers.results import ScorerInfo
from evalstream.scorers.results.options import create_from_log
from evalstream.scorers.scorer import metrics_of

FILE = """
from evalstream.scorers import Result, scanner

@scanner(messages=["assistant"])
def words(least: int = 0):
    async def scan(transcript):
        count = sum(len(m.text.split()) for m in transcript.messages)
        return Result(value=count) if count >= least else Result(value=None)
    return scan
"""


def test_a_file_of_scanners_is_a_file_of_scorers(tmp_path):
    (tmp_path / "words.py").write_text(FILE)
    made = resolve_scorer(str(tmp_path / "words.py"), {"least": 1})
    state = TaskState(input="Why?", output="because of it")
    assert run_now(made(state, state.target)).value == 3
    assert run_now(made(TaskState(input="Why?"), state.target)) is None


SCOUT_FILE = """
from inspect_ai.scorer import metric, mean
from inspect_scout import Result, Scanner, Transcript, scanner

@metric
def own():
    return lambda scores: 1.0

@scanner(messages="all", metrics=[{metrics}])
def counts(factor: int = 1) -> Scanner[Transcript]:
    async def scan(transcript: Transcript) -> Result:
        return Result(value=factor * len(transcript.messages), answer=type(transcript.messages[0]).__module__)
    return scan
"""


def test_a_file_of_inspect_scout_is_a_file_of_scorers(tmp_path):
    (tmp_path / "counts.py").write_text(SCOUT_FILE.format(metrics="mean()"))
    made = resolve_scorer(str(tmp_path / "counts.py"), {"factor": 2})
    assert names(metrics_of(made)) == ["inspect_ai/mean"]
    score = run_now(made(talk(), talk().target))
    assert (score.value, score.answer) == (6, "inspect_ai.model._chat_message")
    assert ScorerInfo.from_scorer(made).params == {"factor": 2}


def test_a_metric_that_was_written_for_inspect_goes_with_a_scanner(tmp_path):
    (tmp_path / "counts.py").write_text(SCOUT_FILE.format(metrics="own()"))
    made = resolve_scorer(str(tmp_path / "counts.py"))
    assert names(metrics_of(made)) == ["own"]


def test_scanners_of_inspect_scout_stand_where_scorers_are_asked_for():
    @inspect_scout.scanner(messages=["user"])
    def questions(mark: str = "?"):
        async def scan(transcript: inspect_scout.Transcript) -> inspect_scout.Result:
            return inspect_scout.Result(value=sum(mark in m.text for m in transcript.messages))

        return scan

    (made,) = as_scorers([questions(mark="u")])
    assert run_now(made(talk(), talk().target)).value == 1
    info = ScorerInfo.from_scorer(made)
    assert (info.name, info.params) == ("questions", {"mark": "u"})
    assert run_now(create_from_log("scorer", "questions", {"mark": "x"})(talk(), talk().target)).value == 0


def test_without_inspect_scout_the_message_says_what_to_install(tmp_path, monkeypatch):
    import sys

    (tmp_path / "needs.py").write_text("import inspect_scout")
    monkeypatch.setitem(sys.modules, "inspect_scout", None)
    with pytest.raises(LoadError, match="Install it: pip install inspect-scout"):
        load_file(tmp_path / "needs.py")
