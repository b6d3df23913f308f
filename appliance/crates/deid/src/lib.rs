//! De-identification, PS3.15 annex E: decides from values what may leave, and returns a plan.
//!
//! Pure: no clock, disk, randomness, log. The same instance, study context, policy and keys give the same plan,
//! so that packing can repeat what a person looked at and prove it by [`Plan::digest`].
//!
//! 1. [`StudyContext::add`] every instance of the study (order does not matter);
//! 2. [`plan`] each instance: new header, byte ranges to copy, actions, removed values, reasons to hold;
//! 3. [`Plan::clean_pixels`] with what `pixels` found;
//! 4. [`Plan::write`] the de-identified P10 file, only when nothing holds it or a person released it;
//! 5. [`Search`] the bytes about to be sealed for every removed value, independently of the planning.

mod account;
mod apply;
mod back;
mod clean;
mod context;
mod date;
mod dummy;
mod error;
mod facts;
mod gate;
mod keep;
mod keys;
mod lookup;
mod mark;
mod person;
#[cfg(test)]
mod person_tests;
mod placeholder;
mod plan;
mod policy;
mod private;
mod profile;
mod region;
mod replace;
mod rule;
mod sealed;
mod search;
mod statement;
mod step;
mod table;
#[cfg(test)]
mod table_tests;
mod text;
mod types;
mod vocabulary;
mod way;
mod whose;
mod words;

pub use account::Actions;
pub use back::{Restored, pseudonyms, restore};
pub use context::StudyContext;
pub use date::{parse as parse_date, whole_age, whole_years};
pub use error::{Error, Fault};
pub use facts::{Facts, Listing, Sex};
pub use gate::HoldReason;
pub use keys::Keys;
pub use lookup::{Found, find};
pub use person::Person;
pub use placeholder::IdRules;
pub use plan::{NativePixels, PixelBox, Plan, RemovedKind, RemovedValue, explain, plan};
pub use policy::{Dates, OptionSet, Policy};
pub use profile::{Complaint, Deviation, Head, PrivateAttribute, Profile, attribute_name};
pub use region::{DeviceRegion, Regions, regions};
pub use rule::{ActionCode, Rule};
pub use sealed::Deidentified;
pub use search::{Hit, Region, Search};
pub use statement::{Area, DetectorUsed, Done, EDITION, Reason, Statement, statement_message};
pub use step::Step;
pub use text::fold;
pub use way::{Originals, PatientBack, WayBack, says_whose};
pub use whose::Whose;
