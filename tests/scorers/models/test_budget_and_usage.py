from __future__ import annotations

import asyncio
import json

import pytest
from judge_server import Reply, openai_answer

from evalstream.scorers import (
    Budget,
    BudgetError,
    GenerateConfig,
    JudgeCache,
    ModelCallError,
    ModelContext,
    Price,
    Prices,
    PricesError,
    UsageLog,
    get_model,
    use_context,
)

PRICES = Prices({"vllm/judge": Price(1.0, 10.0)})
"""A call of 10 tokens in and 2 out costs 30 millionths of a dollar."""


def model_of(server, **config):
    return get_model("vllm/judge", base_url=f"{server.url}/v1", config=GenerateConfig(**config))


def ask(server, context, times=1, **config):
    async def calls():
        with use_context(context):
            asked = (model_of(server, **config).generate(f"question {number}") for number in range(times))
            return await asyncio.gather(*asked, return_exceptions=True)

    return asyncio.run(calls())


def test_tokens_and_cost_are_counted_by_scorer_and_model(server):
    usage = UsageLog()
    for scorer, times in (("a", 2), ("b", 1)):
        ask(server, ModelContext(usage=usage, prices=PRICES, scorer=scorer), times)
    counted = usage.by_scorer_and_model()
    assert {key: value.calls for key, value in counted.items()} == {("a", "vllm/judge"): 2, ("b", "vllm/judge"): 1}
    assert counted["a", "vllm/judge"].total_tokens == 24
    assert usage.total().cost == pytest.approx(90e-6)


def test_without_a_price_the_cost_is_not_known(server):
    usage = UsageLog()
    ask(server, ModelContext(usage=usage))
    assert usage.total().cost is None and usage.total().input_tokens == 10


def test_a_call_that_fails_uses_nothing(server):
    server.always = lambda _: Reply(b"no", 400)
    usage, budget = UsageLog(), Budget(tokens=1000)
    (error,) = ask(server, ModelContext(usage=usage, budget=budget))
    assert isinstance(error, ModelCallError)
    assert (usage.total().calls, budget.spent, budget._reserved) == (0, 0.0, 0.0)


@pytest.mark.parametrize("budget", [lambda: Budget(usd=300e-6), lambda: Budget(tokens=120)])
def test_calls_end_when_the_budget_is_spent_even_if_many_are_made_at_once(server, budget):
    budget = budget()
    results = ask(server, ModelContext(budget=budget, prices=PRICES), 60)
    refused = [result for result in results if isinstance(result, BudgetError)]
    assert len(server.asked) == 60 - len(refused)
    # The first round knows no call yet, and goes by what it sends.
    assert 10 <= len(server.asked) <= 25
    assert "budget for judges is spent" in str(refused[0])


def test_a_budget_that_leaves_room_is_used_up_to_its_end(server):
    results = ask(server, ModelContext(budget=Budget(tokens=12 * 30)), 30, max_connections=4)
    assert not [result for result in results if isinstance(result, BaseException)]


def test_a_budget_in_usd_needs_a_price(server):
    (error,) = ask(server, ModelContext(budget=Budget(usd=1.0), prices=Prices({})))
    assert isinstance(error, PricesError) and "vllm/judge" in str(error)
    assert server.asked == []


def test_an_answer_from_the_cache_costs_nothing_and_comes_when_the_budget_is_spent(server, tmp_path):
    cache, usage = JudgeCache(tmp_path / "judges.sqlite"), UsageLog()
    ask(server, ModelContext(cache=cache, budget=Budget(tokens=1), usage=usage, prices=PRICES))
    first, second = ask(server, ModelContext(cache=cache, budget=Budget(tokens=0), usage=usage, prices=PRICES), 2)
    cache.close()
    assert first.completion == "GRADE: C" and isinstance(second, BudgetError)
    assert (usage.total().calls, usage.total().cached) == (1, 1)
    assert usage.total().cost == pytest.approx(30e-6)


@pytest.mark.parametrize(
    "limits", [{}, {"usd": 1.0, "tokens": 5}, {"usd": -1.0}, {"tokens": -1}, {"usd": float("nan")}]
)
def test_a_budget_that_makes_no_sense_is_refused(limits):
    with pytest.raises(ValueError, match="a budget is"):
        Budget(**limits)


def test_prices_are_read_from_yaml_and_json(tmp_path):
    entry = {"openai/gpt-4o": {"input": 2.5, "output": 10, "cache_read": 1.25}}
    yaml, as_json = tmp_path / "prices.yaml", tmp_path / "prices.json"
    yaml.write_text("openai/gpt-4o: {input: 2.5, output: 10, cache_read: 1.25}\n")
    as_json.write_text(json.dumps(entry))
    for path in (yaml, as_json):
        assert Prices.from_file(path).of("openai/gpt-4o") == Price(2.5, 10.0, 1.25)


def test_a_name_as_it_is_comes_before_one_with_a_star():
    prices = Prices({"openai/*": Price(1.0, 1.0), "openai/gpt-4o": Price(2.0, 2.0)})
    assert (prices.of("openai/gpt-4o").input, prices.of("openai/o3").input) == (2.0, 1.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- 1", "not a table of prices"),
        ("", "not a table of prices"),
        ("{", "cannot be read"),
        ("m: 3", "takes input and output"),
        ("m: {input: 1}", "takes input and output"),
        ("m: {input: 1, output: 2, more: 3}", "takes input and output"),
        ("m: {input: -1, output: 2}", "not USD per million tokens"),
        ("m: {input: .nan, output: 2}", "not USD per million tokens"),
        ("m: {input: true, output: 2}", "not USD per million tokens"),
        ("m: {input: '1', output: 2}", "not USD per million tokens"),
    ],
)
def test_a_file_of_prices_that_cannot_be_read_is_named(tmp_path, text, message):
    path = tmp_path / "prices.yaml"
    path.write_text(text)
    with pytest.raises(PricesError, match=message) as caught:
        Prices.from_file(path)
    assert str(path) in str(caught.value)


def test_a_file_of_prices_that_is_not_there_is_named(tmp_path):
    with pytest.raises(PricesError, match=r"nowhere\.yaml: the prices cannot be read: No such file"):
        Prices.from_file(tmp_path / "nowhere.yaml")


def test_a_service_that_tells_no_tokens_is_charged_what_was_estimated(server):
    answer = openai_answer("GRADE: C")
    del answer["usage"]
    server.always = lambda _: Reply(answer)
    budget = Budget(tokens=1000)
    ask(server, ModelContext(budget=budget))
    assert budget.spent > 0
