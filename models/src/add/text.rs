//! The texts of a new bundle: a manifest whose open lines say TODO, and a card that says that nothing is known.

use toml::Value;

use super::{Report, Wish};
use crate::manifest::{Activation, Layout};

/// The mark of a line that a person must fill in.
pub(super) const OPEN_MARK: &str = "TODO";
/// In place of the recipe's digest: no recipe of this tree made the model.
const NO_DIGEST: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// `bundle.toml`. With these limits nothing is flagged, and nothing is ever answered `no-flag`.
pub(super) fn manifest(name: &str, wish: &Wish, report: &Report) -> String {
    let mut text = head(name, report);
    text.push_str(&accepts(wish));
    text.push_str(&tensors(wish, report));
    for index in 0..report.findings {
        let label = wish.labels.get(index).cloned().unwrap_or_else(|| format!("Output {index}"));
        text.push_str(&finding(index, &label, wish.labels.is_empty()));
    }
    let reason = format!("{name} was never measured or calibrated here; ordinary reading applies");
    text.push_str(&format!(
        "
[policy]
no_flag = false                      # stays false until a rule with counts behind it stands in [rule]
no_flag_reason = {}
",
        quoted(&reason)
    ));
    text
}

fn head(name: &str, report: &Report) -> String {
    format!(
        "# Written by `appliance model add` from the model's file alone. Lines marked {OPEN_MARK} are for the person who answers
# for this bundle. As it stands it flags nothing, never answers `no-flag`, and may run in mode \"shadow\".
# The fields are those of models/README.md, the steps those of models/ADDING.md.
format = 1
name = {name}
version = \"0.1.0\"                    # raise it with every change
title = {name}                       # {OPEN_MARK}: a few words for a page
kind = \"classifier\"
summary = \"A model from outside that nobody has measured here; not a medical device.\"   # {OPEN_MARK}: what it looks for

[provenance]
recipe = \"none of this project: an ONNX file from outside\"   # {OPEN_MARK}: paper, address, version, licence
recipe_sha256 = \"{NO_DIGEST}\"   # no recipe of this project
data_sha256 = \"{NO_DIGEST}\"     # no data of this project
seed = 0

[model]
file = \"model.onnx\"
sha256 = \"{sha256}\"
",
        name = quoted(name),
        sha256 = report.sha256,
    )
}

