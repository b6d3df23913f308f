//! De-identification as configuration has it: `[deid]`, and policies, a built-in one or the file of a site's own profile.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use proto::settings::{Document, Fault};
use serde::{Deserialize, Serialize};

use deid::{Deviation, DeviceRegion, Head, IdRules, Policy, PrivateAttribute, Profile};
use domain::job::{Faces, PixelText};

/// `[deid]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DeidConfig {
    /// `strict`, `shifted-dates`, or the file of the site's own profile, which ends in `.toml`.
    pub policy: String,
    /// Whether de-identified P10 files travel beside the prepared frames.
    pub with_p10: bool,
    /// `hold` (what has or usually has text in its pixels waits) or `black-out`.
    pub pixel_text: PixelText,
    /// Folder of the text detector; the one that comes with the product where none is named.
    pub text_detector: Option<PathBuf>,
    /// `hold` (a head volume thin enough to render a face waits) or `deface`.
    pub faces: Faces,
    /// Patient IDs that are written where none is known, beside those that every site knows.
    pub placeholder_ids: BTreeSet<String>,
    /// Patient IDs that are real at this site although they look like placeholders.
    pub real_ids: BTreeSet<String>,
    /// Issuers of Patient ID that are the site's own: their ids are the same as those without an issuer.
    pub own_issuers: BTreeSet<String>,
}

impl Default for DeidConfig {
    fn default() -> Self {
        let IdRules { placeholder_ids, real_ids, own_issuers } = IdRules::default();
        Self {
            policy: "strict".into(),
            with_p10: false,
            pixel_text: PixelText::Hold,
            text_detector: None,
            faces: Faces::Hold,
            placeholder_ids,
            real_ids,
            own_issuers,
        }
    }
}

impl DeidConfig {
    /// Which Patient IDs tell persons apart.
    #[must_use]
    pub(crate) fn ids(&self) -> IdRules {
        IdRules {
            placeholder_ids: self.placeholder_ids.clone(),
            real_ids: self.real_ids.clone(),
            own_issuers: self.own_issuers.clone(),
        }
    }

    /// What is wrong with it, but for the file of a profile: key, what, what to write.
    pub(super) fn faults(&self) -> Vec<(&'static str, String, String)> {
        let policy = if is_file(&self.policy) { Ok(Profile::default()) } else { read_profile(&self.policy) };
        let policy = policy.err().unwrap_or_default().into_iter();
        let ids =
            self.ids().faults().into_iter().map(|(key, wrong, write)| (key, wrong.into(), write.into()));
        policy.map(|fault| ("policy", fault.wrong, fault.write)).chain(ids).collect()
    }
}

/// Whether a configured policy names a file.
#[must_use]
pub(super) fn is_file(policy: &str) -> bool {
    policy.ends_with(".toml")
}

/// The profile that `strict`, `shifted-dates` or a path ending in `.toml` names.
///
/// # Errors
/// Every fault of the file; one without a line when the name is no policy.
pub(crate) fn read_profile(policy: &str) -> Result<Profile, Vec<Fault>> {
    if !is_file(policy) {
        return match Policy::from_name(policy) {
            Ok(_) => Ok(Profile::named(policy)),
            Err(_) => Err(vec![Fault {
                file: policy.into(),
                line: 0,
                key: "policy".to_owned(),
                wrong: "is not a policy".to_owned(),
                write: "write \"strict\", \"shifted-dates\", or the path of a profile that ends in .toml"
                    .to_owned(),
            }]),
        };
    }
    let mut d = Document::read(Path::new(policy)).map_err(|fault| vec![fault])?;
    d.only(&["profile", "options", "attribute", "private", "region"]);
    let head: Option<Head> = d.room("profile");
    let options = if d.has("options") { d.room("options") } else { Some(Default::default()) };
    let attribute = if d.has("attribute") { d.room::<Vec<Deviation>>("attribute") } else { Some(Vec::new()) };
    let region = if d.has("region") { d.room::<Vec<DeviceRegion>>("region") } else { Some(Vec::new()) };
    let private =
        if d.has("private") { d.room::<Vec<PrivateAttribute>>("private") } else { Some(Vec::new()) };
    let (Some(profile), Some(options), Some(attribute), Some(private), Some(region)) =
        (head, options, attribute, private, region)
    else {
        return Err(d.faults);
    };
    let profile = Profile { profile, options, attribute, private, region };
    for (key, wrong, write) in profile.policy().err().unwrap_or_default() {
        d.fault(&key, wrong, write);
    }
    if d.faults.is_empty() { Ok(profile) } else { Err(d.faults) }
}
