"""The tables of ``docs/settings.md``, made from the model (``make settings-page``)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from .info import INFO, SECTIONS

__all__ = ["rewritten"]

BEGIN = "<!-- What follows is made from the model: make settings-page -->"
END = "<!-- Until here -->"

_TITLES = {"general": "General", "scoring": "Scoring", "judges": "Judges", "metrics": "Metrics", "kafka": "Kafka"}


def rewritten(page: str) -> str:
    """Return a page whose part between the two marks is made anew.

    Raises
    ------
    ValueError
        A mark is missing.

    Examples
    --------
    >>> "| `broker` | `--broker URL` |" in rewritten(f"Before {BEGIN} old {END} after")
    True
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page lacks one of the marks {BEGIN} and {END}")
    return "\n".join([f"{before}{BEGIN}", *_tables(), "", f"{END}{after}"])


def _tables() -> Iterator[str]:
    for section in SECTIONS:
        yield from ("", f"### {_TITLES[section]}", "", "| key | option | default | meaning |", "|---|---|---|---|")
        for info in INFO.values():
            if info.section == section:
                option = f"{info.option} FILE" if info.secret else f"{info.option} {info.unit}".rstrip()
                yield f"| `{info.name}` | `{option}` | `{info.default}` | {info.text} |"


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(rewritten(path.read_text("utf-8")), "utf-8")