fn accepts(wish: &Wish) -> String {
    let modality = if wish.modality.is_empty() {
        format!(
            "modality = [\"{OPEN_MARK}\"]                   # {OPEN_MARK}: such as [\"CR\", \"DX\"]; like this no study is taken"
        )
    } else {
        format!("modality = {}", list(&wish.modality))
    };
    let body_part = if wish.body_part.is_empty() {
        format!(
            "body_part = [\"{OPEN_MARK}\"]                  # {OPEN_MARK}: such as [\"CHEST\"]; like this no study is taken"
        )
    } else {
        format!("body_part = {}", list(&wish.body_part))
    };
    format!(
        "
[accepts]                            # a study that fails any line is `not-analysed`
{modality}
{body_part}
body_part_absent = false             # {OPEN_MARK}: true takes studies that do not say their body part
view = []                            # {OPEN_MARK}: the views it was trained on, such as [\"PA\", \"AP\"]; [] takes every one
view_absent = true
photometric = [\"MONOCHROME1\", \"MONOCHROME2\"]
rows = [64, 8192]                    # {OPEN_MARK}: sizes of the images it was trained on
columns = [64, 8192]                 # {OPEN_MARK}
frames = [1, 4]                      # {OPEN_MARK}: frames of a whole study; of a CT its slices
bits_stored = [8, 16]                # {OPEN_MARK}: may be left out
# plane = [\"AXIAL\"]                  of slices: add CORONAL, SAGITTAL where it was trained on them
# contrast = true                    where it was trained on slices with a contrast agent
"
    )
}

fn tensors(wish: &Wish, report: &Report) -> String {
    let input = &report.input;
    let layout = match input.layout {
        Layout::Nchw => "NCHW",
        Layout::Nhwc => "NHWC",
    };
    let ask = |given: bool, what: &str| if given { String::new() } else { format!(" # {OPEN_MARK}: {what}") };
    let activation = match report.activation {
        Activation::Sigmoid => "sigmoid",
        Activation::None => "none",
    };
    let guess =
        report.guessed.as_ref().map_or_else(String::new, |why| format!(" # {OPEN_MARK}: a guess: {why}"));
    format!(
        "
[input]
tensor = {tensor}
layout = \"{layout}\"
channels = {channels}
size = [{rows}, {columns}]
fit = \"letterbox\"                    # {OPEN_MARK}: as it was trained: \"letterbox\", \"stretch\" or \"crop\"
grey = \"voi\"                         # {OPEN_MARK}: \"voi\", or \"window\" with window = {{ center, width }} for CT
mean = {mean:?}{ask_mean}
std = {std:?}{ask_std}

[output]
tensor = {output}
activation = \"{activation}\"{guess}
aggregate = \"max\"                    # {OPEN_MARK}: over the frames of a study: \"max\" or \"mean-top-3\"

[gate]                               # images outside are `escalate`
grey_mean = [0.02, 0.98]             # {OPEN_MARK}: measured on your images; like this only blank ones are kept out
grey_std = [0.01, 0.5]               # {OPEN_MARK}
",
        tensor = quoted(&input.tensor),
        channels = input.channels,
        rows = input.size[0],
        columns = input.size[1],
        mean = input.mean,
        std = input.std,
        ask_mean = ask(wish.mean.is_some(), "as it was trained, of values 0 to 1: (x - mean) / std"),
        ask_std = ask(wish.std.is_some(), "as it was trained"),
        output = quoted(&report.output),
    )
}

fn finding(index: usize, label: &str, unnamed: bool) -> String {
    let name = if unnamed { format!(" # {OPEN_MARK}: what this output means") } else { String::new() };
    format!(
        "
[[finding]]
index = {index}
code = {{ scheme = \"99{OPEN_MARK}\", value = \"{index}\", meaning = {label} }}   # {OPEN_MARK}: a code, such as SCT 36118008
name = {label}{name}
calibration = {{ slope = 1.0, intercept = 0.0 }}   # nothing calibrated
no_flag_below = 0.000001             # {OPEN_MARK}: only from counts; see models/ADDING.md
flag_at = 1.0                        # {OPEN_MARK}: 1.0 is never reached: nothing is flagged
priority = \"ROUTINE\"                 # {OPEN_MARK}: of a flag: \"STAT\", \"URGENT\" or \"ROUTINE\"
",
        label = quoted(label),
    )
}

/// `CARD.md`.
pub(super) fn card(name: &str, report: &Report) -> String {
    format!(
        "# {name}

Research software, not a medical device.

**Nothing is known about this model here.** It was added from an ONNX file with SHA-256 `{sha256}`. Nobody has measured it on any image of this site, nobody has calibrated it, and no limit stands behind its answers. It flags nothing and never answers `no-flag` until somebody changes that and says below on which counts.

{OPEN_MARK}: everything below.

## Intended use

{OPEN_MARK}: which studies, of whom, for which question; what it must not be used for.

## Data and licences

{OPEN_MARK}: on which images it was trained and who allowed it; under which licence the weights are.

## Measured

{OPEN_MARK}: on which studies of which site, how many with and without the finding, sensitivity and specificity with intervals, by population. Until then: not measured.

## Known failures

{OPEN_MARK}: images on which it is wrong.
",
        sha256 = report.sha256,
    )
}

fn list(values: &[String]) -> String {
    Value::Array(values.iter().cloned().map(Value::String).collect()).to_string()
}

fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}
