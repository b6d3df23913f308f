//! What a header says of an image beside the lines of `[accepts]`: projection, region, plane, intent, how it was made.
//!
//! Two steps, both pure. [`read`] turns attributes into [`Statement`]s: claims in our own words, never a value of the
//! header. [`judge`] weighs them against what a bundle takes: each agrees, contradicts or says nothing.
//!
//! | coded attributes | texts | the image |
//! |---|---|---|
//! | one contradicts, none agrees | | is not taken: `not-analysed` |
//! | one contradicts, another agrees | | is in doubt: it may run, and the study is `escalate` |
//! | agree or say nothing | one contradicts | is in doubt |
//! | agree or say nothing | agree or say nothing | is taken |
//!
//! Text is weaker than a code: it is written once for a whole study, or for another one, so it refuses nothing, and it
//! speaks for nothing either. Its planes, and the regions of a text about the whole study, count only where no code
//! agrees. A further contradiction never makes an answer out of a refusal or of a doubt.

mod age;
mod making;
mod planes;
mod read;
mod regions;
mod views;
mod words;

use models::StudyFacts;
use models::accepts::tidy;
use models::manifest::Accepts;

pub use age::{Ages, age};
pub use read::read;
pub use regions::Part;

/// What one attribute says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement<'a> {
    /// Attribute and claim in our own words, such as `View Code Sequence says left lateral`.
    pub words: String,
    /// What is claimed.
    pub claim: Claim<'a>,
    /// How far it counts.
    pub weight: Weight,
}

/// What is claimed of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim<'a> {
    /// The projection of a radiograph: any of these values of View Position; none of them when empty.
    View(Vec<&'a str>),
    /// The part of the body.
    Region(Part<'a>),
    /// The plane of a slice: any of these of `accepts.plane`; none of them when empty.
    Plane(Vec<&'a str>),
    /// Made to be looked at, not to be processed further.
    ForPresentation(bool),
    /// One side of the body alone.
    Side,
    /// A contrast agent was given.
    Contrast,
    /// An image of a kind that no bundle can name, such as a subtraction or that of an animal.
    Unfit,
}

/// How far a statement counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// A coded attribute about this very thing.
    Coded,
    /// Free text, or a fact that raises a doubt and no more.
    Hint,
    /// A code that we do not know, or text that is about images beside this one as well: it counts where no code agrees.
    Faint,
}

/// What claims are about: those of one aspect are weighed against each other.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Aspect {
    View,
    Region,
    Side,
    Plane,
    Intent,
    Contrast,
    Making,
}

impl Aspect {
    const ALL: [Self; 7] =
        [Self::View, Self::Region, Self::Side, Self::Plane, Self::Intent, Self::Contrast, Self::Making];

    /// What the bundle takes instead.
    fn taken(self, accepts: &Accepts) -> String {
        match self {
            Self::View => accepts.view.join(" or "),
            Self::Region if accepts.body_part.is_empty() => "images without a body part".to_owned(),
            Self::Region => accepts.body_part.join(" or "),
            Self::Side => "both sides".to_owned(),
            Self::Plane => format!("{} slices", accepts.planes().join(" or ")),
            Self::Intent => "images for presentation".to_owned(),
            Self::Contrast => "images without a contrast agent".to_owned(),
            Self::Making => "plain images of people".to_owned(),
        }
    }
}

