"""A judge's service on 127.0.0.1 that does what a test tells it, well-behaved or not.

As a program it answers "GRADE: C" after a while, for benchmarks: ``python judge_server.py SECONDS [SLOW_SECONDS]``; it
prints its port. With SLOW_SECONDS the first call takes that long.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Asked:
    """A request that came in."""

    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class Reply:
    """What a request is answered with.

    ``cut`` ends the connection after so many bytes of the body (-1: before the status line); ``drip`` waits so many
    seconds between one byte and the next; ``delay`` comes before everything.
    """

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    cut: int | None = None
    drip: float = 0.0

    @property
    def bytes(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


def openai_answer(text: str, tokens: tuple[int, int] = (10, 2), **choice: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    usage = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1], "total_tokens": sum(tokens)}
    return {"choices": [{"message": message, "finish_reason": "stop", **choice}], "usage": usage}


def anthropic_answer(text: str) -> dict[str, Any]:
    usage = {"input_tokens": 10, "output_tokens": 2, "cache_read_input_tokens": 3}
    return {"content": [{"type": "text", "text": text}], "stop_reason": "end_turn", "usage": usage}


def google_answer(text: str) -> dict[str, Any]:
    usage = {"promptTokenCount": 10, "candidatesTokenCount": 2, "totalTokenCount": 12}
    content = {"role": "model", "parts": [{"text": text}]}
    return {"candidates": [{"content": content, "finishReason": "STOP"}], "usageMetadata": usage}


class JudgeServer:
    """The server, on a thread of its own; a context manager.

    ``script`` is used up, a reply for each request; then ``always`` says what is answered.
    """

    def __init__(self, always: Callable[[Asked], Reply] | None = None, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.script: list[Reply] = []
        self.always = always or (lambda _: Reply(openai_answer("GRADE: C")))
        self.asked: list[Asked] = []
        self.under_way = self.most_under_way = self.connections = self.open = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def says(self, *replies: Reply) -> None:
        self.script.extend(replies)

    @property
    def url(self) -> str:
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}"

    def __enter__(self) -> JudgeServer:
        self._thread.start()
        starting = asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1024, ssl=self._tls)
        self._server = asyncio.run_coroutine_threadsafe(starting, self._loop).result()
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        async def end() -> None:
            self._server.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        try:
            while await self._answer(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self.open -= 1
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        asked = Asked(head[0].split()[1], headers, json.loads(body) if body else None)
        self.asked.append(asked)
        reply = self.script.pop(0) if self.script else self.always(asked)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await asyncio.sleep(reply.delay)
            return await self._send(reply, writer)
        finally:
            self.under_way -= 1

    async def _send(self, reply: Reply, writer: asyncio.StreamWriter) -> bool:
        if reply.cut == -1:
            return False
        head = {"content-type": "application/json", "content-length": str(len(reply.bytes)), **reply.headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        writer.write(f"HTTP/1.1 {reply.status} Whatever\r\n{lines}\r\n".encode())
        if reply.drip:
            for byte in reply.bytes:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(reply.drip)
            return True
        writer.write(reply.bytes[: reply.cut])
        await writer.drain()
        return reply.cut is None


def slow_once(seconds: float, slow: float) -> Callable[[Asked], Reply]:
    delays: Iterable[float] = iter([slow])
    return lambda _: Reply(openai_answer("GRADE: C"), delay=next(delays, seconds))  # type: ignore[call-overload]


if __name__ == "__main__":
    usual = float(sys.argv[1])
    with JudgeServer(slow_once(usual, float(sys.argv[2]) if len(sys.argv) > 2 else usual)) as server:
        sys.stdout.write(f"{server.port}\n")
        sys.stdout.flush()
        sys.stdin.read()  # until whoever started it goes
