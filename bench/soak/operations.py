"""What an operator, and chance, do to a server: deploys good and bad, scales, rollbacks, kills, keys."""

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from server import Server


class Operations:
    def __init__(self, server: Server, seed: int, pause_s: float):
        self.server, self.pause_s = server, pause_s
        self.done: list[str] = []
        self.wrong: list[str] = []
        self._chance = random.Random(seed)
        self._stopped = threading.Event()
        self._free = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @contextmanager
    def resting(self) -> Iterator[None]:
        with self._free:
            yield

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(600)

    def _run(self) -> None:
        all_of_them = [self.update, self.reconfigured, self.broken, self.refused, self.scaled, self.rolled_back, self.killed, self.keys]
        while not self._stopped.wait(self.pause_s):
            with self._free:
                self._chance.choice(all_of_them)()

    def _told(self, what: str, ran, codes: set[int]) -> None:
        self.done.append(what)
        if ran.returncode not in codes:
            self.wrong.append(f"{what} ended with {ran.returncode}: {ran.stdout[-300:]} {ran.stderr[-300:]}")

    def update(self) -> None:
        self._told("update", self.server.deploy(self.server.echo("Echo", f"w{self._chance.randrange(10**6)}", self._chance.choice([1, 2]))), {0})

    def reconfigured(self) -> None:
        self._told("user-config", self.server.deploy(self.server.echo("Echo", f"w{self._chance.randrange(10**6)}", 1)), {0})

    def broken(self) -> None:
        self._told("broken", self.server.deploy(self.server.echo("Broken", "", 1)), {69})
        self._again()

    def refused(self) -> None:
        self._told("refused user-config", self.server.deploy(self.server.echo("Echo", "bad", 1)), {69})
        self._again()

    def _again(self) -> None:
        """What came back by itself is deployed again, so that the next operation finds a good state."""
        self._told("update", self.server.deploy(self.server.echo("Echo", f"w{self._chance.randrange(10**6)}", 1)), {0})

    def scaled(self) -> None:
        replicas = self._chance.choice([1, 2])
        self._told("scale", self.server.command("scale", "echo", "Echo", str(replicas)), {0})

    def rolled_back(self) -> None:
        self._told("rollback", self.server.command("rollback", "echo"), {0, 69, 78})

    def killed(self) -> None:
        workers = self.server.workers()
        if workers:
            os.kill(self._chance.choice(workers), signal.SIGKILL)
            self.done.append("kill -9")
            time.sleep(3)

    def keys(self) -> None:
        ran = self.server.command("keys", "create", "--application", "echo", "--scopes", "inference")
        self._told("key", ran, {0})
        made = next((word for word in ran.stderr.split() if word.startswith("key_")), "")
        self._told("revoke", self.server.command("keys", "revoke", made), {0})
