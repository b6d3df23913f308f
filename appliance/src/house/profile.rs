//! De-identification policies as configuration names them: a built-in one, or the file of a site's own profile.

use std::path::Path;

use proto::settings::{Document, Fault};

use crate::deid::{Deviation, DeviceRegion, Head, Policy, PrivateAttribute, Profile};

/// Whether a configured policy names a file.
#[must_use]
pub fn is_file(policy: &str) -> bool {
    policy.ends_with(".toml")
}

/// The profile that `strict`, `shifted-dates` or a path ending in `.toml` names.
///
/// # Errors
/// Every fault of the file; one without a line when the name is no policy.
pub fn read_profile(policy: &str) -> Result<Profile, Vec<Fault>> {
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
