#!/usr/bin/env python3
"""Measures reception against other receivers, all in one run and in turn, and writes intake.md and intake.svg.

Sender: DCMTK's storescu, stock and with TCP_NODELAY. Receivers: ours (synced and encrypted before success), DCMTK's
storescp alone and with --fork, Orthanc and dicom-rs's storescp where they are installed (none of them syncs before
success). Every association sends objects of its own. Machines are shared: read the ratios, not the rates.

Usage: tests/benchmarks/intake.py [--rounds N] [--only CASE] [--store DIR]
"""

import argparse
import json
import os
import random
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
HERE = Path(__file__).resolve().parent
CT = "1.2.840.10008.5.1.4.1.1.2"
DX = "1.2.840.10008.5.1.4.1.1.1.1"
# name: (side of the square image, SOP class, modality, objects of one association, associations, TCP_NODELAY)
CASES = {
    "CT 0.5 MB, 1 association, stock sender": (512, CT, "CT", 60, 1, False),
    "CT 0.5 MB, 1 association, no delay": (512, CT, "CT", 300, 1, True),
    "CT 0.5 MB, 4 associations, no delay": (512, CT, "CT", 100, 4, True),
    "CT 0.5 MB, 32 associations, no delay": (512, CT, "CT", 20, 32, True),
    "DX 18 MB, 1 association, no delay": (3000, DX, "DX", 10, 1, True),
    "33 KB, 1 association, no delay": (128, CT, "CT", 300, 1, True),
}
PATIENCE = 60.0


def element(group: int, number: int, vr: bytes, value: bytes) -> bytes:
    """One element in Explicit VR Little Endian (PS3.5 7.1.2)."""
    if len(value) % 2:
        value += b"\0" if vr in (b"UI", b"OB") else b" "
    head = struct.pack("<HH2s", group, number, vr)
    if vr in (b"OB", b"OW", b"SQ", b"UN"):
        return head + b"\0\0" + struct.pack("<I", len(value)) + value
    return head + struct.pack("<H", len(value)) + value


def write_object(path: Path, side: int, sop_class: str, modality: str, study: str, rng: random.Random) -> None:
    """One image of noise as a file of its own."""
    uid = f"2.25.{rng.getrandbits(120)}"
    meta = b"".join([
        element(2, 1, b"OB", b"\0\1"), element(2, 2, b"UI", sop_class.encode()), element(2, 3, b"UI", uid.encode()),
        element(2, 0x10, b"UI", b"1.2.840.10008.1.2.1"), element(2, 0x12, b"UI", b"2.25.1"),
    ])
    us = lambda value: struct.pack("<H", value)  # noqa: E731
    body = b"".join([
        element(8, 0x16, b"UI", sop_class.encode()), element(8, 0x18, b"UI", uid.encode()),
        element(8, 0x20, b"DA", b"20260101"), element(8, 0x60, b"CS", modality.encode()),
        element(0x10, 0x10, b"PN", b"BENCH^MARK"), element(0x10, 0x20, b"LO", b"BENCH"),
        element(0x20, 0x0D, b"UI", study.encode()), element(0x20, 0x0E, b"UI", (study + ".1").encode()),
        element(0x28, 2, b"US", us(1)), element(0x28, 4, b"CS", b"MONOCHROME2"), element(0x28, 0x10, b"US", us(side)),
        element(0x28, 0x11, b"US", us(side)), element(0x28, 0x100, b"US", us(16)), element(0x28, 0x101, b"US", us(16)),
        element(0x28, 0x102, b"US", us(15)), element(0x28, 0x103, b"US", us(0)),
        element(0x7FE0, 0x10, b"OW", rng.randbytes(side * side * 2)),
    ])
    length = element(2, 0, b"UL", struct.pack("<I", len(meta)))
    path.write_bytes(b"\0" * 128 + b"DICM" + length + meta + body)


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def ours(folder: Path, port: int, binary: Path | None = None) -> list[str]:
    """A site that never analyses: reception alone is measured."""
    binary = binary or Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "appliance"
    init = [binary, "init", folder / "site", "--demo", "--listen", f"127.0.0.1:{port}", "--page",
            f"127.0.0.1:{free_port()}", "--json"]
    subprocess.run(init, check=True, capture_output=True)
    config = folder / "site" / "appliance.toml"
    text = config.read_text()
    for key, value in {"quiet": '"1h"', "after_release": '"1h"', "level": '"error"', "warn_free": '"200MiB"',
                       "refuse_free": '"100MiB"'}.items():
        lines = [f"{key} = {value}" if line.startswith(f"{key} = ") else line for line in text.splitlines()]
        text = "\n".join(lines) + "\n"
    text = text.replace('ae_title = "SCANSIDE"\n', 'ae_title = "SCANSIDE"\nmax_associations = 40\n', 1)
    config.write_text(text)
    return [str(binary), "run", "--config", str(config)]


