"""Words as masks, in the fonts of Debian packages, bitmap fonts and strokes."""

import glob, math, os
import numpy as np
from PIL import Image, ImageFont, ImageDraw
import corpora

N = "/usr/share/fonts/"


def f(*p):
    return [x for q in p for x in sorted(glob.glob(N + q))]


FONTS = {
    "dev": {
        "latin": f(
            "truetype/dejavu/DejaVuSans.ttf",
            "truetype/dejavu/DejaVuSans-Bold.ttf",
            "truetype/dejavu/DejaVuSansMono*.ttf",
            "truetype/dejavu/DejaVuSerif.ttf",
            "truetype/liberation/Liberation*-Regular.ttf",
            "truetype/liberation/Liberation*-Bold.ttf",
            "truetype/noto/NotoSans-Regular.ttf",
            "truetype/noto/NotoSerif-Regular.ttf",
            "truetype/dejavu/DejaVuSansCondensed.ttf",
            "truetype/dejavu/DejaVuSans-ExtraLight.ttf",
        ),
        "cyrillic": f(
            "truetype/dejavu/DejaVuSans.ttf",
            "truetype/liberation/LiberationSans-Regular.ttf",
            "truetype/noto/NotoSerif-Regular.ttf",
        ),
        "greek": f(
            "truetype/dejavu/DejaVuSans.ttf",
            "truetype/liberation/LiberationSans-Regular.ttf",
            "truetype/noto/NotoSans-Regular.ttf",
        ),
        "han": f("opentype/noto/NotoSansCJK-*.ttc", "opentype/noto/NotoSerifCJK-Regular.ttc"),
        "kana": f("opentype/noto/NotoSansCJK-*.ttc", "opentype/noto/NotoSerifCJK-Regular.ttc"),
        "arabic": f(
            "truetype/noto/NotoSansArabic-Regular.ttf",
            "truetype/noto/NotoNaskhArabic-Regular.ttf",
            "truetype/dejavu/DejaVuSans.ttf",
        ),
        "hindi": f("truetype/noto/NotoSansDevanagari-Regular.ttf", "truetype/noto/NotoSerifDevanagari-Regular.ttf"),
        "bitmap": f(
            "X11/misc/5x7.pcf.gz",
            "X11/misc/6x10.pcf.gz",
            "X11/misc/6x13.pcf.gz",
            "X11/misc/7x13B.pcf.gz",
            "X11/misc/8x13.pcf.gz",
            "X11/misc/9x15.pcf.gz",
            "X11/misc/10x20.pcf.gz",
            "X11/75dpi/helvR08.pcf.gz",
            "X11/75dpi/helvR12.pcf.gz",
            "X11/75dpi/courR10.pcf.gz",
            "X11/75dpi/helvB14.pcf.gz",
        ),
        "hershey": ["rowmans", "futural", "timesr", "scripts"],
    },
    "held": {
        "latin": f(
            "truetype/roboto/unhinted/RobotoTTF/Roboto-Regular.ttf",
            "truetype/roboto/unhinted/RobotoTTF/Roboto-Bold.ttf",
            "truetype/hack/Hack-Regular.ttf",
            "truetype/freefont/Free*.ttf",
            "truetype/open-sans/OpenSans-Regular.ttf",
            "truetype/open-sans/OpenSans-Light.ttf",
            "truetype/lato/Lato-Regular.ttf",
            "truetype/lato/Lato-Light.ttf",
            "truetype/inconsolata/*",
            "opentype/cantarell/Cantarell-Regular.otf",
            "truetype/terminus/*.ttf",
        ),
        "cyrillic": f(
            "truetype/roboto/unhinted/RobotoTTF/Roboto-Regular.ttf",
            "truetype/freefont/FreeSerif.ttf",
            "truetype/open-sans/OpenSans-Regular.ttf",
            "truetype/hack/Hack-Regular.ttf",
        ),
        "greek": f(
            "truetype/roboto/unhinted/RobotoTTF/Roboto-Regular.ttf",
            "truetype/freefont/FreeSans.ttf",
            "truetype/open-sans/OpenSans-Regular.ttf",
        ),
        "han": f("truetype/wqy/*", "truetype/droid/*"),
        "kana": f("opentype/ipafont-gothic/ipag.ttf", "truetype/takao-gothic/*"),
        "hangul": f("truetype/nanum/NanumGothic.ttf", "truetype/nanum/NanumMyeongjo.ttf", "truetype/baekmuk/*"),
        "arabic": f(
            "opentype/fonts-hosny-amiri/Amiri-Regular.ttf",
            "truetype/noto/NotoKufiArabic-Regular.ttf",
            "truetype/freefont/FreeSans.ttf",
        ),
        "hebrew": f(
            "truetype/ezra/SILEOT.ttf", "truetype/noto/NotoSansHebrew-Regular.ttf", "truetype/freefont/FreeSans.ttf"
        ),
        "hindi": f("truetype/lohit-devanagari/*", "truetype/freefont/FreeSans.ttf"),
        "thai": f("truetype/noto/NotoSansThai-Regular.ttf", "truetype/noto/NotoLoopedThai-Regular.ttf"),
        "bengali": f("truetype/noto/NotoSansBengali-Regular.ttf", "truetype/noto/NotoSerifBengali-Regular.ttf"),
        "bitmap": f(
            "X11/misc/5x8.pcf.gz",
            "X11/misc/6x12.pcf.gz",
            "X11/misc/7x14.pcf.gz",
            "X11/misc/8x16.pcf.gz",
            "X11/misc/8x13B.pcf.gz",
            "X11/misc/9x18.pcf.gz",
            "X11/misc/12x24.pcf.gz",
            "X11/75dpi/lubR10.pcf.gz",
            "X11/75dpi/timR12.pcf.gz",
            "X11/75dpi/ncenR10.pcf.gz",
            "X11/75dpi/charR12.pcf.gz",
            "X11/75dpi/lutRS12.pcf.gz",
            "X11/75dpi/timR08.pcf.gz",
        ),
        "hershey": ["futuram", "rowmant", "timesib", "rowmand"],
    },
}


