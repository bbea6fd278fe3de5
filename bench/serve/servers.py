"""The servers that are compared: how each is started, asked and stopped. All listen on loopback."""

import hashlib
import http.client
import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import machine

HOST = "127.0.0.1"
HERE = Path(__file__).resolve().parent
KEYS = 64  # as many as have a window of 100,000 requests a minute at once
LOAD = [
    "limits: {requests-per-minute: 100000, streams-per-key: 1000, streams-per-application: 1000}",
    f"waivers: [{{rule: V3.4, reason: a benchmark, expires: {time.strftime('%Y-%m-%d', time.gmtime(time.time() + 86400))}}}]",
]


class Failed(RuntimeError):
    pass


class Running:
    """A server from its start to its end. Ready: a no-op request is answered by 200."""

    def __init__(self, command: list, port: int, path: str, log: Path, key: str = "", environment: dict | None = None, limit_s: float = 120):
        self.port, self.path, self.key = port, path, key
        begin = time.monotonic()
        with open(log, "wb") as output:
            self._process = subprocess.Popen(
                [str(part) for part in command], env={**os.environ, **(environment or {})}, stdin=subprocess.DEVNULL,
                stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            while self.ask("1") is None:
                if self._process.poll() is not None or time.monotonic() - begin > limit_s:
                    raise Failed(f"{command[0]} does not answer: see {log}")
                time.sleep(0.01)
        except BaseException:
            self.stop()
            raise
        self.first_200_s = time.monotonic() - begin

    def ask(self, x: str) -> str | None:
        """The body of a 200, or None."""
        try:
            connection = http.client.HTTPConnection(HOST, self.port, timeout=30)
            if self.key:
                headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
                connection.request("POST", self.path, f'{{"x":{x}}}', headers)
            else:
                connection.request("GET", self.path)
            response = connection.getresponse()
            body = response.read().decode()
            connection.close()
            return body if response.status == 200 else None
        except (OSError, http.client.HTTPException):
            return None

    def memory(self) -> dict:
        pids = machine.tree(self._process.pid)
        return {"processes": len(pids), **machine.memory_mib(pids)}

    @property
    def pid(self) -> int:
        return self._process.pid

    def stop(self) -> None:
        """Asks, then kills what it has started."""
        pids = machine.tree(self._process.pid)
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            pass
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self._process.wait()

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_) -> None:
        self.stop()


class Redoubt:
    """Keys, limits and the access log are on; each deployment is a worker process."""

    name = "Redoubt"

    def __init__(self, root: Path, folder: Path):
        self.program, self.folder = root / "redoubt", folder
        self.home = folder / "home"
        self.keys = folder / "keys"
        self.log = folder / "redoubt.log"

    def prepare(self) -> None:
        if self.home.is_dir() and self.keys.is_file() and len(self.keys.read_text().split()) == KEYS:
            return
        secrets = [self._run("keys", "create", "--application", "bench", "--scopes", "inference").split()[0] for _ in range(KEYS)]
        self.keys.write_text("\n".join(secrets) + "\n")
        self.keys.chmod(0o600)

    def start(self, ingress: str, port: int, load: bool = False) -> Running:
        """ingress: noop, chain or stream. load: with limits that many keys at once do not reach; else as they are where nobody says so."""
        deployments = {"noop": ["Noop"], "chain": ["Outer", "Noop"], "stream": ["Streams"]}[ingress]
        file = self.folder / "redoubt.yaml"
        file.write_text(self._configuration(deployments, port, load))
        # What the case before wanted would run beside this one until it works; its windows are of another size.
        for left in [*self.home.glob("platform.db*"), *self.home.glob("limit-windows")]:
            left.unlink()
        key = self.keys.read_text().split()[0]
        return Running([self.program, "serve", "-f", file], port, "/bench", self.log, key, self._environment())

    def second_replica_s(self, server: Running) -> float:
        """From the moment at which one more is wanted to its first answer."""
        first = server.ask("0")
        begin = time.monotonic()
        self._scale(2)
        while (answer := server.ask("0")) is None or answer == first:
            if time.monotonic() - begin > 60:
                raise Failed(f"no second replica: see {self.log}")
        return time.monotonic() - begin

    def _scale(self, replicas: int) -> None:
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(self.home / "admin.sock"))
        body = json.dumps({"application": "bench", "deployment": "Noop", "replicas": replicas})
        connection.request("POST", "/admin/v1/applications/scale", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        text = response.read()
        connection.close()
        if response.status >= 300:
            raise Failed(f"scale: {response.status} {text[:300]!r}")

    def _configuration(self, deployments: list[str], port: int, load: bool) -> str:
        jar = self.folder / "handlers.jar"
        digest = hashlib.sha256(jar.read_bytes()).hexdigest()
        lines = [
            f"http: {{port: {port}}}",
            *(LOAD if load else []),
            "applications:",
            "  - name: bench",
            "    quota: {cpu: 1.6, memory: 2GiB}",
            f"    ingress: {deployments[0]}",
            "    deployments:",
        ]
        for name in deployments:
            lines += [
                f"      - name: {name}",
                f'        java: {{class: bench.{name}, jar: {jar}, digest: "sha256:{digest}"}}',
                "        cpu: 0.8",
                "        memory: 256MiB",
                "        max-ongoing-requests: 100",
                "        max-queued-requests: 1000",
                "        timeouts: {call: 15s}",
            ]
        return "\n".join(lines) + "\n"

    def _environment(self) -> dict:
        return {"REDOUBT_HOME": str(self.home)}

    def _run(self, *arguments: str) -> str:
        ran = subprocess.run([self.program, *arguments], env={**os.environ, **self._environment()}, capture_output=True, text=True)
        if ran.returncode:
            raise Failed(f"redoubt {' '.join(arguments)}: {ran.stderr.strip()}")
        return ran.stdout


class Nginx:
    """A fixed body, one worker, no log: what the machine gives a server that does nothing."""

    name = "nginx"

    def __init__(self, folder: Path):
        self.folder = folder / "nginx"

    def start(self, ingress: str, port: int, load: bool = False) -> Running:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "nginx.conf").write_text(f"""worker_processes 1;
daemon off;
error_log stderr error;
pid nginx.pid;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  server {{ listen {HOST}:{port} reuseport; location / {{ default_type text/plain; return 200 "ok"; }} }}
}}
""")
        command = ["nginx", "-p", self.folder, "-c", "nginx.conf"]
        return Running(command, port, "/", self.folder / "nginx.log")


class RayServe:
    """In the mode that was fastest in every row: HAProxy in front, its throughput settings, a hundred calls at once."""

    name = "Ray Serve"
    settings = {
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1",
        "RAY_SERVE_ENABLE_HA_PROXY": "1",
        "RAY_SERVE_HAPROXY_NBTHREAD": "1",
    }

    def __init__(self, python: Path, folder: Path):
        self.serve, self.folder = python.parent / "serve", folder

    def start(self, ingress: str, port: int, load: bool = False) -> Running:
        """Its port is 8000, whatever is asked for."""
        command = [self.serve, "run", "--app-dir", HERE, f"ray_app:{ingress}"]
        return Running(command, 8000, "/", self.folder / "ray.log", environment=self.settings)
