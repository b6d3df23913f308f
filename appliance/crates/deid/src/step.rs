//! One step of de-identification, for those who ask what was done to an attribute and why.
use super::terms::{ActionCode, Rule};
use dicom::Tag;

/// One action on one element, for those who ask why ([`super::explain`]). Identified: `Debug` shows no value.
#[derive(Clone, PartialEq, Eq)]
pub struct Step {
    /// The sequences around it, outermost first.
    pub path: Vec<Tag>,
    /// The attribute.
    pub tag: Tag,
    /// What was done.
    pub action: ActionCode,
    /// Which rule said so.
    pub rule: Rule,
    /// The decoded text before; `None` where the value is none. Identified.
    pub before: Option<String>,
    /// The text after; `None` where the value is none, or gone.
    pub after: Option<String>,
}

impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Step({:?} {} {:?} {:?})", self.path, self.tag, self.action, self.rule)
    }
}