def hershey_mask(r, text, font, size):
    from HersheyFonts import HersheyFonts

    hf = HersheyFonts()
    hf.load_default_font(font)
    hf.normalize_rendering(size)
    text = "".join(c for c in text if ord(c) < 127) or "R"
    segs = [s for s in hf.lines_for_text(text)]
    if not segs:
        return None
    xs = [p[0] for s in segs for p in s]
    ys = [p[1] for s in segs for p in s]
    lw = max(1, int(round(size / r.choice([8, 12, 20]))))
    ss = r.choice([1, 4])
    W = int(max(xs) - min(xs)) + 2 * lw + 3
    H = int(max(ys) - min(ys)) + 2 * lw + 3
    im = Image.new("L", (W * ss, H * ss))
    d = ImageDraw.Draw(im)
    for (a, b), (c, e) in segs:
        d.line(
            [
                ((a - min(xs) + lw + 1) * ss, (H - (b - min(ys) + lw + 1)) * ss),
                ((c - min(xs) + lw + 1) * ss, (H - (e - min(ys) + lw + 1)) * ss),
            ],
            fill=255,
            width=lw * ss,
        )
    if ss > 1:
        im = im.resize((W, H), Image.BOX)
    return np.asarray(im).astype(np.float32) / 255


def mask_of(r, held, side):
    fonts = FONTS["held" if held else "dev"]
    scripts = list((corpora.LANG_HELD if held else corpora.LANG_DEV).keys())
    script = r.choices(["latin", "other", "lone", "pair"], [10, 5, 2.2, 0.8])[0]
    if script == "other":
        script = r.choice([s for s in scripts if s != "latin"])
    text = corpora.pick_text(r, script, held)
    tech = "ttf"
    if script in ("latin", "lone", "pair"):
        tech = r.choices(["ttf", "bitmap", "hershey"], [6, 3, 1.2])[0]
    top = min(80, side / 5)
    low = 8 if script in ("latin", "lone", "pair", "cyrillic", "greek") else 11
    size = int(round(math.exp(r.uniform(math.log(low), math.log(top)))))
    aa = True
    for _ in range(20):
        if tech == "bitmap":
            fn = r.choice(fonts["bitmap"])
            try:
                t = "".join(c for c in text if ord(c) < 256) or "R"
                t.encode("latin-1")
            except Exception:
                t = "R"
            fnt = None
            for sz in range(5, 32):
                try:
                    fnt = ImageFont.truetype(fn, sz)
                    break
                except OSError:
                    continue
            if fnt is None:
                continue
            m = fnt.getmask(t, mode="1")
            m = np.asarray(
                Image.frombytes("L" if len(bytes(m)) == m.size[0] * m.size[1] else "1", m.size, bytes(m)).convert("L")
            ).astype(np.float32)
            m = (m > 0).astype(np.float32)
            k = max(1, min(r.choice([1, 1, 1, 2, 2, 3, 4]), int(top / max(1, m.shape[0]))))
            m = np.kron(m, np.ones((k, k), np.float32))
            aa = False
            name = os.path.basename(fn)
            size = sz * k
        elif tech == "hershey":
            fn = r.choice(fonts["hershey"])
            name = fn
            m = hershey_mask(r, text, fn, size)
        else:
            fn = r.choice(fonts[script if script not in ("lone", "pair") else "latin"])
            name = os.path.basename(fn)
            fnt = ImageFont.truetype(fn, size)
            aa = r.random() < 0.75
            if not aa:
                im = Image.new("1", (int(fnt.getlength(text)) + size + 4, size * 3))
                ImageDraw.Draw(im).text((size // 2, size // 2), text, fill=1, font=fnt)
            else:
                im = Image.new("L", (int(fnt.getlength(text)) + size + 4, size * 3))
                ImageDraw.Draw(im).text((size // 2, size // 2), text, fill=255, font=fnt)
            m = np.asarray(im.convert("L")).astype(np.float32) / 255
        if m is None or m.size == 0 or m.max() < 0.3:
            text = corpora.pick_text(r, script, held)
            continue
        ys, xs = np.where(m > 0.2)
        m = m[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]
        if m.shape[1] < side * 0.8 and m.shape[0] <= 90 and m.shape[0] >= 4 and (m.shape[0] >= 6 or tech == "bitmap"):
            break
        size = max(low, int(size * 0.8))
        text = corpora.pick_text(r, script, held)
    else:
        return None
    return script, tech, text, size, aa, name, m
