"""What a server at rest holds, from sample to sample, and whether that grows."""

import os
import re
import subprocess
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from statistics import median

from server import Server

# Grown is what the last third of the samples has more than the first one, by more than a tenth and by more than this.
SLACK = {"heap_kib": 4096, "resident_kib": 32768, "threads": 8, "descriptors": 8, "workers_kib": 65536, "home_kib": 4096}


@dataclass
class Sample:
    minute: float
    heap_kib: int  # after a full collection
    resident_kib: int
    threads: int
    descriptors: int
    workers_kib: int
    home_kib: int  # without logs and SQLite's journals, four megabytes each at most
    kv_used: float  # part of the KV cache


NAMES = [field.name for field in fields(Sample)]


def take(server: Server, jcmd: Path, minute: float) -> Sample:
    _jcmd(jcmd, server.pid, "GC.run")
    heap = sum(int(kib) for kib in re.findall(r"(?:def new generation|tenured generation|DefNew|Tenured).*? used (\d+)K", _jcmd(jcmd, server.pid, "GC.heap_info")))
    status = Path(f"/proc/{server.pid}/status").read_text()
    return Sample(
        minute=round(minute, 1), heap_kib=heap, resident_kib=_number(status, "VmRSS"), threads=_number(status, "Threads"),
        descriptors=len(os.listdir(f"/proc/{server.pid}/fd")),
        workers_kib=sum(_resident(pid) for pid in server.workers()), home_kib=_kib(server.home),
        kv_used=_metric(server.metrics(), "vllm:kv_cache_usage_perc"))


def _jcmd(jcmd: Path, pid: int, *command: str) -> str:
    return subprocess.run([jcmd, str(pid), *command], capture_output=True, text=True, timeout=60, check=True).stdout


def _number(status: str, name: str) -> int:
    return int(re.search(rf"^{name}:\s+(\d+)", status, re.MULTILINE).group(1))


def _resident(pid: int) -> int:
    try:
        return _number(Path(f"/proc/{pid}/status").read_text(), "VmRSS")
    except (OSError, AttributeError):
        return 0  # it has ended


def _kib(folder: Path) -> int:
    """Of files; the logs grow with what is done, and are turned over by themselves."""
    total = 0
    for place, below, files in os.walk(folder):
        below[:] = [name for name in below if name not in ("logs", "audit", "workers")]
        for name in files:
            if name.endswith("-wal"):
                continue
            try:
                total += os.lstat(os.path.join(place, name)).st_blocks // 2
            except OSError:
                continue
    return total


def _metric(text: str, name: str) -> float:
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(name))


def grown(samples: list[Sample]) -> list[str]:
    """What has grown; empty: nothing. The first sample is of a server that is still warming up."""
    later = samples[1:]
    third = max(1, len(later) // 3)
    found = []
    for name, slack in SLACK.items():
        first, last = (median(getattr(one, name) for one in part) for part in (later[:third], later[-third:]))
        if last > first + slack and last > 1.1 * first:
            found.append(f"{name}: {first:.0f} in the first third, {last:.0f} in the last")
    found += [f"the KV cache is in use at rest, minute {one.minute}: {one.kv_used}" for one in samples if one.kv_used > 0]
    return found


def table(samples: list[Sample]) -> str:
    lines = ["| " + " | ".join(NAMES) + " |", "|" + "---|" * len(NAMES)]
    return "\n".join(lines + ["| " + " | ".join(str(value) for value in astuple(one)) + " |" for one in samples])
