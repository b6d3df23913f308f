//! The rules of a manifest that its types do not already hold.

use crate::detector_manifest::{DetectorManifest, KIND};
use crate::error::ManifestFault;
use crate::faults::fault;
use crate::manifest::{Accepts, Finding, Grey, Input, Kind, MANIFEST, Manifest, PLANES};

/// Every fault of the manifest, in the order of the file.
pub(crate) fn manifest(m: &Manifest) -> Vec<ManifestFault> {
    let mut out = Faults(Vec::new());
    head(&mut out, m.format, [&m.name, &m.version, &m.title, &m.summary]);
    recipe(&mut out, &m.provenance.recipe, &m.provenance.recipe_sha256);
    out.digest("provenance.data_sha256", &m.provenance.data_sha256);
    accepts(&mut out, &m.accepts);
    input(&mut out, &m.input);
    match m.kind {
        Kind::Classifier => classifier(&mut out, m),
        Kind::Report => report(&mut out, m),
    }
    out.0
}

/// Every fault of a text detector's manifest, in the order of the file.
pub(crate) fn detector(m: &DetectorManifest) -> Vec<ManifestFault> {
    let mut out = Faults(Vec::new());
    head(&mut out, m.format, [&m.name, &m.version, &m.title, &m.summary]);
    out.unless(m.kind == KIND, "kind", "is not a text detector's", "write kind = \"text-detector\"");
    recipe(&mut out, &m.provenance.recipe, &m.provenance.recipe_sha256);
    out.file("trees.file", &m.trees.file);
    out.digest("trees.sha256", &m.trees.sha256);
    out.0
}

/// What every manifest begins with.
fn head(out: &mut Faults, format: u32, [name, version, title, summary]: [&str; 4]) {
    out.unless(format == 1, "format", "is not 1", "write format = 1");
    out.unless(
        is_name(name),
        "name",
        "is not a folder name",
        "use lower case letters, digits and `-`, at most 64",
    );
    out.unless(
        is_version(version),
        "version",
        "is not a version",
        "write major.minor.patch, such as \"0.1.0\"",
    );
    out.line("title", title);
    out.line("summary", summary);
}

fn recipe(out: &mut Faults, recipe: &str, sha256: &str) {
    out.line("provenance.recipe", recipe);
    out.digest("provenance.recipe_sha256", sha256);
}

struct Faults(Vec<ManifestFault>);

impl Faults {
    fn unless(&mut self, ok: bool, key: &str, problem: &str, remedy: &str) {
        if !ok {
            self.0.push(fault(MANIFEST, key, problem, remedy));
        }
    }

    fn digest(&mut self, key: &str, value: &str) {
        let ok = value.len() == 64 && value.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        self.unless(ok, key, "is not a SHA-256", "write 64 lower case hexadecimal digits");
    }

    fn line(&mut self, key: &str, text: &str) {
        self.unless(is_text(text), key, "is empty or too long", "write one line of at most 400 characters");
    }

    fn file(&mut self, key: &str, value: &str) {
        self.unless(
            is_file_name(value),
            key,
            "is not a file name",
            "name a file in the bundle's folder, without a path",
        );
    }

    fn table(&mut self, present: bool, wanted: bool, key: &str, kind: &str) {
        if wanted {
            self.unless(present, key, "is missing", &format!("a {kind} bundle needs it"));
        } else {
            self.unless(
                !present,
                key,
                "does not belong here",
                &format!("a {kind} bundle has none; take it out"),
            );
        }
    }
}

