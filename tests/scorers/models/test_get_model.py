from __future__ import annotations

import asyncio
import pickle

import pytest

from evalstream.scorers import (
    GenerateConfig,
    ModelCallError,
    ModelContext,
    ModelOutput,
    ModelSetupError,
    ModelUsage,
    get_model,
    model_roles,
    use_context,
)
from evalstream.scorers.models.services import endpoint_of
from evalstream.scorers.untrusted import options_of_event


def answer(model):
    return asyncio.run(model.generate("?")).completion


@pytest.mark.parametrize(
    ("name", "key", "url"),
    [
        ("openai/m", "OPENAI_API_KEY", "https://api.openai.com/v1/chat/completions"),
        ("anthropic/m", "ANTHROPIC_API_KEY", "https://api.anthropic.com/v1/messages"),
        ("google/m", "GOOGLE_API_KEY", "https://generativelanguage.googleapis.com/v1beta/models/m:generateContent"),
        ("google/m", "GEMINI_API_KEY", "https://generativelanguage.googleapis.com/v1beta/models/m:generateContent"),
        ("mistral/m", "MISTRAL_API_KEY", "https://api.mistral.ai/v1/chat/completions"),
        ("together/org/m", "TOGETHER_API_KEY", "https://api.together.xyz/v1/chat/completions"),
        ("groq/m", "GROQ_API_KEY", "https://api.groq.com/openai/v1/chat/completions"),
        ("openrouter/org/m", "OPENROUTER_API_KEY", "https://openrouter.ai/api/v1/chat/completions"),
        ("ollama/m", None, "http://localhost:11434/v1/chat/completions"),
        ("vllm/org/m", None, "http://localhost:8000/v1/chat/completions"),
    ],
)
def test_each_service_has_its_url_and_its_key(monkeypatch, name, key, url):
    if key:
        with pytest.raises(ModelSetupError, match="its key is missing: set "):
            endpoint_of(name)
        monkeypatch.setenv(key, " a key\n")
    endpoint = endpoint_of(name)
    assert endpoint.url == url and endpoint.model == name.partition("/")[2]
    assert endpoint.key is None if key is None else endpoint.key.get_secret_value() == "a key"


@pytest.mark.parametrize("base", ["http://h/x", "http://h/x/v1", "http://h/x/v1/"])
def test_a_base_url_may_end_with_the_version_or_not_where_services_differ(monkeypatch, base):
    for service in ("anthropic", "mistral"):
        monkeypatch.setenv(f"{service.upper()}_API_KEY", "k")
        monkeypatch.setenv(f"{service.upper()}_BASE_URL", base)
        assert endpoint_of(f"{service}/m").url.startswith("http://h/x/v1/")
        assert "/v1/v1" not in endpoint_of(f"{service}/m").url


