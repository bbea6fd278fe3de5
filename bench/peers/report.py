"""The results as a section of Markdown."""

import statistics
from pathlib import Path

import quality
from results import Case, Results

BEGIN, END = "<!-- peers:begin -->", "<!-- peers:end -->"
HIGHER, LOWER = 1, -1
OURS = "redoubt"

# Of each case: metric, what it is called, which way is better.
METRICS = {
    "speed": [("pp512", "prefill 512, tok/s", HIGHER), ("tg128", "decode 128, tok/s", HIGHER)],
    "http": [
        ("c1_output_tok_s", "1 stream, output tok/s", HIGHER),
        ("c1_ttft_p50_ms", "1 stream, TTFT p50, ms", LOWER),
        ("c1_ttft_p95_ms", "1 stream, TTFT p95, ms", LOWER),
        ("c1_tpot_p50_ms", "1 stream, TPOT p50, ms", LOWER),
        ("c16_output_tok_s", "16 streams, output tok/s", HIGHER),
        ("c16_burst_ttft_p50_ms", "16 at once, TTFT p50, ms", LOWER),
        ("c16_burst_ttft_p95_ms", "16 at once, TTFT p95, ms", LOWER),
        ("c16_tpot_p50_ms", "16 streams, TPOT p50, ms", LOWER),
        ("c16_itl_p99_ms", "16 streams, ITL p99, ms", LOWER),
    ],
    "prefix": [
        ("wall_s", "all done, s", LOWER),
        ("output_tok_s", "output tok/s", HIGHER),
        ("ttft_p50_ms", "TTFT p50, ms", LOWER),
        ("ttft_p95_ms", "TTFT p95, ms", LOWER),
    ],
    "start": [("ready_s", "ready, s", LOWER), ("first_token_s", "first token, s", LOWER)],
    "memory": [("idle_rss_mib", "RSS idle, MiB", LOWER), ("loaded_rss_mib", "RSS after the load, MiB", LOWER)],
    "perplexity": [("perplexity", "perplexity", LOWER)],
}

TITLES = {
    "speed": "In one process: `redoubt bench` and `llama-bench`, batch 1",
    "http": "Over HTTP: `/v1/completions`, streaming, greedy, 128 tokens in and 128 out, prompts that share nothing",
    "prefix": "Shared prefix: 16 requests at once, 1,000 tokens in common and 64 of their own, 32 out",
    "start": "Start: process start to ready, and to the first token; files in the page cache",
    "memory": "Memory of the server's processes, before and after the HTTP load",
    "perplexity": "Perplexity: 20 windows of 512, tokens predicted from the second half of each",
}


def markdown(results: Results, command: str) -> str:
    blocks = ["## Against the peers", _head(results, command)]
    for name, title in TITLES.items():
        cases = [case for case in results.cases if case.name == ("http" if name == "memory" else name)]
        if table := _table(cases, METRICS[name], decimals=4 if name == "perplexity" else None):
            blocks.append(f"**{title}**\n\n{table}")
    blocks += filter(None, [_agreement(results), _conditions(results)])
    return "\n\n".join(blocks) + "\n"


def replace_section(text: str, section: str) -> str:
    """The document with the section between the markers; at its end if it has none yet."""
    block = f"{BEGIN}\n{section}{END}"
    if BEGIN in text and END in text:
        return text[: text.index(BEGIN)] + block + text[text.index(END) + len(END) :]
    return f"{text.rstrip()}\n\n{block}\n"


def write_section(file: Path, section: str) -> None:
    file.write_text(replace_section(file.read_text(), section))


def ratio(ours: float, theirs: float, better: int) -> float:
    """How many times as good ours is: above 1 it wins, whichever way is better."""
    return ours / theirs if better == HIGHER else theirs / ours


def _head(results: Results, command: str) -> str:
    machine, engines = results.document["machine"], results.document["engines"]
    lines = [
        f"`{command}`. **Machine**: {machine['cpu']} ({machine['family']}), {machine['cores']} cores, "
        f"{machine['memory_gib']} GiB, {machine['system']}; {' '.join(machine['flags'])}.",
        "Engines: " + "; ".join(f"{name} ({version})" for name, version in engines.items()) + ".",
        f"The model is {results.document['model']}; all formats are made from its Q4_1 file, and all engines read the same file"
        " (vLLM: the same weights as safetensors). Rounds alternate between the engines; a cell is the median"
        " [lowest–highest]; × above 1: Redoubt is better.",
    ]
    return "\n".join(lines)


