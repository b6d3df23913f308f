#!/usr/bin/env python3
"""Measures this build of the appliance beside another one, in turn in one run: reception, de-identification, triage.

For a change that must not make anything slower: build the other commit in a tree of its own, name its program, and read
the ratios. Each round runs both, and the order changes from round to round, so that other work on a shared machine meets
both. A ratio above 1 says that this build takes that many times as long (or receives that many times as fast, in the rows
of reception and of the queue, which say so).

Usage: tests/benchmarks/beside.py OTHER/target/release/appliance [--rounds N] [--only WORD] [--store DIR]
"""

import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import intake
import triage

TARGET = triage.TARGET
CASES = ["CT 0.5 MB, 1 association, no delay", "CT 0.5 MB, 4 associations, no delay", "DX 18 MB, 1 association, no delay",
         "33 KB, 1 association, no delay"]
FIXTURES = TARGET / "release" / "fixtures"


def in_turn(rounds: int, builds: list[Path], once) -> list[list[float]]:
    """What `once(build)` measures for each build in each round; the order is turned round every time."""
    measured: list[list[float]] = [[], []]
    for number in range(rounds):
        for place in (0, 1) if number % 2 == 0 else (1, 0):
            measured[place].append(once(builds[place]))
    return measured


def reception(o, builds: list[Path]):
    """Objects per second of each case."""
    rng = random.Random(20261201)
    ram = "/dev/shm" if Path("/dev/shm").is_dir() else None
    for case in CASES:
        no_delay = intake.CASES[case][5]
        with tempfile.TemporaryDirectory(dir=ram) as made:
            lists = intake.associations_of(case, Path(made), rng)

            def once(build: Path) -> float:
                with tempfile.TemporaryDirectory(dir=o.store) as folder:
                    start = lambda place, port: intake.ours(place, port, build)  # noqa: E731
                    return intake.measure(start, Path(folder), lists, no_delay)[0]  # noqa: B023

            yield f"reception: {case}", "objects/s", in_turn(o.rounds, builds, once)


def deidentification(o, builds: list[Path]):
    """Seconds of `appliance deid` over phantom series."""
    with tempfile.TemporaryDirectory(prefix="bench-beside-", dir=o.store) as temporary:
        source, out = Path(temporary) / "in", Path(temporary) / "out"
        subprocess.run([FIXTURES, "studies", "--out", source, "--count", "8", "--kinds", "head-ct"], check=True, capture_output=True)
        (source / "planted.json").unlink(missing_ok=True)

        def once(build: Path) -> float:
            shutil.rmtree(out, ignore_errors=True)
            began = time.monotonic()
            subprocess.run([build, "deid", source, out, "--json"], check=True, capture_output=True, env=triage.environment())
            return time.monotonic() - began

        yield "de-identification: 8 head CT", "s", in_turn(o.rounds, builds, once)


def answers(o, builds: list[Path]):
    """Milliseconds of a 10 MB radiograph in its worker and of the whole command, then studies an hour with a deep queue."""
    with tempfile.TemporaryDirectory(prefix="bench-beside-", dir=o.store) as temporary:
        drawing = SimpleNamespace(fixtures=FIXTURES)
        files = triage.draw(drawing, Path(temporary) / "films", 8)
        whole: dict[Path, list[float]] = {build: [] for build in builds}

        def once(build: Path) -> float:
            whole[build].append(triage.ours(asked(o, build), files, one_core=False)[1] / len(files))
            said, _ = triage.ours(asked(o, build), files)
            return statistics.median(answer["ms"]["total"] for answer in said.values())

        yield "triage: a 10.5 MB film, its worker's job on one core", "ms", in_turn(o.rounds, builds, once)
        yield "triage: a 10.5 MB film, the command in a batch of 8", "ms", [whole[build] for build in builds]
        queue = Path(temporary) / "queue"
        triage.draw(drawing, queue, o.queue)

        def hour(build: Path) -> float:
            with tempfile.TemporaryDirectory(dir=o.store) as folder:
                return triage.deep_queue(asked(o, build), Path(folder), queue, o.queue, 1)["an_hour"]

        yield f"triage: {o.queue} films of 10.5 MB as fast as they are taken", "studies/hour", in_turn(max(2, o.rounds // 2), builds, hour)


def asked(o, build: Path) -> SimpleNamespace:
    """The options that the benchmark of triage takes, for one build and the bundle of its own tree."""
    bundle = build.parents[2] / "models" / "chest-xray"
    return SimpleNamespace(appliance=build, fixtures=FIXTURES, bundle=bundle, pause=2.0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("other", type=Path, help="the program to be compared with, in a built tree of its own")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--queue", type=int, default=60)
    parser.add_argument("--only", default="", help="reception, de-identification or triage")
    parser.add_argument("--store", default=str(TARGET), help="a folder on the disk to measure")
    o = parser.parse_args()
    builds = [TARGET / "release" / "appliance", o.other.resolve()]
    print(f"{os.cpu_count()} shared cores, {o.rounds} rounds in turn; this build / the other one, median (lowest to highest of a round)")
    for name, work in (("reception", reception), ("de-identification", deidentification), ("triage", answers)):
        if o.only not in name:
            continue
        for what, unit, (this, other) in work(o, builds):
            ratios = [mine / theirs for mine, theirs in zip(this, other, strict=True)]
            print(f"{what}: {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}); "
                  f"{statistics.median(this):.4g} and {statistics.median(other):.4g} {unit}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
