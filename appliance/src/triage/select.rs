//! Which bundle takes a study and which of its frames are run.

use std::collections::BTreeMap;

use models::{Bundle, StudyFacts};

use crate::dicom::{DataSet, tags};
use crate::pixels::Shape;

/// Modalities whose series are stacks of slices: any even choice of them stands for the whole.
const VOLUMES: [&str; 3] = ["CT", "MR", "PT"];

/// One image instance of a study, as far as choosing needs it. The values come from the wire: no `Debug` of them.
#[derive(Clone, PartialEq)]
pub struct Item {
    /// Place of the instance in the job.
    pub instance: u32,
    /// Which series of the study, in order of arrival.
    pub series: u32,
    /// Facts for `[accepts]`; `frames` are those of the instance.
    pub facts: StudyFacts,
    /// A scout view, no slice.
    pub localizer: bool,
    /// Position along the slice normal, in mm (PS3.3 C.7.6.2).
    pub place: Option<f64>,
    /// Instance Number.
    pub number: Option<i64>,
}

impl std::fmt::Debug for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Item({})", self.instance)
    }
}

impl Item {
    /// From a header and the shape of its frames.
    pub fn new(instance: u32, series: u32, data: &DataSet, shape: &Shape) -> Self {
        let region = data.items(tags::ANATOMIC_REGION_SEQUENCE).first();
        let facts = StudyFacts {
            modality: data.text(tags::MODALITY).unwrap_or_default(),
            body_part: data
                .text(tags::BODY_PART_EXAMINED)
                .or_else(|| region.and_then(|r| r.text(tags::CODE_MEANING)).map(|m| m.to_uppercase())),
            view: data.text(tags::VIEW_POSITION),
            photometric: shape.photometric.trim().to_owned(),
            rows: u32::from(shape.rows),
            columns: u32::from(shape.columns),
            frames: shape.frames,
            bits_stored: u32::from(shape.bits_stored),
        };
        let localizer = data.texts(tags::IMAGE_TYPE).iter().any(|t| t.eq_ignore_ascii_case("LOCALIZER"));
        Self {
            instance,
            series,
            facts,
            localizer,
            place: place(data),
            number: data.int(tags::INSTANCE_NUMBER),
        }
    }

    /// Whether the instance is a slice of a stack.
    pub fn is_slice(&self) -> bool {
        VOLUMES.contains(&self.facts.modality.to_ascii_uppercase().as_str())
    }
}

fn place(data: &DataSet) -> Option<f64> {
    let position = data.decimals(tags::IMAGE_POSITION_PATIENT);
    let orientation = data.decimals(tags::IMAGE_ORIENTATION_PATIENT);
    let (&[x, y, z], &[a, b, c, d, e, f]) = (position.as_slice(), orientation.as_slice()) else {
        return None;
    };
    Some(x * (b * f - c * e) + y * (c * d - a * f) + z * (a * e - b * d)).filter(|p| p.is_finite())
}

/// One frame of one instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pick {
    /// Place of the instance in the job.
    pub instance: u32,
    /// Frame, from 0.
    pub frame: u32,
}

/// A bundle and the frames it is to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Place of the bundle among those offered.
    pub bundle: usize,
    /// The frames, slices in their order in space.
    pub picks: Vec<Pick>,
}

/// Finds the first bundle that takes the study.
///
/// # Errors
/// Why none does: each bundle with the line of its `[accepts]` that the study fails.
pub fn select(bundles: &[&Bundle], items: &[Item]) -> Result<Selection, String> {
    if items.is_empty() {
        return Err("The study holds no image.".to_owned());
    }
    if bundles.is_empty() {
        return Err("No bundle is installed.".to_owned());
    }
    let mut refusals = Vec::new();
    for (place, bundle) in bundles.iter().enumerate() {
        match frames_for(bundle, items) {
            Ok(picks) => return Ok(Selection { bundle: place, picks }),
            Err(line) => refusals.push(format!("{} {}: {line}", bundle.name(), bundle.version())),
        }
    }
    Err(format!("No bundle takes this study. {}.", refusals.join("; ")))
}

fn frames_for(bundle: &Bundle, items: &[Item]) -> Result<Vec<Pick>, String> {
    let [low, high] = bundle.manifest().accepts.frames;
    let as_one = |item: &Item| StudyFacts { frames: low, ..item.facts.clone() };
    let mut refused = None;
    let mut accepted = Vec::new();
    for item in items {
        match bundle.accepts(&as_one(item)) {
            Ok(()) if item.is_slice() && item.localizer => {
                refused = refused.or_else(|| Some("there are only scout views".to_owned()));
            }
            Ok(()) => accepted.push(item),
            Err(line) => refused = refused.or(Some(line)),
        }
    }
    let Some(first) = accepted.first() else {
        return Err(refused.unwrap_or_else(|| "the study holds no image".to_owned()));
    };
    let facts = first.facts.clone();
    let chosen = if first.is_slice() { largest_series(&accepted) } else { accepted };
    let all = chosen.iter().map(|i| u64::from(i.facts.frames)).sum::<u64>();
    // Slices of a volume may be thinned out evenly; of other images each may hold what matters.
    let run = if chosen.first().is_some_and(|i| i.is_slice()) { all.min(u64::from(high)) } else { all };
    bundle.accepts(&StudyFacts { frames: u32::try_from(run).unwrap_or(u32::MAX), ..facts })?;
    Ok(spread(&chosen, high as usize))
}

/// The series with the most frames, slices in order.
pub fn largest_series<'i>(items: &[&'i Item]) -> Vec<&'i Item> {
    let mut frames: BTreeMap<u32, u64> = BTreeMap::new();
    for item in items {
        *frames.entry(item.series).or_default() += u64::from(item.facts.frames);
    }
    let most = frames.values().max().copied().unwrap_or(0);
    let chosen = frames.iter().find(|(_, count)| **count == most).map(|(series, _)| *series);
    let mut slices: Vec<&Item> = items.iter().copied().filter(|i| Some(i.series) == chosen).collect();
    series_order(&mut slices);
    slices
}

/// Sorts slices by position where all have one, else by Instance Number, else as they arrived.
pub fn series_order(slices: &mut [&Item]) {
    if slices.iter().all(|s| s.place.is_some()) {
        slices.sort_by(|a, b| a.place.unwrap_or(0.0).total_cmp(&b.place.unwrap_or(0.0)));
    } else {
        slices.sort_by_key(|s| s.number.unwrap_or(i64::MAX));
    }
}

/// All frames of `items` in order; when there are more than `most`, that many, evenly spread, the middle of each part.
/// Frames are counted, not listed, so that no header can make the list long.
pub fn spread(items: &[&Item], most: usize) -> Vec<Pick> {
    let all: u64 = items.iter().map(|i| u64::from(i.facts.frames)).sum();
    let count = all.min(most as u64);
    let mut wanted =
        (0..count).map(|i| if count == all { i } else { (2 * i + 1) * all / (2 * count) }).peekable();
    let mut before = 0;
    let mut picks = Vec::new();
    for item in items {
        let end = before + u64::from(item.facts.frames);
        while let Some(place) = wanted.next_if(|place| *place < end) {
            picks.push(Pick { instance: item.instance, frame: (place - before) as u32 });
        }
        before = end;
    }
    picks
}
