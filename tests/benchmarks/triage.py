#!/usr/bin/env python3
"""Measures triage of 10 MB radiographs, ours and the same pipeline in Python in turn, and writes triage.md.

1. A study: the worker's own times, the whole process, and triage_peer.py with its model loaded, on the same phantoms.
   Nothing is compared before both have given the same scores.  2. Where the time goes.
3. A running appliance on loopback, one study at a time: last byte to verdict, as its own /metrics say.
4. Many studies as fast as they can be sent: studies an hour and resident memory.
Machines are shared: read the ratios, not the times.

Usage: tests/benchmarks/triage.py [--rounds N] [--files N] [--studies N] [--queue N [--queue-size PIXELS]]
       [--appliance FILE --fixtures FILE] [--bundle DIR] [--store DIR] [--out FILE]
"""

import argparse
import contextlib
import json
import os
import platform
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
HERE = Path(__file__).resolve().parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
REQUIREMENTS = HERE / "triage-requirements.txt"
ENCODINGS = {"explicit-little": "uncompressed", "rle": "RLE Lossless"}
# Name of a peer: threads of its session, and how it windows.
PEERS = {"Python, 1 thread": (1, "numpy"), "Python, 2 threads": (2, "numpy"),
         "Python, 1 thread, pydicom's window": (1, "pydicom")}
FIRST = next(iter(PEERS))
OURS = "Scanside, 1 thread"
# Of a study. `alike` is what Python does too: all but reading headers, planning the de-identification and looking for text.
PARTS = ["deid", "decode", "input", "run", "rest", "alike", "total"]
SAME = 1e-3
# The goals of the issue.
VERDICT_MS, AROUND, TIMES, FLAT_OVER = 250, 0.5, 3.0, 10_000
PATIENCE = 120.0
# The appliance makes the counts behind its quantiles anew after 15 seconds.
FRESH = 16.0


# --- what is needed -------------------------------------------------------------------------------------------------

def python() -> Path:
    """The interpreter of a virtual environment with the other side's packages, by version and hash."""
    folder = TARGET / "bench-triage"
    stamp, wanted = folder / ".done", REQUIREMENTS.read_text()
    if not stamp.exists() or stamp.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps",
                        "--only-binary=:all:", "--require-hashes", "-r", REQUIREMENTS], check=True)
        stamp.write_text(wanted)
    return folder / "bin" / "python"


def draw(o, out: Path, count: int, encoding: str = "explicit-little", size: int | None = None) -> list[Path]:
    """Phantom chest radiographs, a study a file; the same seeds give the same images in each encoding."""
    command = [o.fixtures, "studies", "--out", out, "--count", str(count), "--kinds", "dx", "--encodings", encoding]
    done = subprocess.run(command + (["--size", str(size)] if size else []), capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"fixtures studies: {done.stderr}")
    return sorted(out.rglob("*.dcm"))


def environment() -> dict:
    """Without telemetry; the runtime where set-up puts it, unless it is named."""
    kept = TARGET / "onnxruntime" / "libonnxruntime.so"
    named = os.environ.get("ORT_DYLIB_PATH") or str(kept if kept.exists() else ROOT / "target/onnxruntime/libonnxruntime.so")
    return {**os.environ, "ORT_DISABLE_TELEMETRY": "1", "ORT_DYLIB_PATH": named}


# --- a study, side by side ------------------------------------------------------------------------------------------

class Peer:
    """A running triage_peer.py."""

    def __init__(self, interpreter: Path, bundle: Path, threads: int, window: str):
        command = [interpreter, HERE / "triage_peer.py", bundle, "--threads", str(threads), "--window", window]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment())
        self.python = self.read()["python"]

    def read(self) -> dict:
        line = self.process.stdout.readline()
        if not line:
            sys.exit("triage_peer.py ended")
        return json.loads(line)

    def batch(self, files: list[Path]) -> dict:
        """Path to answer."""
        answers = {}
        for path in files:
            self.process.stdin.write(f"{path}\n")
            self.process.stdin.flush()
            answers[path] = answer = self.read()
            answer["ms"] |= {"deid": 0.0, "alike": answer["ms"]["total"]}
        return answers

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(20)


