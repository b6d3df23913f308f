//! The type that may be packed: only this crate can make one.
use std::fmt;
use std::ops::Deref;

/// A value from which identity was taken. Only `deid` makes one, so nothing else can be packed by mistake.
///
/// ```compile_fail
/// // No constructor outside the crate: identified content cannot be passed off as de-identified.
/// let forged = scanside_deid::Deidentified(String::from("NAME^GIVEN"));
/// ```
/// ```compile_fail
/// let forged = scanside_deid::Deidentified::new(String::from("NAME^GIVEN"));
/// ```
/// ```compile_fail
/// // Nor from bytes on disk.
/// let forged: scanside_deid::Deidentified<String> = serde_json::from_str("\"NAME^GIVEN\"").unwrap();
/// ```
/// The same value can be read freely:
/// ```
/// fn modality(facts: &scanside_deid::Deidentified<scanside_deid::CaseFacts>) -> &str {
///     &facts.modality
/// }
/// ```
#[derive(Clone, PartialEq)]
pub struct Deidentified<T>(T);

impl<T> Deidentified<T> {
    pub(super) fn new(value: T) -> Self {
        Deidentified(value)
    }

    pub(super) fn inner_mut(&mut self) -> &mut T {
        &mut self.0
    }

    /// The value; what is done with it from here on is no longer guarded by the type.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Deidentified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Deidentified<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Deidentified(..)")
    }
}
