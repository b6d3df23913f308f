"""Write the small bundles of the tests beside this file: models by hand, parity computed with numpy alone."""

import hashlib
import json
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HERE = pathlib.Path(__file__).resolve().parent
SIZE = (16, 24)
WORDS = ["<pad>", "<start>", "<end>", "Draft", ",", "bright", "dark", "."]


def images():
    """The three images of `parity.json`, float32 [rows, columns]."""
    rows, columns = SIZE
    r, c = np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij")
    return {"ramp": ((r * columns + c) / (rows * columns - 1)).astype(np.float32),
            "checker": ((r // 8 + c // 8) % 2).astype(np.float32),
            "rings": (0.5 + 0.5 * np.cos(0.3 * np.sqrt((r - rows / 2) ** 2 + (c - columns / 2) ** 2))).astype(np.float32)}


def save(path, nodes, inputs, outputs, constants):
    """One ONNX file, opset 17."""
    info = lambda entry: helper.make_tensor_value_info(*entry)
    graph = helper.make_graph(nodes, "test", [info(i) for i in inputs], [info(o) for o in outputs],
                              [numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def classifier(name, layout, channels):
    """Two outputs: the mean of the image, and the mean of its first row (of the last channel for NHWC)."""
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    rows, columns = SIZE
    shape = ["n", channels, rows, columns] if layout == "NCHW" else ["n", rows, columns, channels]
    axes = [2, 1] if layout == "NCHW" else [1, 3]  # rows, channels
    nodes = [helper.make_node("ReduceMean", ["image"], ["all"], axes=[1, 2, 3], keepdims=0),
             helper.make_node("Slice", ["image", "starts", "ends", "axes"], ["row"]),
             helper.make_node("ReduceMean", ["row"], ["first"], axes=[1, 2, 3], keepdims=0),
             helper.make_node("Unsqueeze", ["all", "one"], ["a"]),
             helper.make_node("Unsqueeze", ["first", "one"], ["b"]),
             helper.make_node("Concat", ["a", "b"], ["logits"], axis=1)]
    save(folder / "model.onnx", nodes, [("image", TensorProto.FLOAT, shape)], [("logits", TensorProto.FLOAT, ["n", 2])],
         {"starts": np.array([0, channels - 1]), "ends": np.array([1, channels]), "axes": np.array(axes), "one": np.array([1])})
    values = lambda image: [float(v) for v in (((image - 0.5) / 0.25).mean(), ((image - 0.5) / 0.25)[0].mean())]
    write_parity(folder, [{"formula": k, "logits": values(v)} for k, v in images().items()])
    finding = lambda index, code, meaning, priority: f'''
[[finding]]
index = {index}
code = {{ scheme = "SCT", value = "{code}", meaning = "{meaning}" }}
name = "{meaning}"
calibration = {{ slope = 2.0, intercept = -1.0 }}
no_flag_below = 0.2
flag_at = 0.8
priority = "{priority}"
'''
    write_manifest(folder, name, "classifier", layout, channels, f'''
[model]
file = "model.onnx"
sha256 = "{digest(folder / "model.onnx")}"
''', f'''
[output]
tensor = "logits"
activation = "sigmoid"
aggregate = "max"

[gate]
grey_mean = [0.05, 0.95]
grey_std = [0.0, 0.6]
''' + finding(0, "128305009", "Opacity of lung", "URGENT") + finding(1, "36118008", "Pneumothorax", "STAT") + '''
[policy]
no_flag = true
no_flag_reason = ""
''')


def report(name):
    """Encoder: means of 2 x 2 fields. Decoder: a table of followers, and bright or dark after the comma."""
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    rows, columns = SIZE
    save(folder / "encoder.onnx",
         [helper.make_node("AveragePool", ["image"], ["fields"], kernel_shape=[rows // 2, columns // 2], strides=[rows // 2, columns // 2]),
          helper.make_node("Reshape", ["fields", "shape"], ["embedding"])],
         [("image", TensorProto.FLOAT, [1, 1, rows, columns])], [("embedding", TensorProto.FLOAT, [1, 4])], {"shape": np.array([1, 4])})
    table, light = np.zeros((8, 8), np.float32), np.zeros((4, 8), np.float32)
    for before, after in [(1, 3), (3, 4), (5, 7), (6, 7), (7, 2)]:
        table[before, after] = 50
    table[4, 5] = table[4, 6] = 50
    light[:, 5], light[:, 6] = 1, -1
    save(folder / "decoder.onnx",
         [helper.make_node("Gather", ["table", "tokens"], ["follow"]), helper.make_node("MatMul", ["embedding", "light"], ["shade"]),
          helper.make_node("Add", ["follow", "shade"], ["logits"])],
         [("embedding", TensorProto.FLOAT, [1, 4]), ("tokens", TensorProto.INT64, [1, "length"])],
         [("logits", TensorProto.FLOAT, [1, "length", 8])], {"table": table, "light": light})
    (folder / "vocabulary.json").write_text(json.dumps(WORDS) + "\n")
    entries = []
    for formula, image in images().items():
        field = ((image - 0.5) / 0.25).reshape(2, rows // 2, 2, columns // 2).mean(axis=(1, 3)).reshape(-1)
        # argmax takes the first of equals, so a sum of 0 reads bright.
        word = "bright" if np.float32(field.sum()) >= 0 else "dark"
        entries.append({"formula": formula, "embedding": [float(v) for v in field], "text": f"Draft, {word}."})
    write_parity(folder, entries)
    write_manifest(folder, name, "report", "NCHW", 1, "", f'''
[encoder]
file = "encoder.onnx"
sha256 = "{digest(folder / "encoder.onnx")}"
embedding = 4

[decoder]
file = "decoder.onnx"
sha256 = "{digest(folder / "decoder.onnx")}"
vocabulary = "vocabulary.json"
vocabulary_sha256 = "{digest(folder / "vocabulary.json")}"
max_tokens = 16
''')


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_parity(folder, inputs):
    (folder / "parity.json").write_text(json.dumps({"inputs": inputs}, indent=1) + "\n")


def write_manifest(folder, name, kind, layout, channels, before, after):
    (folder / "CARD.md").write_text(f"# {name}\nA model of a few operations for the tests. It knows nothing about images.\n")
    (folder / "bundle.toml").write_text(f'''format = 1
name = "{name}"
version = "1.2.3"
title = "Test model"
kind = "{kind}"
summary = "A model of a few operations for the tests; not a medical device."

[provenance]
recipe = "models/tests/bundles/make.py"
recipe_sha256 = "{"0" * 64}"
data_sha256 = "{"0" * 64}"
seed = 0
{before}
[accepts]
modality = ["CR", "DX"]
body_part = ["CHEST", "THORAX"]
body_part_absent = true
view = ["PA", "AP"]
view_absent = true
photometric = ["MONOCHROME1", "MONOCHROME2"]
rows = [8, 8192]
columns = [8, 8192]
frames = [1, 4]

[input]
tensor = "image"
layout = "{layout}"
channels = {channels}
size = [{SIZE[0]}, {SIZE[1]}]
fit = "stretch"
grey = "voi"
mean = 0.5
std = 0.25
{after}''')


classifier("first-channel", "NCHW", 1)
classifier("last-channel", "NHWC", 3)
report("words")
