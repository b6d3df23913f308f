//! De-identification, PS3.15 annex E: decides from values what may leave, and returns a plan.
//!
//! Pure: no clock, disk, randomness, log. The same instance, study context, policy and keys give the same plan,
//! so that packing can repeat what a person looked at and prove it by [`DeidPlan::digest`].
//!
//! 1. [`StudyContext::add`] every instance of the study (order does not matter);
//! 2. [`plan`] each instance: new header, byte ranges to copy, actions, removed values, reasons to hold;
//! 3. [`DeidPlan::clean_pixels`] with what `pixels` found;
//! 4. [`DeidPlan::write`] the de-identified P10 file, only when nothing holds it or a person released it;
//! 5. [`Search`] the bytes about to be packed for every removed value, independently of the planning.
//!
//! Which attributes are kept, and why, is in `kept.rs`; the terms that all files share are in `terms.rs`.

mod account;
mod apply;
mod case_facts;
mod clean;
mod context;
mod date;
mod deidentified;
mod dummy;
mod error;
mod hold;
mod identifiers;
mod kept;
mod keys;
mod lookup;
mod mark;
mod patient_digests;
mod person;
#[cfg(test)]
mod person_tests;
mod placeholder;
mod plan;
mod policy;
mod private;
mod profile;
mod region;
mod reidentification_map;
mod reidentify;
mod replace;
mod rule;
mod search;
mod statement;
mod step;
mod table;
#[cfg(test)]
mod table_tests;
mod terms;
mod text;
mod types;
mod value_check;
mod vocabulary;
mod words;

pub use case_facts::{CaseFacts, Listing, Sex};
pub use context::StudyContext;
pub use date::{parse as parse_date, whole_age, whole_years};
pub use deidentified::Deidentified;
pub use error::{Error, Fault};
pub use hold::HoldReason;
pub use keys::Keys;
pub use lookup::{Found, find};
pub use patient_digests::PatientDigests;
pub use person::{Originals, Person};
pub use placeholder::IdRules;
pub use plan::{DeidPlan, NativePixels, explain, plan};
pub use policy::Policy;
pub use profile::{Deviation, Head, PrivateAttribute, Profile};
pub use region::{DeviceRegion, Regions, regions};
pub use reidentification_map::{PatientEntry, ReidentificationMap, says_whose};
pub use reidentify::{Restored, pseudonyms, restore};
pub use search::{Hit, Region, Search};
pub use statement::{Area, DetectorUsed, Done, Reason, Statement, statement_message};
pub use step::Step;
pub use terms::{ActionCode, Actions, Complaint, PixelBox, RemovedKind, RemovedValue, Rule, attribute_name};
pub use text::fold;
