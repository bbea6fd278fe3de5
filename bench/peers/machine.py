"""What the machine is, and what else it does while something is measured."""

import os
import platform
import resource
import time
from pathlib import Path

# The flags of a CPU that decide which kernels run.
FLAGS = "avx2 fma f16c avx_vnni avx512f avx512bw avx512vl avx512_vnni avx512_bf16 avx512_fp16 amx_int8 amx_bf16 asimd asimddp i8mm sve bf16"
TICKS = os.sysconf("SC_CLK_TCK")


def facts() -> dict:
    info = Path("/proc/cpuinfo").read_text()
    fields = dict(line.split(":", 1) for line in info.splitlines() if ":" in line)
    fields = {name.strip(): value.strip() for name, value in fields.items()}
    flags = set((fields.get("flags") or fields.get("Features") or "").split())
    return {
        "cpu": fields.get("model name", platform.machine()),
        "family": f"family {fields.get('cpu family', '?')} model {fields.get('model', '?')}",
        "cores": len(os.sched_getaffinity(0)),
        "flags": [flag for flag in FLAGS.split() if flag in flags],
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
    }


def tree(pid: int) -> list[int]:
    """The process and all its descendants."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and (stat := _stat(int(name))):
            children.setdefault(int(stat[1]), []).append(int(name))
    found = [pid]
    for parent in found:
        found += children.get(parent, [])
    return found


def memory_mib(pids: list[int]) -> dict:
    """RSS counts a page shared by two of the processes twice, PSS divides it among all that map it."""
    sums = {"Rss": 0, "Pss": 0}
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue  # ended meanwhile
        for line in lines:
            name = line.split(":")[0]
            if name in sums:
                sums[name] += int(line.split()[1])
    return {"rss_mib": sums["Rss"] // 1024, "pss_mib": sums["Pss"] // 1024}


class Watch:
    """CPU seconds inside a `with` block: those of the measured processes, and `other_cores`, what the rest of the machine took."""

    def __init__(self, server_pid: int = 0):
        self.server_pid = server_pid  # 0: what is measured are children that end inside the block
        self.other_cores = 0.0
        self.seconds = 0.0

    def __enter__(self) -> "Watch":
        self._before = time.monotonic(), _busy(), self._own()
        return self

    def __exit__(self, *_) -> None:
        begin, busy, own = self._before
        self.seconds = time.monotonic() - begin
        self.other_cores = round(max(0.0, _busy() - busy - (self._own() - own)) / self.seconds, 2)

    def _own(self) -> float:
        mine = sum(r.ru_utime + r.ru_stime for r in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))
        if not self.server_pid:
            return mine
        stats = filter(None, map(_stat, tree(self.server_pid)))
        return mine + sum(sum(int(field) for field in stat[11:15]) for stat in stats) / TICKS


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on; none if the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return []


def _busy() -> float:
    """CPU seconds of all processes since the machine started, steal included."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / TICKS
