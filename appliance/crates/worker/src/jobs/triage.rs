//! The triage job: de-identify in memory, choose a bundle, decode and run its frames, make previews.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::time::{Duration, Instant};

use models::classifier::Times;
use models::{Classifier, Subject};
use proto::clock::{EARLIEST_MS, wall};

use crate::error::Error;
use crate::instances::Instances;
use crate::output::Output;
use crate::pixel_text::Looked;
use crate::previews::Shown;
use crate::survey::{Survey, survey};
use crate::tools::Tools;
use crate::triage::{
    Ages, Pick, Reservations, Selection, age, not_analysed, places, prepare, select, unreadable, verdict,
};
use domain::job::{TriageAnswer, TriageJob};
use domain::verdict::{Timings, Verdict};
use pixels::{self, Decoded, Image};

/// Frames that the survey decoded are kept up to here, so that those of a radiograph are decoded once.
const KEPT_BYTES: usize = 64 << 20;

/// Does the job.
pub(crate) fn run(
    job: &TriageJob,
    files: &[File],
    tools: &mut Tools,
    touching: &dyn Fn(u32),
) -> Result<TriageAnswer, Error> {
    let (output, instances) = Instances::split(files, &job.instances)?;
    of(job, (output, instances), tools, touching)
}

/// Does the job on instances that are open.
pub(crate) fn of(
    job: &TriageJob,
    (output, mut instances): (&File, Instances<'_>),
    tools: &mut Tools,
    touching: &dyn Fn(u32),
) -> Result<TriageAnswer, Error> {
    let began = Instant::now();
    let mut found = survey(&mut instances, &job.deid, KEPT_BYTES, &tools.text_detector.numbers, touching)?;
    let mut spent = Spent { deid: began.elapsed(), ..Spent::default() };
    let bundles: Vec<_> = tools.classifiers.iter().map(Classifier::bundle).collect();
    let selection = select(&bundles, &found.items);
    let mut frames = Frames {
        output: match &job.output {
            Some(encrypted) => Output::encrypted(output, encrypted)?,
            None => Output::new(output),
        },
        shown: if job.previews { Shown::choose(&found.items) } else { Shown::none() },
        run: selection.as_ref().map(|s| s.picks.iter().copied().collect()).unwrap_or_default(),
        looked: std::mem::take(&mut found.looked),
        unread: BTreeMap::new(),
        unread_frames: 0,
        values: Vec::new(),
        picks: Vec::new(),
    };
    let mut classifier = selection.as_ref().ok().and_then(|s| tools.classifiers.get_mut(s.bundle));
    for item in &found.items {
        let wanted = frames.wanted(item.instance);
        if wanted.is_empty() {
            continue;
        }
        touching(item.instance);
        let (source, parsed) = instances.get(item.instance as usize)?;
        let image = Image::new(&parsed, &*source)?;
        for frame in wanted {
            let pick = Pick { instance: item.instance, frame };
            frames.one(pick, &image, classifier.as_deref_mut(), &mut spent)?;
        }
    }
    frames.output.finish()?;
    let answer = conclude(&found, &frames, selection, classifier, &mut spent)?;
    found.unreadable.extend(std::mem::take(&mut frames.unread));
    found.unreadable.sort();
    spent.total = began.elapsed();
    Ok(into_answer(found, answer, frames, &spent))
}

/// Frames on their way through decoding, showing and running.
struct Frames<'f> {
    output: Output<'f>,
    shown: Shown,
    run: BTreeSet<Pick>,
    looked: BTreeMap<Pick, Looked>,
    unread: BTreeMap<u32, String>,
    unread_frames: usize,
    values: Vec<models::rule::FrameValues>,
    /// Which frame each of the values is of.
    picks: Vec<Pick>,
}

