"""Import Faust without aiohttp: a tenth of a second, a quarter of what importing takes before a log is scored.

Faust serves web pages with aiohttp, and imports it always, for the name of one type. We serve none by Faust.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

__all__ = ["import_faust"]


def import_faust() -> None:
    """Import the part of Faust that imports aiohttp, with something else in aiohttp's place for that moment.

    Does nothing if either is imported already. Whoever imports aiohttp afterwards gets the real one.
    """
    if "aiohttp" in sys.modules or "faust.types.web" in sys.modules:
        return
    package, client = ModuleType("aiohttp"), ModuleType("aiohttp.client")
    package.client = client  # type: ignore[attr-defined]
    client.ClientSession = object  # type: ignore[attr-defined]
    stand_ins = {"aiohttp": package, "aiohttp.client": client}
    sys.modules.update(stand_ins)
    try:
        importlib.import_module("faust.types.web")
    finally:
        for name in stand_ins:
            del sys.modules[name]
