"""`./redoubt dev bench peers`: Redoubt beside other servers, on the same machine, files, prompts, threads and sampling."""

import argparse
import os
import shlex
import signal
import sys
from pathlib import Path

import machine
import report
from cases import CASES, Bench, say
from engines import LlamaCpp, Redoubt, Vllm
from install import MODEL, Missing, Peers
from results import Results

ROOT = Path(__file__).resolve().parents[2]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./redoubt dev bench peers", description=__doc__)
    add = parser.add_argument
    add("--only", default=",".join(CASES), metavar="CASES", help=f"some of {','.join(CASES)} (http measures memory too)")
    add("--formats", default="Q4_1,Q4_0,Q8_0,BF16", help="weight formats, as llama-quantize names them (%(default)s)")
    add("--peers", default="llama.cpp", help="llama.cpp, or llama.cpp,vllm: 6 GB more, BF16 only (%(default)s)")
    add("--repeat", type=int, default=5, metavar="N", help="rounds of each case (%(default)s)")
    add("--threads", type=int, default=len(os.sched_getaffinity(0)), metavar="N", help="compute threads of all engines (%(default)s)")
    add("--text", type=Path, metavar="FILE", help="UTF-8 text whose perplexity is compared; without it there is none")
    add("--gguf", type=Path, metavar="FILE", help=f"a Q4_1 file in place of {MODEL}'s")
    add("--folder", type=Path, default=ROOT / "target" / "peers", help="where the peers are installed (target/peers)")
    add("--no-install", action="store_true", help="measure what is there")
    add("--json", type=Path, metavar="FILE", help="the results; cases measured before stay in it (results.json in the folder)")
    add("--docs", action="store_true", help="put the section into docs/BENCHMARKS.md; without it it is printed")
    return parser.parse_args()


def main() -> int:
    a = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # servers are stopped on the way out
    names, formats = a.only.split(","), a.formats.split(",")
    if unknown := set(names) - set(CASES):
        say(f"--only has {', '.join(sorted(unknown))}, allowed are {', '.join(CASES)}")
        return 64
    peers = Peers(a.folder)
    peers.home.mkdir(parents=True, exist_ok=True)
    ours = Redoubt(ROOT, peers, a.threads)
    engines = [ours, LlamaCpp(peers, a.threads)] + ([Vllm(peers, a.threads)] if "vllm" in a.peers.split(",") else [])
    absent = [] if a.no_install else install(peers, formats, a.gguf, engines)
    absent += [f"{engine.name} is missing: {why}" for engine in engines if (why := engine.missing())]
    absent += [f"{peers.gguf(form)} is missing" for form in formats if not peers.gguf(form).is_file()]
    for line in absent:
        say(line)
    formats = [form for form in formats if peers.gguf(form).is_file()]
    if not formats:
        return 69
    ours.prepare(formats[0])
    engines = [engine for engine in engines if not engine.missing()]
    results = Results(a.json or a.folder / "results.json")
    versions = {engine.name: engine.version() for engine in engines}
    results.describe(machine=machine.facts(), engines=versions, model=a.gguf.name if a.gguf else MODEL, absent=absent)
    bench = Bench(engines, results, a.repeat, a.text, ours.commit())
    for name in names:
        for form in formats:
            bench.run(name, form)

    command = "./redoubt dev bench peers " + shlex.join(sys.argv[1:])
    section = report.markdown(results, command.strip())
    (a.folder / "results.md").write_text(section)
    if a.docs:
        report.write_section(ROOT / "docs" / "BENCHMARKS.md", section)
    else:
        print(section)
    apart = [verdict for verdict in report.verdicts(results) if not verdict["agrees"]]
    for verdict in apart:
        say(f"the outputs of redoubt and {verdict['peer']} differ in {verdict['format']}: its ratios mean nothing")
    return 1 if apart else 0


def install(peers: Peers, formats: list[str], gguf: Path | None, engines: list) -> list[str]:
    """What could not be had, one line each: a peer that is missing is no reason not to measure the others."""
    steps = [peers.install_llama, lambda: peers.install_models(formats, gguf)]
    if any(isinstance(engine, Vllm) for engine in engines):
        steps.append(peers.install_vllm)
    absent = []
    for step in steps:
        try:
            step()
        except Missing as e:
            absent.append(str(e))
    return absent


if __name__ == "__main__":
    sys.exit(main())
