#!/usr/bin/env python3
"""Writes registry.rs (storage SOP classes and transfer syntaxes we negotiate) from the UID registry of PS3.6.

Usage: generate_registry.py UID_REGISTRY.json [--check]
  UID_REGISTRY.json  table A-1 of PS3.6 as a list of {uid, name, type, retired}
--check compares instead of writing and exits 1 on a difference.

Which of them are taken is decided here, and nowhere else:
- SOP classes: those of the Storage service (PS3.4 table B.5-1), retired members too. Not those of other services
  that have Storage in their name (Non-Patient Object Storage, PS3.4 annex GG; Media Storage Directory; Storage
  Commitment): they belong to no study.
- Transfer syntaxes: all that a stored instance may have, retired ones too. Not JPIP referenced ones (the pixels stay
  at the sender, who would delete them on our word), not SMPTE ST 2110 (a stream, never stored), not MIME and XML
  encodings (never on an association).
"""

import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = "1.2.840.10008."
# PS3.4 annex GG, and what is stored for the whole installation rather than for a patient.
NON_PATIENT = {
    "1.2.840.10008.5.1.4.1.1.200.1",  # CT Defined Procedure Protocol
    "1.2.840.10008.5.1.4.1.1.200.3",  # Protocol Approval
    "1.2.840.10008.5.1.4.1.1.200.7",  # XA Defined Procedure Protocol
    "1.2.840.10008.5.1.4.1.1.201.1",  # Inventory
}
# Of the standard, but newer than the transcription of the registry in use; dropped here once it has them.
NEWER = {
    "1.2.840.10008.5.1.4.1.1.2.3": "CT Image Storage - For Processing",
    "1.2.840.10008.5.1.4.1.1.2.4": "Enhanced CT Image Storage - For Processing",
    "1.2.840.10008.5.1.4.1.1.2.5": "Legacy Converted Enhanced CT Image Storage - For Processing",
    "1.2.840.10008.5.1.4.1.1.9.100.1": "Waveform Presentation State Storage",
    "1.2.840.10008.5.1.4.1.1.9.100.2": "Waveform Acquisition Presentation State Storage",
    "1.2.840.10008.5.1.4.1.1.601.5": "Ultrasound Waveform Storage",
}
STORAGE_PREFIXES = (ROOT + "5.1.4.1.1.", ROOT + "5.1.4.34.1", ROOT + "5.1.4.34.7", ROOT + "5.1.4.34.10")
NEVER_STORED = (ROOT + "1.2.4.94", ROOT + "1.2.4.95", ROOT + "1.2.4.204", ROOT + "1.2.4.205", ROOT + "1.2.6.",
                ROOT + "1.2.7.")


def key(uid):
    return [int(part) for part in uid.split(".")]


def is_storage(row):
    uid, name = row["uid"], row["name"]
    if row["type"] != "SOP Class" or uid in NON_PATIENT or "Storage" not in name:
        return False
    return uid.startswith(STORAGE_PREFIXES[0]) or uid in STORAGE_PREFIXES[1:]


def is_syntax(row):
    never = any(row["uid"] == no or no.endswith(".") and row["uid"].startswith(no) for no in NEVER_STORED)
    return row["type"] == "Transfer Syntax" and not never


def rows(registry, wanted):
    for row in sorted(filter(wanted, registry), key=lambda row: key(row["uid"])):
        name = row["name"].replace(" (Retired)", "").replace("\u2013", "-").strip()
        name += " (Retired)" if row["retired"] else ""
        yield f'    ("{row["uid"]}", {json.dumps(name, ensure_ascii=True)}),'


def table(registry):
    out = [
        "//! Storage SOP classes and transfer syntaxes we negotiate, from the UID registry of PS3.6. GENERATED.",
        "//!",
        "//! Made by `generate_registry.py`, which also says which are left out and why.",
        "",
        "/// Storage SOP classes as (UID, name), in the order of the UIDs.",
        "#[rustfmt::skip]",
        "pub const STORAGE_SOP_CLASSES: &[(&str, &str)] = &[",
        *rows(registry, is_storage),
        "];",
        "",
        "/// Transfer syntaxes as (UID, name), in the order of the UIDs.",
        "#[rustfmt::skip]",
        "pub const TRANSFER_SYNTAXES: &[(&str, &str)] = &[",
        *rows(registry, is_syntax),
        "];",
        "",
        "/// SOP classes of other services as (UID, name), to be called by their names where they are not taken.",
        "#[rustfmt::skip]",
        "pub(super) const OTHER_SOP_CLASSES: &[(&str, &str)] = &[",
        *rows(registry, lambda row: row["type"] in ("SOP Class", "Meta SOP Class") and not is_storage(row)),
        "];",
    ]
    return "\n".join(out) + "\n"


def main():
    registry = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    known = {row["uid"] for row in registry}
    registry += [{"uid": uid, "name": name, "type": "SOP Class", "retired": ""} for uid, name in NEWER.items()
                 if uid not in known]
    text = table(registry)
    target = HERE / "registry.rs"
    if "--check" in sys.argv:
        sys.exit(0 if target.read_text(encoding="utf-8") == text else "registry.rs is not what the registry gives")
    target.write_text(text, encoding="utf-8")


main()
