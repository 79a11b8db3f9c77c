"""An example on both sides: an eval that Inspect ran, scored by Inspect and by us, with judges that say the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import inspect_ai
import inspect_ai.model as their_models
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalLog, read_eval_log
from inspect_ai.solver import generate
from parity import differences, module_of, our_file, their_file
from pydantic_core import to_jsonable_python

import evalstream.scorers as our_models

Says = Callable[[str], str] | Mapping[str, str] | str


class Example:
    """A file of scorers in the words of Inspect's documentation: as it is, and with its imports changed."""

    def __init__(self, name: str, folder: Path) -> None:
        self.file = our_file(name, folder)
        self.ours, self.theirs = module_of(self.file), their_file(name)

    def named(self, *scorers: str) -> list[str]:
        """Return the options of `evalstream score` that name scorers of the file."""
        return [text for name in scorers for text in ("--scorer", f"{self.file}@{name}")]


def evaluated(folder: Path, samples: Sequence[Sample], says: Says, *, score: bool = False, **task: Any) -> Path:
    """Let Inspect run a task whose model gives these answers, one sample after the other; returns its log."""
    made = inspect_ai.Task(dataset=list(samples), **{"solver": generate(), **task})
    model = judge(their_models, says)
    [log] = inspect_ai.eval(
        made, model=model, display="none", log_dir=str(folder), max_samples=1, score=score, fail_on_error=False
    )
    assert log.status == "success", log.error
    return Path(log.location)


def judge(library: Any, says: Says, *, asked: list[str] | None = None, name: str = "model", **config: Any) -> Any:
    """Return a model, ours or Inspect's, that answers by what it is asked, and notes that."""

    def answer(messages: list[Any], *_: Any) -> Any:
        text = messages[-1].text
        if asked is not None:
            asked.append(text)
        found = says(text) if callable(says) else says if isinstance(says, str) else says[text]
        output = library.ModelOutput.from_content(f"mockllm/{name}", found)
        output.usage = library.ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)  # else: a download
        return output

    made = library.GenerateConfig(**config)
    return library.get_model(f"mockllm/{name}", custom_outputs=answer, config=made, memoize=False)


def judges(says: Says, **options: Any) -> tuple[Any, Any]:
    """Return the same judge twice: ours, and Inspect's."""
    return judge(our_models, says, **options), judge(their_models, says, **options)


def score_both(
    log: Path, ours: Any, theirs: Any, *, models: tuple[dict[str, Any], dict[str, Any]] = ({}, {}), **options: Any
) -> tuple[EvalLog, EvalLog]:
    """Score one log by the two functions `score`; both logs are Inspect's."""
    import evalstream

    options = {"action": "overwrite", "display": "none", **options}
    mine = evalstream.score(read_eval_log(str(log)), ours, **{**options, **models[0]})
    given = {"model": "mockllm/model", **options, **models[1]}
    return mine, inspect_ai.score(read_eval_log(str(log)), theirs, **given)


def without_options(*logs: EvalLog) -> None:
    """Take the options out of the results: a judge that is one has its script with it in Inspect's log."""
    for log in logs:
        assert log.results is not None
        for row in log.results.scores:
            row.params = {}


def assert_same_scores(ours: EvalLog, theirs: EvalLog) -> None:
    """Compare verdicts and results digit for digit, but not the prompts of judges, which are in our own words."""
    found = list(differences(_verdicts(ours), _verdicts(theirs))) + list(differences(_rows(ours), _rows(theirs)))
    assert not found, "\n".join(found[:20])


def assert_same_results(ours: EvalLog, theirs: EvalLog) -> None:
    """Compare the metrics alone, digit for digit."""
    found = list(differences(_rows(ours), _rows(theirs)))
    assert not found, "\n".join(found[:20])


def _verdicts(log: EvalLog) -> dict[str, Any]:
    kept = {"value", "answer", "explanation", "reason"}
    return {
        f"{sample.id} {sample.epoch}": {
            name: {
                **score.model_dump(mode="json", include=kept),
                "metadata": {k: v for k, v in to_jsonable_python(score.metadata or {}).items() if k != "grading"},
            }
            for name, score in (sample.scores or {}).items()
        }
        for sample in log.samples or []
    }


def _rows(log: EvalLog) -> list[Any]:
    assert log.results is not None
    return [row.model_dump(exclude_none=True) for row in log.results.scores]
