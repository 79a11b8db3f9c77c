"""What each service is sent, and how its answers are read."""

from __future__ import annotations

import pytest
from judge_server import Reply, anthropic_answer, google_answer, openai_answer

from evalstream.scorers import (
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageTool,
    ChatMessageUser,
    ContentImage,
    ContentText,
    GenerateConfig,
    ToolCall,
    get_model,
)

from .asking import ANSWERS, ask, each_api, judge


@each_api
def test_an_answer_and_its_tokens_are_read(server, api):
    server.says(Reply(ANSWERS[api]("GRADE: C")))
    output = ask(judge(server, api))
    assert (output.completion, output.stop_reason, output.message.role) == ("GRADE: C", "stop", "assistant")
    assert (output.usage.input_tokens, output.usage.output_tokens) == (10, 2)
    assert output.model == f"{api}/judge" and output.time > 0


CONVERSATION = [
    ChatMessageSystem(content="Be strict."),
    ChatMessageUser(content=[ContentText(text="Look:"), ContentImage(image="data:image/png;base64,iVBO")]),
    ChatMessageAssistant(content="I see."),
    ChatMessageUser(content="And?"),
]


def test_openai_is_sent_what_it_expects(server):
    ask(judge(server, temperature=0.0, max_tokens=7, stop_seqs=["END"], seed=3), CONVERSATION)
    assert server.asked[0].path == "/v1/chat/completions"
    assert server.asked[0].body == {
        "model": "judge",
        "messages": [
            {"role": "system", "content": "Be strict."},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Look:"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO"}},
                ],
            },
            {"role": "assistant", "content": "I see."},
            {"role": "user", "content": "And?"},
        ],
        "max_tokens": 7,
        "temperature": 0.0,
        "seed": 3,
        "stop": ["END"],
    }


def test_anthropic_is_sent_what_it_expects(server):
    server.says(Reply(anthropic_answer("yes")))
    ask(judge(server, "anthropic", temperature=0.0, stop_seqs=["END"]), CONVERSATION)
    assert server.asked[0].path == "/v1/messages"
    assert server.asked[0].headers["anthropic-version"] == "2023-06-01"
    assert server.asked[0].body == {
        "model": "judge",
        "max_tokens": 4096,
        "system": "Be strict.",
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Look:"},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBO"}},
                ],
            },
            {"role": "assistant", "content": [{"type": "text", "text": "I see."}]},
            {"role": "user", "content": [{"type": "text", "text": "And?"}]},
        ],
        "temperature": 0.0,
        "stop_sequences": ["END"],
    }


def test_google_is_sent_what_it_expects(server):
    server.says(Reply(google_answer("yes")))
    ask(judge(server, "google", temperature=0.0, max_tokens=7), CONVERSATION)
    assert server.asked[0].path == "/v1beta/models/judge:generateContent"
    assert server.asked[0].body == {
        "contents": [
            {
                "role": "user",
                "parts": [{"text": "Look:"}, {"inlineData": {"mimeType": "image/png", "data": "iVBO"}}],
            },
            {"role": "model", "parts": [{"text": "I see."}]},
            {"role": "user", "parts": [{"text": "And?"}]},
        ],
        "systemInstruction": {"parts": [{"text": "Be strict."}]},
        "generationConfig": {"maxOutputTokens": 7, "temperature": 0.0},
    }


TOOLS = [
    ChatMessageUser(content=[ContentText(text="Look:"), ContentImage(image="https://example.org/a.png")]),
    ChatMessageAssistant(content="I call.", tool_calls=[ToolCall(id="1", function="look", arguments={"x": 1})]),
    ChatMessageTool(content="42", tool_call_id="1", function="look"),
    ChatMessageUser(content="And?"),
]