impl Claim<'_> {
    fn aspect(&self) -> Aspect {
        match self {
            Self::View(_) => Aspect::View,
            Self::Region(_) => Aspect::Region,
            Self::Side => Aspect::Side,
            Self::Plane(_) => Aspect::Plane,
            Self::ForPresentation(_) => Aspect::Intent,
            Self::Contrast => Aspect::Contrast,
            Self::Unfit => Aspect::Making,
        }
    }

    /// Whether it is what the bundle takes; `None` when it says nothing about that.
    fn agrees(&self, accepts: &Accepts) -> Option<bool> {
        let one_of = |terms: &[&str], list: &[String]| terms.iter().any(|t| list.iter().any(|l| l == t));
        match self {
            // A bundle that names no view takes every one.
            Self::View(_) if accepts.view.is_empty() => None,
            Self::View(terms) => Some(one_of(terms, &accepts.view)),
            Self::Region(part) => part.agrees(&accepts.body_part),
            Self::Side => regions::are_whole(&accepts.body_part).then_some(false),
            Self::Plane(planes) => Some(planes.iter().any(|p| accepts.planes().contains(p))),
            Self::ForPresentation(yes) => Some(*yes),
            Self::Contrast => Some(accepts.contrast),
            Self::Unfit => Some(false),
        }
    }

    /// The value of `view` or `body_part` that the claim stands for, of a claim that agrees.
    fn value(&self, accepts: &Accepts) -> Option<String> {
        match self {
            Self::View(terms) => accepts.view.iter().find(|v| terms.contains(&v.as_str())).cloned(),
            Self::Region(part) => part.value(&accepts.body_part),
            _ => None,
        }
    }
}

/// The facts with View Position and Body Part Examined as the codes have them, where these attributes are empty or say
/// something else than a code that the bundle takes: what [`judge`] then finds contradictory is in doubt, not refused.
pub fn reconciled(facts: StudyFacts, statements: &[Statement<'_>], accepts: &Accepts) -> StudyFacts {
    let coded = |aspect: Aspect, value: Option<String>, list: &[String]| {
        if value.as_deref().is_some_and(|v| list.contains(&tidy(v))) {
            return value;
        }
        let of = |s: &&Statement<'_>| {
            s.weight == Weight::Coded && s.claim.aspect() == aspect && s.claim.agrees(accepts) == Some(true)
        };
        statements.iter().filter(of).find_map(|s| s.claim.value(accepts)).or(value)
    };
    let view = coded(Aspect::View, facts.view, &accepts.view);
    let body_part = coded(Aspect::Region, facts.body_part, &accepts.body_part);
    StudyFacts { view, body_part, ..facts }
}

/// Weighs what the header says of one image against what a bundle takes.
///
/// Returns what leaves the image in doubt, in words; nothing when it is what the bundle takes.
///
/// # Errors
/// Why it evidently is not, in words.
pub fn judge(
    facts: &StudyFacts,
    statements: &[Statement<'_>],
    accepts: &Accepts,
) -> Result<Vec<String>, String> {
    let given = [views::given(facts, accepts), regions::given(facts, accepts)];
    let all: Vec<&Statement<'_>> = given.iter().flatten().chain(statements).collect();
    let mut doubts = Vec::new();
    for aspect in Aspect::ALL {
        let said: Vec<_> = all
            .iter()
            .filter(|s| s.claim.aspect() == aspect)
            .filter_map(|s| Some((*s, s.claim.agrees(accepts)?)))
            .collect();
        weigh(&said, &aspect.taken(accepts), &mut doubts)?;
    }
    Ok(doubts)
}

/// One aspect: each statement with whether it agrees.
fn weigh(said: &[(&Statement<'_>, bool)], taken: &str, doubts: &mut Vec<String>) -> Result<(), String> {
    let coded = |agrees: bool| said.iter().find(|(s, a)| s.weight == Weight::Coded && *a == agrees);
    match (coded(false), coded(true)) {
        (Some((against, _)), Some((for_it, _))) => {
            doubts.push(format!("{}, though {}", against.words, for_it.words));
        }
        (Some((against, _)), None) => return Err(format!("{}; the model takes {taken}", against.words)),
        (None, agreeing) => {
            let against = |(s, agrees): &&(&Statement<'_>, bool)| s.weight == Weight::Faint && !agrees;
            let faint = said.iter().filter(against).filter(|_| agreeing.is_none());
            doubts.extend(faint.map(|(s, _)| format!("{}; the model takes {taken}", s.words)));
        }
    }
    let hints = said.iter().filter(|(s, agrees)| s.weight == Weight::Hint && !agrees);
    doubts.extend(hints.map(|(s, _)| format!("{}; the model takes {taken}", s.words)));
    Ok(())
}

#[cfg(test)]
mod cases;
#[cfg(test)]
mod language_tests;
#[cfg(test)]
mod tests;
