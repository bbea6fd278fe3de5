"""The table for docs/BENCHMARKS.md."""

SERVERS = ["Redoubt", "nginx", "Ray Serve"]


def markdown(document: dict) -> str:
    figures, facts = document["figures"], document["machine"]
    servers = [name for name in SERVERS if name in figures]
    lines = [f"{facts['cpu']} ({facts['family']}), {facts['cores']} cores, {facts['system']}, {document['at']}", ""]
    lines += ["| | " + " | ".join(servers) + " |", "|---" * (len(servers) + 1) + "|"]
    for case in cases(figures):
        lines.append(f"| {title(case)} | " + " | ".join(cell(figures[name].get(case), case) for name in servers) + " |")
    return "\n".join(lines)


def cases(figures: dict) -> list[str]:
    """All that some server has, in the order in which they were measured."""
    return list(dict.fromkeys(case for of_one in figures.values() for case in of_one))


def title(case: str) -> str:
    name, _, connections = case.partition(" ")
    of = f", {connections} connection{'s' if connections != '1' else ''}"
    return {
        "noop": f"no-op{of}: requests/s (p50, p99 ms)",
        "chain": f"chain of two{of}: requests/s (p50, p99 ms)",
        "stream": f"streams of 100 chunks{of}: chunks/s",
        "start": "start to the first 200, s; idle: processes, PSS MiB",
        "scale": "a second replica: wanted to first answer, s",
    }[name]


def cell(figures: dict | None, case: str) -> str:
    if figures is None:
        return "–"
    if case == "start":
        return f"{figures['first_200_s']}; {figures['processes']}, {figures['pss_mib']}"
    if case == "scale":
        return str(figures["second_replica_s"])
    failed = f", {figures['failed']} failed" if figures["failed"] else ""
    if case.startswith("stream"):
        return f"{100 * figures['rps']:,.0f}{failed}"
    return f"{figures['rps']:,.0f} ({figures['p50_ms']}, {figures['p99_ms']}{failed})"
