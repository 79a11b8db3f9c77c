"""Options of scorers as the command line gives them: ``-S key=value``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .errors import ScorersError

__all__ = ["OptionSyntaxError", "parse_option_lines", "parse_options"]


class OptionSyntaxError(ScorersError, ValueError):
    """An option on the command line cannot be read. Carries the ``option`` as it was given."""

    def __init__(self, option: str, detail: str) -> None:
        self.option, self.detail = option, detail
        super().__init__(f"The option {option!r} {detail}")


def parse_option_lines(text: str | None) -> dict[str, Any]:
    r"""Read options that are the lines of a text, as in a setting; None has none. Raises as `parse_options`.

    Examples
    --------
    >>> parse_option_lines("temperature=0\n\nseed=7"), parse_option_lines(None)
    ({'temperature': 0, 'seed': 7}, {})
    """
    return parse_options(line for line in (text or "").splitlines() if line.strip())


def parse_options(options: Iterable[str]) -> dict[str, Any]:
    """Read options the way that Inspect does.

    The key ends at the first "="; its hyphens become underscores. The value is YAML, except that a string with commas
    is a list of strings. Of a repeated key the last one counts.

    Parameters
    ----------
    options
        Texts of the form ``key=value``.

    Raises
    ------
    OptionSyntaxError
        An option has no key or no "=", or its value is not YAML.

    Examples
    --------
    >>> parse_options(["location=any", "ignore-case=false", "k=2", "items=a,b,3"])
    {'location': 'any', 'ignore_case': False, 'k': 2, 'items': ['a', 'b', '3']}
    """
    import yaml  # noqa: PLC0415 - a worker that is given no options does without

    parsed: dict[str, Any] = {}
    for option in options:
        key, equals, text = option.partition("=")
        name = key.replace("-", "_")
        if not equals or not name.isidentifier():
            raise OptionSyntaxError(option, "is not of the form key=value, as in location=any.")
        try:
            value = yaml.safe_load(text)
        except (yaml.YAMLError, ValueError) as error:
            problem = " ".join(str(error).split())
            raise OptionSyntaxError(option, f"has a value that is not YAML (try quotes): {problem}") from error
        if isinstance(value, str) and "," in value:
            value = value.split(",")
        parsed[name] = value
    return parsed
