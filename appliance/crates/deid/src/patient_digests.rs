//! Whose an instance is, fact by fact and digested: reception compares two instances of one UID without keeping either
//! patient.
use super::person::{GROUPS, Person};
use dicom::DataSet;
use std::fmt;

/// First part of the text form; what earlier versions wrote has no such part.
const FORM: &str = "2";
const ID: usize = 0;
const LOCAL: usize = 1;
const ENTITY: usize = 2;
const NAME: usize = 3;
const BIRTH: usize = NAME + GROUPS;
const FACTS: usize = BIRTH + 1;
/// Bytes of a digest.
const DIGEST: usize = 16;

/// Digests of Patient ID, its issuer, the groups of Patient's Name, Patient's Birth Date, each of the canonical form; empty
/// where nothing is said. Identifying: whoever guesses a fact can confirm it. `Debug` shows a stub.
#[derive(Clone, PartialEq, Eq)]
pub struct PatientDigests([String; FACTS]);

impl fmt::Debug for PatientDigests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PatientDigests(..)")
    }
}

impl PatientDigests {
    /// Of the attributes at the top of a data set; `None` when they say nothing.
    pub fn of(data: &DataSet) -> Option<Self> {
        let Person { id, issuer, name, birth, .. } = Person::as_written(data);
        let mut facts = [id, issuer.local, issuer.entity, None, None, None, birth];
        facts.iter_mut().skip(NAME).zip(name).for_each(|(fact, group)| *fact = group);
        let mut digests = PatientDigests(Default::default());
        for (at, (digest, fact)) in digests.0.iter_mut().zip(&facts).enumerate() {
            if let Some(fact) = fact {
                let whole = blake3::hash(format!("{at}\0{fact}").as_bytes());
                *digest = hex::encode(whole.as_bytes().get(..DIGEST).unwrap_or_default());
            }
        }
        facts.iter().any(Option::is_some).then_some(digests)
    }

    /// From [`Self::to_text`]; `None` for what earlier versions wrote.
    pub fn from_text(text: &str) -> Option<Self> {
        let facts = text.strip_prefix(FORM)?.strip_prefix('.')?.split('.').map(str::to_owned);
        Some(PatientDigests(facts.collect::<Vec<_>>().try_into().ok()?))
    }

    /// One word, for records.
    pub fn to_text(&self) -> String {
        format!("{FORM}.{}", self.0.join("."))
    }

    /// With every digest that is there changed by `change`, which gets its place too.
    ///
    /// # Errors
    /// Those of `change`.
    pub fn map<E>(&self, change: impl Fn(usize, &str) -> Result<String, E>) -> Result<Self, E> {
        let mut changed = self.clone();
        for (at, digest) in changed.0.iter_mut().enumerate().filter(|(_, digest)| !digest.is_empty()) {
            *digest = change(at, digest)?;
        }
        Ok(changed)
    }

    /// Whether it names another patient than what came before it: a fact that both say differs, or it says an id where
    /// none was. A fact that one of them lacks is no other fact.
    pub fn is_other(&self, before: &PatientDigests) -> bool {
        let fact = |of: &PatientDigests, at: usize| of.0.get(at).cloned().unwrap_or_default();
        let both = |at: usize| !fact(self, at).is_empty() && !fact(before, at).is_empty();
        let differs = |at: usize| both(at) && fact(self, at) != fact(before, at);
        let issuer = if both(ENTITY) { ENTITY } else { LOCAL };
        let named_now = !fact(self, ID).is_empty() && fact(before, ID).is_empty();
        let group = (NAME..BIRTH).find(|at| both(*at));
        named_now || differs(ID) || differs(issuer) || differs(BIRTH) || group.is_some_and(differs)
    }
}
