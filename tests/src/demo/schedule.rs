//! What the scanner will send: phantoms with a planted identity and real files, act by act, and what must be held.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fixtures::planted::Planted;
use fixtures::scanner::Outgoing;
use fixtures::study::{StudyKind, StudySpec};

use super::headers;
use crate::{Error, Result};

/// One study to be sent.
#[derive(Debug)]
pub(super) struct Planned {
    /// Its number on the screen, from 1.
    pub number: usize,
    /// The act that sends it.
    pub act: u8,
    /// What it is.
    pub what: String,
    /// Study Instance UID.
    pub uid: String,
    /// Its instances.
    pub outgoing: Vec<Outgoing>,
    /// Every identifier in it.
    pub planted: Planted,
    /// Whether it must be held: known from what is sent, not from what is answered.
    pub must_hold: bool,
}

/// All of it.
#[derive(Debug)]
pub(super) struct Schedule {
    /// The studies in order.
    pub studies: Vec<Planned>,
    /// Whether these are the user's own, whose truth nobody here knows.
    pub own: bool,
}

impl Schedule {
    /// The studies of one act.
    pub(super) fn act(&self, act: u8) -> impl Iterator<Item = &Planned> {
        self.studies.iter().filter(move |study| study.act == act)
    }

    /// A study by its UID.
    pub(crate) fn by_uid(&self, uid: &str) -> Option<&Planned> {
        self.studies.iter().find(|study| study.uid == uid)
    }
}

/// What ours are: kind, seed and act of each phantom, name and act of each real file. The chest bundle is not sure of
/// film 296, and 314 lies outside what it was calibrated on, so these two leave, as embeddings.
const PHANTOMS: [(StudyKind, u64, u8); 17] = [
    (StudyKind::Cr, 101, 1),
    (StudyKind::Cr, 102, 1),
    (StudyKind::Cr, 296, 1),
    (StudyKind::Cr, 104, 1),
    (StudyKind::Dx, 105, 1),
    (StudyKind::HeadCt, 106, 1),
    (StudyKind::SecondaryCapture, 107, 1),
    (StudyKind::Cr, 201, 2),
    (StudyKind::Cr, 202, 2),
    (StudyKind::Cr, 314, 2),
    (StudyKind::Cr, 204, 2),
    (StudyKind::Dx, 205, 2),
    (StudyKind::HeadCt, 206, 2),
    (StudyKind::Ultrasound, 207, 2),
    (StudyKind::Cr, 301, 3),
    (StudyKind::HeadCt, 302, 3),
    (StudyKind::Cr, 303, 3),
];
const REAL: [(&str, &str, u8); 6] = [
    ("CT_small.dcm", "real CT", 1),
    ("MR_small.dcm", "real MR", 1),
    ("examples_palette.dcm", "real ultrasound", 1),
    ("693_J2KI.dcm", "real CT, JPEG 2000", 2),
    ("examples_overlay.dcm", "real MR, overlay", 2),
    ("examples_rgb_color.dcm", "real ultrasound", 2),
];

/// Phantoms and the real files that come with pydicom.
///
/// # Errors
/// When a real file is missing (`make demo` fetches them) or a phantom cannot be written.
pub(super) fn ours(real: &Path) -> Result<Schedule> {
    let mut made = phantoms()?;
    for (file, what, act) in REAL {
        let path = real.join(file);
        let header = headers::read(&path).ok_or_else(|| {
            Error::other(format!("{} is missing: run `make demo`, which fetches it", path.display()))
        })?;
        made.push(Planned {
            number: 0,
            act,
            what: what.to_owned(),
            uid: header.study,
            outgoing: vec![Outgoing::from_path(&path)?],
            planted: header.planted,
            must_hold: header.must_hold,
        });
    }
    made.sort_by_key(|study| study.act);
    Ok(numbered(made, false))
}

fn numbered(mut studies: Vec<Planned>, own: bool) -> Schedule {
    for (index, study) in studies.iter_mut().enumerate() {
        study.number = index + 1;
    }
    Schedule { studies, own }
}

fn phantoms() -> Result<Vec<Planned>> {
    let half = PHANTOMS.len().div_ceil(2);
    let (first, second) = PHANTOMS.split_at(half);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| second.iter().map(phantom).collect::<Result<Vec<_>>>());
        let mut made = first.iter().map(phantom).collect::<Result<Vec<_>>>()?;
        made.extend(other.join().map_err(|_| Error::other("a phantom could not be made"))??);
        Ok(made)
    })
}

fn phantom((kind, seed, act): &(StudyKind, u64, u8)) -> Result<Planned> {
    let study = StudySpec::new(*kind, *seed).build()?;
    let what = match kind {
        StudyKind::Dx => "phantom chest DX",
        StudyKind::Cr => "phantom chest CR",
        StudyKind::HeadCt => "phantom head CT",
        StudyKind::SecondaryCapture => "phantom screen shot",
        StudyKind::Ultrasound => "phantom ultrasound",
    };
    Ok(Planned {
        number: 0,
        act: *act,
        what: what.to_owned(),
        uid: study.study_uid.clone(),
        outgoing: study.instances.iter().map(Outgoing::from).collect(),
        planted: study.planted.clone(),
        must_hold: kind.burned_in(),
    })
}

/// A folder of the user's own: half of the studies in act 1, the others in acts 2 and 3.
///
/// # Errors
/// When there is no DICOM file in it.
pub(crate) fn of_folder(folder: &Path) -> Result<Schedule> {
    let mut studies: BTreeMap<String, (headers::Header, Vec<PathBuf>)> = BTreeMap::new();
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().flatten() {
        let path = entry.path();
        if !entry.file_type().is_file() || Outgoing::from_path(path).is_err() {
            continue;
        }
        let Some(header) = headers::read(path) else { continue };
        match studies.get_mut(&header.study) {
            Some((known, paths)) => {
                known.must_hold |= header.must_hold;
                header.planted.values.into_iter().for_each(|value| known.planted.plant(value));
                paths.push(path.to_owned());
            }
            None => {
                studies.insert(header.study.clone(), (header, vec![path.to_owned()]));
            }
        }
    }
    if studies.is_empty() {
        return Err(Error::other(format!("there is no DICOM file of a study in {}", folder.display())));
    }
    let count = studies.len();
    let mut made = Vec::with_capacity(count);
    for (index, (uid, (header, paths))) in studies.into_iter().enumerate() {
        let act = if index < count.div_ceil(2) {
            1
        } else if index + 1 < count {
            2
        } else {
            3
        };
        let outgoing =
            paths.iter().map(|path| Outgoing::from_path(path)).collect::<std::result::Result<_, _>>()?;
        made.push(Planned {
            number: 0,
            act,
            what: format!("your {}", if header.modality.is_empty() { "study" } else { &header.modality }),
            uid,
            outgoing,
            planted: header.planted,
            must_hold: header.must_hold,
        });
    }
    Ok(numbered(made, true))
}
