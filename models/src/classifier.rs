//! A classifier bundle with its session: images in, verdict out.

use std::time::{Duration, Instant};

use ort::value::{TensorElementType, TensorRef};

use crate::bundle::Bundle;
use crate::error::{Error, ManifestFault};
use crate::finding_place::Maps;
use crate::input::{self, GreyImage, GreyRows};
use crate::manifest::{Input, Layout, MANIFEST, Manifest};
use crate::rule::{self, Disposition, FrameValues, Subject, Triage};
use crate::runtime::Runtime;
use crate::session::{Session, Wanted};

/// A loaded classifier. It holds one session on one thread.
pub struct Classifier {
    bundle: Bundle,
    session: Session,
    time: Times,
}

/// Time spent since the last verdict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Times {
    /// Fitting, resizing, scaling.
    pub input: Duration,
    /// In the session.
    pub run: Duration,
}

/// What a classifier says about one study.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Disposition, reason, findings and input check.
    pub triage: Triage,
    /// What each frame gave, in the order they were run.
    pub frames: Vec<FrameValues>,
    /// Where the time went.
    pub time: Times,
}

impl Classifier {
    /// Load the session of a classifier bundle and compare its tensors with the manifest.
    ///
    /// # Errors
    /// [`Error::Kind`] for a report bundle, [`Error::Bundle`] when digests or shapes differ, [`Error::Session`].
    pub fn load(runtime: &Runtime, bundle: Bundle) -> Result<Self, Error> {
        let parts = bundle.classifier()?;
        let model = bundle.manifest().model.as_ref().ok_or_else(|| bundle.wrong_kind("classifier"))?;
        let session = Session::load(runtime, &bundle.bytes(&model.file, &model.sha256)?)?;
        let features = parts.novelty.map(|n| (n.tensor.as_str(), n.dimension));
        let answer = (parts.output.tensor.as_str(), parts.findings.len());
        let others = Others { features, maps: parts.output.maps.as_deref() };
        let faults = tensors(&session, &bundle.manifest().input, answer, &others);
        if faults.is_empty() {
            Ok(Self { bundle, session, time: Times::default() })
        } else {
            Err(bundle.refuse_all(faults))
        }
    }

    /// The bundle.
    #[must_use]
    pub fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// Run one frame, so that a study's frames need not be in memory at the same time.
    ///
    /// `image`: [rows, columns], 0..=1, with the grey transformation that the manifest's `input.grey` names.
    ///
    /// # Errors
    /// [`Error::Image`], [`Error::Session`], [`Error::NotFinite`].
    pub fn frame(&mut self, image: &dyn GreyRows) -> Result<FrameValues, Error> {
        let input = &self.bundle.manifest().input;
        let began = Instant::now();
        let prepared = input::prepare(image, input)?;
        let (grey_mean, grey_std) = prepared.grey();
        let tensor = prepared.tensor(input);
        self.time.input += began.elapsed();
        let began = Instant::now();
        let value = TensorRef::from_array_view(&tensor)
            .map_err(|e| Error::Session { doing: "take the image", problem: e.to_string() })?;
        let parts = self.bundle.classifier()?;
        let maps = parts.output.maps.as_deref();
        let mut names = vec![parts.output.tensor.as_str()];
        names.extend(parts.novelty.map(|n| n.tensor.as_str()));
        names.extend(maps);
        let outputs = self.session.run_for([(input.tensor.as_str(), value.into())], &names)?;
        self.time.run += began.elapsed();
        let mut outputs = outputs.into_iter();
        let output = outputs.next().unwrap_or_default();
        let features: Vec<f32> = match parts.novelty {
            Some(_) => outputs.next().unwrap_or_default().into_iter().collect(),
            None => Vec::new(),
        };
        let shown = outputs.next().unwrap_or_default();
        let size = match *shown.shape() {
            [1, findings, rows, columns] if findings == parts.findings.len() => Some([rows, columns]),
            _ => None,
        };
        let fits =
            features.len() == parts.novelty.map_or(0, |n| n.dimension) && (maps.is_none() || size.is_some());
        if !fits || output.shape() != [1, parts.findings.len()] {
            return Err(Error::Session {
                doing: "run the model",
                problem: "an output has another shape".to_owned(),
            });
        }
        let maps = size.map_or_else(Maps::default, |size| Maps {
            values: shown.into_iter().collect(),
            size,
            image: [image.rows(), image.columns()],
        });
        Ok(FrameValues { outputs: output.into_iter().collect(), features, maps, grey_mean, grey_std })
    }

