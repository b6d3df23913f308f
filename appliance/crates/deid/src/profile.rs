//! A site's own profile: the Basic Profile of PS3.15 annex E, options by name, attributes that are treated otherwise,
//! and regions of its devices' pictures, each with the reason why.
use super::policy::{Addition, Policy};
use super::region::DeviceRegion;
use super::terms::{ActionCode, Complaint, OPTIONS, OptionSet};
use super::{kept, mark};
use dicom::{Tag, Vr, is_known, tag_of, vr_of};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A profile as it stands in its TOML file, or the name of a built-in policy alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// `[profile]`.
    pub profile: Head,
    /// `[options]`: name of an option of annex E, and why this site takes it.
    #[serde(default)]
    pub options: BTreeMap<String, String>,
    /// `[[attribute]]`.
    #[serde(default)]
    pub attribute: Vec<Deviation>,
    /// `[[private]]`.
    #[serde(default)]
    pub private: Vec<PrivateAttribute>,
    /// `[[region]]`.
    #[serde(default)]
    pub region: Vec<DeviceRegion>,
}

/// `[profile]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Short name for records and for (0012,0063): small letters, digits and `-`.
    pub name: String,
    /// Whether references to other images stay, with replaced UIDs, where the IOD could do without.
    #[serde(default)]
    pub references: bool,
}

/// `[[attribute]]`: one attribute, at every level, that is treated otherwise than table E.1-1 and the options say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deviation {
    /// `0008,1010`, or the keyword of PS3.6.
    pub tag: String,
    /// `X`, `Z`, `D`, `K`, `C` or `U`.
    pub action: String,
    /// Why, for the officer who asks.
    pub reason: String,
}

/// `[[private]]`: a private attribute that the site knows to be safe, beside those of table E.3.10-1. It counts with the
/// option retain-safe-private, and its values are checked like theirs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrivateAttribute {
    /// The private creator.
    pub creator: String,
    /// Group and last two digits: `0019,0C`, or `0019,xx0C`.
    pub tag: String,
    /// IS, DS, CS, SH, LO, US, SS, UL, SL, FL or FD.
    pub vr: String,
    /// How the site knows.
    pub reason: String,
}

/// Names of the built-in policies, which no profile may take.
const BUILT_IN: [&str; 2] = ["strict", "shifted-dates"];
/// Longest name: with it the text of (0012,0063) has at most 64 characters.
const NAME: usize = 24;
/// Shortest reason that can say something.
const REASON: usize = 10;

impl Profile {
    /// A built-in policy by its name; [`Profile::policy`] says when there is none.
    pub fn named(name: &str) -> Self {
        let head = Head { name: name.to_owned(), references: false };
        Profile { profile: head, ..Self::default() }
    }

