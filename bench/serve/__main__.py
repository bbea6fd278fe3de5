"""`./redoubt dev bench serve`: a deployment that does nothing, beside nginx and Ray Serve, on the same machine with the same client."""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(1, str(HERE.parent / "peers"))  # machine: what it is, and what else it does meanwhile

import beside  # noqa: E402
import machine  # noqa: E402
import report  # noqa: E402
from servers import HOST, Failed, Nginx, RayServe, Redoubt, Running  # noqa: E402

LOADED = ["noop", "chain", "stream"]
CASES = ["start", *LOADED, "scale"]
WARM_UP_S = 60  # the hot methods are compiled by then
SETTLE_S = 3


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./redoubt dev bench serve", description=__doc__)
    add = parser.add_argument
    add("--only", default=",".join(CASES), metavar="CASES", help=f"some of {','.join(CASES)}")
    add("--servers", default="redoubt,nginx,ray", help="which are measured (%(default)s)")
    add("--connections", default="1,8,32,100", help="of wrk, one run each (%(default)s)")
    add("--seconds", type=int, default=8, metavar="N", help="of each run (%(default)s)")
    add("--ray", type=Path, default=ROOT / "target" / "serve-bench" / "ray" / "bin" / "python", metavar="PYTHON",
        help='the python of a venv made by: python3 -m venv DIR && DIR/bin/pip install "ray[serve]==2.60.0" (%(default)s)')
    add("--beside", type=Path, metavar="ROOT", help="measures another checkout of Redoubt, which is built, in turn with this one, and nothing else")
    add("--rounds", type=int, default=3, metavar="N", help="with --beside (%(default)s)")
    add("--folder", type=Path, default=ROOT / "target" / "serve-bench", help="of its files (target/serve-bench)")
    return parser.parse_args()


def main() -> int:
    a = arguments()
    only, names = a.only.split(","), a.servers.split(",")
    if unknown := (set(only) - set(CASES)) | (set(names) - {"redoubt", "nginx", "ray"}):
        say(f"{', '.join(sorted(unknown))}: the cases are {', '.join(CASES)}, the servers redoubt, nginx, ray")
        return 64
    if not shutil.which("wrk"):
        say("wrk not found: install it (Debian: apt-get install wrk)")
        return 69
    folder = a.folder.resolve()
    connections = [int(one) for one in a.connections.split(",")]
    if a.beside:
        cases = [case for case in only if case in LOADED]
        print(beside.compare([ROOT, a.beside.resolve()], folder, cases, connections, a.rounds, free_port,
            lambda running, count, keys: wrk(running, count, a.seconds, keys), lambda running, keys: wrk(running, 8, WARM_UP_S, keys)))
        return 0
    redoubt, nginx, ray = Redoubt(ROOT, folder), Nginx(folder), RayServe(a.ray.absolute(), folder)
    servers = []
    if "redoubt" in names:
        redoubt.prepare()
        servers.append(redoubt)
    if "nginx" in names and there(shutil.which("nginx"), "nginx not found: install it (Debian: apt-get install nginx-light)"):
        servers.append(nginx)
    if "ray" in names and there(a.ray.is_file(), f"{a.ray} not found: see --ray"):
        servers.append(ray)
    results = Results(folder / "results.json")
    results.document.update(machine=machine.facts(), at=time.strftime("%Y-%m-%d", time.gmtime()))
    for server in servers:
        for case in LOADED:
            measure(server, case, only, connections if case == "noop" else connections[1:3], a.seconds, results)
    print(report.markdown(results.document))
    return 0


def there(found, else_say: str) -> bool:
    if not found:
        say(else_say)
    return bool(found)


def measure(server, case: str, only: list[str], connections: list[int], seconds: int, results: "Results") -> None:
    first = case == "noop"
    scales = first and "scale" in only and isinstance(server, Redoubt)
    wanted = case in only or (first and {"start", "scale"} & set(only))
    if not wanted or (server.name == "nginx" and not first):
        return
    say(f"{server.name}: {case}")
    try:
        if first and "start" in only:
            with server.start(case, free_port()) as running:
                time.sleep(SETTLE_S)
                results.put(server.name, "start", {"first_200_s": round(running.first_200_s, 2), **running.memory()})
        if case in only or scales:
            with server.start(case, free_port(), load=True) as running:
                if case in only:
                    keys = server.keys if isinstance(server, Redoubt) else None
                    wrk(running, 8, WARM_UP_S, keys)
                    for count in connections:
                        with machine.Watch(running.pid) as watch:
                            figures = wrk(running, count, seconds, keys)
                        results.put(server.name, f"{case} {count}", {**figures, "other_cores": watch.other_cores})
                if scales:
                    results.put(server.name, "scale", {"second_replica_s": round(server.second_replica_s(running), 2)})
    except Failed as e:
        say(str(e))


def wrk(server: Running, connections: int, seconds: int, keys: Path | None) -> dict:
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", HERE / "wrk.lua", f"http://{HOST}:{server.port}{server.path}"]
    environment = {**os.environ, **({"KEYS": str(keys)} if keys else {})}
    ran = subprocess.run([str(part) for part in command], env=environment, capture_output=True, text=True)
    lines = [line for line in ran.stdout.splitlines() if line.startswith("{")]
    if not lines:
        raise Failed(f"wrk: {(ran.stdout + ran.stderr)[-300:]}")
    figures = json.loads(lines[0])
    say(f"  {connections} connections: {figures}")
    return figures


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return listener.getsockname()[1]


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


class Results:
    """By server and case, in a file that is written after each: what is measured again replaces its older self."""

    def __init__(self, file: Path):
        self.file = file
        self.document: dict = json.loads(file.read_text()) if file.is_file() else {}
        self.document.setdefault("figures", {})

    def put(self, server: str, case: str, figures: dict) -> None:
        self.document["figures"].setdefault(server, {})[case] = figures
        self.file.write_text(json.dumps(self.document, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