def ours(o, files: list[Path], one_core: bool = True) -> tuple[dict, float]:
    """Path to answer, and the milliseconds of the whole process. On one core one study is done at a time."""
    first = min(os.sched_getaffinity(0))
    began = time.monotonic()
    command = [o.appliance, "triage", "--bundle", o.bundle, "--json", *files]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(),
                          preexec_fn=(lambda: os.sched_setaffinity(0, {first})) if one_core else None)
    took = 1000 * (time.monotonic() - began)
    answers = {Path(a["paths"][0]): a for a in map(json.loads, done.stdout.splitlines())}
    if done.returncode or len(answers) != len(files) or not all(a["bundle"] for a in answers.values()):
        sys.exit(f"appliance triage: {done.stderr} {[a['reason'] for a in answers.values()]}")
    for answer in answers.values():
        ms = answer["ms"]
        ms["alike"] = ms["total"] - ms["deid"]
        ms["rest"] = ms["alike"] - ms["decode"] - ms["input"] - ms["run"]
    return answers, took


def agree(mine: dict, theirs: dict) -> float:
    """The largest difference between scores; ends here when the two do not do the same."""
    worst = 0.0
    for path, answer in mine.items():
        other = theirs[path]
        for finding, score in zip(answer["findings"], other["scores"], strict=True):
            worst = max(worst, abs(finding["score"] - score))
        if answer["disposition"] != other["disposition"]:
            sys.exit(f"not the same: {answer['disposition']} ({answer['reason']}) and {other['disposition']}")
    if worst > SAME:
        sys.exit(f"not the same: scores differ by up to {worst:.6f}")
    return worst


def middle(answers: dict) -> dict:
    """Medians over the files of a round."""
    return {part: statistics.median(a["ms"][part] for a in answers.values()) for part in PARTS}


def side_by_side(o, folder: Path) -> dict:
    """Encoding to who to rounds; each round is a dict of parts. Whole processes beside them."""
    interpreter = python()
    files = {e: draw(o, folder / e, o.files, e) for e in ENCODINGS}
    with contextlib.ExitStack() as stack:
        peers = {}
        for name, (threads, window) in PEERS.items():
            peers[name] = Peer(interpreter, o.bundle, threads, window)
            stack.callback(peers[name].close)
        # Also the first touch of every file, and the warming of every session.
        worst = max(agree(ours(o, drawn)[0], peer.batch(drawn)) for drawn in files.values() for peer in peers.values())
        rows = {e: {name: [] for name in [OURS, *PEERS]} for e in ENCODINGS}
        whole = {e: {"one": [], "batch": []} for e in ENCODINGS}
        for number in range(o.rounds):
            for encoding, drawn in files.items():
                mine, took = ours(o, drawn)
                rows[encoding][OURS].append(middle(mine))
                whole[encoding]["batch"].append(took / len(drawn))
                for name, peer in peers.items():
                    rows[encoding][name].append(middle(peer.batch(drawn)))
                whole[encoding]["one"].append(ours(o, drawn[:1])[1])
            said = [f"{name} {r[-1]['total']:.0f} ms" for name, r in rows["explicit-little"].items()]
            print(f"round {number + 1}: " + ", ".join(said), flush=True)
        return {"rows": rows, "whole": whole, "worst": worst, "python": next(iter(peers.values())).python,
                "bytes": {e: statistics.mean(f.stat().st_size for f in drawn) for e, drawn in files.items()}}


# --- a running appliance --------------------------------------------------------------------------------------------

