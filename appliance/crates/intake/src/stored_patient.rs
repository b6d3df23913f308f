//! Whose a stored data set is.

use std::io::Read;

use crate::prescan::Prescan;
use deid::PatientDigests;
use dicom::transfer_syntaxes::coding;

/// How much of a data set is looked through for its patient.
const HEAD: u64 = 4 << 20;

/// Whose a stored data set is; `None` when it does not say.
///
/// # Errors
/// Those of reading.
pub fn patient_of(data_set: impl Read, transfer_syntax: &str) -> std::io::Result<Option<PatientDigests>> {
    let mut scan = Prescan::new(coding(transfer_syntax));
    let mut piece = vec![0; 64 << 10];
    let mut head = data_set.take(HEAD);
    loop {
        match head.read(&mut piece)? {
            0 => return Ok(scan.finish().patient),
            count => scan.feed(piece.get(..count).unwrap_or_default()),
        }
    }
}
