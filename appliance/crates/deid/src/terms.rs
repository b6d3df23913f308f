//! The terms that all of this crate shares: action codes, rules, options, dates, removed values, boxes.
//!
//! A leaf: it uses no other file of the crate. The tables are in `table.rs` and `types.rs`, which attributes are kept is
//! in `kept.rs`.
use dicom::{Tag, keyword};
use std::collections::BTreeMap;
use std::fmt;

/// The Basic Profile column as printed, conditional actions included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    dead_code,
    clippy::upper_case_acronyms,
    reason = "the column as printed, whether today's edition uses it or not"
)]
pub(super) enum Basic {
    X,
    Z,
    D,
    U,
    K,
    C,
    XZ,
    XD,
    ZD,
    XZD,
    XZU,
}

/// One row of the table; `keep` and `clean` have a bit per option column that says K or C.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub tag: u32,
    pub basic: Basic,
    pub keep: u16,
    pub clean: u16,
}

/// The action codes of PS3.15 table E.1-1a.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ActionCode {
    /// Replaced with a dummy of the same kind.
    D,
    /// Emptied (or dummy).
    Z,
    /// Removed.
    X,
    /// Kept.
    K,
    /// Cleaned: kept as far as it holds no identity.
    C,
    /// UID replaced consistently.
    U,
}

impl ActionCode {
    /// The letter.
    pub fn as_str(self) -> &'static str {
        match self {
            ActionCode::D => "D",
            ActionCode::Z => "Z",
            ActionCode::X => "X",
            ActionCode::K => "K",
            ActionCode::C => "C",
            ActionCode::U => "U",
        }
    }

    /// The action of a letter.
    pub(super) fn from_letter(letter: &str) -> Option<Self> {
        use ActionCode::{C, D, K, U, X, Z};
        [D, Z, X, K, C, U].into_iter().find(|action| action.as_str() == letter)
    }
}

/// The rule that named an action, for those who ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// The Basic Profile column of table E.1-1, resolved by the attribute's type in its IOD.
    Table,
    /// An option column of table E.1-1, or one of the standard's own lists behind an option.
    Option,
    /// The site's profile.
    Site,
    /// Not in the table: kept where its value representation and its value allow.
    NotInTable,
    /// Not of the standard, private without being known as safe, or never written by this software.
    Unknown,
    /// Twice in one data set: the second one goes.
    Duplicate,
}

impl Rule {
    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Rule::Table => "table E.1-1",
            Rule::Option => "option",
            Rule::Site => "site profile",
            Rule::NotInTable => "not in the table",
            Rule::Unknown => "unknown or private",
            Rule::Duplicate => "duplicate",
        }
    }
}

/// What was done to attributes: how often, by tag, action and rule.
pub type Actions = BTreeMap<(Tag, ActionCode, Rule), u32>;

/// What happens to dates and times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dates {
    /// Emptied, removed or set to 1 January of the year, as the attribute's type allows; the day number relative
    /// to the study is written instead.
    Removed,
    /// Shifted by a secret number of days per patient, intervals kept; times stay.
    Shifted,
    /// As they are.
    Kept,
}

/// Options of PS3.15 annex E as a set of bits, in the order of the columns of table E.1-1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct OptionSet(pub(super) u16);

impl OptionSet {
    pub(super) const RETAIN_SAFE_PRIVATE: OptionSet = OptionSet(1);
    pub(super) const RETAIN_UIDS: OptionSet = OptionSet(1 << 1);
    pub(super) const RETAIN_DEVICE_IDENTITY: OptionSet = OptionSet(1 << 2);
    pub(super) const RETAIN_INSTITUTION_IDENTITY: OptionSet = OptionSet(1 << 3);
    pub(super) const RETAIN_PATIENT_CHARACTERISTICS: OptionSet = OptionSet(1 << 4);
    pub(super) const RETAIN_FULL_DATES: OptionSet = OptionSet(1 << 5);
    pub(super) const RETAIN_MODIFIED_DATES: OptionSet = OptionSet(1 << 6);
    pub(super) const CLEAN_DESCRIPTORS: OptionSet = OptionSet(1 << 7);
    pub(super) const CLEAN_STRUCTURED_CONTENT: OptionSet = OptionSet(1 << 8);
    pub(super) const CLEAN_GRAPHICS: OptionSet = OptionSet(1 << 9);

    /// Both sets together.
    pub(super) const fn with(self, other: OptionSet) -> OptionSet {
        OptionSet(self.0 | other.0)
    }

    /// Every option of `other` is in here.
    pub(super) const fn has(self, other: OptionSet) -> bool {
        self.0 & other.0 == other.0
    }
}

/// Options by the name they have in a profile, in the order of the table's columns.
pub(super) const OPTIONS: [(&str, OptionSet); 10] = [
    ("retain-safe-private", OptionSet::RETAIN_SAFE_PRIVATE),
    ("retain-uids", OptionSet::RETAIN_UIDS),
    ("retain-device-identity", OptionSet::RETAIN_DEVICE_IDENTITY),
    ("retain-institution-identity", OptionSet::RETAIN_INSTITUTION_IDENTITY),
    ("retain-patient-characteristics", OptionSet::RETAIN_PATIENT_CHARACTERISTICS),
    ("retain-full-dates", OptionSet::RETAIN_FULL_DATES),
    ("retain-modified-dates", OptionSet::RETAIN_MODIFIED_DATES),
    ("clean-descriptors", OptionSet::CLEAN_DESCRIPTORS),
    ("clean-structured-content", OptionSet::CLEAN_STRUCTURED_CONTENT),
    ("clean-graphics", OptionSet::CLEAN_GRAPHICS),
];

/// What kind of value was removed; decides how the second pass looks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RemovedKind {
    /// A person's name, components split at `^`, `=` and blanks.
    Name,
    /// An identifier: patient, accession, order, device, phone.
    Id,
    /// A DA or DT value.
    Date,
    /// A UID.
    Uid,
    /// An institution, an address, a free text.
    Text,
}

/// A value that was removed or replaced. Identified: `Debug` shows its kind alone; it stays in the worker.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RemovedValue {
    /// Its kind.
    pub kind: RemovedKind,
    /// The decoded text.
    pub text: String,
    /// The bytes as they were stored, without padding.
    pub raw: Vec<u8>,
}

impl fmt::Debug for RemovedValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RemovedValue({:?})", self.kind)
    }
}

/// A rectangle to black out, in pixels: columns `x0..x1`, rows `y0..y1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PixelBox {
    /// Frame, from 0; `None` for every frame.
    pub frame: Option<u32>,
    /// First column.
    pub x0: u32,
    /// First row.
    pub y0: u32,
    /// First column after the box.
    pub x1: u32,
    /// First row after the box.
    pub y1: u32,
}

/// What is wrong with a profile: key, what, and what to write.
pub type Complaint = (String, String, String);

/// `(0008,1010) StationName`, for reports: the names of attributes are no values.
pub fn attribute_name(tag: Tag) -> String {
    let name = keyword(tag).unwrap_or(if tag.is_private() { "private" } else { "unknown" });
    format!("({:04X},{:04X}) {name}", tag.group(), tag.element())
}
