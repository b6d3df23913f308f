"""What radiologists said of 2,827 of NIH's films: classes and boxes of opacities, beside the rows of `films`.

Two findings come from a film's class: "not normal" and "lung opacity". A film that nobody read again has nan.
A box is kept as left, top, right, bottom in shares of the side, so that it holds at every size.
"""

import numpy as np
import pandas as pd

import archives
import films

SET = "nih_radiologists"
SIDE_OF_BOXES = 1024.0
CLASSES = ("normal", "not_normal_other", "lung_opacity")
FINDINGS = ("not_normal", "lung_opacity")
NOT_NORMAL, OPACITY = 0, 1


def read():
    """The reading, one row a film: image, person, class."""
    rows = pd.read_csv(archives.data_root() / SET / "labels.csv", dtype={"boxes_1024px": str}, keep_default_na=False)
    strange = set(rows["class"]) - set(CLASSES)
    if strange:
        raise SystemExit(f"{SET}: unknown class {', '.join(sorted(strange))}")
    if rows["image"].duplicated().any():
        raise SystemExit(f"{SET}: a film is read twice")
    rows["person"] = "nih/" + rows["patient_id"].astype(str)
    return rows


def boxes_of(text):
    """Boxes [n, 4] (left, top, right, bottom, 0..1) of the column `boxes_1024px`."""
    boxes = np.array([[float(v) for v in box.split()] for box in text.split(";") if box.strip()], dtype=np.float64).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    if (boxes < 0).any() or (boxes > SIDE_OF_BOXES).any() or (boxes[:, 2:] <= boxes[:, :2]).any():
        raise SystemExit(f"{SET}: a box outside its film: {text}")
    return (boxes / SIDE_OF_BOXES).astype(np.float32)


def beside(table, reading=None):
    """For the films of `table`: labels float32 [n, 2] (nan: not read), the class of each ("" when not read), and boxes by place."""
    reading = read() if reading is None else reading
    place = {file.rsplit(".", 1)[0]: index for index, (file, source) in enumerate(zip(table["file"], table["source"])) if source != "kermany_cxr"}
    missing = [image for image in reading["image"] if image not in place]
    if missing:
        raise SystemExit(f"{SET}: {len(missing)} films have no pixels, {missing[0]} first")
    labels = np.full((len(table), len(FINDINGS)), np.nan, dtype=np.float32)
    said, boxes = np.full(len(table), "", dtype="<U16"), {}
    for row in reading.itertuples():
        at = place[row.image]
        if table["person"].iloc[at] != row.person:
            raise SystemExit(f"{SET}: {row.image} belongs to another person than its pixels")
        said[at] = row[reading.columns.get_loc("class") + 1]
        labels[at] = (said[at] != "normal", said[at] == "lung_opacity")
        if row.boxes_1024px:
            boxes[at] = boxes_of(row.boxes_1024px)
    return labels, said, boxes


def cells(boxes, rows, columns):
    """Share [rows, columns] of each cell of a map that the boxes cover together, at a quarter of a cell's side."""
    fine = np.zeros((rows * 4, columns * 4), dtype=np.float32)
    down, across = (np.arange(rows * 4) + 0.5) / (rows * 4), (np.arange(columns * 4) + 0.5) / (columns * 4)
    for left, top, right, bottom in boxes:
        fine[np.ix_((down >= top) & (down < bottom), (across >= left) & (across < right))] = 1.0
    return fine.reshape(rows, 4, columns, 4).mean(axis=(1, 3))


def noise(nih, said):
    """NIH's labels against radiologists: for each NIH label (and for "no finding") the films read, and the shares of the three classes.

    `nih`: the columns NIH and `any` of `films`, [n, 15]; returns a list of (name, films, share of each of CLASSES).
    """
    lines = []
    for index, name in enumerate((*films.NIH, "any")):
        chosen = (nih[:, index] == 1) & (said != "")
        lines.append((name, int(chosen.sum()), [float((said[chosen] == c).mean()) if chosen.any() else float("nan") for c in CLASSES]))
    chosen = (nih[:, len(films.NIH)] == 0) & (said != "")
    lines.append(("no finding", int(chosen.sum()), [float((said[chosen] == c).mean()) if chosen.any() else float("nan") for c in CLASSES]))
    return lines