def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Site:
    """A demonstration site on loopback, running until it is closed."""

    def __init__(self, o, folder: Path, workers: int):
        self.folder, self.port, self.page, self.o = folder, free_port(), free_port(), o
        command = [o.appliance, "init", folder, "--demo", "--bundle", o.bundle, "--listen", f"127.0.0.1:{self.port}",
                   "--page", f"127.0.0.1:{self.page}", "--json"]
        subprocess.run(command, check=True, capture_output=True, env=environment())
        self.configure({"after_release": '"0s"', "workers": str(workers), "warn_free": '"200MiB"',
                        "refuse_free": '"100MiB"', "level": '"info"', "json": "true"})
        self.log = (folder / "log").open("w")
        run = [o.appliance, "run", "--config", folder / "appliance.toml"]
        self.process = subprocess.Popen(run, stdout=self.log, stderr=self.log, env=environment())
        self.until(lambda: self.metrics(patient=True) is not None)

    def configure(self, values: dict) -> None:
        config = self.folder / "appliance.toml"
        lines = config.read_text().splitlines()
        for key, value in values.items():
            lines = [f"{key} = {value}" if line.startswith(f"{key} = ") else line for line in lines]
        config.write_text("\n".join(lines) + "\n")

    def metrics(self, patient: bool = False) -> dict | None:
        """Name, with its labels, to value."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.page}/metrics", timeout=30) as answer:
                lines = answer.read().decode().splitlines()
        except OSError:
            if patient:
                return None
            raise
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[:1] != "#")}

    def answered(self) -> int:
        now = self.metrics()
        return int(now["scanside_studies"] - now["scanside_studies_unanswered"])

    def until(self, done, pause: float = 0.05) -> None:
        end = time.monotonic() + PATIENCE
        while not done():
            if time.monotonic() > end or self.process.poll() is not None:
                sys.exit("the appliance gave no answer in time: " + (self.folder / "log").read_text()[-2000:])
            time.sleep(pause)

    def send(self, *args) -> subprocess.Popen:
        command = [self.o.fixtures, "send", "--to", f"127.0.0.1:{self.port}", *args]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def worker_ms(self) -> list[float]:
        """The whole job of each study so far, as the worker said."""
        said = re.findall(r'^.*study answered.*$', (self.folder / "log").read_text(), re.MULTILINE)
        return [float(found.group(1)) for line in said if (found := re.search(r'"ms":\s*([0-9.]+)', line))]

    def resident(self) -> float:
        """Resident memory of the control process, MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"^VmRSS:\s+(\d+)", status, re.MULTILINE).group(1)) / 1000

    def close(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


def gone(sender: subprocess.Popen) -> None:
    """Waits for a sender; everything must have been taken."""
    words = sender.communicate()[1]
    if sender.returncode:
        sys.exit(f"fixtures send: {words}")


def analysed(site: Site, count: int) -> None:
    """Only studies that went through the model count."""
    now = site.metrics()
    other = sum(now.get(f'scanside_answers{{answer="{a}"}}', 0) for a in ("not-analysed", "unreadable"))
    if other or now["scanside_studies"] != count:
        sys.exit(f"{other:.0f} of {now['scanside_studies']:.0f} studies did not go through the model")


def end_to_end(o, folder: Path, files: list[Path]) -> dict:
    """One study at a time, each when the one before is answered and a spare worker has had time to come up."""
    site = Site(o, folder / "one", 1)
    try:
        for number, path in enumerate(files):
            time.sleep(o.pause)
            gone(site.send(path))
            site.until(lambda: site.answered() > number)  # noqa: B023
        time.sleep(FRESH)
        analysed(site, len(files))
        now = site.metrics()
        p50, p95 = (1000 * now[f'scanside_seconds_to_verdict{{quantile="{q}"}}'] for q in ("0.5", "0.95"))
        print(f"last byte to verdict: p50 {p50:.0f} ms, p95 {p95:.0f} ms", flush=True)
        return {"p50": p50, "p95": p95, "studies": len(files), "worker": statistics.median(site.worker_ms() or [float("nan")])}
    finally:
        site.close()


def deep_queue(o, folder: Path, source: Path, count: int, workers: int) -> dict:
    """Everything as fast as it is taken, an association a study; memory at every tenth answer."""
    site, samples, step = Site(o, folder / f"queue-{workers}", workers), [], max(1, min(10, count // 20))
    try:
        time.sleep(o.pause)
        before, began = site.resident(), time.monotonic()
        sender = site.send("--per-folder", source)
        ended, then, last, news = None, 0, 0, began
        while last < count:
            time.sleep(0.1)
            last, now = site.answered(), time.monotonic()
            if ended is None and sender.poll() is not None:
                ended, then = now, last
            if last >= (len(samples) + 1) * step:
                news = now
                samples += [site.resident()] * (last // step - len(samples))
            if now - news > PATIENCE:
                sys.exit(f"no study was answered for {PATIENCE:.0f} s")
        end = time.monotonic()
        gone(sender)
        analysed(site, count)
        tenth = max(1, len(samples) // 10)
        result = {"workers": workers, "an_hour": 3600 * count / (end - began), "sent_s": (ended or end) - began,
                  "left": count - then, "queue_an_hour": 3600 * (count - then) / (end - ended) if ended and then < count else None,
                  "before": before, "first": statistics.mean(samples[:tenth]), "last": statistics.mean(samples[-tenth:]),
                  "most": max(samples), "step": step, "worker": statistics.median(site.worker_ms() or [float("nan")])}
        print(f"queue, {workers} workers: {result['an_hour']:.0f} studies an hour, "
              f"{result['first']:.0f} MB first, {result['last']:.0f} MB last", flush=True)
        return result
    finally:
        site.close()


def running(o, folder: Path) -> tuple[dict, list[dict], float]:
    """Parts 3 and 4, and the mean size of a study of the queue."""
    own = o.queue_size is not None
    files = draw(o, folder / "studies", o.studies if own else max(o.studies, o.queue))
    one = end_to_end(o, folder, files[:o.studies])
    source = folder / "queue" if own else folder / "studies"
    if own:
        draw(o, source, o.queue, size=o.queue_size)
    else:
        for path in files[o.queue:]:
            path.unlink()
    sent = sorted(source.rglob("*.dcm"))
    queues = []
    for workers in (1, 2):
        queues.append(deep_queue(o, folder, source, len(sent), workers))
        shutil.rmtree(folder / f"queue-{workers}")
    return one, queues, statistics.mean(f.stat().st_size for f in sent)


# --- the report -----------------------------------------------------------------------------------------------------

def spread(values: list[float], digits: int = 0) -> str:
    """Median and range."""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def of(rounds: list[dict], part: str) -> list[float]:
    return [r[part] for r in rounds]


def ratios(rows: dict, name: str, part: str) -> list[float]:
    """Times as long as ours, round by round."""
    return [theirs[part] / mine[part] for theirs, mine in zip(rows[name], rows[OURS])]


def around(rounds: list[dict]) -> list[float]:
    """Decoding, input, gate and rule, in model times."""
    return [(r["alike"] - r["run"]) / r["run"] for r in rounds]


def verdict(met: bool) -> str:
    return "met" if met else "**missed**"


def goals(o, side: dict, one: dict, queues: list[dict]) -> list[str]:
    rows = side["rows"]["explicit-little"]
    path = statistics.median(around(rows[OURS]))
    whole = statistics.median((r["total"] - r["run"]) / r["run"] for r in rows[OURS])
    lines = ["| goal | measured | |", "|---|---|---|",
             f"| p95 at most {VERDICT_MS} ms from last byte to verdict, 10 MB radiograph | {one['p95']:.0f} ms, {one['studies']} studies "
             f"| {verdict(one['p95'] <= VERDICT_MS)} |",
             f"| decoding, window, resize, gate and rule at most {AROUND} of model time | {path:.2f}; with de-identification {whole:.2f} "
             f"| {verdict(path <= AROUND)} |"]
    for name in PEERS:
        ratio, whole = (statistics.median(ratios(rows, name, part)) for part in ("alike", "total"))
        lines.append(f"| the same steps at least {TIMES:.0f} times as fast as {name} | {ratio:.2f} times; our whole job, with the "
                     f"de-identification that Python leaves out, {whole:.2f} times | {verdict(ratio >= TIMES)} |")
    hour = " and ".join(f"{q['an_hour']:.0f} with {q['workers']} worker{'s' * (q['workers'] > 1)}" for q in queues)
    growth = max(q["last"] / q["first"] for q in queues)
    lines.append(f"| studies an hour with a deep queue stated | {hour} | {os.cpu_count()} cores |")
    flat = verdict(growth <= 1.1) if o.queue >= FLAT_OVER else f"**not measured over {FLAT_OVER:,}**"
    return [*lines, f"| resident memory flat over {FLAT_OVER:,} studies | last tenth {growth:.2f} of the first over {o.queue:,} | {flat} |"]


def studies_table(side: dict) -> list[str]:
    lines = ["| file | who | the same steps: ms a study, median of rounds (lowest to highest) | times as long as ours | everything: ms a study "
             "| times as long as ours |", "|---|---|---|---|---|---|"]
    for encoding, rows in side["rows"].items():
        what = f"{ENCODINGS[encoding]}, {side['bytes'][encoding] / 1e6:.1f} MB"
        for name, rounds in rows.items():
            cells = [f"{spread(of(rounds, part), 1)} | {spread(ratios(rows, name, part), 2)}" for part in ("alike", "total")]
            lines.append(f"| {what} | {name} | {' | '.join(cells)} |")
        for key, words in (("batch", "in a batch on one core, start included"), ("one", "one file on one core, start included")):
            lines.append(f"| {what} | `appliance triage`, {words} | | | {spread(side['whole'][encoding][key], 1)} | |")
    return lines


def profile_table(side: dict) -> list[str]:
    lines = ["| file | who | de-identify | decode | input | model | rest | around the model / model |", "|---|---|---|---|---|---|---|---|"]
    for encoding, rows in side["rows"].items():
        for name, rounds in rows.items():
            parts = " | ".join(f"{statistics.median(of(rounds, part)):.1f}" for part in PARTS[:5])
            lines.append(f"| {ENCODINGS[encoding]} | {name} | {parts} | {spread(around(rounds), 2)} |")
    return lines


def queue_table(queues: list[dict]) -> list[str]:
    lines = ["| workers | studies an hour | sent after | left then | studies an hour from then on | ms a study in the worker "
             "| resident MB before | first tenth | last tenth | most |", "|---|---|---|---|---|---|---|---|---|---|"]
    for q in queues:
        alone = f"{q['queue_an_hour']:.0f}" if q["queue_an_hour"] else ""
        lines.append(f"| {q['workers']} | {q['an_hour']:.0f} | {q['sent_s']:.1f} s | {q['left']} | {alone} | {q['worker']:.0f} "
                     f"| {q['before']:.0f} | {q['first']:.0f} | {q['last']:.0f} | {q['most']:.0f} |")
    return lines


def machine(load: list[float]) -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return (f"{os.cpu_count()} shared cores ({platform.machine()}), {memory:.0f} GB of memory; load average "
            f"{load[0]:.1f} before and {load[1]:.1f} after: what exceeds our own is other work")


def report(o, side: dict, one: dict, queues: list[dict], size: float, load: list[float]) -> str:
    given = "binaries given on the command line" if o.given else "release profile"
    manifest = (o.bundle / "bundle.toml").read_text()
    word = lambda key: re.search(rf'^{key} = "(.*)"', manifest, re.MULTILINE).group(1)  # noqa: E731
    return "\n".join([
        "# Triage of a radiograph", "",
        f"Written by `make bench-triage`; {o.rounds} rounds in turn, {given}, bundle {word('name')} {word('version')}. {machine(load)}.", "",
        *goals(o, side, one, queues), "",
        "## A study", "",
        f"Phantom chest radiographs, {o.files} a round. Before times were compared, all gave the same dispositions and scores within "
        f"{SAME}: the largest difference was {side['worst']:.1e}. Ours: `ms.total` of the worker, which is locked down, reads, "
        "de-identifies, decodes, windows, resizes, runs the model on one thread, gate and rule included; it has one core here, a second takes another "
        f"study. Python {side['python']}: pydicom, Pillow, ONNX Runtime with one process, its model loaded before, nothing "
        "de-identified or searched for words; its window by numpy in float32, or by pydicom's own functions. \"The same steps\" are "
        "decoding, window, resize, model, gate and rule.", "",
        *studies_table(side), "",
        "## Where the time goes", "",
        "Milliseconds, median of rounds. De-identify: reading headers, planning what goes, looking for words in the pixels. Rest: "
        "choice of bundle, gate and rule.", "",
        *profile_table(side), "",
        "## From last byte to verdict", "",
        f"A running appliance on loopback, 1 worker, {one['studies']} uncompressed studies of {side['bytes']['explicit-little'] / 1e6:.1f} MB, "
        f"one association each, the next {o.pause:.0f} s after the verdict, so that a spare worker is warm. `study.after_release` is 0 s here; "
        "what a site sets there comes on top. From its own `/metrics`: the last byte has come, then sync, release by the sender, the "
        "worker with previews, and the recorded answer.", "",
        "| p50 | p95 | of it in the worker, median |", "|---|---|---|",
        f"| {one['p50']:.0f} ms | {one['p95']:.0f} ms | {one['worker']:.0f} ms |", "",
        "## A deep queue", "",
        f"{o.queue:,} studies of {size / 1e6:.1f} MB, one sender, an association each, as fast as they are taken; reception, sender and "
        "workers share the cores. One worker process a study, one warm spare. Resident memory is the control process's, looked at "
        f"every {queues[0]['step']} answers; workers end with their study.", "",
        *queue_table(queues), "",
    ])


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--files", type=int, default=6, help="files a round and encoding")
    parser.add_argument("--studies", type=int, default=40, help="studies sent one at a time")
    parser.add_argument("--pause", type=float, default=2.0, help="seconds between them")
    parser.add_argument("--queue", type=int, default=60, help="studies of the queue, up to 10,000; the disk must hold them twice")
    parser.add_argument("--queue-size", type=int, help="rows and columns of these instead of 10 MB images")
    parser.add_argument("--appliance", type=Path, help="instead of the release build")
    parser.add_argument("--fixtures", type=Path, help="instead of the release build")
    parser.add_argument("--bundle", type=Path, default=ROOT / "models" / "chest-xray")
    parser.add_argument("--store", type=Path, default=TARGET, help="a folder on the disk to measure")
    parser.add_argument("--out", type=Path, default=HERE / "triage.md")
    o = parser.parse_args()
    o.given = bool(o.appliance or o.fixtures)
    for name in ("appliance", "fixtures"):
        setattr(o, name, (getattr(o, name) or TARGET / "release" / name).resolve())
    o.bundle = o.bundle.resolve()
    return o


def enough(o) -> None:
    """Two copies of the queue must fit: what is sent, and what the appliance keeps."""
    one = 2 * o.queue_size ** 2 if o.queue_size else 10_500_000
    wanted, free = 2 * one * max(o.queue, o.studies) + (2 << 30), shutil.disk_usage(o.store).free
    if wanted > free:
        sys.exit(f"{wanted / 1e9:.0f} GB are needed and {free / 1e9:.0f} GB are free: ask for a smaller --queue or --queue-size")


def main() -> None:
    o = options()
    o.store.mkdir(parents=True, exist_ok=True)
    enough(o)
    load = [os.getloadavg()[0]]
    with tempfile.TemporaryDirectory(prefix="bench-triage-", dir=o.store) as temporary:
        folder = Path(temporary)
        side = side_by_side(o, folder)
        one, queues, size = running(o, folder)
    load.append(os.getloadavg()[0])
    text = report(o, side, one, queues, size, load)
    o.out.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
