"""Callers: threads that ask, well and badly, until they are told to stop or to rest."""

import base64
import http.client
import json
import os
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from server import HOST, MODEL, Server

# What any call may come to while replicas are killed and replaced, and limits are kept.
POLICY = {429, 502, 503, 504}


class Load:
    def __init__(self, server: Server, seed: int):
        self.server = server
        self.counts: Counter = Counter()
        self.wrong: list[str] = []
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._going = threading.Event()
        self._going.set()
        self._busy = 0
        kinds = [self.echo, self.echo, self.mistakes, self.words, self.chat, self.chat_stream, self.websocket, self.connections]
        self._threads = [threading.Thread(target=self._run, args=(kind, random.Random(seed + place)), daemon=True)
                         for place, kind in enumerate(kinds)]
        for thread in self._threads:
            thread.start()

    @contextmanager
    def resting(self) -> Iterator[None]:
        """With nothing under way."""
        self._going.clear()
        try:
            while self._busy:
                time.sleep(0.05)
            yield
        finally:
            self._going.set()

    def stop(self) -> None:
        self._stopped.set()
        self._going.set()
        for thread in self._threads:
            thread.join(60)

    def _run(self, kind, chance: random.Random) -> None:
        while not self._stopped.is_set():
            self._going.wait()
            with self._lock:
                self._busy += 1
            try:
                if self._going.is_set():
                    kind(chance)
            except (OSError, http.client.HTTPException) as cut:
                self._count(f"{kind.__name__} {type(cut).__name__}")
            finally:
                with self._lock:
                    self._busy -= 1
            time.sleep(chance.uniform(0.01, 0.1))

    def _count(self, what: str) -> None:
        with self._lock:
            self.counts[what] += 1

    def _expect(self, kind: str, response: http.client.HTTPResponse, body: bytes, statuses: set[int]) -> None:
        self._count(f"{kind} {response.status}")
        if response.status not in statuses:
            with self._lock:
                self.wrong.append(f"{kind}: {response.status} {body[:200]!r}")

    def _ask(self, application: str, path: str, body: bytes, chance: random.Random, key: str | None = None,
             kind: str = "application/json") -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        connection = http.client.HTTPConnection(HOST, self.server.port, timeout=60)
        headers = {"Content-Type": kind}
        if key != "":
            headers["Authorization"] = f"Bearer {key or chance.choice(self.server.keys[application])}"
        connection.request("POST", path, body, headers)
        return connection, connection.getresponse()

    def echo(self, chance: random.Random) -> None:
        size = chance.choice([10, 10, 1000, 100_000, 1_500_000])
        text = "x" * size
        body = json.dumps({"text": text, "millis": chance.choice([0, 0, 5, 200])}).encode()
        connection, response = self._ask("echo", "/echo", body, chance)
        answer = response.read()
        self._expect("echo", response, answer, {200} | POLICY)
        if response.status == 200 and json.loads(answer)["text"] != text:
            self.wrong.append("echo: another answer than it was asked for")
        connection.close()

    def mistakes(self, chance: random.Random) -> None:
        body, key, kind, status = chance.choice([
            (b'{"text": 1, "millis": 0}', None, "application/json", 400),
            (b'{"text": "a"}', None, "application/json", 400),
            (b'{"text": "a", "millis": 0, "more": 1}', None, "application/json", 400),
            (b"{", None, "application/json", 400),
            (b"\xc1", None, "application/msgpack", 400),
            (b"x", None, "text/plain", 415),
            (b"[" * 5000, None, "application/json", 400),
            (b'{"text": "fail", "millis": 0}', None, "application/json", 500),
            (b"{}", "rk_wrong", "application/json", 401),
            (b"{}", "", "application/json", 401),
        ])
        connection, response = self._ask("echo", "/echo", body, chance, key, kind)
        self._expect("mistake", response, response.read(), {status} | POLICY)
        connection.close()

    def words(self, chance: random.Random) -> None:
        connection, response = self._ask("words", "/words", json.dumps({"count": chance.choice([1, 100, 5000])}).encode(), chance)
        leaves = chance.random() < 0.3
        body = response.read(100) if leaves else response.read()
        self._expect("words", response, body, {200} | POLICY)
        if response.status == 200 and not leaves and not body.endswith(b"data: [DONE]\n\n") and b'"error"' not in body:
            self.wrong.append(f"words: a stream without its end: {body[-100:]!r}")
        connection.close()

    def _completion(self, chance: random.Random, stream: bool) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        text = " ".join(chance.choice(["Once", "upon", "a", "time", "there", "was", "Lily", "dog"]) for _ in range(chance.randint(1, 60)))
        body = {"model": MODEL, "prompt": text, "max_tokens": chance.choice([1, 8, 40]), "stream": stream, "temperature": chance.choice([0, 1])}
        return self._ask("chat", "/v1/completions", json.dumps(body).encode(), chance)

    def chat(self, chance: random.Random) -> None:
        connection, response = self._completion(chance, False)
        self._expect("chat", response, response.read(), {200} | POLICY)
        connection.close()

    def chat_stream(self, chance: random.Random) -> None:
        connection, response = self._completion(chance, True)
        body = response.read(150) if chance.random() < 0.5 else response.read()
        self._expect("chat stream", response, body, {200} | POLICY)
        connection.close()

    def websocket(self, chance: random.Random) -> None:
        with socket.create_connection((HOST, self.server.port), timeout=60) as line:
            key = base64.b64encode(os.urandom(16)).decode()
            line.sendall((f"GET /echo HTTP/1.1\r\nHost: {HOST}:{self.server.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
                          f"Authorization: Bearer {chance.choice(self.server.keys['echo'])}\r\n\r\n").encode())
            head = line.recv(4096)
            self._count(f"websocket {head[9:12].decode(errors='replace')}")
            if head[9:12] != b"101":
                return
            message = b'{"text": "over a socket", "millis": 1}'
            mask = os.urandom(4)
            line.sendall(bytes([0x81, 0x80 | len(message)]) + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(message)))
            if chance.random() < 0.7:
                line.recv(4096)

    def connections(self, chance: random.Random) -> None:
        lines = [socket.create_connection((HOST, self.server.port), timeout=60) for _ in range(chance.randint(1, 20))]
        for line in lines:
            if chance.random() < 0.5:
                line.sendall(b"POST /echo HTTP/1.1\r\nHost: ")
        time.sleep(chance.uniform(0, 0.5))
        for line in lines:
            line.close()
        self._count("connections")
