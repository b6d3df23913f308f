"""The text of the reference bundle's CARD.md."""

import bundle
import cards
import words


def write(figures, gap, files):
    """Write CARD.md: `figures` are markdown lines, `gap` the largest parity difference, `files` the ONNX files."""
    size = " and ".join(f"{f.name} {f.stat().st_size / 1e6:.2f} MB" for f in files)
    lines = ["# Reference model (`reference`)", "", "Research software, not a medical device.", "",
             "A small image-to-text model of this project, so that the whole path from an escalated case to a drafted text runs on one machine and with no account. "
             "It is a reference for the path, not for reading: its text is put together word by word by a recurrent network, but it only ever learned fixed sentences, such as:", "",
             f"> {words.join(words.compose('chest', {'opacity', 'effusion'}).split())}", "",
             "The encoder (a residual network) makes 64 numbers of an image of 128 x 128; the decoder (one gated recurrent layer, greedy) makes the text of them. "
             "The two are separate files, so that the first can run beside the scanner and the second elsewhere. The 64 numbers are derived from a patient's image and are to be sealed like one.", "",
             "## Data and licences", "", *[f"- {line}" for line in (cards.KERMANY, cards.NIH, cards.CT_ICH, cards.PHANTOMS)], "",
             "No image is part of this bundle; the weights are Apache-2.0 like the rest of the project. The sentences are ours, composed from labels; no real report was used.", "",
             "## How it was made", "",
             "The encoder began as the trunk of `chest-xray`. Encoder and decoder then learned together on real films, real CT slices (windows 40/80 and 40/120) and phantoms, "
             "every source and finding drawn equally often; so it names rare findings far more often than they occur. Persons are dealt into parts as for `chest-xray`.", "",
             f"`make -C models/training reference` repeats it. {size}; network and ONNX Runtime differ by at most {gap:.0e}.", "",
             "## Measured", "", "`make -C models/training figures BUNDLE=reference` repeats these; images of persons that no weight was fitted on; shares with exact 95 % intervals "
             "(slices of one patient are not independent, so the CT intervals are too narrow).", "", *figures, "",
             "## Known failures", "",
             "- It names findings that are not there and misses those that are, as the table shows. Other findings than these it cannot name at all.",
             "- It sees one image of the study, small. Any other body part, and any noise, gets a sentence about a chest or a head too.",
             "- Haemorrhage types were learned from 66 patients; do not rely on the type named.",
             "- No part of its text is evidence; a person reads the images and writes the report.", "", cards.FOOT]
    (bundle.folder_of("reference") / "CARD.md").write_text("\n".join(lines) + "\n")
