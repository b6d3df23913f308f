"""Write a bundle folder: ONNX export, parity check, `parity.json` and `bundle.toml` as `models/README.md` fixes them."""

import hashlib
import json
import pathlib

import numpy as np
import onnx
import onnxruntime
import torch

import archives
import grey

HERE = pathlib.Path(__file__).resolve().parent
SHARED = ("archives.py", "augment.py", "bundle.py", "fit.py", "grey.py", "measure.py", "nets.py", "requirements.txt")
TOLERANCE = 1e-4


def folder_of(name):
    """The bundle's folder in the tree."""
    folder = HERE.parent / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def sha256(path):
    """SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def recipe_digest(*own):
    """Digest over the recipe's own files and the shared ones, in sorted order."""
    return archives.digest(HERE / name for name in sorted({*SHARED, *own}))


def data_digest(sets, recipe):
    """Digest over the training archives and the phantom recipe (count, seed, size, generator), in sorted order."""
    total = hashlib.sha256(archives.digest(archives.archive_files(sets)).encode())
    total.update(json.dumps(recipe, sort_keys=True).encode())
    return total.hexdigest()


def export(net, example, path, inputs, outputs, dynamic):
    """One ONNX file with its weights inside, opset 17; `dynamic` as torch's dynamic_axes."""
    net.eval()
    torch.onnx.export(net, example, str(path), input_names=inputs, output_names=outputs, dynamic_axes=dynamic,
                      opset_version=17, do_constant_folding=True, dynamo=False)
    model = onnx.load(str(path))
    # The exporter writes the names of its own source files into the graph; nobody needs them.
    for node in model.graph.node:
        node.doc_string = ""
    model.graph.doc_string = model.doc_string = ""
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def session(path):
    """A one-thread ONNX Runtime session on the CPU."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def close(expected, found, what):
    """Refuse an export that does not compute what the network computes."""
    gap = float(np.max(np.abs(np.asarray(expected) - np.asarray(found))))
    if not gap < TOLERANCE:
        raise SystemExit(f"{what}: network and ONNX Runtime differ by {gap:.2e}")
    return gap


@torch.no_grad()
def write_parity(net, path, folder, size, mean, std, extra):
    """`parity.json` of a classifier, checked against ONNX Runtime on it and on `extra` images (uint8)."""
    run = session(path)
    inputs = []
    for name, image in grey.parity_images(size).items():
        tensor = ((image[None, None] - np.float32(mean)) / np.float32(std)).astype(np.float32)
        logits = net(torch.from_numpy(tensor)).numpy()
        close(logits, run.run(None, {"image": tensor})[0], name)
        inputs.append({"formula": name, "logits": [round(float(v), 6) for v in logits[0]]})
    tensor = ((extra[:, None].astype(np.float32) / 255.0 - mean) / std).astype(np.float32)
    gap = close(net(torch.from_numpy(tensor)).numpy(), run.run(None, {"image": tensor})[0], "held-out images")
    (folder / "parity.json").write_text(json.dumps({"inputs": inputs}, indent=1) + "\n")
    return gap


def toml_value(value):
    """A TOML value of a plain Python one."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {toml_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml_value(v) for v in value) + "]"
    if isinstance(value, float):
        return repr(round(value, 6))
    return json.dumps(value)


def write_manifest(folder, head, tables, findings=()):
    """`bundle.toml`: `head` at the top, then the tables in order, then one [[finding]] each before the last table."""
    lines = [f"{key} = {toml_value(value)}" for key, value in head.items()]
    parts = [(f"[{name}]", values) for name, values in tables.items()]
    if findings:
        parts[-1:-1] = [("[[finding]]", values) for values in findings]
    for title, values in parts:
        lines += ["", title] + [f"{key} = {toml_value(value)}" for key, value in values.items()]
    (folder / "bundle.toml").write_text("\n".join(lines) + "\n")


def milliseconds(path, size, runs=50):
    """Median time of one image on one thread, for the card."""
    import time
    run = session(path)
    image = np.zeros((1, 1, *size), dtype=np.float32)
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        run.run(None, {"image": image})
        times.append((time.perf_counter() - began) * 1000)
    return float(np.median(times))