fn accepts(out: &mut Faults, a: &Accepts) {
    let upper = |list: &[String]| {
        list.iter().all(|v| !v.is_empty() && v.len() <= 16 && *v == v.trim().to_uppercase())
    };
    for (key, list, may_be_empty) in [
        ("accepts.modality", &a.modality, false),
        ("accepts.body_part", &a.body_part, a.body_part_absent),
        ("accepts.view", &a.view, true),
        ("accepts.photometric", &a.photometric, false),
    ] {
        out.unless(may_be_empty || !list.is_empty(), key, "is empty", "name at least one value");
        out.unless(
            upper(list),
            key,
            "holds a value no study can have",
            "write the values in upper case, at most 16 characters",
        );
    }
    // Colour has no grey value that the input rule could take.
    let grey = a.photometric.iter().all(|p| p == "MONOCHROME1" || p == "MONOCHROME2");
    out.unless(
        grey,
        "accepts.photometric",
        "names a colour interpretation",
        "only MONOCHROME1 and MONOCHROME2 can be run",
    );
    for (key, [low, high]) in
        [("accepts.rows", a.rows), ("accepts.columns", a.columns), ("accepts.frames", a.frames)]
    {
        out.unless(
            low >= 1 && low <= high && high <= 65_535,
            key,
            "is not a range",
            "write [lowest, highest], from 1 to 65535",
        );
    }
    out.unless(
        a.bits_stored.is_none_or(|[low, high]| 1 <= low && low <= high && high <= 32),
        "accepts.bits_stored",
        "is not a range",
        "write [lowest, highest], from 1 to 32, or leave it out",
    );
    out.unless(
        a.plane.iter().all(|p| PLANES.contains(&p.as_str())),
        "accepts.plane",
        "names no plane of slices",
        "write AXIAL, CORONAL or SAGITTAL, or leave it out: axial slices alone",
    );
}

fn input(out: &mut Faults, i: &Input) {
    out.unless(is_text(&i.tensor), "input.tensor", "is empty", "write the name of the model's input");
    out.unless(
        i.channels == 1 || i.channels == 3,
        "input.channels",
        "is neither 1 nor 3",
        "write 1, or 3 for the grey image three times",
    );
    let size = i.size.iter().all(|side| (8..=4096).contains(side));
    out.unless(size, "input.size", "is out of range", "write [rows, columns], each 8 to 4096");
    match (i.grey, i.window) {
        (Grey::Window, None) => out.unless(
            false,
            "input.window",
            "is missing",
            "grey = \"window\" needs window = { center, width }",
        ),
        (Grey::Voi, Some(_)) => out.unless(
            false,
            "input.window",
            "does not belong here",
            "take it out, or write grey = \"window\"",
        ),
        (Grey::Window, Some(w)) => {
            let ok = w.center.is_finite() && w.width.is_finite() && w.width >= 1.0;
            out.unless(
                ok,
                "input.window",
                "is no window",
                "write a finite center and a width of at least 1 (PS3.3 C.11.2.1.2.1)",
            );
        }
        (Grey::Voi, None) => {}
    }
    out.unless(i.mean.is_finite(), "input.mean", "is not a number", "write a finite number");
    out.unless(
        i.std.is_finite() && i.std > 0.0,
        "input.std",
        "is not above 0",
        "write a finite number above 0",
    );
}

fn classifier(out: &mut Faults, m: &Manifest) {
    out.table(m.model.is_some(), true, "model", "classifier");
    out.table(m.output.is_some(), true, "output", "classifier");
    out.table(m.gate.is_some(), true, "gate", "classifier");
    out.table(!m.findings.is_empty(), true, "finding", "classifier");
    out.table(m.policy.is_some(), true, "policy", "classifier");
    out.table(m.encoder.is_some(), false, "encoder", "classifier");
    out.table(m.decoder.is_some(), false, "decoder", "classifier");
    if let Some(model) = &m.model {
        out.file("model.file", &model.file);
        out.digest("model.sha256", &model.sha256);
    }
    for (key, named) in [("rule", &m.rule), ("novelty", &m.novelty)] {
        if let Some(named) = named {
            out.file(&format!("{key}.file"), &named.file);
            out.digest(&format!("{key}.sha256"), &named.sha256);
        }
    }
    if let Some(output) = &m.output {
        out.unless(
            is_text(&output.tensor),
            "output.tensor",
            "is empty",
            "write the name of the model's output",
        );
        out.unless(
            output.maps.as_ref().is_none_or(|maps| is_text(maps)),
            "output.maps",
            "is empty",
            "write the name of the output that shows places, or leave it out",
        );
    }
    if let Some(gate) = &m.gate {
        for (key, [low, high]) in [("gate.grey_mean", gate.grey_mean), ("gate.grey_std", gate.grey_std)] {
            let ok = low.is_finite() && high.is_finite() && low < high;
            out.unless(ok, key, "is not a range", "write [lowest, highest]");
        }
    }
    if let Some(policy) = &m.policy {
        let ok = policy.no_flag == policy.no_flag_reason.trim().is_empty();
        out.unless(
            ok,
            "policy.no_flag_reason",
            "does not fit no_flag",
            "give the sentence shown when no_flag is false, \"\" when it is true",
        );
    }
    for (place, finding) in m.findings.iter().enumerate() {
        one_finding(out, m, place, finding);
    }
}

