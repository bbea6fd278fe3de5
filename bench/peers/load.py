"""A closed-loop client for the streaming `/v1/completions` of any OpenAI-compatible server.

  TTFT           request start, before a byte is written, to the first event that carries text
  TPOT           of a request: (last text event - first text event) / (completion tokens - 1)
  ITL            gaps between text events of a request, those of all requests together
  output tok/s   completion tokens by the server's `usage`, over the time from the first start to the last end
  burst TTFT     TTFT of the first `concurrency` requests only: they all arrive at once at an idle server

A connection for each request: some servers close it after a stream without saying so. Run alone it prints one JSON object.
"""

import argparse
import asyncio
import json
import random
import statistics
import time
from dataclasses import dataclass, field

from prompts import words


@dataclass(frozen=True)
class Target:
    host: str
    port: int
    model: str
    key: str = ""


@dataclass(frozen=True)
class Load:
    concurrency: int
    requests: int
    prompt_tokens: int = 128  # about; all of a prompt
    shared_tokens: int = 0  # how many of them all prompts of this load begin with
    max_tokens: int = 128
    seed: str = field(default_factory=lambda: str(random.getrandbits(48)))  # no run finds the prompts of another in a cache

    def body(self, model: str, index: int) -> bytes:
        shared = words(f"{self.seed}-shared", self.shared_tokens)
        own = words(f"{self.seed}-{index}", self.prompt_tokens - self.shared_tokens)
        return completion_body(model, f"{shared} {own}".strip(), self.max_tokens)


def completion_body(model: str, prompt: str, max_tokens: int) -> bytes:
    fields = {"model": model, "prompt": prompt, "max_tokens": max_tokens, "temperature": 0, "ignore_eos": True, "stream": True}
    return json.dumps({**fields, "stream_options": {"include_usage": True}}).encode()


class LoadError(RuntimeError):
    """A request that did not end as it should."""


class Reply:
    """One answer: when its events came, and what the server counted."""

    def __init__(self):
        self.start = time.perf_counter()
        self.times: list[float] = []
        self.text = ""
        self.usage: dict = {}

    @property
    def tokens(self) -> int:
        return self.usage["completion_tokens"]

    @property
    def ttft(self) -> float:
        return self.times[0] - self.start

    @property
    def tpot(self) -> float:
        return (self.times[-1] - self.times[0]) / max(1, self.tokens - 1)

    def take(self, event: dict) -> None:
        if event.get("error"):
            raise LoadError(f"error in the stream: {event['error']}")
        self.usage = event.get("usage") or self.usage
        for choice in event.get("choices") or []:
            if choice.get("text"):
                self.times.append(time.perf_counter())
                self.text += choice["text"]


async def complete(target: Target, body: bytes) -> Reply:
    reply = Reply()
    reader, writer = await asyncio.open_connection(target.host, target.port, limit=1 << 20)
    try:
        head = ["POST /v1/completions HTTP/1.1", f"Host: {target.host}:{target.port}", "Content-Type: application/json"]
        head += [f"Content-Length: {len(body)}", "Connection: close"]
        head += [f"Authorization: Bearer {target.key}"] if target.key else []
        writer.write("\r\n".join(head).encode() + b"\r\n\r\n" + body)
        ended = False
        async for line in _lines(reader):
            if not line.startswith(b"data:"):
                continue
            payload = line[5:].strip()
            ended = payload == b"[DONE]"
            if not ended:
                reply.take(json.loads(payload))
    finally:
        writer.close()
    if not ended or not reply.times or not reply.usage:
        raise LoadError("the stream ended without [DONE], text or usage")
    return reply


async def _lines(reader: asyncio.StreamReader):
    """The lines of a 200's body, as they arrive."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    if head.split(" ", 2)[1] != "200":
        raise LoadError(f"{head.splitlines()[0]}: {(await reader.read(300))!r}")
    rest = b""
    async for piece in _chunks(reader) if "transfer-encoding: chunked" in head else _pieces(reader):
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield line


async def _pieces(reader: asyncio.StreamReader):
    while piece := await reader.read(1 << 16):
        yield piece


async def _chunks(reader: asyncio.StreamReader):
    while size := int((await reader.readline()).split(b";")[0], 16):
        yield (await reader.readexactly(size + 2))[:-2]


async def _run(target: Target, load: Load) -> tuple[list[Reply], list[str], float]:
    replies: list[Reply | None] = [None] * load.requests
    errors: list[str] = []
    waiting = iter([(i, load.body(target.model, i)) for i in range(load.requests)])
    begin = time.perf_counter()

    async def worker() -> None:
        for i, body in waiting:
            try:
                replies[i] = await complete(target, body)
            except (LoadError, OSError, EOFError, ValueError) as e:
                errors.append(f"{type(e).__name__}: {e}"[:300])

    await asyncio.gather(*(worker() for _ in range(load.concurrency)))
    seconds = time.perf_counter() - begin
    burst = [reply for reply in replies[: load.concurrency] if reply]
    return [reply for reply in replies if reply], burst, errors, seconds


def run(target: Target, load: Load) -> dict:
    replies, burst, errors, seconds = asyncio.run(_run(target, load))
    if not replies:
        raise LoadError(f"no request succeeded: {errors[0]}")
    gaps = [after - before for reply in replies for before, after in zip(reply.times, reply.times[1:])]
    cached = [(reply.usage.get("prompt_tokens_details") or {}).get("cached_tokens") for reply in replies]
    return {
        "requests": load.requests,
        "errors": errors,
        "short": sum(reply.tokens < load.max_tokens for reply in replies),
        "prompt_tokens_mean": round(statistics.mean(reply.usage["prompt_tokens"] for reply in replies), 1),
        "cached_tokens_mean": None if None in cached else round(statistics.mean(cached), 1),
        "wall_s": round(seconds, 3),
        "output_tok_s": round(sum(reply.tokens for reply in replies) / seconds, 2),
        "ttft_p50_ms": milliseconds([reply.ttft for reply in replies], 50),
        "ttft_p95_ms": milliseconds([reply.ttft for reply in replies], 95),
        "burst_ttft_p50_ms": milliseconds([reply.ttft for reply in burst], 50),
        "burst_ttft_p95_ms": milliseconds([reply.ttft for reply in burst], 95),
        "tpot_p50_ms": milliseconds([reply.tpot for reply in replies], 50),
        "itl_p99_ms": milliseconds(gaps, 99),
    }


def milliseconds(seconds: list[float], percent: int) -> float | None:
    """The percentile, linear between the two nearest values."""
    if not seconds:
        return None
    ordered = sorted(seconds)
    at = (len(ordered) - 1) * percent / 100
    low, high = ordered[int(at)], ordered[min(int(at) + 1, len(ordered) - 1)]
    return round((low + (high - low) * (at - int(at))) * 1000, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--model", required=True)
    parser.add_argument("--key", default="")
    parser.add_argument("--concurrency", type=int, default=1)
    parser.add_argument("--requests", type=int, default=8)
    parser.add_argument("--prompt-tokens", type=int, default=128)
    parser.add_argument("--shared-tokens", type=int, default=0)
    parser.add_argument("--max-tokens", type=int, default=128)
    a = parser.parse_args()
    load = Load(a.concurrency, a.requests, a.prompt_tokens, a.shared_tokens, a.max_tokens)
    print(json.dumps(run(Target(a.host, a.port, a.model, a.key), load), indent=2))


if __name__ == "__main__":
    main()
