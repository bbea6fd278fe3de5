"""The cases: each measures all engines of one format in alternating rounds and leaves its figures in the results."""

import http.client
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import load
import machine
import quality
from engines import Engine
from results import Case, Results
from server import Server

FAILURES = (RuntimeError, OSError, http.client.HTTPException)  # of one engine: the others go on
OTHER_CORES_MAX = 0.1  # above it the round was disturbed and is measured again
TRIES = 3
TRY_S_MAX = 60  # a longer round is not measured again
STREAMS = 16
REQUESTS = {1: 8, STREAMS: 48}  # by concurrency
SHORT_MAX = 0.05  # answers that are cut: Redoubt's text is at most ten characters for each token of max_tokens
SHARED_TOKENS, OWN_TOKENS, SHORT_ANSWER = 1000, 64, 32


@dataclass
class Bench:
    engines: list[Engine]  # ours first
    results: Results
    repeat: int
    text: Path | None
    version: str

    def run(self, name: str, form: str) -> None:
        say(f"{name} {form}")
        case = self.results.case(name, form, self.version)
        try:
            CASES[name](self, case)
        except FAILURES as e:
            case.note(str(e))
        self.results.save()

    def serving(self, case: Case) -> list[Engine]:
        return [engine for engine in self.engines if engine.serves(case.format)]

    def rounds(self, case: Case, engines: list[Engine], measure: Callable[[Engine], dict | None], pids: dict[str, int]) -> None:
        """ABBA: no engine is always the one that measures on a machine that the other has warmed."""
        for i in range(self.repeat):
            for engine in engines if i % 2 == 0 else engines[::-1]:
                self.round(case, engine, measure, pids.get(engine.name, 0))
    
    def round(self, case: Case, engine: Engine, measure: Callable[[Engine], dict | None], pid: int) -> None:
        """Of some tries the one least disturbed."""
        best: tuple[float, dict] | None = None
        for _ in range(TRIES):
            try:
                with machine.Watch(pid) as watch:
                    values = measure(engine)
            except FAILURES as e:
                case.note(f"{engine.name}: {e}")
                return
            if values is None:
                return
            if best is None or watch.other_cores < best[0]:
                best = watch.other_cores, values
            if watch.other_cores <= OTHER_CORES_MAX or watch.seconds > TRY_S_MAX:
                break
        case.add(engine.name, best[1])
        case.disturbed(engine.name, best[0])
        say(f"  {engine.name}: {best[1]} (others {best[0]} cores)")

    def start_all(self, case: Case, sequences: int, tokens: int, stack: ExitStack) -> dict[str, Server]:
        """All servers run at the same time, so that rounds alternate in seconds; a server that is not asked takes no CPU."""
        servers = {}
        for engine in self.serving(case):
            try:
                servers[engine.name] = stack.enter_context(engine.serve(case.format, sequences, tokens))
            except FAILURES as e:
                case.note(f"{engine.name}: {e}")
        return servers


def speed(bench: Bench, case: Case) -> None:
    """Prefill and decode inside one process."""
    bench.rounds(case, bench.serving(case), lambda engine: engine.speed(case.format, prompt=512, generate=128), {})


def http(bench: Bench, case: Case) -> None:
    """One stream and sixteen, and what memory that takes."""
    with ExitStack() as stack:
        servers = bench.start_all(case, STREAMS, 512, stack)
        running = [engine for engine in bench.serving(case) if engine.name in servers]
        for engine in running:
            server = servers[engine.name]
            server.complete(server.target(), "The", 1)
            time.sleep(2)
            case.add(engine.name, {f"idle_{kind}": value for kind, value in server.memory().items()})
        warm_up(servers)
        for streams, requests in REQUESTS.items():

            def measure(engine: Engine) -> dict:
                figures = loaded(servers[engine.name], load.Load(streams, requests))
                return {f"c{streams}_{name}": value for name, value in figures.items()}

            bench.rounds(case, running, measure, {name: server.pid for name, server in servers.items()})
        for engine in running:
            case.add(engine.name, {f"loaded_{kind}": value for kind, value in servers[engine.name].memory().items()})


def prefix(bench: Bench, case: Case) -> None:
    """Sixteen at once whose prompts begin alike."""
    with ExitStack() as stack:
        servers = bench.start_all(case, STREAMS, SHARED_TOKENS + 536, stack)
        warm_up(servers)

        def measure(engine: Engine) -> dict:
            asked = load.Load(STREAMS, STREAMS, SHARED_TOKENS + OWN_TOKENS, SHARED_TOKENS, SHORT_ANSWER)
            return loaded(servers[engine.name], asked)

        running = [engine for engine in bench.serving(case) if engine.name in servers]
        bench.rounds(case, running, measure, {name: server.pid for name, server in servers.items()})


def start(bench: Bench, case: Case) -> None:
    """From the start of the process until it is ready, and until its first token was received; files in the page cache."""

    def measure(engine: Engine) -> dict:
        key = engine.key()
        with engine.serve(case.format, STREAMS, 512) as server:
            target = server.target(key)
            begin = time.monotonic()
            server.complete(target, "The capital of France is", 1)
            return {"ready_s": server.ready_s, "first_token_s": round(server.ready_s + time.monotonic() - begin, 3)}

    bench.rounds(case, [engine for engine in bench.serving(case) if not engine.slow_start], measure, {})
    for engine in bench.serving(case):
        if engine.slow_start:
            bench.round(case, engine, measure, 0)


def perplexity(bench: Bench, case: Case) -> None:
    """The same text, windows and positions."""
    if bench.text is None:
        case.note("no text given: --text FILE")
        return
    for engine in bench.serving(case):
        try:
            value = engine.perplexity(case.format, bench.text)
        except FAILURES as e:
            case.note(f"{engine.name}: {e}")
            continue
        if value is not None:
            case.add(engine.name, {"perplexity": value})
            say(f"  {engine.name}: {value:.4f}")


def agreement(bench: Bench, case: Case) -> None:
    """Where greedy continuations part."""
    with ExitStack() as stack:
        servers = bench.start_all(case, STREAMS, 512, stack)
        quality.compare(case, bench.engines[0].name, servers)


CASES = {case.__name__: case for case in (speed, http, prefix, start, perplexity, agreement)}


def warm_up(servers: dict[str, Server]) -> None:
    """JIT compilers, caches and allocators have seen the load before it counts."""
    for server in servers.values():
        target = server.target()
        load.run(target, load.Load(1, 4))
        load.run(target, load.Load(STREAMS, STREAMS))


def loaded(server: Server, asked: load.Load) -> dict:
    figures = load.run(server.target(), asked)
    if figures["errors"] or figures["short"] > SHORT_MAX * asked.requests:
        raise load.LoadError(f"{len(figures['errors'])} requests failed, {figures['short']} ended early: {figures['errors'][:1]}")
    return figures


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
