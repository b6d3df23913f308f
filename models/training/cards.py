"""The text of each bundle's CARD.md around the measured figures."""

import bundle

KERMANY = """Kermany, Zhang, Goldbaum: *Labeled Optical Coherence Tomography (OCT) and Chest X-Ray Images for Classification*, Mendeley Data, doi 10.17632/rscbjbr9sj.2, CC BY 4.0; Kermany et al., Cell 172 (2018) 1122. Children aged 1 to 5, one hospital, 5,216 films, pneumonia or not."""
NIH = """NIH ChestX-ray14, provided by the NIH Clinical Center, https://nihcc.app.box.com/v/ChestXray-NIHCC; Wang et al., *ChestX-ray8: Hospital-scale Chest X-ray Database and Benchmarks on Weakly-Supervised Classification and Localization of Common Thorax Diseases*, CVPR 2017, pp. 3462-3471. No restriction on use. About 12,700 frontal films of adults at 64, 128 or 192 pixels. Labels were mined from reports by software; a later reading by physicians found 65 to 80 % of them right (JMIR Med Inform 2020;8:e18089)."""
CT_ICH = """Hssayeni et al., *Intracranial Hemorrhage Segmentation Using a Deep Convolutional Model*, Data 5 (2020) 14, doi 10.3390/data5010014; PhysioNet ct-ich (release 1.0.0), CC BY 4.0. 1,998 slices of 66 patients, 29 of them with a haemorrhage, as 8-bit images in the window 40/120, brought to 40/80 here."""
PHANTOMS = """Phantoms: images drawn by this project's `fixtures` from geometry and noise, with known truth. They show no person; the model learned them so that the demonstration, which may ship nobody's images, shows every disposition. Figures on phantoms say nothing about patients. The phantoms used came from an early state of `fixtures`, before its first release; a later state draws slightly different ones, so a repetition gives another data digest and slightly other weights."""
FOOT = """## Intended use

Research software, not a medical device; no clearance in any country. Meant for trying the path from scanner to answer, in shadow mode, beside ordinary reading. Whoever makes triage claims with it becomes its manufacturer.
A disposition without a flag is not a statement about the patient: ordinary reading still applies."""

TEXTS = {
    "chest-xray": {
        "title": "Chest radiograph triage",
        "what": """Four findings on frontal chest radiographs: lung opacity (pneumonia, consolidation, infiltration, oedema or mass in the sources' labels), pleural effusion, enlarged heart, pneumothorax.
A residual network of 0.4 million weights on the whole film squeezed to 128 x 128; it first brings each image to mean 0 and deviation 1. It learned the other eleven NIH labels beside these; they are not in the bundle.""",
        "data": [KERMANY, NIH],
        "method": """Persons were dealt into three disjoint parts by a hash of their number: 70 % to fit, 15 % to calibrate and choose thresholds, 15 % for the figures below, on which no weight, calibration or threshold was fitted. All images of a person are in one part. Labels a source does not give are masked, not counted as absent. Atelectasis, nodule, effusion, fibrosis and pleural thickening alone leave opacity unknown.
The network then goes on with half phantoms in each batch. This costs real films something: before it 14.9 % of the children's and 1.5 % of the adults' films of the last part fell below every `no_flag_below`, chosen by the same rule; the share after it is in the table below. The AUCs stayed within their intervals.
Training images were turned, shifted, zoomed, mirrored, given other grey curves, blurred, shrunk and enlarged by several kernels, framed, letterboxed, lettered and JPEG-compressed.
`no_flag_below` is where 98 % of the labelled films of the calibration part lie at or above it, `flag_at` where 98 % of the others lie below.
What the part below was not spared: 97, 98 and 99 % were compared on it before 98 % was settled on, and the share of phantoms was raised from a quarter to a half after a look at the phantoms reported below. The figures at `flag_at` and those on phantoms are a little too good for that reason.""",
        "failures": """- Trained on films squeezed to a square of 64 to 192 pixels: small pneumothoraces and nodules cannot be seen at all. Pneumothorax in particular is weak; many labelled ones already have a drain, which the model may be finding instead.
- Opacity on adults is far weaker than on children: labels are noisy and the finding is broad. Nothing here was measured on children for the other three findings.
- `no-flag` is rare on real adult films, because four thresholds must all be met; most adult films are escalated, and few labelled ones are flagged. On phantoms nearly everything is settled: phantoms are easy, and the model has learned how they are drawn.
- The image gate looks at brightness and contrast alone: it does not recognise another body part, a lateral film or a wrongly inverted one. No sex, age or device subgroup was measured.
- The calibration holds for the mix of these sources. Another clinic's mix needs its own.""",
    },
    "head-ct-haemorrhage": {
        "title": "Head CT haemorrhage",
        "what": """One finding on axial head CT: any intracranial haemorrhage. A residual network of about 0.2 million weights looks at each slice at 128 x 128 in the window 40/80; the study's value is the mean of the three highest slices.
The bundle never answers `no-flag`: 29 positive patients cannot show that a silent model is safe.""",
        "data": [CT_ICH],
        "method": """Five folds by patient, positive patients shared out evenly. Each slice was scored by a network that had not seen its patient; calibration, thresholds and the figures below come from these scores. The figures therefore describe the recipe; the shipped weights saw all patients, and no independent set was at hand. Because calibration and threshold were chosen on the same scores, sensitivity and specificity at the thresholds are somewhat optimistic; the AUCs do not depend on the thresholds.
`flag_at` is where 90 % of the patients without a haemorrhage lie below.""",
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
