"""The server under soak: its configuration, its keys, its commands and its end."""

import hashlib
import http.client
import os
import signal
import subprocess
import time
from pathlib import Path

HOST = "127.0.0.1"
MODEL = "soak"
KEYS = 8


class Failed(RuntimeError):
    pass


class Server:
    def __init__(self, root: Path, folder: Path, port: int):
        self.program, self.folder, self.port = root / "redoubt", folder, port
        self.home = folder / "home"
        self.log = folder / "server.log"
        self.environment = {**os.environ, "REDOUBT_HOME": str(self.home)}
        self._process: subprocess.Popen | None = None

    def prepare(self, model: Path) -> None:
        self.run("models", "add", str(model), "--name", MODEL)
        self.keys = {name: [self._key(name, "inference") for _ in range(KEYS)] for name in ("echo", "words", "chat")}
        self._reader = self._key("chat", "metrics")

    def _key(self, application: str, scope: str) -> str:
        return self.run("keys", "create", "--application", application, "--scopes", scope).split()[0]

    def start(self) -> None:
        configuration = self.folder / "redoubt.yaml"
        expires = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 29 * 86400))
        head = (f"http: {{port: {self.port}}}\nlimits: {{requests-per-minute: 6000, tokens-per-minute: 1000000}}\n"
                f"waivers: [{{rule: V3.4, reason: a soak, expires: {expires}}}]\napplications:\n")
        configuration.write_text(head + self.echo("Echo", "first", 1) + self._words() + self._chat())
        with open(self.log, "wb") as output:
            self._process = subprocess.Popen([self.program, "serve", "-f", configuration], env=self.environment, stdin=subprocess.DEVNULL,
                                             stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
        end = time.monotonic() + 120
        while self._get("/readyz")[0] != 200:
            if not self.alive() or time.monotonic() > end:
                self._process.kill()
                raise Failed(f"the server does not start: see {self.log}")
            time.sleep(0.2)

    def metrics(self) -> str:
        status, text = self._get("/metrics")
        if status != 200:
            raise Failed(f"/metrics answers {status}: {text[:200]}")
        return text

    @property
    def pid(self) -> int:
        return self._process.pid

    def alive(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> int:
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            raise Failed("the server does not end within a minute of a SIGTERM")

    def run(self, *arguments: str) -> str:
        ran = self.command(*arguments)
        if ran.returncode:
            raise Failed(f"redoubt {' '.join(arguments)}: {ran.stderr.strip()}")
        return ran.stdout

    def command(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run([self.program, *arguments], env=self.environment, capture_output=True, text=True, timeout=400)

    def deploy(self, application: str) -> subprocess.CompletedProcess:
        file = self.folder / "deploy.yaml"
        file.write_text("applications:\n" + application)
        return self.command("deploy", "-f", str(file))

    def _get(self, path: str) -> tuple[int, str]:
        """Status 0: nobody is there."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=30)
        try:
            connection.request("GET", path, headers={"Authorization": f"Bearer {self._reader}"})
            response = connection.getresponse()
            return response.status, response.read().decode()
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            connection.close()

    def workers(self) -> list[int]:
        """Process ids of replicas, which are at home in their folders."""
        found = []
        for name in os.listdir("/proc"):
            if not name.isdigit():
                continue
            try:
                if os.readlink(f"/proc/{name}/cwd").startswith(f"{self.home}/"):
                    found.append(int(name))
            except OSError:
                continue
        return found

    def echo(self, handler: str, word: str, replicas: int) -> str:
        configuration = "" if handler == "Broken" else f"\n        user-config: {{word: {word}}}"
        return f"""  - name: echo
    quota: {{cpu: 0.8, memory: 600MiB}}
    deployments:
      - name: Echo
        java: {self._java(handler)}
        replicas: {replicas}
        cpu: 0.2
        memory: 128MiB
        max-ongoing-requests: 16{configuration}
"""

    def _words(self) -> str:
        return f"""  - name: words
    quota: {{cpu: 0.4, memory: 300MiB}}
    deployments:
      - name: Words
        java: {self._java("Words")}
        cpu: 0.2
        memory: 128MiB
        max-ongoing-requests: 16
"""

    def _java(self, handler: str) -> str:
        jar = self.folder / "handlers.jar"
        digest = hashlib.sha256(jar.read_bytes()).hexdigest()
        return f'{{class: soak.{handler}, jar: {jar}, digest: "sha256:{digest}"}}'

    @staticmethod
    def _chat() -> str:
        return f"""  - name: chat
    quota: {{cpu: 0.4, memory: 1GiB}}
    deployments:
      - name: Chat
        llm: {{model: {MODEL}, engine: dedicated}}
        cpu: 0.4
        memory: 512MiB
        max-ongoing-requests: 8
"""