def test_openai_is_told_of_calls_of_tools(server):
    ask(judge(server), TOOLS)
    user, call, result, _ = server.asked[0].body["messages"]
    assert user["content"][1] == {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
    function = {"name": "look", "arguments": '{"x":1}'}
    assert call["tool_calls"] == [{"id": "1", "type": "function", "function": function}]
    assert result == {"role": "tool", "content": "42", "tool_call_id": "1"}


def test_anthropic_is_told_of_calls_of_tools_in_turns(server):
    server.says(Reply(anthropic_answer("yes")))
    ask(judge(server, "anthropic", reasoning_tokens=1024), TOOLS)
    body = server.asked[0].body
    user, call, result = body["messages"]
    assert user["content"][1]["source"] == {"type": "url", "url": "https://example.org/a.png"}
    assert call["content"][1] == {"type": "tool_use", "id": "1", "name": "look", "input": {"x": 1}}
    told = {"type": "tool_result", "tool_use_id": "1", "content": [{"type": "text", "text": "42"}]}
    assert result == {"role": "user", "content": [told, {"type": "text", "text": "And?"}]}
    assert body["thinking"] == {"type": "enabled", "budget_tokens": 1024} and body["max_tokens"] > 1024


def test_google_is_told_of_calls_of_tools(server):
    server.says(Reply(google_answer("yes")))
    ask(judge(server, "google", reasoning_tokens=0), TOOLS)
    user, call, result, _ = server.asked[0].body["contents"]
    assert user["parts"][1] == {"fileData": {"fileUri": "https://example.org/a.png"}}
    assert call["parts"][1] == {"functionCall": {"name": "look", "args": {"x": 1}}}
    assert result["parts"] == [{"functionResponse": {"name": "look", "response": {"content": "42"}}}]
    assert server.asked[0].body["generationConfig"] == {"thinkingConfig": {"thinkingBudget": 0}}


@pytest.mark.parametrize(
    ("name", "given", "sent"),
    [
        ("openai/o3", {"max_tokens": 9}, {"max_completion_tokens": 9}),
        ("openai/gpt-4o", {"max_tokens": 9}, {"max_tokens": 9}),
        ("mistral/m", {"seed": 3}, {"random_seed": 3}),
        ("groq/m", {"seed": 3, "extra_body": {"service_tier": "flex"}}, {"seed": 3, "service_tier": "flex"}),
    ],
)
def test_services_that_name_a_parameter_otherwise_get_their_name(server, name, given, sent):
    ask(get_model(name, base_url=f"{server.url}/v1", api_key="k", config=GenerateConfig(**given)))
    body = {key: value for key, value in server.asked[0].body.items() if key not in {"model", "messages"}}
    assert body == sent


def test_a_file_that_a_sample_names_is_not_sent(server, tmp_path):
    picture = tmp_path / "secret.png"
    picture.write_bytes(b"secret")
    message = ChatMessageUser(content=[ContentImage(image=str(picture))])
    for api in ANSWERS:
        with pytest.raises(Exception, match="takes no image as the sample has it"):
            ask(judge(server, api), [message])
    assert server.asked == []


@pytest.mark.parametrize(
    ("api", "body", "stop_reason"),
    [
        ("openai", openai_answer("x", finish_reason="length"), "max_tokens"),
        ("openai", openai_answer("", finish_reason="content_filter"), "content_filter"),
        ("anthropic", {**anthropic_answer("x"), "stop_reason": "max_tokens"}, "max_tokens"),
        ("anthropic", {"content": [], "stop_reason": "refusal"}, "content_filter"),
        ("google", {"candidates": [{"finishReason": "SAFETY"}]}, "content_filter"),
        ("google", {"promptFeedback": {"blockReason": "SAFETY"}}, "content_filter"),
    ],
)
def test_why_an_answer_ended_is_told_in_inspects_words(server, api, body, stop_reason):
    server.says(Reply(body))
    assert ask(judge(server, api)).stop_reason == stop_reason


def test_reasoning_is_no_part_of_the_answer(server):
    thought = {"type": "thinking", "thinking": "GRADE: I"}
    server.says(
        Reply({"choices": [{"message": {"content": "GRADE: C", "reasoning_content": "GRADE: I"}}]}),
        Reply({**anthropic_answer("GRADE: C"), "content": [thought, {"type": "text", "text": "GRADE: C"}]}),
        Reply({"candidates": [{"content": {"parts": [{"text": "GRADE: I", "thought": True}, {"text": "GRADE: C"}]}}]}),
    )
    for api in ("openai", "anthropic", "google"):
        output = ask(judge(server, api))
        assert (output.completion, output.message.content[0].reasoning) == ("GRADE: C", "GRADE: I")
