"""Pictures to draw words on: real films and CT slices, DICOM files, ultrasound and phantoms made here."""

import csv, glob, io, os, zipfile
import numpy as np
from PIL import Image
from scipy import ndimage as ndi

T = os.environ.get("TEXT_IMAGES", "shared/data/train/")
DICOMS = os.environ.get("TEXT_DICOM", "target/corpus/")


class Zips:
    def __init__(self, role):
        self.items = []
        for d in ["kermany_cxr", "nih_cxr14_128", "nih_cxr14_64", "nih_cxr14_192", "ct_ich"]:
            rows = list(csv.DictReader(open(T + d + "/labels.csv")))
            if d == "nih_cxr14_192":
                use = rows if role == "held" else []
            elif d == "kermany_cxr" or d == "ct_ich":
                tr = [x for x in rows if x["split"] == "train"]
                va = [x for x in rows if x["split"] == "val"]
                use = va if role == "held" else (tr[::2] if role == "train" else tr[1::2])
            elif d == "nih_cxr14_64":
                use = [x for x in rows if (x["split"] == "train")]
                use = use[::2] if role == "train" else use[1::2]
                if role == "held":
                    use = []
            else:
                use = [x for x in rows if (x["split"] == "train")]
                use = use[::2] if role == "train" else use[1::2]
                if role == "held":
                    use = []
            self.items.append((d, zipfile.ZipFile(T + d + "/images.zip"), [x["file"] for x in use]))

    def pick(self, r, kind):
        sets = [x for x in self.items if x[2] and (x[0] == "ct_ich") == (kind == "ct")]
        d, z, fs = r.choice(sets)
        n = r.choice(fs)
        return d, n, np.asarray(Image.open(io.BytesIO(z.read(n))).convert("L")).astype(np.float32)


def raw_speckle(r, g, h, w):
    yy, xx = np.mgrid[:h, :w].astype(np.float32)
    amp = np.hypot(g.standard_normal((h, w)), g.standard_normal((h, w)))
    q = r.random()
    if q < 0.3:
        amp = amp ** r.uniform(1.2, 3)
    elif q < 0.5:
        amp = np.clip(1 + g.uniform(0.2, 0.8) * g.standard_normal((h, w)), 0, None)
    elif q < 0.6:
        amp = g.exponential(1, (h, w))
    if r.random() < 0.35:
        amp = ndi.gaussian_filter(amp, (g.uniform(0.3, 0.6), g.uniform(0.3, 1.2)))
    cy = -h * g.uniform(-0.15, 0.2)
    cx = w * g.uniform(0.4, 0.6)
    rad = np.hypot(yy - cy, xx - cx)
    ang = np.arctan2(xx - cx, yy - cy)
    k = r.randrange(3)
    if k == 0:
        t = 1 + g.uniform(0.2, 0.9) * np.sin(rad / g.uniform(0.02 * h, 0.12 * h) + g.uniform(0, 6))
    elif k == 1:
        t = ndi.gaussian_filter(g.standard_normal((h, w)), r.choice([8, 15, 40]))
        t = np.exp(g.uniform(0.2, 0.9) * t / t.std())
    else:
        t = np.ones((h, w))
    for _ in range(r.randrange(4)):
        a, b = g.uniform(0, h), g.uniform(0, w)
        t = np.where(
            ((yy - a) / g.uniform(10, h / 4)) ** 2 + ((xx - b) / g.uniform(10, w / 4)) ** 2 < 1,
            t * r.choice([0.02, 0.2, 2, 3]),
            t,
        )
    im = g.uniform(5, 70) * amp * t
    if r.random() < 0.8:
        im = np.where(
            (np.abs(ang) < g.uniform(0.4, 0.9)) & (rad < h * g.uniform(0.7, 1.1)) & (rad > h * g.uniform(0.02, 0.1)),
            im,
            0,
        )
    if r.random() < 0.3:
        im = im + g.uniform(5, 40)
    if r.random() < 0.5:
        im = np.clip(im, 0, 255)
    else:
        im = im * 255 / max(im.max(), 1)
    return im.astype(np.float32)


def speckle(r, g, h, w, held):
    if os.environ.get("RAW") and r.random() < float(os.environ["RAW"]):
        return raw_speckle(r, g, h, w)
    a = ndi.gaussian_filter(g.standard_normal((h, w)), (g.uniform(0.5, 1.2), g.uniform(0.8, 3.0 if not held else 2.4)))
    b = ndi.gaussian_filter(g.standard_normal((h, w)), (0.8, 1.6))
    a /= a.std()
    b /= b.std()
    amp = np.sqrt(a * a + b * b)
    t = ndi.gaussian_filter(g.standard_normal((h, w)), r.choice([12, 25, 50]))
    t /= t.std()
    for _ in range(r.randrange(4)):
        cy, cx = g.uniform(0, h), g.uniform(0, w)
        ry, rx = g.uniform(10, h / 4), g.uniform(10, w / 4)
        yy, xx = np.mgrid[:h, :w]
        m = ((yy - cy) / ry) ** 2 + ((xx - cx) / rx) ** 2 < 1
        t[m] += r.choice([-3, -2, 1.5])
    logc = 20 * np.log10(amp + 0.05) + 8 * t
    im = 120 + g.uniform(2, 4.5) * (logc) * 1.3
    yy, xx = np.mgrid[:h, :w]
    if r.random() < 0.7:
        cx = w / 2
        cy = -h * g.uniform(0, 0.25)
        rad = np.hypot(yy - cy, xx - cx)
        ang = np.arctan2(xx - cx, yy - cy)
        half = g.uniform(0.45, 0.8)
        m = (rad < h * g.uniform(0.92, 1.05) - cy * 0.9) & (np.abs(ang) < half) & (rad > h * 0.08 - cy)
    else:
        m = (xx > w * 0.15) & (xx < w * 0.85) & (yy > h * 0.06) & (yy < h * 0.94)
    im = np.where(m, im, 0)
    return np.clip(im, 0, 255).astype(np.float32)


