"""Scanners as people write them for inspect-scout."""

from inspect_ai.scorer import accuracy, mean
from inspect_scout import Reference, Result, Scanner, Transcript, scanner


@scanner(messages=["assistant"])
def said(word: str = "e") -> Scanner[Transcript]:
    async def scan(transcript: Transcript) -> Result:
        hits = [m for m in transcript.messages if word in m.text]
        references = [Reference(type="message", id=m.id or "", cite="[M1]") for m in hits]
        return Result(value=len(hits), explanation=f"{len(hits)} of {len(transcript.messages)}", references=references)

    return scan


@scanner(messages="all", events=["model", "tool"], metrics={"*": [mean()]})
def several() -> Scanner[Transcript]:
    async def scan(transcript: Transcript) -> list[Result]:
        inputs = sum(len(e.input) for e in transcript.events if e.event == "model")
        return [
            Result(label="messages", value=len(transcript.messages)),
            Result(label="inputs", value=inputs),
            Result(label="inputs", value=-1),
            Result(label="kinds", value=[e.event for e in transcript.events]),
            Result(label="nothing", value=None),
        ]

    return scan


@scanner(messages="all", metrics=[accuracy(), mean()])
def seldom() -> Scanner[Transcript]:
    async def scan(transcript: Transcript) -> Result:
        number = len(str(transcript.metadata["target"])) + len(transcript.messages[-1].text)
        if number % 3 == 0:
            return Result(value=None)
        if number % 3 == 1:
            return Result(value=None, answer="?", metadata={"epoch": transcript.metadata["epoch"]})
        return Result(value="C", answer=transcript.transcript_id, metadata={"id": transcript.metadata["id"]})

    return scan


@scanner(events="all")
def shapes() -> Scanner[Transcript]:
    async def scan(transcript: Transcript) -> Result:
        calls = sum(event.event == "model" for event in transcript.events)
        same = len(str(transcript.metadata["target"])) % 2
        return Result(value={"a": [1, None], "b": None, "c": calls} if same else [calls, "x", None, {"k": [1]}])

    return scan
