"""A log is scored without aiohttp and what judges need, and whoever wants aiohttp afterwards gets the real one."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from evalstream.streams.cli import main
try:
    main(["score", *sys.argv[1:], "--scorer", "match"])
except SystemExit as end:
    assert not end.code, end.code
unwanted = {"aiohttp", "numpy.ma", "httpx", "tenacity", "evalstream.scorers.models",
            "evalstream.scorers.model_graded.grading"}
assert not unwanted & set(sys.modules), unwanted & set(sys.modules)
import aiohttp
from faust.types.web import HttpClientT
assert aiohttp.ClientSession.__module__ == "aiohttp.client"
import faust.livecheck, faust.web.drivers.aiohttp  # what of Faust needs the real one
"""


def test_aiohttp_is_imported_by_nobody_but_who_wants_it(five):
    ended = subprocess.run([sys.executable, "-c", PROGRAM, str(five)], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
