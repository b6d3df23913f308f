"""The chest films of all sources with one label scheme: 14 NIH findings, pneumonia as Kermany labels it, any finding.

A label that a source does not give is nan. A film that two archives hold is kept once, in its larger form.
"""

import hashlib
import io
import zipfile

import numpy as np
import pandas as pd
from PIL import Image

import archives
import grey

SETS = ("kermany_cxr", "nih_cxr14_192", "nih_cxr14_128", "nih_cxr14_64")
NIH = ("atelectasis", "cardiomegaly", "effusion", "infiltration", "mass", "nodule", "pneumonia", "pneumothorax",
       "consolidation", "edema", "emphysema", "fibrosis", "pleural_thickening", "hernia")
FINDINGS = (*NIH, "pneumonia_kermany", "any")
KERMANY, ANY = FINDINGS.index("pneumonia_kermany"), FINDINGS.index("any")


def enlarge_or_shrink(image, side):
    """To `side` x `side`: shrunk by the area rule; enlarged smoothly, because a field film is never blocks of equal pixels."""
    if min(image.shape) >= side:
        return grey.area_resize(image, side, side)
    picture = Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC)
    return np.clip(np.asarray(picture), 0.0, 1.0)


def read_images(name, files, side):
    """Images uint8 [n, side, side] of one archive, cached outside git."""
    key = hashlib.sha256("\n".join(files).encode()).hexdigest()[:8]
    cache = archives.work_root() / "cache" / f"{name}-films-{side}-{key}.npy"
    if not cache.exists():
        cache.parent.mkdir(parents=True, exist_ok=True)
        images = np.empty((len(files), side, side), dtype=np.uint8)
        with zipfile.ZipFile(archives.data_root() / name / "images.zip") as archive:
            for index, file in enumerate(files):
                image = np.asarray(Image.open(io.BytesIO(archive.read(file))).convert("L"), dtype=np.float32) / 255.0
                images[index] = np.rint(enlarge_or_shrink(image, side) * 255.0).astype(np.uint8)
        partial = cache.with_suffix(".partial.npy")
        np.save(partial, images)
        partial.rename(cache)
    return np.load(cache)


def table_of(name):
    """Rows of one archive in the common scheme: FINDINGS, person, source, view, sex, age, subtype."""
    rows = pd.read_csv(archives.data_root() / name / "labels.csv")
    out = pd.DataFrame({"file": rows["file"], "source": name}, index=rows.index)
    if name == "kermany_cxr":
        out[list(NIH)] = np.nan
        out["pneumonia_kermany"] = out["any"] = rows["pneumonia"].astype(float)
        out["person"] = "kermany/" + rows["source_person"].astype(str)
        out["view"], out["sex"], out["age"], out["subtype"] = "AP", "", np.nan, rows["subtype"]
        return out
    out[list(NIH)] = rows[list(NIH)].astype(float)
    out["pneumonia_kermany"] = np.nan
    out["any"] = 1.0 - rows["no_finding"].astype(float)
    out["person"] = "nih/" + rows["patient_id"].astype(str)
    out["view"], out["sex"], out["age"], out["subtype"] = rows["view"], rows["sex"], rows["age"].astype(float), ""
    return out


def load(side=archives.SIDE):
    """Images uint8 [n, side, side] and the table of all films, with the column `part` dealt by person."""
    images, tables, seen = [], [], set()
    for name in SETS:
        table = table_of(name)
        table = table[[file not in seen for file in table["file"]]]
        seen |= set(table["file"])
        images.append(read_images(name, list(table["file"]), side))
        tables.append(table)
    table = pd.concat(tables, ignore_index=True)
    table["part"] = [archives.part_of(person) for person in table["person"]]
    return np.concatenate(images), table


def labels_of(table):
    """Labels float32 [n, FINDINGS] with nan for unknown."""
    return table[list(FINDINGS)].to_numpy(dtype=np.float32)


def is_child(table):
    """The population: Kermany's children against NIH's adults."""
    return (table["source"] == "kermany_cxr").to_numpy()