def synth(r, g, h, w):
    k = r.randrange(5)
    yy, xx = np.mgrid[:h, :w].astype(np.float32)
    if k == 0:
        im = np.full((h, w), g.uniform(20, 220))
    elif k == 1:
        im = 40 + 150 * (xx / w * g.uniform(-1, 1) + yy / h * g.uniform(-1, 1)) * 0.5 + 60
    elif k == 2:
        im = np.full((h, w), g.uniform(0, 60))
        for _ in range(r.randrange(3, 30)):
            cy, cx, ra = g.uniform(0, h), g.uniform(0, w), g.uniform(4, h / 4)
            im[np.hypot(yy - cy, xx - cx) < ra] = g.uniform(0, 255)
    elif k == 3:
        t = ndi.gaussian_filter(g.standard_normal((h, w)), r.choice([2, 4, 8, 16]))
        im = 128 + 40 * t / t.std()
    else:
        im = np.full((h, w), g.uniform(0, 40))
        m = ((yy - h / 2) / (h * 0.4)) ** 2 + ((xx - w / 2) / (w * 0.36)) ** 2 < 1
        im[m] = g.uniform(80, 160)
        for _ in range(r.randrange(3, 12)):
            cy, cx = g.uniform(h * 0.25, h * 0.75), g.uniform(w * 0.25, w * 0.75)
            im[np.hypot((yy - cy) / g.uniform(0.6, 1.6), xx - cx) < g.uniform(3, h / 8)] = g.uniform(30, 230)
        im = ndi.gaussian_filter(im, g.uniform(0.3, 1.5))
    return im + g.standard_normal((h, w)) * r.choice([0, 0, 2, 5, 10, 20])


DICOM = None


def dicoms(role):
    global DICOM
    if DICOM is None:
        import pydicom

        DICOM = []
        fs = sorted(
            glob.glob(DICOMS + "pydicom*/**/*", recursive=True) + glob.glob(DICOMS + "dicomparser/**/*", recursive=True)
        )
        for p in fs:
            if not os.path.isfile(p):
                continue
            try:
                d = pydicom.dcmread(p)
                if d.Modality not in ("CT", "MR", "CR", "DX"):
                    continue
                a = d.pixel_array.astype(np.float32)
                if a.ndim == 3 and a.shape[-1] != 3:
                    a = a[0]
                if a.ndim != 2 or min(a.shape) < 100:
                    continue
                if d.PhotometricInterpretation == "MONOCHROME1":
                    a = a.max() - a
            except Exception:
                continue
            lo, hi = np.percentile(a, [0.5, 99.8])
            if hi <= lo:
                continue
            DICOM.append((os.path.basename(p), np.clip((a - lo) * 255 / (hi - lo), 0, 255)))
        DICOM = [x for i, x in enumerate(DICOM) if (i % 3 == 0) == (role == "held")]
    return DICOM


def background(r, g, zips, role):
    kind = r.choices(
        ["film", "ct", "dicom", "us", "synth"], [float(x) for x in os.environ.get("KINDS", "5,4,1,2,1.2").split(",")]
    )[0]
    q = r.random()
    if kind == "film":
        side = r.choice([300, 400, 512, 512, 768, 1024, 1024, 1500, 2000]) if q < 0.97 else 2400
    elif kind == "ct":
        side = r.choice([256, 320, 400, 512, 512, 512])
    else:
        side = r.choice([256, 400, 512, 640, 768])
    if kind in ("film", "ct"):
        d, n, im = zips.pick(r, kind)
        h = side
        w = int(side * r.uniform(0.8, 1.2)) if kind == "film" else side
        p = Image.fromarray(im.astype(np.uint8))
        im = np.asarray(p.resize((w, h), r.choice([Image.BICUBIC, Image.LANCZOS]))).astype(np.float32)
        up = side / p.size[1]
        # texture lost by the shrinking: grain, sharpened edges
        if r.random() < 0.5:
            im = im + r.uniform(0.5, 1.5) * (im - ndi.gaussian_filter(im, max(0.7, up * 0.6)))
        s = r.choice([0, 1, 2, 3, 5, 8])
        if s:
            im = im + s * ndi.gaussian_filter(g.standard_normal(im.shape), r.choice([0.01, 0.5, 0.8])) * r.choice(
                [1, 1.5]
            )
        name = d + "/" + n
        if kind == "film" and r.random() < 0.1:
            im = 255 - im
    elif kind == "dicom":
        n, im = r.choice(dicoms(role))
        name = n
        if r.random() < 0.5:
            k = r.choice([1.5, 2])
            im = np.asarray(
                Image.fromarray(im.astype(np.float32)).resize(
                    (int(im.shape[1] * k), int(im.shape[0] * k)), Image.BICUBIC
                )
            )
    elif kind == "us":
        h = side
        w = int(side * r.choice([1, 4 / 3]))
        im = speckle(r, g, h, w, role == "held")
        name = "speckle"
    else:
        h = side
        w = int(side * r.choice([1, 4 / 3]))
        im = synth(r, g, h, w)
        name = "synth"
    return kind, name, np.clip(im, 0, 255)
