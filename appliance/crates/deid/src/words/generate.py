#!/usr/bin/env python3
"""Makes words.rs from terms.txt and the code meanings of PS3.16, as pydicom carries them.

Usage: generate.py [--check]; needs pydicom 3.0.1. --check writes nothing and exits 1 when the file differs.
Of PS3.16 are taken the words of three letters and more that some code meaning writes in small letters: eponyms are
written with a capital, and names must not be of the vocabulary.
"""

import re
import sys
import unicodedata
from pathlib import Path

from pydicom.sr import _concepts_dict

HERE = Path(__file__).resolve().parent
UMLAUTS = str.maketrans({"Ä": "AE", "Ö": "OE", "Ü": "UE", "Ø": "OE", "Å": "AA"})
PLAIN = str.maketrans({"Ł": "L", "Ø": "O", "Æ": "AE", "Œ": "OE", "ß": "SS", "İ": "I", "Đ": "D"})


def fold(word: str) -> str:
    """Upper case without the accents of Latin letters, as text::fold does it."""
    word = word.upper().translate(PLAIN)
    if any("\u0370" <= letter < "\u1ea0" or "\u1eff" < letter for letter in word):
        return word
    return "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))


def terms() -> tuple[set, set, set]:
    """Words, homographs and words never taken, of terms.txt."""
    found = {"words": set(), "@homographs": set(), "@never": set()}
    section = "words"
    for line in (HERE / "terms.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            marked = re.match(r"# (@\w+)", line)
            section = marked[1] if marked else "words"
            continue
        for word in line.split():
            found[section].add(fold(word))
            if section == "words" and word != fold(word):
                found[section].add(fold(word.translate(UMLAUTS)))
    return found["words"], found["@homographs"], found["@never"]


def concepts() -> set:
    """Words of PS3.16."""
    meanings = {
        meaning
        for scheme in _concepts_dict.concepts.values()
        for codes in scheme.values()
        for meaning, _ in codes.values()
    }
    pattern = re.compile(r"(?<![A-Za-z'])[a-z]{3,}(?![A-Za-z'])")
    return {word.upper() for meaning in meanings for word in pattern.findall(meaning)}


def table(name: str, about: str, words: set) -> list:
    """A sorted Rust array, 110 columns wide."""
    lines, line = [], "   "
    for word in sorted(words, key=lambda w: w.encode()):
        piece = f' "{word}",'
        if len(line) + len(piece) > 110:
            lines.append(line)
            line = "   "
        line += piece
    return ["", f"/// {about}", "#[rustfmt::skip]", f"pub(super) static {name}: [&str; {len(words)}] = [", *lines, line, "];"]


def main() -> None:
    words, homographs, never = terms()
    words, homographs = (words | concepts() | homographs) - never, homographs - never
    text = "\n".join([
        "//! The closed vocabulary of kept text. GENERATED.",
        "//!",
        "//! Made by `words/generate.py` from `words/terms.txt` and PS3.16. Longer than other files because it is data.",
        *table("WORDS", "Upper case, accents of Latin letters taken off, in the order of their bytes.", words),
        *table("HOMOGRAPHS", "Those that are surnames as well, in the same order.", homographs),
        "",
    ])
    target = HERE.parent / "words.rs"
    if "--check" in sys.argv:
        sys.exit(target.read_text(encoding="utf-8") != text)
    target.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
