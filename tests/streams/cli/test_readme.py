"""What the README shows for copying runs as it stands."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def block_after(text: str) -> str:
    found = re.search(rf"{re.escape(text)}.*?```sh\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.S)
    assert found is not None
    return found[1]


def test_a_judge_run_in_five_lines_runs(folder):
    block = block_after("A judge run in five lines")
    assert len(block.splitlines()) == 5
    (folder / "examples").mkdir()
    shutil.copy(ROOT / "examples" / "addition.eval", folder / "examples")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "XDG_CACHE_HOME": str(folder / "cache")}
    done = subprocess.run(
        ["sh", "-e", "-c", block], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "model_graded_qa" in done.stdout
    assert "1.000" in done.stdout
    assert "GRADE: C" in done.stdout
