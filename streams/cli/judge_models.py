"""The models that a command line names to grade: what is wrong with them is said before anything is scored."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from functools import partial

import click
from pydantic import ValidationError

from evalstream.scorers.errors import ModelSetupError
from evalstream.scorers.options import parse_option_lines
from evalstream.scorers.registry import Entry

from ..errors import UsageError
from ..events import ScorerUsage
from ..settings import Settings
from .text import plain

__all__ = ["check_models", "tell_unasked_roles"]


def check_models(settings: Settings, scorers: Iterable[Entry]) -> None:
    """Make sure that the models which settings name can be asked; warn of options of theirs that look misspelt.

    Where one of the scorers asks them through Inspect, which knows other services, it is Inspect that says so.

    The model under test, which grades if none is named, is nobody's choice here: whether it can be asked matters to
    scorers that ask it, and they say so.

    Raises
    ------
    UsageError
        A service is not known or its key is missing, an option of the model has no such value, or the budget is in USD
        and a model has no price.
    """
    if settings.model is None and not settings.model_role and not settings.model_args:
        return
    if any(entry.bridged for entry in scorers):
        return
    # Not at the top: most commands ask no models.
    from evalstream.scorers.models import GenerateConfig, get_model  # noqa: PLC0415

    options = parse_option_lines(settings.model_args)
    known = GenerateConfig.model_fields
    try:
        GenerateConfig.model_validate({name: value for name, value in options.items() if name in known})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise UsageError(f"-M {first['loc'][0]}: {first['msg'].replace('Input should be', 'must be')}.") from None
    for name in options.keys() - known.keys():
        near = difflib.get_close_matches(name, list(known), n=1)
        if near:
            click.echo(
                f"Warning: -M {plain(name)}: this goes to the model's service as it is. Did you mean {near[0]}?",
                err=True,
            )
    if settings.model is not None:
        _check("--model", partial(get_model, settings.model, base_url=settings.model_base_url))
    for role, names in _roles(settings):
        for name in names:
            _check(f"--model-role {role}", partial(get_model, name))
    _check_prices(settings)


def tell_unasked_roles(settings: Settings, usage: Iterable[ScorerUsage] | None) -> None:
    """Say which roles no scorer asked for, if scorers asked models at all: their names may be misspelt."""
    asked = {one.role for one in usage or ()}
    for role, _ in _roles(settings) if asked else ():
        if role not in asked:
            others = ", ".join(sorted(filter(None, asked))) or "none"
            click.echo(
                f"Note: --model-role {plain(role)}: no scorer asked for this role (roles that models played: {others})."
                " model_graded_qa and model_graded_fact ask for grader.",
                err=True,
            )


def _check_prices(settings: Settings) -> None:
    """Refuse a budget in USD where nobody knows what the models cost: it would fail each sample."""
    if settings.judge_prices is None or settings.judge_budget is None or "token" in settings.judge_budget:
        return
    from evalstream.scorers.models import Prices  # noqa: PLC0415

    prices = Prices.from_file(settings.judge_prices)
    named = ([settings.model] if settings.model else []) + [name for _, names in _roles(settings) for name in names]
    for name in named:
        if prices.of(name) is None:
            raise UsageError(
                f"{settings.judge_prices}: has no price of {name}, which a budget in USD needs: add it, or give the"
                " budget in tokens, as in '200000 tokens'."
            )


def _check(option: str, make: Callable[[], object]) -> None:
    try:
        make()
    except ModelSetupError as error:
        raise UsageError(f"{option}: {error}") from None


def _roles(settings: Settings) -> Iterator[tuple[str, list[str]]]:
    for role, named in parse_option_lines(settings.model_role).items():
        yield role, [str(name) for name in (named if isinstance(named, list) else [named])]
