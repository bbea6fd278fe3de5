"""A server that runs: started, timed to ready, asked, stopped."""

import http.client
import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Callable

import load
import machine

HOST = "127.0.0.1"
KEY_SEEN_S_MAX = 5  # after which a running server knows a new key


class ServerFailed(RuntimeError):
    """A server that did not become ready, died, or answered with this status."""

    def __init__(self, message: str, status: int = 0):
        super().__init__(message)
        self.status = status


class Server:
    """Everything about one process between its start and its end. Ready: the probe answers 200."""

    def __init__(self, command: list, environment: dict, probe: str, log: Path, key: Callable[[], str], limit_s: float = 60,
                 configure: Callable[[int], None] = lambda port: None):
        """configure: is told the port before the process starts."""
        self.port = _free_port()
        configure(self.port)
        self._key = key
        self.log = log
        with open(log, "ab") as output:
            begin = time.monotonic()
            self._process = subprocess.Popen(
                [str(part).replace("{port}", str(self.port)) for part in command],
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._await(probe, begin + limit_s)
        except BaseException:
            self.stop()
            raise
        self.ready_s = round(time.monotonic() - begin, 3)

    @property
    def pid(self) -> int:
        return self._process.pid

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def target(self, key: str | None = None) -> load.Target:
        """With a new key where none is given: what one measurement asked must not count against the next one's limits."""
        key = self._key() if key is None else key
        end = time.monotonic() + KEY_SEEN_S_MAX
        while True:
            try:
                return load.Target(HOST, self.port, self.request("GET", "/v1/models", key)["data"][0]["id"], key)
            except ServerFailed as e:
                if e.status != 401 or time.monotonic() > end:
                    raise
                time.sleep(0.1)

    def complete(self, target: load.Target, prompt: str, max_tokens: int) -> str:
        fields = {"model": target.model, "prompt": prompt, "max_tokens": max_tokens, "temperature": 0, "ignore_eos": True}
        return self.request("POST", "/v1/completions", target.key, fields)["choices"][0]["text"]

    def memory(self) -> dict:
        return machine.memory_mib(machine.tree(self.pid))

    def request(self, method: str, path: str, key: str = "", fields: dict | None = None) -> dict:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=120)
        try:
            headers = {"Content-Type": "application/json", "Connection": "close"}
            if key:
                headers["Authorization"] = f"Bearer {key}"
            connection.request(method, path, json.dumps(fields) if fields else None, headers)
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        if response.status != 200:
            raise ServerFailed(f"{method} {path}: {response.status} {body[:300]!r}", response.status)
        return json.loads(body)

    def stop(self) -> None:
        """Asks, then kills: what it started dies with it."""
        pids = machine.tree(self.pid)
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            pass
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self._process.wait()

    def _await(self, probe: str, end: float) -> None:
        while time.monotonic() < end:
            if self._process.poll() is not None:
                raise ServerFailed(f"ended with {self._process.returncode} before it was ready: see {self.log}")
            if self._answers(probe):
                return
            time.sleep(0.005)
        raise ServerFailed(f"not ready in time: see {self.log}")

    def _answers(self, probe: str) -> bool:
        try:
            connection = http.client.HTTPConnection(HOST, self.port, timeout=5)
            connection.request("GET", probe)
            status = connection.getresponse().status
            connection.close()
            return status == 200
        except (OSError, http.client.HTTPException):
            return False


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return listener.getsockname()[1]
