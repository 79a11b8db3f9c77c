"""Scanners in the shape of those on Inspect's page about scanners."""

import re

from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import accuracy, mean
from inspect_scout import Result, Scanner, Transcript, grep_scanner, message_numbering, scanner


@scanner(messages=["assistant"], metrics=[mean()])
def secrets() -> Scanner[Transcript]:
    return grep_scanner(["password", "secret", "token"])


@scanner(messages="all", metrics=[accuracy()])
def gives_up() -> Scanner[Transcript]:
    """Asks a model about the transcript, whose messages are numbered."""

    def answers(messages, *_) -> ModelOutput:
        said = ModelOutput.from_content("mockllm/model", "Yes: [M2]" if "a secret" in messages[-1].text else "No.")
        said.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)  # or it would be counted by a download
        return said

    async def scan(transcript: Transcript) -> Result:
        as_text, references = message_numbering()
        judge = get_model("mockllm/model", custom_outputs=answers)
        said = await judge.generate(f"Does the assistant give up?\n\n{await as_text(transcript.messages)}")
        found = re.match(r"\w+", said.completion)
        return Result(
            value=found is not None and found.group() == "Yes",
            answer=found.group() if found else None,
            explanation=f"{said.completion} {get_model()} {get_model(role='grader')}",
            references=references(said.completion),
        )

    return scan


@scanner(messages="all", metrics=[mean()])
def repeats_itself(least: int = 2) -> Scanner[Transcript]:
    async def scan(transcript: Transcript) -> Result:
        words = transcript.messages[-1].text.lower().split()
        most = max((words.count(word) for word in words), default=0)
        return Result(value=most >= least, answer=str(most), explanation=transcript.messages[-1].text)

    return scan