def orthanc(folder: Path, port: int) -> list[str]:
    config = {"DicomPort": port, "HttpPort": free_port(), "StorageDirectory": str(folder / "db"),
              "IndexDirectory": str(folder / "db"), "DicomAlwaysAllowStore": True, "DicomCheckCalledAet": False,
              "RemoteAccessAllowed": False, "Plugins": []}
    (folder / "orthanc.json").write_text(json.dumps(config))
    return ["Orthanc", str(folder / "orthanc.json")]


RECEIVERS = {
    "Scanside": (ours, None),
    "DCMTK storescp": (lambda d, p: ["storescp", "-od", str(d), str(p)], "storescp"),
    "DCMTK storescp --fork": (lambda d, p: ["storescp", "--fork", "-od", str(d), str(p)], "storescp"),
    "Orthanc": (orthanc, "Orthanc"),
    "dicom-rs storescp": (lambda d, p: ["dicom-storescp", "-o", str(d), "-p", str(p)], "dicom-storescp"),
}


def resident(pid: int) -> float:
    """Peak resident memory in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1000
    return 0.0


def measure(make, folder: Path, lists: list[list[Path]], no_delay: bool) -> tuple[float, float]:
    """Objects per second and the receiver's peak resident MB, for one receiver and one case."""
    port = free_port()
    env = dict(os.environ, ORT_DISABLE_TELEMETRY="1")
    # DCMTK reads this variable at both ends; its receiver stalls without it whatever the sender does.
    env.pop("TCP_NODELAY", None)
    if no_delay:
        env["TCP_NODELAY"] = "1"
    receiver = subprocess.Popen(make(folder, port), env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + PATIENCE
        echo = ["echoscu", "-aec", "SCANSIDE", "127.0.0.1", str(port)]
        while subprocess.run(echo, capture_output=True).returncode != 0:
            if time.monotonic() > end or receiver.poll() is not None:
                raise RuntimeError("the receiver did not start")
            time.sleep(0.05)
        begun = time.monotonic()
        senders = [subprocess.Popen(["storescu", "-aec", "SCANSIDE", "127.0.0.1", str(port), *map(str, files)], env=env,
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for files in lists]
        codes = [sender.wait() for sender in senders]
        took = time.monotonic() - begun
        if any(codes):
            raise RuntimeError("a sender failed")
        return sum(map(len, lists)) / took, resident(receiver.pid)
    finally:
        receiver.send_signal(signal.SIGTERM)
        try:
            receiver.wait(20)
        except subprocess.TimeoutExpired:
            receiver.kill()
            receiver.wait()


def associations_of(case: str, folder: Path, rng: random.Random) -> list[list[Path]]:
    """The files of a case, a list for each association, drawn into `folder`."""
    side, sop_class, modality, objects, associations, _ = CASES[case]
    lists = []
    for number in range(associations):
        study = f"2.25.{rng.getrandbits(120)}"
        files = [folder / f"{number:02}-{i:04}.dcm" for i in range(objects)]
        for path in files:
            write_object(path, side, sop_class, modality, study, rng)
        lists.append(files)
    return lists


def run(args: argparse.Namespace) -> dict:
    rng = random.Random(20261121)
    known = {name: make for name, (make, program) in RECEIVERS.items() if program is None or shutil.which(program)}
    results: dict = {}
    ram = "/dev/shm" if Path("/dev/shm").is_dir() else None
    for case, (*_, no_delay) in CASES.items():
        if args.only not in case:
            continue
        with tempfile.TemporaryDirectory(dir=ram) as made:
            lists = associations_of(case, Path(made), rng)
            rows: dict = {name: [] for name in known}
            for _ in range(args.rounds):
                for name, make in known.items():
                    with tempfile.TemporaryDirectory(dir=args.store) as folder:
                        rows[name].append(measure(make, Path(folder), lists, no_delay))
            results[case] = {n: (statistics.median(r for r, _ in v), max(m for _, m in v)) for n, v in rows.items()}
            for name, (rate, memory) in results[case].items():
                print(f"{case}: {name}: {rate:.0f}/s, {memory:.0f} MB", flush=True)
    return results


def table(results: dict, rounds: int) -> str:
    lines = ["# Reception against other receivers", "",
             f"Written by `make bench-intake`; median of {rounds} rounds in turn, {os.cpu_count()} shared cores, release profile.",
             "Scanside syncs and encrypts before success; the others do neither. Rates are of this machine: read the ratios.",
             "DCMTK's sender is the same for all; \"no delay\" sets TCP_NODELAY at both ends of DCMTK.", "",
             "| case | receiver | objects/s | ratio to DCMTK storescp | peak resident MB |", "|---|---|---|---|---|"]
    for case, rows in results.items():
        base = rows.get("DCMTK storescp", (0.0, 0.0))[0]
        for name, (rate, memory) in rows.items():
            ratio = f"{rate / base:.2f}" if base else ""
            lines.append(f"| {case} | {name} | {rate:.0f} | {ratio} | {memory:.0f} |")
    return "\n".join(lines) + "\n"


def plot(results: dict) -> str:
    """Horizontal bars: each receiver's ratio to DCMTK storescp, logarithmic, 1 in the middle of the scale."""
    import math

    colours = ["#3ba272", "#8892a6", "#a7b0c2", "#c58b53", "#b56576"]
    names = list(dict.fromkeys(name for rows in results.values() for name in rows))
    bar, gap, left, width = 14, 22, 330, 420
    out, y = [], 40
    for case, rows in results.items():
        base = rows.get("DCMTK storescp", (0.0, 0.0))[0]
        if not base:
            continue
        out.append(f'<text x="10" y="{y + 10}" font-weight="bold">{case}</text>')
        y += 18
        for name, (rate, _) in rows.items():
            at = max(0.0, min(1.0, 0.5 + math.log10(rate / base) / 3.2))
            colour = colours[names.index(name) % len(colours)]
            out.append(f'<text x="24" y="{y + 11}">{name}</text>')
            out.append(f'<rect x="{left}" y="{y}" width="{max(2, at * width):.0f}" height="{bar}" fill="{colour}"/>')
            out.append(f'<text x="{left + at * width + 6:.0f}" y="{y + 11}">{rate / base:.2f} ({rate:.0f}/s)</text>')
            y += bar + 4
        y += gap - 4
    one = left + width / 2
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" width="900" height="{y}" font-family="sans-serif" font-size="12">'
            f'<rect width="900" height="{y}" fill="#ffffff"/>'
            '<text x="10" y="20">Objects per second as a ratio to DCMTK storescp (logarithmic; the line is 1)</text>')
    line = f'<line x1="{one}" y1="30" x2="{one}" y2="{y - 10}" stroke="#444" stroke-dasharray="3 3"/>'
    return head + "".join(out) + line + "</svg>\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="only cases whose name holds this; the files are not written then")
    parser.add_argument("--store", default=str(ROOT / "target"), help="a folder on the disk to measure")
    args = parser.parse_args()
    results = run(args)
    if not args.only:
        (HERE / "intake.md").write_text(table(results, args.rounds))
        (HERE / "intake.svg").write_text(plot(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
