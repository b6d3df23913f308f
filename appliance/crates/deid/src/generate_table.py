#!/usr/bin/env python3
"""Writes table.rs (PS3.15 table E.1-1) and types.rs (attribute types per IOD) from tables of the standard.

Usage: generate_table.py E11.csv STANDARD_DIR [--check]
  E11.csv       table E.1-1, basic column of 2026c, option columns of 2024e
  STANDARD_DIR  the standard's tables, a folder with highdicom/ (module types, IODs) and innolitics-2024e/attributes.json
--check compares instead of writing and exits 1 on a difference.
"""

import csv
import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
OPTIONS = [
    "rtnSafePrivOpt", "rtnUIDsOpt", "rtnDevIdOpt", "rtnInstIdOpt", "rtnPatCharsOpt",
    "rtnLongFullDatesOpt", "rtnLongModifDatesOpt", "cleanDescOpt", "cleanStructContOpt", "cleanGraphOpt",
]
BASIC = {
    "X": "X", "Z": "Z", "D": "D", "U": "U", "K": "K", "C": "C", "X/Z": "XZ", "X/D": "XD", "Z/D": "ZD",
    "X/Z/D": "XZD", "X/Z/U*": "XZU",
}
# The values whose emptiness or absence an IOD may forbid: texts, codes, dates and sequences.
TYPED = {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "SQ", "ST", "TM", "UC", "UR", "UT"}


def table(path):
    out = [
        "//! Table E.1-1 of PS3.15: action of the Basic Profile and of every option, per attribute. GENERATED.",
        "//!",
        "//! Made by `generate_table.py`; edition 2026c (basic column), 2024e (option columns, empty for the rows",
        "//! that are newer). Longer than other files because it is data.",
        "use super::terms::{Basic, Basic::*, Row};",
        "",
        "const fn r(tag: u32, basic: Basic, keep: u16, clean: u16) -> Row {",
        "    Row { tag, basic, keep, clean }",
        "}",
        "",
    ]
    rows, special = [], {}
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            bits = {"K": 0, "C": 0}
            for number, option in enumerate(OPTIONS):
                if row[option]:
                    bits[row[option]] |= 1 << number
            entry = (BASIC[row["basicProfile"]], bits["K"], bits["C"], row["name"])
            match = re.fullmatch(r"\(([0-9A-F]{4}),([0-9A-F]{4})\)", row["tag"])
            if match:
                rows.append((int(match[1] + match[2], 16), *entry))
            else:
                special[row["tag"]] = entry
    rows.sort()
    names = {"(50XX,XXXX)": "CURVES", "(60XX,3000)": "OVERLAY_DATA", "(60XX,4000)": "OVERLAY_COMMENTS"}
    for tag, (basic, keep, clean, name) in sorted(special.items()):
        const = names.get(tag, "PRIVATE")
        out += [f"/// {name}, a repeating row of the table.",
                f"pub(super) const {const}: Row = r(0, {basic}, {keep:#06x}, {clean:#06x});"]
    out += ["", "/// Every row of a single tag, in order of the tags.", "#[rustfmt::skip]",
            f"pub(super) const ROWS: [Row; {len(rows)}] = ["]
    for tag, basic, keep, clean, name in rows:
        out.append(f"    r({tag:#010x}, {basic}, {keep:#06x}, {clean:#06x}), // {' '.join(name.split())}")
    out += ["];", ""]
    return "\n".join(out)


def types(folder):
    with open(folder / "innolitics-2024e/attributes.json", encoding="utf-8") as file:
        attributes = {
            a["keyword"]: (int(a["tag"].strip("()").replace(",", ""), 16), a["valueRepresentation"])
            for a in json.load(file) if a["keyword"] and re.fullmatch(r"\([0-9A-F]{4},[0-9A-F]{4}\)", a["tag"])
        }
    rank = {"1": 0, "1C": 1, "2": 2, "2C": 3}
    code = {"1": "1", "1C": "1", "2": "2", "2C": "2"}
    modules, nested = {}, {}
    with open(folder / "highdicom/module-attribute-types.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            known = attributes.get(row["keyword"])
            if known is None or known[1].split(" ")[0] not in TYPED or row["type"] not in rank:
                continue
            if row["path"] == "":
                place, key = modules.setdefault(row["module"], {}), known[0]
            else:
                parent = attributes.get(row["path"].split(">")[-1])
                if parent is None:
                    continue
                place, key = nested, (parent[0], known[0])
            if key not in place or rank[row["type"]] < rank[place[key]]:
                place[key] = row["type"]
    with open(folder / "highdicom/iod_module_map.json", encoding="utf-8") as file:
        iods = json.load(file)
    with open(folder / "highdicom/sop_class_iod_map.json", encoding="utf-8") as file:
        classes = json.load(file)
    used = sorted({m["key"] for i in set(classes.values()) for m in iods[i] if m["key"] in modules})
    number = {name: index for index, name in enumerate(used)}
    kinds = sorted(set(classes.values()))
    out = [
        "//! Attribute types (1 and 2, conditional ones with them) per module, modules per IOD, IODs per SOP class.",
        "//! GENERATED.",
        "//!",
        "//! Made by `generate_table.py` from the module tables of PS3.3 (2026). Only attributes with text, date,",
        "//! code or sequence values; type 3 is left out. Longer than other files because it is data.",
        "",
        "/// Per module: tag and type.",
        "#[rustfmt::skip]",
        f"pub(super) const MODULES: [&[(u32, u8)]; {len(used)}] = [",
    ]
    for name in used:
        rows = ", ".join(f"({tag:#010x}, {code[kind]})" for tag, kind in sorted(modules[name].items()))
        out.append(f"    &[{rows}], // {name}")
    out += ["];", "", "/// Per IOD: its modules, as places in `MODULES`.", "#[rustfmt::skip]",
            f"pub(super) const IODS: [&[u16]; {len(kinds)}] = ["]
    for kind in kinds:
        places = ", ".join(str(number[m["key"]]) for m in iods[kind] if m["key"] in number)
        out.append(f"    &[{places}], // {kind}")
    out += ["];", "", "/// Per SOP class: its IOD, as a place in `IODS`; in order of the UIDs.", "#[rustfmt::skip]",
            f"pub(super) const SOP_CLASSES: [(&str, u16); {len(classes)}] = ["]
    out += [f'    ("{uid}", {kinds.index(kind)}),' for uid, kind in sorted(classes.items())]
    out += ["];", "", "/// Inside sequences: parent's tag, tag, strongest type anywhere; in order.", "#[rustfmt::skip]",
            f"pub(super) const NESTED: [(u32, u32, u8); {len(nested)}] = ["]
    rows = [f"({p:#010x}, {t:#010x}, {code[kind]})" for (p, t), kind in sorted(nested.items())]
    out += ["    " + ", ".join(rows[i:i + 4]) + "," for i in range(0, len(rows), 4)]
    out += ["];", ""]
    return "\n".join(out)


def main():
    arguments = [a for a in sys.argv[1:] if not a.startswith("-")]
    if len(arguments) != 2:
        sys.exit(__doc__)
    made = {"table.rs": table(arguments[0]), "types.rs": types(pathlib.Path(arguments[1]))}
    differ = False
    for name, text in made.items():
        if "--check" in sys.argv:
            differ |= (HERE / name).read_text(encoding="utf-8") != text
        else:
            (HERE / name).write_text(text, encoding="utf-8")
    sys.exit(1 if differ else 0)


if __name__ == "__main__":
    main()
