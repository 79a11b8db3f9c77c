"""Metrics over a .json log see the samples in the file's order, as Inspect's do."""

import json
import random
from pathlib import Path

from click.testing import CliRunner
from inspect_ai import score
from inspect_ai.log import read_eval_log
from inspect_ai.scorer import includes, match

from evalstream.streams.cli import main

LOGS = Path(__file__).parents[1] / "data" / "logs"


def test_a_json_log_in_another_order_has_the_results_that_inspect_computes_in_that_order(tmp_path):
    data = json.loads((LOGS / "a_scored.json").read_text())
    random.Random(3).shuffle(data["samples"])
    shuffled = tmp_path / "shuffled.json"
    shuffled.write_text(json.dumps(data))

    out = tmp_path / "out.json"
    arguments = ["score", str(shuffled), "--action", "overwrite", "--output-file", str(out), "--display", "none"]
    assert CliRunner().invoke(main, arguments).exit_code == 0

    ours = read_eval_log(str(out))
    theirs = score(read_eval_log(str(shuffled)), [match(), includes()], action="overwrite", display="none")
    assert ours.results.model_dump() == theirs.results.model_dump()
    assert ours.reductions == theirs.reductions
    assert [entry.samples[0].sample_id for entry in ours.reductions] == [data["samples"][0]["id"]] * 4
