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
mod claim;
mod collected;
mod judge;
mod part;
mod planes;
mod provenance;
mod read;
mod regions;
mod views;
mod words;

pub(crate) use age::{Ages, age};
pub(super) use claim::Statement;
pub(super) use judge::judge;
pub(crate) use judge::reconciled;
pub(super) use read::read;

#[cfg(test)]
mod cases;
#[cfg(test)]
mod language_tests;
#[cfg(test)]
mod tests;
