"""What tokens cost: USD per million, from a file that the user gives."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from ..errors import PricesError
from ..output import ModelUsage

__all__ = ["Price", "Prices"]

MILLION = 1_000_000

_KEYS = ("input", "output", "cache_read", "cache_write")


@dataclass(frozen=True)
class Price:
    """USD per million tokens; what a service's own cache reads and writes costs as much as input if it is not said."""

    input: float
    output: float
    cache_read: float | None = None
    cache_write: float | None = None

    def cost(self, usage: ModelUsage) -> float:
        """Return the USD that a call cost.

        Examples
        --------
        >>> Price(input=2.5, output=10.0).cost(ModelUsage(input_tokens=1000, output_tokens=100))
        0.0035
        """
        tokens = (
            (usage.input_tokens, self.input),
            (usage.output_tokens, self.output),
            (usage.input_tokens_cache_read or 0, self.input if self.cache_read is None else self.cache_read),
            (usage.input_tokens_cache_write or 0, self.input if self.cache_write is None else self.cache_write),
        )
        return sum(number * price for number, price in tokens) / MILLION


class Prices:
    """Prices by model.

    Parameters
    ----------
    prices
        By full name of the model; ``*`` stands for anything, and a name that fits as it is comes first.

    Examples
    --------
    >>> prices = Prices({"openai/gpt-4o": Price(2.5, 10.0), "ollama/*": Price(0.0, 0.0)})
    >>> prices.of("ollama/llama3"), prices.of("groq/llama3")
    (Price(input=0.0, output=0.0, cache_read=None, cache_write=None), None)
    """

    def __init__(self, prices: Mapping[str, Price]) -> None:
        self._prices = dict(prices)

    def of(self, model: str) -> Price | None:
        """Return a model's price; None if there is none."""
        if model in self._prices:
            return self._prices[model]
        return next((price for name, price in self._prices.items() if fnmatchcase(model, name)), None)

    @classmethod
    def from_file(cls, path: str | Path) -> Prices:
        """Read a file in YAML or JSON: ``openai/gpt-4o: {input: 2.5, output: 10.0}``, a line for each model.

        Raises
        ------
        PricesError
            It cannot be read, or is of another shape.
        """
        import yaml  # noqa: PLC0415 - only whoever counts money needs it

        try:
            stored = yaml.safe_load(Path(path).read_text("utf-8"))
        except (OSError, ValueError, yaml.YAMLError) as error:
            problem = " ".join(str(getattr(error, "strerror", None) or error).split())
            raise PricesError(f"{path}: the prices cannot be read: {problem}") from error
        if not isinstance(stored, dict):
            raise PricesError(f"{path}: not a table of prices, as in openai/gpt-4o: {{input: 2.5, output: 10.0}}.")
        return cls({str(name): _price(path, str(name), entry) for name, entry in stored.items()})


def _price(path: str | Path, name: str, entry: Any) -> Price:
    if not isinstance(entry, dict) or not {"input", "output"} <= entry.keys() <= set(_KEYS):
        raise PricesError(f"{path}: the price of {name!r} takes input and output, and may take {', '.join(_KEYS[2:])}.")
    for key, value in entry.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not math.isfinite(value) or value < 0:
            raise PricesError(f"{path}: {key} of {name!r} is {value!r}, not USD per million tokens.")
    return Price(**{key: float(value) for key, value in entry.items()})
