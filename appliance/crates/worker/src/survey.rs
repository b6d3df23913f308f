//! The whole study read once: what is in it, what de-identification does to it, why it must wait.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::Error;
use crate::instances::Instances;
use crate::pixel_text::Looked;
use crate::redact::redact;
use crate::triage::{Item, Pick, is_slice};
use deid::{
    self, CaseFacts, DeidPlan, Deidentified, Keys, Listing, PixelBox, Policy, ReidentificationMap,
    RemovedValue, StudyContext, plan,
};
use dicom::{Parsed, ReadAt, tags};
use domain::job::{DeidOrder, ListFacts};
use pixels::{self, Image, TextDetector};

/// Longest text of a list fact, in characters.
const FACT_CHARS: usize = 128;

/// What is known of a study after reading all its headers. Identified: it stays in the worker.
#[derive(Default)]
pub(crate) struct Survey {
    /// Image instances.
    pub items: Vec<Item>,
    /// How many instances were planned.
    pub planned: u32,
    /// Instances that cannot be read, with the reason.
    pub unreadable: Vec<(u32, String)>,
    /// For the page's list.
    pub facts: ListFacts,
    /// What may leave beside the frames; of the first image.
    pub released: Option<Deidentified<CaseFacts>>,
    /// Why a person must look, each once.
    pub holds: Vec<String>,
    /// Counts of actions by code.
    pub actions: BTreeMap<String, u64>,
    /// The same by attribute and rule.
    pub attributes: deid::Actions,
    /// Digest of all plans in the order of the job.
    pub digest: [u8; 32],
    /// Every value that was removed.
    pub removed: BTreeSet<RemovedValue>,
    /// What leads back from the pseudonyms.
    pub map: ReidentificationMap,
    /// What is black in what leaves, by instance.
    pub black: BTreeMap<u32, Vec<PixelBox>>,
    /// The same without faces, whose boxes are many and narrow.
    pub boxes: BTreeMap<u32, Vec<PixelBox>>,
    /// Instances with black faces.
    pub defaced: u32,
    /// Frames that were decoded to be looked at and are kept.
    pub looked: BTreeMap<Pick, Looked>,
}

/// Most frames that a survey keeps, whatever their size: how they are shown takes memory too.
const KEPT_FRAMES: usize = 8;

/// What [`each_plan`] tells of an instance.
pub(crate) enum Seen<'a> {
    /// Read and planned; with a frame that was decoded to be looked at, where one is wanted.
    Planned(&'a Parsed, &'a dyn ReadAt, &'a DeidPlan, &'a mut Option<Looked>),
    /// Not readable, with the reason in words.
    Unreadable(String),
}

/// Policy and key of an order.
pub(crate) fn policy_and_keys(order: &DeidOrder) -> Result<(Policy, Keys), Error> {
    let policy = order.policy.policy().map_err(|_| deid::Error::UnknownPolicy)?;
    Ok((policy, order.pseudonym_keys()?))
}