impl Frames<'_> {
    fn wanted(&self, instance: u32) -> BTreeSet<u32> {
        let (from, to) = (Pick { instance, frame: 0 }, Pick { instance, frame: u32::MAX });
        self.run.range(from..=to).map(|p| p.frame).chain(self.shown.of(instance)).collect()
    }

    fn one(
        &mut self,
        pick: Pick,
        image: &Image<'_>,
        classifier: Option<&mut Classifier>,
        spent: &mut Spent,
    ) -> Result<(), Error> {
        let decoded = match self.decoded(pick, image, spent) {
            Ok(decoded) => decoded,
            Err(pixels::Error::Read) => return Err(pixels::Error::Read.into()),
            Err(error) => {
                self.not_read(pick, &error);
                return Ok(());
            }
        };
        match self.shown.make(pick, &decoded, &mut self.output) {
            Err(Error::Pixels(error)) => {
                self.not_read(pick, &error);
                return Ok(());
            }
            other => other?,
        }
        let Some(classifier) = classifier.filter(|_| self.run.contains(&pick)) else { return Ok(()) };
        let began = Instant::now();
        let input = prepare(decoded, &classifier.bundle().manifest().input);
        spent.input += began.elapsed();
        let input = match input {
            Ok(input) => input,
            Err(error) => {
                self.not_read(pick, &error);
                return Ok(());
            }
        };
        match classifier.frame(&input) {
            Ok(values) => {
                self.values.push(values);
                self.picks.push(pick);
            }
            // Of the frame, not of the bundle: such as a slope so steep that no grey is left.
            Err(error @ models::Error::Image(_)) => self.not_read(pick, &error),
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// The frame, from the survey where it was decoded there: a radiograph is decoded once.
    fn decoded(
        &mut self,
        pick: Pick,
        image: &Image<'_>,
        spent: &mut Spent,
    ) -> Result<Decoded, pixels::Error> {
        if let Some(looked) = self.looked.remove(&pick) {
            spent.deid = spent.deid.saturating_sub(looked.took);
            spent.decode += looked.took;
            return Ok(looked.decoded);
        }
        let began = Instant::now();
        let decoded = image.decode(pick.frame);
        spent.decode += began.elapsed();
        decoded
    }

    fn not_read(&mut self, pick: Pick, error: &impl std::fmt::Display) {
        if self.run.contains(&pick) {
            self.unread_frames += 1;
        }
        self.unread.entry(pick.instance).or_insert_with(|| format!("Frame {}: {error}.", pick.frame + 1));
    }
}

fn conclude(
    found: &Survey,
    frames: &Frames<'_>,
    selection: Result<Selection, String>,
    classifier: Option<&mut Classifier>,
    spent: &mut Spent,
) -> Result<Verdict, Error> {
    let first_fault = || {
        let all = found.unreadable.iter().map(|(_, r)| r).chain(frames.unread.values());
        all.into_iter().next().cloned().unwrap_or_default()
    };
    let selection = match selection {
        Ok(selection) => selection,
        Err(_) if found.items.is_empty() && !found.unreadable.is_empty() => {
            return Ok(unreadable(first_fault()));
        }
        Err(why) => return Ok(not_analysed(why)),
    };
    let Some(classifier) = classifier else { return Ok(not_analysed("No bundle is installed.".to_owned())) };
    if frames.values.is_empty() {
        return Ok(unreadable(first_fault()));
    }
    let headers: Vec<&Ages> = found.items.iter().map(|item| &item.ages).collect();
    let age = age(&headers, today());
    // Headers that contradict each other pick nobody's limits: the strictest of every age hold.
    let concluded = classifier.conclude(Subject { age_years: age.years }, frames.values.clone())?;
    spent.model = concluded.time;
    let seen = (frames.unread_frames, selection.picks.len());
    let left_out = selection.left_out.into_iter().map(|why| format!("An image was not run: {why}"));
    let open = left_out.chain(age.contradictions).collect();
    let reservations = Reservations { doubts: selection.doubts, open };
    let answered = verdict(classifier.bundle(), &concluded.triage, seen, &reservations);
    Ok(Verdict { places: places(&concluded.triage, &frames.picks), ..answered })
}

/// Today as a day number, by the clock of this machine where it can be right.
fn today() -> i64 {
    wall().max(EARLIEST_MS) / 86_400_000
}

/// The verdict of the bundle with what de-identification and the page need beside it.
fn into_answer(found: Survey, verdict: Verdict, frames: Frames<'_>, spent: &Spent) -> TriageAnswer {
    let verdict = Verdict {
        holds: found.holds,
        plan_digest: hex::encode(found.digest),
        actions: found.actions,
        previews: frames.shown.finish(),
        ms: spent.ms(),
        ..verdict
    };
    TriageAnswer { verdict, facts: found.facts, unreadable: found.unreadable }
}

#[derive(Default)]
struct Spent {
    deid: Duration,
    decode: Duration,
    input: Duration,
    model: Times,
    total: Duration,
}

impl Spent {
    fn ms(&self) -> Timings {
        let ms = |d: Duration| d.as_secs_f64() * 1000.0;
        Timings {
            deid: ms(self.deid),
            decode: ms(self.decode),
            input: ms(self.input + self.model.input),
            run: ms(self.model.run),
            total: ms(self.total),
        }
    }
}