fn one_finding(out: &mut Faults, m: &Manifest, place: usize, f: &Finding) {
    let key = |name: &str| format!("finding[{place}].{name}");
    // Every output has exactly one finding, so that no number of the model goes unread.
    let single = m.findings.iter().filter(|other| other.index == f.index).count() == 1;
    out.unless(
        single && f.index < m.findings.len(),
        &key("index"),
        "is given twice or leaves a gap",
        "number the findings 0, 1, 2, ...",
    );
    // A case that carries the finding is bounded as DICOM bounds codes (PS3.5, SH and LO): what is longer could not leave.
    let word = |text: &str| {
        (1..=16).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b" _-.".contains(&b))
    };
    let code =
        word(&f.code.scheme) && word(&f.code.value) && is_text(&f.code.meaning) && f.code.meaning.len() <= 64;
    out.unless(
        code,
        &key("code"),
        "is not a code",
        "give scheme and value of at most 16 letters, digits and ` _-.`, and a meaning of at most 64 characters",
    );
    let alone = f.key.as_ref().is_none_or(|own| {
        is_name(&own.replace('_', "-"))
            && m.findings.iter().filter(|o| o.key.as_ref() == Some(own)).count() == 1
    });
    out.unless(
        alone,
        &key("key"),
        "is no key, or another's",
        "use lower case letters, digits and `_`, each once",
    );
    out.unless(is_text(&f.name), &key("name"), "is empty or too long", "write a few words");
    let line =
        f.calibration.slope.is_finite() && f.calibration.slope > 0.0 && f.calibration.intercept.is_finite();
    out.unless(
        line,
        &key("calibration"),
        "is not a rising line",
        "write a finite slope above 0 and a finite intercept",
    );
    let order = 0.0 < f.no_flag_below && f.no_flag_below <= f.flag_at && f.flag_at <= 1.0;
    out.unless(
        order,
        &key("flag_at"),
        "the limits are not in order",
        "write 0 < no_flag_below <= flag_at <= 1",
    );
}

fn report(out: &mut Faults, m: &Manifest) {
    out.table(m.encoder.is_some(), true, "encoder", "report");
    out.table(m.decoder.is_some(), true, "decoder", "report");
    out.table(m.model.is_some(), false, "model", "report");
    out.table(m.output.is_some(), false, "output", "report");
    out.table(m.gate.is_some(), false, "gate", "report");
    out.table(!m.findings.is_empty(), false, "finding", "report");
    out.table(m.policy.is_some(), false, "policy", "report");
    out.table(m.rule.is_some(), false, "rule", "report");
    out.table(m.novelty.is_some(), false, "novelty", "report");
    if let Some(part) = &m.encoder {
        out.file("encoder.file", &part.file);
        out.digest("encoder.sha256", &part.sha256);
        out.unless(
            (1..=65_536).contains(&part.embedding),
            "encoder.embedding",
            "is out of range",
            "write 1 to 65536",
        );
    }
    if let Some(part) = &m.decoder {
        out.file("decoder.file", &part.file);
        out.digest("decoder.sha256", &part.sha256);
        out.file("decoder.vocabulary", &part.vocabulary);
        out.digest("decoder.vocabulary_sha256", &part.vocabulary_sha256);
        out.unless(
            (2..=4096).contains(&part.max_tokens),
            "decoder.max_tokens",
            "is out of range",
            "write 2 to 4096",
        );
    }
}

/// A name that cannot leave the bundle's folder.
pub(crate) fn is_file_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 128
        && !name.starts_with('.')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
}

pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn is_version(version: &str) -> bool {
    let parts: Vec<_> = version.split('.').collect();
    parts.len() == 3
        && parts.iter().all(|p| !p.is_empty() && p.len() <= 9 && p.bytes().all(|b| b.is_ascii_digit()))
}

fn is_text(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= 400 && !text.chars().any(char::is_control)
}
