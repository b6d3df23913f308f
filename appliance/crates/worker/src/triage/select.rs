//! Which bundle takes a study and which of its frames are run.

use std::collections::BTreeMap;

use models::manifest::Accepts;
use models::{Bundle, StudyFacts};

use super::facts::{self, Ages, Statement};
use dicom::{DataSet, tags};
use pixels::Shape;

/// Modalities whose series are stacks of slices: any even choice of them stands for the whole.
const VOLUMES: [&str; 3] = ["CT", "MR", "PT"];

/// One image instance of a study, as far as choosing needs it. The values come from the wire: no `Debug` of them.
#[derive(Clone, PartialEq)]
pub(crate) struct Item {
    /// Place of the instance in the job.
    pub instance: u32,
    /// Which series of the study, in order of arrival.
    pub series: u32,
    /// Facts for `[accepts]`; `frames` are those of the instance.
    pub facts: StudyFacts,
    /// What else the header says of the image.
    pub said: Vec<Statement<'static>>,
    /// What it says of the patient's age.
    pub ages: Ages,
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
    pub(crate) fn new(instance: u32, series: u32, data: &DataSet, shape: &Shape) -> Self {
        let facts = StudyFacts {
            modality: data.text(tags::MODALITY).unwrap_or_default(),
            body_part: data.text(tags::BODY_PART_EXAMINED),
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
            said: facts::read(data, is_slice(data)),
            ages: Ages::of(data),
            facts,
            localizer,
            place: place(data),
            number: data.int(tags::INSTANCE_NUMBER),
        }
    }

    /// Whether the instance is a slice of a stack.
    pub(crate) fn is_slice(&self) -> bool {
        is_volume(&self.facts.modality)
    }
}

/// Whether an image with this header is a slice of a stack.
pub(crate) fn is_slice(data: &DataSet) -> bool {
    data.text(tags::MODALITY).is_some_and(|modality| is_volume(&modality))
}

fn is_volume(modality: &str) -> bool {
    VOLUMES.contains(&modality.to_ascii_uppercase().as_str())
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
pub(crate) struct Pick {
    /// Place of the instance in the job.
    pub instance: u32,
    /// Frame, from 0.
    pub frame: u32,
}

/// A bundle and the frames it is to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selection {
    /// Place of the bundle among those offered.
    pub bundle: usize,
    /// The frames, slices in their order in space.
    pub picks: Vec<Pick>,
    /// Why the images that run may not be what the bundle takes, in words.
    pub doubts: Vec<String>,
    /// The same of images that do not run, because others leave no doubt.
    pub left_out: Vec<String>,
}

/// What weighs the facts of an image beside the lines of `[accepts]`: [`facts::judge`].
type Judge = fn(&StudyFacts, &[Statement<'_>], &Accepts) -> Result<Vec<String>, String>;

/// Finds the first bundle that takes the study.
///
/// # Errors
/// Why none does: each bundle with what speaks against the study: a line of its `[accepts]`, or a fact of the header.
pub(crate) fn select(bundles: &[&Bundle], items: &[Item]) -> Result<Selection, String> {
    first(bundles, items, facts::judge)
}

/// The same by the lines of `[accepts]` alone, for a study that leaves because somebody wants it to.
///
/// # Errors
/// Why none does.
pub(crate) fn select_sent(bundles: &[&Bundle], items: &[Item]) -> Result<Selection, String> {
    first(bundles, items, |_, _, _| Ok(Vec::new()))
}

fn first(bundles: &[&Bundle], items: &[Item], judge: Judge) -> Result<Selection, String> {
    if items.is_empty() {
        return Err("The study holds no image.".to_owned());
    }
    if bundles.is_empty() {
        return Err("No bundle is installed.".to_owned());
    }
    let mut refusals = Vec::new();
    for (place, bundle) in bundles.iter().enumerate() {
        match frames_for((place, bundle), items, judge) {
            Ok(selection) => return Ok(selection),
            Err(line) => refusals.push(format!("{} {}: {line}", bundle.name(), bundle.version())),
        }
    }
    Err(format!("No bundle takes this study. {}.", refusals.join("; ")))
}

fn frames_for((place, bundle): (usize, &Bundle), items: &[Item], judge: Judge) -> Result<Selection, String> {
    let [low, high] = bundle.manifest().accepts.frames;
    let mut refused = None;
    let (mut taken, mut doubtful) = (Vec::new(), Vec::new());
    for item in items {
        match taking(bundle, item, low, judge) {
            Ok(_) if item.is_slice() && item.localizer => {
                refused = refused.or_else(|| Some("there are only scout views".to_owned()));
            }
            Ok(doubts) if doubts.is_empty() => taken.push(item),
            Ok(doubts) => doubtful.push((item, doubts)),
            Err(line) => refused = refused.or(Some(line)),
        }
    }
    let in_doubt = taken.is_empty();
    let accepted = if in_doubt { doubtful.iter().map(|(item, _)| *item).collect() } else { taken };
    let Some(first) = accepted.first() else {
        return Err(refused.unwrap_or_else(|| "the study holds no image".to_owned()));
    };
    let volume = first.is_slice();
    let chosen = if volume { largest_series(&accepted) } else { accepted };
    // A series stands for the whole study; of other images each may hold what matters.
    let matters = |item: &Item| !volume || chosen.first().is_some_and(|c| c.series == item.series);
    let mut reasons = Vec::new();
    for reason in doubtful.into_iter().filter(|(item, _)| matters(item)).flat_map(|(_, doubts)| doubts) {
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    let all = chosen.iter().map(|i| u64::from(i.facts.frames)).sum::<u64>();
    // Slices of a volume may be thinned out evenly; other images not.
    let run = if volume { all.min(u64::from(high)) } else { all };
    if let Some(one) = chosen.first() {
        taking(bundle, one, u32::try_from(run).unwrap_or(u32::MAX), judge)?;
    }
    let (doubts, left_out) = if in_doubt { (reasons, Vec::new()) } else { (Vec::new(), reasons) };
    Ok(Selection { bundle: place, picks: spread(&chosen, high as usize), doubts, left_out })
}

/// Whether a bundle takes an image as one of `frames`: what leaves it in doubt, or why not.
fn taking(bundle: &Bundle, item: &Item, frames: u32, judge: Judge) -> Result<Vec<String>, String> {
    let accepts = &bundle.manifest().accepts;
    let as_given = StudyFacts { frames, ..item.facts.clone() };
    bundle.accepts(&facts::reconciled(as_given, &item.said, accepts))?;
    judge(&item.facts, &item.said, accepts)
}

/// The series with the most frames, slices in order.
pub(crate) fn largest_series<'i>(items: &[&'i Item]) -> Vec<&'i Item> {
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
pub(crate) fn series_order(slices: &mut [&Item]) {
    if slices.iter().all(|s| s.place.is_some()) {
        slices.sort_by(|a, b| a.place.unwrap_or(0.0).total_cmp(&b.place.unwrap_or(0.0)));
    } else {
        slices.sort_by_key(|s| s.number.unwrap_or(i64::MAX));
    }
}

/// All frames of `items` in order; when there are more than `most`, that many, evenly spread, the middle of each part.
/// Frames are counted, not listed, so that no header can make the list long.
pub(crate) fn spread(items: &[&Item], most: usize) -> Vec<Pick> {
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
