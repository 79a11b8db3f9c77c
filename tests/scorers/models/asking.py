"""Models that speak to the fake service, and what it answers in each API."""

from __future__ import annotations

import asyncio

import pytest
from judge_server import anthropic_answer, google_answer, openai_answer

from evalstream.scorers import GenerateConfig, get_model

__all__ = ["ANSWERS", "SECRET", "ask", "each_api", "judge"]

ANSWERS = {"openai": openai_answer, "anthropic": anthropic_answer, "google": google_answer}
SECRET = "sk-very-secret-0123456789"

each_api = pytest.mark.parametrize("api", sorted(ANSWERS))


def judge(server, api="openai", **config):
    url = f"{server.url}/v1" if api == "openai" else server.url
    return get_model(f"{api}/judge", base_url=url, api_key=SECRET, config=GenerateConfig(**config))


def ask(model, question="Is it right?", **options):
    return asyncio.run(model.generate(question, **options))
