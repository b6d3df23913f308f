#!/usr/bin/env python3
"""Measures de-identification against other tools, all in one run and in turn, and writes deid.md.

The same phantom head CT series (uncompressed, pixels untouched) goes through `appliance deid` and through three tools
at their defaults: dicom-anonymizer and pydicom's deid of the Python package index, and the crate dicom-anonymization.
Each is timed as the process a person would start. Two scores: what of the planted identifiers is left is searched for
in every byte of what a tool wrote; and how many of the attributes that describe the image alone are still what they
were. Machines are shared: read the ratios, not the rates.

Usage: tests/benchmarks/deid.py [--rounds N] [--studies N]
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
HERE = Path(__file__).resolve().parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
PEERS = ["dicom-anonymizer==2.1.0", "deid==0.4.13"]
CRATE = ["dicom-anonymization", "--version", "0.3.1", "--locked"]
# What describes the image and nobody: no row of PS3.15 table E.1-1 names any of them.
HARMLESS = """Modality ImageType SOPClassUID BodyPartExamined SliceThickness KVP PatientPosition SeriesNumber
InstanceNumber ImagePositionPatient ImageOrientationPatient SliceLocation SamplesPerPixel PhotometricInterpretation Rows
Columns PixelSpacing BitsAllocated BitsStored HighBit PixelRepresentation WindowCenter WindowWidth RescaleIntercept
RescaleSlope RescaleType PixelData""".split()
KEPT = """
import json, sys
from pathlib import Path
import pydicom
def read(folder):
    files = [pydicom.dcmread(path, force=True) for path in sorted(Path(folder).rglob("*")) if path.is_file()]
    # UIDs are changed: a slice is known by its place and its pixels.
    return {(str(f.get("SliceLocation")), hash(f.get("PixelData"))): f for f in files}
before, after = read(sys.argv[1]), read(sys.argv[2])
names = sys.argv[3].split(",")
asked = kept = 0
for key, old in before.items():
    new = after.get(key)
    for name in names:
        if name in old:
            asked += 1
            kept += new is not None and name in new and new[name].value == old[name].value
print(json.dumps({"asked": asked, "kept": kept}))
"""
PYDICOM_DEID = """
import sys
from pathlib import Path
from deid.dicom import replace_identifiers
files = sorted(str(path) for path in Path(sys.argv[1]).rglob("*.dcm"))
replace_identifiers(dicom_files=files, output_folder=sys.argv[2], save=True, overwrite=True)
"""


def peers() -> Path:
    """A virtual environment with the other tools; the folder of its programs."""
    folder = TARGET / "bench-deid"
    stamp, wanted = folder / ".done", " ".join([*PEERS, *CRATE])
    if not stamp.exists() or stamp.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin" / "pip", "install", "--quiet", *PEERS], check=True)
        own = {**os.environ, "CARGO_TARGET_DIR": str(folder / "build")}
        subprocess.run(["cargo", "install", "--quiet", "--root", folder, *CRATE], check=True, env=own)
        stamp.write_text(wanted)
    return folder / "bin"


def fixtures(*args: str) -> str:
    """The last line that `fixtures` says, if any; exit 1 of its search only means that something was found."""
    said = subprocess.run([TARGET / "release" / "fixtures", *args], capture_output=True, text=True)
    if said.returncode not in (0, 1):
        sys.exit(f"fixtures {args[0]}: {said.stderr}")
    return (said.stdout.strip().splitlines() or [""])[-1]


def tools(bin_folder: Path) -> dict:
    """Name to command line, given the folder to read and the folder to write."""
    appliance = TARGET / "release" / "appliance"
    return {
        "Scanside": lambda i, o: [appliance, "deid", i, o, "--json"],
        "dicom-anonymizer 2.1.0": lambda i, o: [bin_folder / "dicom-anonymizer", i, o],
        "dicom-anonymization 0.3.1 (crate)": lambda i, o: [bin_folder / "dcmanon", "anonymize", "-i", i, "-o", o, "-r"],
        "pydicom deid 0.4.13": lambda i, o: [bin_folder / "python", "-c", PYDICOM_DEID, i, o],
    }


def measure(rounds: int, studies: int) -> tuple[dict, int, int]:
    """Seconds of each round, hits left and files written by tool; then bytes and hits of the input."""
    commands = tools(peers())
    with tempfile.TemporaryDirectory(prefix="bench-deid-") as temporary:
        folder = Path(temporary)
        made, source = folder / "made", folder / "in"
        fixtures("studies", "--out", str(made), "--count", str(studies), "--kinds", "head-ct")
        planted = made / "planted.json"
        # One flat folder: not every tool looks into those below.
        source.mkdir()
        for number, path in enumerate(sorted(made.rglob("*.dcm"))):
            path.rename(source / f"{number:05}.dcm")
        search = lambda where: json.loads(fixtures("search", "--planted", str(planted), str(where)))  # noqa: E731
        before = search(source)
        rows = {name: {"seconds": []} for name in commands}
        for _ in range(rounds):
            for name, command in commands.items():
                out = folder / "out"
                shutil.rmtree(out, ignore_errors=True)
                out.mkdir()
                began = time.monotonic()
                done = subprocess.run(command(source, out), capture_output=True, text=True)
                rows[name]["seconds"].append(time.monotonic() - began)
                written = [path for path in out.rglob("*") if path.is_file()]
                if not written:
                    sys.exit(f"{name} wrote nothing: {done.stderr[-2000:]}")
                rows[name]["left"] = search(out)["found"]
                rows[name]["files"] = len(written)
                if "kept" not in rows[name]:
                    rows[name]["kept"] = kept(source, out)
            print(", ".join(f"{name} {row['seconds'][-1]:.2f} s" for name, row in rows.items()), flush=True)
        return rows, before["bytes"], before["found"]


def kept(source: Path, out: Path) -> float:
    """The share of the input's harmless attributes that the output has unchanged."""
    python = TARGET / "bench-deid" / "bin" / "python"
    said = subprocess.run([python, "-c", KEPT, source, out, ",".join(HARMLESS)], check=True, capture_output=True, text=True)
    counts = json.loads(said.stdout)
    return counts["kept"] / counts["asked"]


def table(rows: dict, size: int, hits: int, rounds: int) -> str:
    ours = statistics.median(rows["Scanside"]["seconds"])
    lines = ["# De-identification against other tools", "",
             f"Written by `make bench-deid`; median of {rounds} rounds in turn, {os.cpu_count()} shared cores, release profile.",
             f"{size / 1e6:.0f} MB of phantom CT, pixels untouched; {hits} places in it hold a planted identifier. "
             "Times are of whole processes, their start included. Harmless: the share of the "
             f"{len(HARMLESS)} attributes that describe the image alone which are still what they were.", "",
             "| tool | MB/s | times as long as ours | files written | places left | harmless kept |", "|---|---|---|---|---|---|"]
    for name, row in rows.items():
        seconds = statistics.median(row["seconds"])
        lines.append(f"| {name} | {size / 1e6 / seconds:.0f} | {seconds / ours:.1f} | {row['files']} | {row['left']} "
                     f"| {100 * row['kept']:.1f} % |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--studies", type=int, default=8)
    options = parser.parse_args()
    rows, size, hits = measure(options.rounds, options.studies)
    text = table(rows, size, hits, options.rounds)
    (HERE / "deid.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
