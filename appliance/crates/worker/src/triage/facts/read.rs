//! From a header to statements: which attributes are asked, of radiographs, of slices and of both.

use super::claim::Statement;
use super::collected::{Collected, hint, meant, term};
use super::words::meanings;
use super::{planes, provenance, regions, views};
use dicom::{DataSet, Tag, tags};

/// Asks some attributes of a header.
type Check = fn(&DataSet, &mut Collected);

/// Asked of every image.
const EVERY: [Check; 10] = [
    regions::anatomic_region,
    regions::primary_structure,
    provenance::image_type,
    provenance::derivation,
    provenance::sop_class,
    provenance::quality_control,
    provenance::species,
    provenance::pixel_shape,
    provenance::intent,
    text,
];

/// Asked of plain radiographs: in mammography and the like the same letters and sides are the usual ones.
const FILMS: [Check; 7] = [
    views::view_code,
    views::patient_orientation,
    views::patient_position,
    views::positioner,
    views::eponym,
    views::laterality,
    provenance::parts_and_frames,
];

/// Asked of the slices of a volume.
const SLICES: [Check; 3] = [planes::orientation, planes::acquisition, planes::contrast];

/// What the header of an image says; `slice`: it belongs to a stack of slices.
pub(crate) fn read(data: &DataSet, slice: bool) -> Vec<Statement<'static>> {
    let mut said = Collected::of(slice);
    let film = matches!(term(data, tags::MODALITY).as_deref(), Some("CR" | "DX" | "RG"));
    let more: &[Check] = match (slice, film) {
        (true, _) => &SLICES,
        (false, true) => &FILMS,
        (false, false) => &[],
    };
    EVERY.iter().chain(more).for_each(|check| check(data, &mut said));
    said.statements()
}

const REQUEST_ATTRIBUTES: Tag = Tag::new(0x0040, 0x0275);

/// Descriptions: a text attribute with the sequence it stands in.
const TEXTS: [(&str, Option<Tag>, Tag); 9] = [
    ("Series Description", None, tags::SERIES_DESCRIPTION),
    ("Protocol Name", None, tags::PROTOCOL_NAME),
    ("Acquisition Device Processing Description", None, Tag::new(0x0018, 0x1400)),
    ("Derivation Description", None, Tag::new(0x0008, 0x2111)),
    ("Study Description", None, tags::STUDY_DESCRIPTION),
    ("Requested Procedure Description", None, Tag::new(0x0032, 0x1060)),
    ("Performed Procedure Step Description", None, Tag::new(0x0040, 0x0254)),
    ("Requested Procedure Description", Some(REQUEST_ATTRIBUTES), Tag::new(0x0032, 0x1060)),
    ("Scheduled Procedure Step Description", Some(REQUEST_ATTRIBUTES), Tag::new(0x0040, 0x0007)),
];

/// Sequences of codes of the examination, whose meaning is text to us: their schemes are those of a site.
const EXAMINATIONS: [(&str, Tag); 3] = [
    ("Procedure Code Sequence", Tag::new(0x0008, 0x1032)),
    ("Requested Procedure Code Sequence", Tag::new(0x0032, 0x1064)),
    ("Series Description Code Sequence", Tag::new(0x0008, 0x103F)),
];

/// Descriptions of study, series, procedure and protocol (PS3.3 C.7.2.1, C.7.3.1, C.8.7.1 for CR). A text that names
/// what the bundle takes as well, such as "thorax pa and lateral" of a study with both, says nothing of one image.
fn text(data: &DataSet, said: &mut Collected) {
    for (name, sequence, tag) in TEXTS {
        let own = std::slice::from_ref(data);
        let places = sequence.map_or(own, |sequence| data.items(sequence));
        for text in places.iter().filter_map(|place| place.text(tag)) {
            hint(name, &meanings(&text), said);
        }
    }
    for (name, sequence) in EXAMINATIONS {
        data.items(sequence).iter().for_each(|item| hint(name, &meant(item), said));
    }
}
