//! Weighs what a header says of an image against what a bundle takes.

use models::StudyFacts;
use models::accepts::tidy;
use models::manifest::Accepts;

use super::claim::{Claim, Statement, Weight};
use super::part::are_whole;
use super::{regions, views};

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
            Self::Side => are_whole(&accepts.body_part).then_some(false),
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
pub(crate) fn reconciled(facts: StudyFacts, statements: &[Statement<'_>], accepts: &Accepts) -> StudyFacts {
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
pub(crate) fn judge(
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
