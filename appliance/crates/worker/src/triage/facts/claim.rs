//! What is claimed of an image, and how far a claim counts.

use super::part::Part;

/// What one attribute says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Statement<'a> {
    /// Attribute and claim in our own words, such as `View Code Sequence says left lateral`.
    pub words: String,
    /// What is claimed.
    pub claim: Claim<'a>,
    /// How far it counts.
    pub weight: Weight,
}

/// What is claimed of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Claim<'a> {
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
pub(crate) enum Weight {
    /// A coded attribute about this very thing.
    Coded,
    /// Free text, or a fact that raises a doubt and no more.
    Hint,
    /// A code that we do not know, or text that is about images beside this one as well: it counts where no code agrees.
    Faint,
}
