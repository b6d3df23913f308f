//! A tiny file for documentation examples and smoke tests.
use super::meta::FileMeta;
use super::syntax::TransferSyntax;
use super::tag::tags;
use super::value::DataSet;
use super::vr::Vr;
use super::write::write_file;

/// A tiny synthetic CT file for documentation examples and smoke tests: no person, no pixels.
pub fn example_file() -> Vec<u8> {
    let mut data = DataSet::new();
    data.put_text(tags::SOP_CLASS_UID, Vr::UI, "1.2.840.10008.5.1.4.1.1.2");
    data.put_text(tags::SOP_INSTANCE_UID, Vr::UI, "2.25.1");
    data.put_text(tags::MODALITY, Vr::CS, "CT");
    data.put_text(tags::PATIENT_NAME, Vr::PN, "EXAMPLE^ONE");
    let meta = FileMeta::for_data_set(&data, TransferSyntax::EXPLICIT_LE);
    let mut out = Vec::new();
    // Writing to a vector without bulk values cannot fail; an empty vector would show in the first test.
    let _ = write_file(&meta, &data, &[][..], &mut out);
    out
}
