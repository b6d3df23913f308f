"""Renders frames with words of known place for training and judging the detector.

Usage: render.py OUT SEED COUNT train|devtest|held CLEAN; CLEAN is 1 for frames without words. The roles share no picture,
and held shares no font and few languages with the others. Needs numpy, scipy, Pillow with raqm, Hershey-Fonts, pydicom and
the font packages named in glyphs.py. KINDS weighs film, CT, DICOM, ultrasound and phantoms, RAW is the share of
ultrasound with speckle as it is before any filter. Writes OUT.bin (of each frame its rows, columns and words, its
values, and the runs of ink of each word) and OUT.jsonl (what was rendered).
"""

import sys, io, json, random, struct
import numpy as np
from PIL import Image
from scipy import ndimage as ndi
from glyphs import mask_of
from grounds import Zips, background


def main():
    out, seed, count, role, clean = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], int(sys.argv[5])
    r = random.Random(seed)
    g = np.random.default_rng(seed)
    zips = Zips(role)
    held = role == "held"
    bf = open(out + ".bin", "wb")
    mf = open(out + ".jsonl", "w")
    for i in range(count):
        kind, name, im = background(r, g, zips, role)
        h, w = im.shape
        words = []
        used = np.zeros((h, w), bool)
        nw = 0 if clean else (1 if r.random() < 0.5 else r.randrange(2, 7))
        stylef = None
        for _ in range(nw):
            mk = mask_of(r, held, min(h, w))
            if mk is None:
                continue
            script, tech, text, size, aa, font, m = mk
            rot = 0
            if script != "lone" and r.random() < 0.08:
                rot = r.choice([90, 270])
                m = np.rot90(m, rot // 90)
            mh, mw = m.shape
            if mh > h - 8 or mw > w - 8:
                continue
            for _ in range(12):
                if r.random() < 0.55:
                    mg = r.choice([3, 6, 12, 20])
                    y = r.choice([mg, h - mh - mg])
                    x = r.choice([mg, w - mw - mg])
                    y += r.choice([0, 1, 2, 3]) * int(size * 1.3) * (1 if y < h / 2 else -1)
                else:
                    y = r.randrange(2, h - mh - 2)
                    x = r.randrange(2, w - mw - 2)
                if y < 1 or x < 1 or y + mh > h - 1 or x + mw > w - 1:
                    continue
                if not used[
                    max(0, y - size // 2) : y + mh + size // 2, max(0, x - size // 2) : x + mw + size // 2
                ].any():
                    break
            else:
                continue
            y0, y1, x0, x1 = max(0, y - 3), min(h, y + mh + 3), max(0, x - 3), min(w, x + mw + 3)
            ground = im[y0:y1, x0:x1]
            mean = float(np.median(ground))
            dev = float(ground.std())
            style = r.choices(["plain", "shadow", "outline", "box"], [7, 1, 1.2, 1.2])[0]
            M = np.zeros((h, w), np.float32)
            M[y : y + mh, x : x + mw] = m
            q = r.random()
            if q < 0.5:
                val = r.choice([255, 255, 250, 240]) if mean < 200 or r.random() < 0.1 else 0
            elif q < 0.62:
                val = 0 if mean > 70 else 255
            elif q < 0.72:
                val = r.uniform(170, 235)
            else:
                c = r.uniform(25, 70)
                val = mean + c if (mean + c <= 255 and (r.random() < 0.8 or mean < c)) else mean - c
            if style == "box":
                bv = r.choice([0, 0, 60, 128, 200, 255])
                pad = r.choice([2, 3, 5])
                im[max(0, y - pad) : y + mh + pad, max(0, x - pad) : x + mw + pad] = bv
                mean = bv
                dev = 0
                if abs(val - bv) < 60:
                    val = 255 if bv < 128 else 0
            # a contrast one can read: two spreads of the noise, and 25 at least
            loc = ground if style != "box" else np.array([mean])
            noise = float(np.sqrt(np.mean((ground - ndi.uniform_filter(ground, 5)) ** 2))) if style != "box" else 0
            slow = max(0, dev) if style not in ("box", "outline") else 0
            need = max(25, 3 * noise, min(1.2 * slow, 90))
            if abs(val - mean) < need:
                val = mean + need if mean + need <= 255 else mean - need
                if val < 0:
                    val = 255 if mean < 128 else 0
            val = float(np.clip(val, 0, 255))
            if style != "outline":
                under = ndi.uniform_filter(im[y : y + mh, x : x + mw], 3)
                inkm = m > 0.4
                vis = lambda v: (np.abs(under[inkm] - v) >= max(20, 2.5 * noise)).mean()
                if vis(val) < 0.92:
                    val = max((255.0, 0.0, 128.0), key=vis)
                    if vis(val) < 0.92:
                        continue
            opp = 0 if val > 128 else 255
            if style in ("outline", "shadow"):
                k = 1 if size < 30 else 2
                if style == "outline":
                    D = ndi.grey_dilation(M, size=(2 * k + 1, 2 * k + 1))
                else:
                    D = np.roll(np.roll(M, k, 0), k, 1)
                im = im * (1 - D) + opp * D
            im = im * (1 - M) + val * M
            used[y : y + mh, x : x + mw] = True
            lh = mh if rot == 0 else mw
            words.append(
                dict(
                    text=text,
                    script=script,
                    tech=tech,
                    size=size,
                    height=lh,
                    font=font,
                    rot=rot,
                    aa=aa,
                    style=style,
                    contrast=round(abs(val - mean), 1),
                    noise=round(noise, 1),
                    dev=round(dev, 1),
                    dark=val < mean,
                    ink=(M > 0.4),
                    box=[x, y, x + mw, y + mh],
                )
            )
        jq = 0
        if r.random() < 0.35:
            jq = r.randrange(70, 96)
            b = io.BytesIO()
            Image.fromarray(np.clip(im + 0.5, 0, 255).astype(np.uint8)).save(b, "JPEG", quality=jq)
            im = np.asarray(Image.open(b)).astype(np.float32)
        lo, hi = im.min(), im.max()
        im = np.clip((im - lo) * 255 / max(1, hi - lo), 0, 255).astype(np.uint8)
        bf.write(struct.pack("<III", h, w, len(words)))
        bf.write(im.tobytes())
        for wd in words:
            ink = wd.pop("ink")
            runs = []
            ys = np.where(ink.any(1))[0]
            for yy in ys:
                row = np.concatenate([[0], ink[yy].astype(np.int8), [0]])
                d = np.diff(row)
                for a, b in zip(np.where(d == 1)[0], np.where(d == -1)[0]):
                    runs.append((yy, a, b))
            bf.write(struct.pack("<I", len(runs)))
            bf.write(np.array(runs, np.uint16).tobytes())
        mf.write(json.dumps(dict(i=i, kind=kind, bg=name, h=h, w=w, jpeg=jq, words=words)) + "\n")


main()