def _table(cases: list[Case], metrics: list[tuple[str, str, int]], decimals: int | None) -> str:
    measured = {engine for case in cases for metric, _, _ in metrics for engine in case.fields["metrics"].get(metric, {})}
    if not measured:
        return ""
    peers = sorted(measured - {OURS}, key=str.lower)
    rows = [["format", "", "Redoubt", *(column for peer in peers for column in (peer, "×"))]]
    for case in cases:
        for metric, label, better in metrics:
            if metric not in case.fields["metrics"]:
                continue
            row = [case.format, label, _cell(case.values(metric, OURS), decimals)]
            for peer in peers:
                row += [_cell(case.values(metric, peer), decimals), _ratio_cell(case, metric, peer, better)]
            rows.append(row)
    return _markdown_table(rows)


def _ratio_cell(case: Case, metric: str, peer: str, better: int) -> str:
    ours, theirs = case.median(metric, OURS), case.median(metric, peer)
    return f"{ratio(ours, theirs, better):.2f}" if ours and theirs else "–"


def _cell(values: list[float], decimals: int | None) -> str:
    if not values:
        return "–"
    median = statistics.median(values)
    if decimals is None:
        decimals = 0 if median >= 100 else 1 if median >= 10 else 2
    spread = f" [{min(values):.{decimals}f}–{max(values):.{decimals}f}]" if len(values) > 1 else ""
    return f"{median:.{decimals}f}{spread}"


def _agreement(results: Results) -> str:
    rows = [["format", "peer", "equal over 64 tokens", f"equal over {quality.CHARACTERS} characters", "first token that differs", "agree"]]
    for verdict in verdicts(results):
        tokens = sorted(verdict["first_token"])
        apart = [str(token) for token in tokens if token < quality.TOKENS]
        equal = f"{len(tokens) - len(apart)} of {len(tokens)}"
        alike = sum(first == -1 or first >= quality.CHARACTERS for first in verdict["first_character"])
        agree = "yes" if verdict["agrees"] else "**no**"
        rows.append([verdict["format"], verdict["peer"], equal, f"{alike} of {len(tokens)}", ", ".join(apart) or "–", agree])
    if len(rows) == 1:
        return ""
    title = "Outputs: greedy continuations of the same prompts; agree: most begin alike, or the perplexities are within 1 %"
    return f"**{title}**\n\n{_markdown_table(rows)}"


def verdicts(results: Results) -> list[dict]:
    """Of each format and peer, whether the outputs agree."""
    perplexities = {case.format: case for case in results.cases if case.name == "perplexity"}
    found = []
    for case in results.cases:
        if case.name != "agreement":
            continue
        for peer, firsts in case.fields["metrics"].get("first_token", {}).items():
            agrees = quality.agrees(case, peer, perplexities.get(case.format), OURS)
            characters = case.values("first_character", peer)
            found.append(
                {"format": case.format, "peer": peer, "first_token": firsts, "first_character": characters, "agrees": agrees}
            )
    return found


def _conditions(results: Results) -> str:
    cases = results.cases
    others = [cores for case in cases for values in case.fields["other_cores"].values() for cores in values]
    times = sorted(case.fields["at"] for case in cases)
    versions = sorted({case.fields["version"] for case in cases})
    lines = [f"Measured {times[0]} to {times[-1]} UTC, Redoubt {', '.join(versions)}." if times else ""]
    if others:
        lines.append(f"Other processes took {statistics.median(others):.2f} cores (median of all rounds), {max(others):.2f} at most.")
    lines += results.document.get("absent", [])
    lines += [f"{case.name} {case.format}: {note}." for case in cases for note in case.fields["notes"]]
    return "\n".join(f"- {line}" for line in lines if line)


def _markdown_table(rows: list[list[str]]) -> str:
    head, *body = rows
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *body])
