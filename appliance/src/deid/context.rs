//! What a study's instances say together: its own identifiers, its first day, the shape of its series.
use super::policy::Policy;
use super::text::Identifiers;
use super::{date, rule};
use crate::dicom::{DataSet, FileMeta, tags};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Facts of a whole study that planning one instance needs. Add every instance once; the order does not matter.
/// Identified: `Debug` shows a stub.
#[derive(Clone, Default)]
pub struct StudyContext {
    pub(super) identifiers: Identifiers,
    days: BTreeSet<i64>,
    patients: BTreeSet<String>,
    series: BTreeMap<String, SeriesShape>,
}

/// How many instances a series has and where they lie.
#[derive(Clone, Debug, Default)]
pub(super) struct SeriesShape {
    pub instances: usize,
    /// Positions along the slice normal, in micrometres.
    places: BTreeSet<i64>,
}

impl SeriesShape {
    /// The smallest distance of neighbouring slices, in mm.
    pub(super) fn spacing(&self) -> Option<f64> {
        let pairs = self.places.iter().zip(self.places.iter().skip(1));
        pairs.map(|(a, b)| b - a).filter(|d| *d > 1).min().map(|um| um as f64 / 1000.0)
    }
}

impl fmt::Debug for StudyContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StudyContext(..)")
    }
}

impl StudyContext {
    /// An empty context.
    pub fn new() -> Self {
        Self::default()
    }

    /// The context of a study of one instance.
    pub fn of(meta: &FileMeta, data: &DataSet) -> Self {
        let mut context = Self::new();
        context.add(meta, data);
        context
    }

    /// Takes in what one instance says about the study.
    pub fn add(&mut self, meta: &FileMeta, data: &DataSet) {
        self.identifiers.harvest(&meta.elements);
        self.identifiers.harvest(data);
        let dates = [tags::STUDY_DATE, tags::SERIES_DATE, tags::ACQUISITION_DATE, tags::CONTENT_DATE];
        // The study's own day, or the nearest thing to it that this instance has.
        self.days.extend(dates.iter().find_map(|tag| date::parse(&data.text(*tag)?)));
        self.patients.insert(data.text(tags::PATIENT_ID).unwrap_or_default());
        let shape = self.series.entry(data.uid(tags::SERIES_INSTANCE_UID).unwrap_or_default()).or_default();
        shape.instances += 1;
        shape.places.extend(place(data));
    }

    /// For a policy that retains identifiers of devices, institutions or UIDs: without those.
    pub(super) fn without_retained(&self, policy: &Policy) -> Self {
        let identifiers = self.identifiers.without(|tag| policy.retains(tag, rule::row(tag)));
        StudyContext { identifiers, ..self.clone() }
    }

    /// The day that day numbers count from: the earliest study date.
    pub(super) fn first_day(&self) -> Option<i64> {
        self.days.first().copied()
    }

    pub(super) fn series(&self, data: &DataSet) -> Option<&SeriesShape> {
        self.series.get(&data.uid(tags::SERIES_INSTANCE_UID).unwrap_or_default())
    }

    pub(super) fn several_patients(&self) -> bool {
        self.patients.len() > 1
    }
}

/// The position of a slice along its normal, in micrometres (PS3.3 section C.7.6.2).
fn place(data: &DataSet) -> Option<i64> {
    let position = data.decimals(tags::IMAGE_POSITION_PATIENT);
    let orientation = data.decimals(tags::IMAGE_ORIENTATION_PATIENT);
    let (&[x, y, z], &[a, b, c, d, e, f]) = (position.as_slice(), orientation.as_slice()) else {
        return None;
    };
    let normal = [b * f - c * e, c * d - a * f, a * e - b * d];
    let along = x * normal[0] + y * normal[1] + z * normal[2];
    (along.abs() < 1e9).then_some((along * 1000.0).round() as i64)
}