/// Plans every instance, in order, within the context of its whole study.
pub(crate) fn each_plan(
    instances: &mut Instances<'_>,
    order: &DeidOrder,
    wanted: bool,
    detector: &TextDetector,
    touching: &dyn Fn(u32),
    mut visit: impl FnMut(u32, Seen<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let (policy, keys) = policy_and_keys(order)?;
    let mut contexts: BTreeMap<String, StudyContext> = BTreeMap::new();
    let mut slices: BTreeMap<String, u32> = BTreeMap::new();
    let study = |parsed: &Parsed| parsed.data.uid(tags::STUDY_INSTANCE_UID).unwrap_or_default();
    for at in 0..instances.len() {
        touching(at as u32);
        if let Ok((_, parsed)) = instances.get(at) {
            let context = contexts.entry(study(&parsed));
            let context = context.or_insert_with(|| StudyContext::with_rules(order.ids.clone()));
            context.add(&parsed.meta, &parsed.data);
        }
    }
    for at in 0..instances.len() {
        touching(at as u32);
        match instances.get(at) {
            Ok((source, parsed)) => {
                let context = contexts.entry(study(&parsed)).or_default();
                let mut made = plan(&parsed.meta, &parsed.data, context, &policy, &keys);
                let mut looked = None;
                if let Ok(image) = Image::new(&parsed, &*source) {
                    let series = parsed.data.uid(tags::SERIES_INSTANCE_UID).unwrap_or_default();
                    let slice = is_slice(&parsed.data).then(|| {
                        let next = slices.entry(series).or_insert(0);
                        *next += 1;
                        *next - 1
                    });
                    looked =
                        redact(&mut made, &image, &parsed.data, order, slice, detector)?.filter(|_| wanted);
                }
                visit(at as u32, Seen::Planned(&parsed, &*source, &made, &mut looked))?;
            }
            Err(error) if error.may_retry() => return Err(error.into()),
            Err(error) => {
                visit(at as u32, Seen::Unreadable(format!("The instance cannot be read: {error}.")))?
            }
        }
    }
    Ok(())
}

/// Reads all headers of a study. Of the frames that are decoded to be looked at, as many as fit into `keep` bytes are kept.
pub(crate) fn survey(
    instances: &mut Instances<'_>,
    order: &DeidOrder,
    mut keep: usize,
    detector: &TextDetector,
    touching: &dyn Fn(u32),
) -> Result<Survey, Error> {
    let mut found = Survey::default();
    let mut series: BTreeMap<String, u32> = BTreeMap::new();
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"scanside study plan 1\0");
    each_plan(instances, order, keep > 0, detector, touching, |index, seen| {
        match seen {
            Seen::Unreadable(reason) => {
                hasher.update(&[0]);
                found.unreadable.push((index, reason));
            }
            Seen::Planned(parsed, source, made, looked) => {
                hasher.update(&[1]);
                hasher.update(&made.digest());
                let next = series.len() as u32;
                let uid = parsed.data.uid(tags::SERIES_INSTANCE_UID).unwrap_or_default();
                let series = *series.entry(uid).or_insert(next);
                found.take_plan(made);
                if !made.is_untouched() {
                    found.black.insert(index, made.black());
                    found.boxes.insert(index, made.boxes.clone());
                }
                found.defaced += u32::from(!made.face.is_empty());
                found.take_image(index, series, parsed, source, made);
                if found.looked.len() < KEPT_FRAMES
                    && let Some(looked) = looked.take()
                    && let Some(left) = keep.checked_sub(looked.decoded.stored.bytes.len())
                {
                    keep = left;
                    found.looked.insert(Pick { instance: index, frame: looked.frame }, looked);
                }
            }
        }
        Ok(())
    })?;
    found.digest = *hasher.finalize().as_bytes();
    Ok(found)
}

impl Survey {
    fn take_plan(&mut self, made: &DeidPlan) {
        for (action, count) in made.action_counts() {
            *self.actions.entry(action.as_str().to_owned()).or_default() += u64::from(count);
        }
        for (key, number) in &made.actions {
            let count = self.attributes.entry(*key).or_default();
            *count = count.saturating_add(*number);
        }
        self.planned = self.planned.saturating_add(1);
        for hold in &made.holds {
            let words = hold.to_string();
            if !self.holds.contains(&words) {
                self.holds.push(words);
            }
        }
        self.removed.extend(made.removed.iter().cloned());
        self.map.add(made.reidentification.clone());
    }

    fn take_image(&mut self, index: u32, series: u32, parsed: &Parsed, source: &dyn ReadAt, made: &DeidPlan) {
        match Image::new(parsed, source) {
            Ok(image) => {
                if self.items.is_empty() {
                    self.facts = facts(parsed);
                    self.released = Some(made.facts.clone());
                }
                self.items.push(Item::new(index, series, &parsed.data, image.shape()));
            }
            Err(pixels::Error::NoPixels) => {
                // A report or a waveform: no image, and nothing wrong with it.
                if self.released.is_none() {
                    self.facts = facts(parsed);
                    self.released = Some(made.facts.clone());
                }
            }
            Err(error) => self.unreadable.push((index, format!("The image cannot be read: {error}."))),
        }
    }
}

fn facts(parsed: &Parsed) -> ListFacts {
    let listing = Listing::of(&parsed.data);
    let short = |text: Option<String>| text.unwrap_or_default().chars().take(FACT_CHARS).collect::<String>();
    ListFacts {
        modality: short(Some(listing.modality)),
        body_part: short(listing.body_part),
        view: short(listing.view),
        accession_tail: short(listing.accession_tail),
        station: short(listing.station),
        patient_name: short(parsed.data.text(tags::PATIENT_NAME)),
    }
}
