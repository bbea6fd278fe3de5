"""Two checkouts of Redoubt in turn: what a change has done, on a machine whose speed moves with the hour."""

import shutil
from collections.abc import Callable
from pathlib import Path
from statistics import median

from servers import Redoubt, Running


def compare(roots: list[Path], folder: Path, cases: list[str], connections: list[int], rounds: int, port: Callable[[], int],
            wrk: Callable[[Running, int, Path], dict], warm_up: Callable[[Running, Path], None]) -> str:
    """A table of the medians. Both run all the time: what one does while it is idle, the other pays too."""
    lines = [f"requests/s, medians of {rounds} rounds in turn (p99 ms)", "", "| | " + " | ".join(str(root) for root in roots) + " | ratio |", "|---|---|---|---|"]
    for case in cases:
        servers = [_prepared(root, folder, place) for place, root in enumerate(roots)]
        running: list[Running] = []
        try:
            for server in servers:
                running.append(server.start(case, port(), load=True))
            for server, one in zip(servers, running):
                warm_up(one, server.keys)
            for count in connections:
                ran = [[wrk(one, count, server.keys) for server, one in zip(servers, running)] for _ in range(rounds)]
                rates = [median(figures[place]["rps"] for figures in ran) for place in range(len(roots))]
                slow = [median(figures[place]["p99_ms"] for figures in ran) for place in range(len(roots))]
                cells = [f"{rate:,.0f} ({late:.2f})" for rate, late in zip(rates, slow)]
                lines.append(f"| {case}, {count} | " + " | ".join(cells) + f" | {rates[0] / rates[1]:.2f} |")
        finally:
            for one in running:
                one.stop()
    return "\n".join(lines)


def _prepared(root: Path, folder: Path, place: int) -> Redoubt:
    own = folder / f"beside-{place}"
    own.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(folder / "handlers.jar", own / "handlers.jar")
    server = Redoubt(root, own)
    server.prepare()
    return server