    /// The policy that it describes.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn policy(&self) -> Result<Policy, Vec<Complaint>> {
        let name = self.profile.name.as_str();
        if self.is_bare() && BUILT_IN.contains(&name) {
            return Ok(if name == "strict" { Policy::strict() } else { Policy::shifted_dates() });
        }
        let mut wrong = Vec::new();
        self.note_name(&mut wrong);
        let options = self.option_set(&mut wrong);
        let mut deviations = BTreeMap::new();
        for (number, deviation) in self.attribute.iter().enumerate() {
            match deviation.read() {
                Ok((tag, action)) if deviations.insert(tag, action).is_none() => {}
                Ok(_) => wrong.push(complaint(number, "tag", "is named twice", "name every attribute once")),
                Err((key, what, write)) => wrong.push(complaint(number, key, what, write)),
            }
        }
        let additions = self.additions(options, &mut wrong);
        for (number, region) in self.region.iter().enumerate() {
            wrong.extend(region.complaints(number, REASON));
        }
        if wrong.is_empty() {
            let policy = Policy::of_site(name, options, self.profile.references, deviations, self.reasons());
            Ok(Policy { additions, ..policy })
        } else {
            Err(wrong)
        }
    }

    /// Nothing but a name.
    fn is_bare(&self) -> bool {
        self.options.is_empty()
            && self.attribute.is_empty()
            && self.private.is_empty()
            && self.region.is_empty()
    }

    fn additions(&self, options: OptionSet, wrong: &mut Vec<Complaint>) -> Vec<Addition> {
        let mut read = Vec::new();
        for (number, private) in self.private.iter().enumerate() {
            let mut note = |key: &str, what: &str, write: &str| {
                let key = format!("private[{number}].{key}");
                wrong.push((key, what.to_owned(), write.to_owned()));
            };
            match Addition::read(&private.creator, &private.tag, &private.vr) {
                Ok(addition) => read.push(addition),
                Err(key) => {
                    let write = "write the creator, a tag as 0019,0C, and IS, DS, CS, SH, LO, US, SS, UL, SL, FL or FD";
                    note(key, "names no private attribute whose values can be checked", write);
                }
            }
            if private.reason.trim().chars().count() < REASON {
                note("reason", "says nothing", "write how you know that it never holds identity");
            }
            if !options.has(OptionSet::RETAIN_SAFE_PRIVATE) {
                note("creator", "has no effect", "take the option retain-safe-private too");
            }
        }
        read
    }

    fn note_name(&self, wrong: &mut Vec<Complaint>) {
        let name = self.profile.name.as_str();
        let letters = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !(1..=NAME).contains(&name.len()) || !letters || BUILT_IN.contains(&name) {
            let write = format!("write 1 to {NAME} of a-z, 0-9 and '-'; strict and shifted-dates are taken");
            wrong.push(("profile.name".to_owned(), "is not a name for a profile".to_owned(), write));
        }
    }

    fn option_set(&self, wrong: &mut Vec<Complaint>) -> OptionSet {
        let mut set = OptionSet::default();
        let known = OPTIONS.map(|(name, _)| name).join(", ");
        for (name, reason) in &self.options {
            let key = format!("options.{name}");
            match OPTIONS.iter().find(|(known, _)| known == name) {
                Some((_, option)) => set = set.with(*option),
                None => wrong.push((key.clone(), "is no option".to_owned(), format!("write one of {known}"))),
            }
            if reason.trim().chars().count() < REASON {
                wrong.push((key, "has no reason".to_owned(), "write why this site needs it".to_owned()));
            }
        }
        if set.has(OptionSet::RETAIN_FULL_DATES) && set.has(OptionSet::RETAIN_MODIFIED_DATES) {
            let key = "options.retain-modified-dates".to_owned();
            wrong.push((
                key,
                "dates are either kept or shifted".to_owned(),
                "leave one of both out".to_owned(),
            ));
        }
        set
    }

    /// Options, attributes and regions with the reasons for them, for the statement.
    fn reasons(&self) -> Vec<(String, String)> {
        let of_attribute = |d: &Deviation| (format!("{} {}", d.tag, d.action), d.reason.clone());
        let options = self.options.iter().map(|(name, reason)| (name.clone(), reason.clone()));
        let of_region = |r: &DeviceRegion| {
            let model = r.model.as_deref().unwrap_or("every model");
            let what =
                format!("black in pictures of {}, {model}, {} x {}", r.manufacturer, r.columns, r.rows);
            (what, r.reason.clone())
        };
        let of_private = |p: &PrivateAttribute| {
            (
                format!("private ({}) of {} kept where its value is a setting", p.tag, p.creator),
                p.reason.clone(),
            )
        };
        let attributes = self.attribute.iter().map(of_attribute);
        options
            .chain(attributes)
            .chain(self.private.iter().map(of_private))
            .chain(self.region.iter().map(of_region))
            .collect()
    }
}

impl Deviation {
    /// Tag and action, or the key that is wrong, what, and what to write.
    fn read(&self) -> Result<(Tag, ActionCode), (&'static str, &'static str, &'static str)> {
        let tag =
            tag_of(&self.tag).ok_or(("tag", "is no attribute", "write a tag as 0008,1010, or a keyword"))?;
        let action = ActionCode::from_letter(&self.action);
        let action = action.ok_or(("action", "is no action", "write X, Z, D, K, C or U"))?;
        if self.reason.trim().chars().count() < REASON {
            return Err(("reason", "says nothing", "write why this site needs it"));
        }
        if tag.is_private() || !is_known(tag) {
            let write =
                "private and unknown attributes are removed; the option retain-safe-private keeps known ones";
            return Err(("tag", "is not of the standard", write));
        }
        if tag.group() < 8 || tag.group() == 0x7FE0 || kept::never(tag) || mark::is_mark(tag) {
            return Err(("tag", "is never changed by a profile", "leave it out"));
        }
        let vr = vr_of(tag);
        let keeps = matches!(action, ActionCode::K | ActionCode::C | ActionCode::U);
        if keeps && kept::is_of_person(tag, vr) {
            return Err(("action", "would let a name, number or address of a person out", "write X, Z or D"));
        }
        let fits = match action {
            ActionCode::U => vr == Vr::UI,
            ActionCode::C => vr == Vr::SQ || (vr.is_text() && vr != Vr::UI),
            _ => true,
        };
        if fits {
            Ok((tag, action))
        } else {
            Err(("action", "does not fit the attribute", "U is for UIDs, C for text, dates and sequences"))
        }
    }
}

fn complaint(number: usize, key: &str, what: &str, write: &str) -> Complaint {
    (format!("attribute[{number}].{key}"), what.to_owned(), write.to_owned())
}