    /// Decide about the study of this patient from all its frames.
    ///
    /// # Errors
    /// [`Error::Image`] without a frame.
    pub fn conclude(&mut self, subject: Subject, frames: Vec<FrameValues>) -> Result<Verdict, Error> {
        if frames.is_empty() {
            return Err(Error::Image("there is no frame"));
        }
        let mut triage = rule::decide(self.bundle.classifier()?, subject, &frames);
        self.find_places(&mut triage, &frames);
        Ok(Verdict { triage, frames, time: std::mem::take(&mut self.time) })
    }

    /// Where findings were seen: of those that raised a flag; of the highest, when something else must decide.
    fn find_places(&self, triage: &mut Triage, frames: &[FrameValues]) {
        let Manifest { input, findings, .. } = self.bundle.manifest();
        let highest = triage.findings.iter().map(|f| f.score).fold(0.0, f64::max);
        let escalated = triage.disposition == Disposition::Escalate;
        for (finding, score) in findings.iter().zip(&mut triage.findings) {
            if !(score.positive || escalated && score.score >= highest) {
                continue;
            }
            let value = |f: &FrameValues| f.outputs.get(finding.index).copied().unwrap_or(f32::MIN);
            let strongest = frames.iter().enumerate().max_by(|a, b| value(a.1).total_cmp(&value(b.1)));
            score.place =
                strongest.and_then(|(at, frame)| frame.maps.place(finding.index, at, input.size, input.fit));
        }
    }

    /// [`Classifier::frame`] for each image, then [`Classifier::conclude`] about a patient of unknown age.
    ///
    /// # Errors
    /// As these two.
    pub fn run(&mut self, frames: &[GreyImage]) -> Result<Verdict, Error> {
        let values = frames.iter().map(|image| self.frame(image)).collect::<Result<Vec<_>, _>>()?;
        self.conclude(Subject::default(), values)
    }
}

/// Outputs that a bundle may name beside its answer.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Others<'a> {
    /// Name and number of the pooled features.
    pub features: Option<(&'a str, usize)>,
    /// Name of the maps.
    pub maps: Option<&'a str>,
}

/// How the model's tensors differ from what the bundle promises. One frame is run at a time: an axis of frames that is
/// fixed at another number would fail each of them.
pub(crate) fn tensors(
    session: &Session,
    input: &Input,
    answer: (&str, usize),
    others: &Others<'_>,
) -> Vec<ManifestFault> {
    let ty = TensorElementType::Float32;
    let [rows, columns] = input.size.map(Some);
    let image = match input.layout {
        Layout::Nchw => vec![Some(1), Some(input.channels), rows, columns],
        Layout::Nhwc => vec![Some(1), rows, columns, Some(input.channels)],
    };
    let wanted = |(name, width), key| Wanted { name, key, ty, shape: vec![Some(1), Some(width)] };
    let mut outputs = vec![wanted(answer, "output")];
    outputs.extend(others.features.map(|features| wanted(features, "novelty")));
    let shape = vec![Some(1), Some(answer.1), None, None];
    outputs.extend(others.maps.map(|name| Wanted { name, key: "output.maps", ty, shape }));
    session.check(MANIFEST, &[Wanted { name: &input.tensor, key: "input", ty, shape: image }], &outputs)
}