def test_any_other_service_is_found_by_its_variables(monkeypatch):
    with pytest.raises(ModelSetupError, match="its base URL is not known: set MY_OWN_BASE_URL"):
        endpoint_of("openai-api/my-own/org/m")
    monkeypatch.setenv("MY_OWN_BASE_URL", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("MY_OWN_API_KEY", "k")
    endpoint = endpoint_of("openai-api/my-own/org/m")
    assert (endpoint.url, endpoint.model) == ("http://127.0.0.1:1/v1/chat/completions", "org/m")


@pytest.mark.parametrize("name", ["hf/gpt2", "gpt-4o", "", "openai/", "openai-api/x", "bedrock/m"])
def test_an_unknown_service_is_named_with_those_that_there_are(name):
    with pytest.raises(ModelSetupError, match="services are openai, anthropic, google"):
        get_model(name or "/")


@pytest.mark.parametrize(
    "url", ["https://user:pw@h/v1", "https://h/v1?key=s3cret", "ftp://h", "h:80", "file:///etc/passwd"]
)
def test_a_base_url_with_a_secret_or_of_another_kind_is_refused_and_not_shown(url):
    with pytest.raises(ModelSetupError, match="its base URL") as caught:
        get_model("openai/m", base_url=url, api_key="k")
    assert "pw" not in str(caught.value) and "s3cret" not in str(caught.value)


@pytest.mark.parametrize("key", ["sk-“quoted”", "sk-line\nend", "sk-\x00"])
def test_a_key_that_no_header_can_carry_is_refused_and_not_shown(key):
    with pytest.raises(ModelSetupError, match="the key in api_key holds characters") as caught:
        answer(get_model("openai/m", api_key=key))
    assert "sk-" not in str(caught.value)


def test_the_default_model_is_that_of_the_context_with_its_url_and_arguments(monkeypatch):
    monkeypatch.setenv("VLLM_BASE_URL", "http://127.0.0.1:2/v1")
    context = ModelContext("vllm/m", base_url="http://127.0.0.1:1/v1", model_args={"temperature": 0.5, "guided": True})
    with use_context(context):
        model = get_model()
        assert (str(model), model.config.temperature) == ("vllm/m", 0.5)
        assert model.config.extra_body == {"guided": True}
        assert model._api.base_url == "http://127.0.0.1:1/v1"
        assert get_model("vllm/m")._api.base_url == "http://127.0.0.1:2/v1"  # named: not the default one


@pytest.mark.parametrize("name", ["", "none", "none/none"])
def test_without_any_model_the_error_says_what_to_add(name):
    with use_context(ModelContext(name)), pytest.raises(ModelSetupError, match="add --model SERVICE/MODEL"):
        get_model()


def test_a_role_comes_before_the_default_and_a_name_before_none():
    judge = get_model("mockllm/judge", config=GenerateConfig(temperature=0.0))
    with use_context(ModelContext("mockllm/model", roles={"grader": judge, "panel": ["mockllm/a", "mockllm/b"]})):
        asked = get_model(role="grader", config=GenerateConfig(temperature=1.0, seed=2))
        assert (str(asked), asked.role, asked.config.temperature, asked.config.seed) == (
            "mockllm/judge",
            "grader",
            0.0,
            2,
        )
        assert str(get_model(role="panel")) == "mockllm/a"
        assert model_roles()["panel"] == ["mockllm/a", "mockllm/b"]
        assert str(get_model(role="other")) == "mockllm/model"
        assert str(get_model(role="other", default="mockllm/x")) == "mockllm/x"
        assert get_model(judge) is judge
        with pytest.raises(ModelSetupError, match="no model plays the required role 'other': add --model-role other="):
            get_model(role="other", required=True)


def test_a_base_url_that_came_by_an_event_is_refused():
    with (
        options_of_event({"deep": [{"url": "http://127.0.0.1:1/v1"}]}),
        pytest.raises(ModelSetupError, match="by an event"),
    ):
        get_model("vllm/m", base_url="http://127.0.0.1:1/v1")


def test_a_mock_says_what_was_scripted_and_then_complains():
    output = ModelOutput.from_content("mockllm/model", "two")
    model = get_model("mockllm/model", custom_outputs=["one", output])
    assert [answer(model), answer(model)] == ["one", "two"]
    with pytest.raises(ModelSetupError, match="ran out of values"):
        answer(model)
    assert answer(get_model("mockllm/model")) == "Default output from mockllm/model"


def test_a_mock_may_be_a_function_that_waits_or_not():
    async def later(input, tools, tool_choice, config):
        await asyncio.sleep(0)
        return ModelOutput.from_content("mockllm/model", input[0].text.upper())

    model = get_model("mockllm/model", custom_outputs=later)
    assert asyncio.run(model.generate("abc")).completion == "ABC"
    assert answer(get_model("mockllm/model", custom_outputs=lambda *_: "now")) == "now"


@pytest.mark.parametrize("outputs", ["text", 3, [1], [ModelOutput()]])
def test_a_mock_refuses_what_is_no_answer(outputs):
    with pytest.raises(ModelSetupError, match="custom_outputs"):
        answer(get_model("mockllm/model", custom_outputs=outputs))


def test_tools_are_refused():
    with pytest.raises(ModelSetupError, match="no tools"):
        asyncio.run(get_model("mockllm/model").generate("?", tools=[print]))


def test_a_system_message_of_the_configuration_comes_first():
    seen = []
    model = get_model("mockllm/model", custom_outputs=lambda input, *_: seen.extend(input) or "yes")
    asyncio.run(model.generate("?", config=GenerateConfig(system_message="Be strict.")))
    assert [(message.role, message.text) for message in seen] == [("system", "Be strict."), ("user", "?")]


def test_inspects_way_to_close_a_model_works():
    async def ask():
        async with get_model("mockllm/model", custom_outputs=[ModelOutput.from_content("m", "yes")]) as model:
            return (await model.generate("?")).completion

    assert asyncio.run(ask()) == "yes"


def test_secret_headers_are_not_shown():
    assert "s3cret" not in repr(GenerateConfig(extra_headers={"x-key": "s3cret"}))
    assert "s3cret" not in repr(endpoint_of("openai/m", api_key="s3cret"))
    with pytest.raises(ValueError, match="extra_headers") as caught:
        GenerateConfig.model_validate({"extra_headers": ["s3cret"]})
    assert "s3cret" not in str(caught.value)


def test_usage_of_a_mock_is_what_its_output_says():
    output = ModelOutput.from_content("mockllm/model", "x")
    output.usage = ModelUsage(input_tokens=3, output_tokens=4, total_tokens=7)
    assert asyncio.run(get_model("mockllm/model", custom_outputs=[output]).generate("?")).usage.total_tokens == 7


def test_errors_of_models_know_their_model_and_whether_to_wait():
    error = ModelCallError("openai/m", "down", transient=True, status=503)
    assert (str(error), error.model, error.transient, error.status) == ("openai/m: down", "openai/m", True, 503)
    assert pickle.loads(pickle.dumps(ValueError(str(error)))).args == (str(error),)


def test_what_a_log_says_of_a_model_makes_it_again():
    made = get_model("mockllm/judge", config=GenerateConfig(temperature=0.0, seed=42))
    again = get_model(made.as_option(), config=GenerateConfig(seed=1))
    assert (str(again), again.config.given()) == ("mockllm/judge", {"temperature": 0.0, "seed": 1})
    assert get_model(get_model("mockllm/judge").as_option()).config.given() == {}
