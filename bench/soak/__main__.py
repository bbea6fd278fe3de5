"""A server that is called, updated, scaled and hurt for as long as is wished, and may hold no more at the end than at the beginning."""

import argparse
import socket
import sys
import time
from pathlib import Path

import samples
from load import Load
from operations import Operations
from server import HOST, Failed, Server

REST_S = 5  # until what is over has been let go of


def main() -> int:
    parser = argparse.ArgumentParser(prog="redoubt dev soak", description=__doc__)
    parser.add_argument("root", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("jcmd", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("model", type=Path, help="a small language model: a GGUF file or a folder of safetensors")
    parser.add_argument("--minutes", type=float, default=1440, help="default: a day")
    parser.add_argument("--every", type=float, default=2, help="minutes between two samples")
    parser.add_argument("--pause", type=float, default=15, help="seconds between two operations")
    parser.add_argument("--seed", type=int, default=1)
    told = parser.parse_args()
    with socket.create_server((HOST, 0)) as free:
        port = free.getsockname()[1]
    server = Server(told.root, told.folder, port)
    server.prepare(told.model)
    server.start()
    taken: list[samples.Sample] = []
    load, operations = Load(server, told.seed), Operations(server, told.seed, told.pause)
    begin = time.monotonic()
    try:
        while (minute := (time.monotonic() - begin) / 60) < told.minutes:
            time.sleep(min(told.every, max(0.0, told.minutes - minute)) * 60)
            with operations.resting(), load.resting():
                time.sleep(REST_S)
                if not server.alive():
                    raise Failed(f"the server has ended: see {server.log}")
                taken.append(samples.take(server, told.jcmd, (time.monotonic() - begin) / 60))
            print(samples.table(taken[-1:]).splitlines()[-1], flush=True)
    finally:
        operations.stop()
        load.stop()
        code = server.stop()
    print(f"\n{samples.table(taken)}\n\ncalls: {dict(sorted(load.counts.items()))}")
    print(f"operations: {({name: operations.done.count(name) for name in sorted(set(operations.done))})}")
    faults = samples.grown(taken) + operations.wrong + load.wrong[:50] + ([f"the server ended with {code}"] if code not in (0, 130, 143) else [])
    for fault in faults:
        print(f"FAULT  {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as failure:
        print(f"redoubt dev soak: {failure}", file=sys.stderr)
        sys.exit(69)
