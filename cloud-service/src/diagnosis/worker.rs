//! The worker's side: loads, locks itself down, opens one envelope in memory, answers and exits.

use std::fs::File;
use std::io::{Cursor, Read as _, Write as _};
use std::path::PathBuf;

use models::{Bundle, Decoder, Encoder, GreyImage, Runtime};
use proto::case::{CaseManifest, FrameEntry, FrameKind, Transport};
use proto::content::Content;
use proto::envelope::verify;
use proto::keys::{Opener, PublicKeys};
use sandbox::{Limits, serve};
use zeroize::Zeroizing;

use super::job::{Answer, Job, Task, Why};

/// The worker's own arguments; it is started by the service, never by hand.
#[derive(Debug, Clone, clap::Args)]
pub struct Arguments {
    /// Folder of the report bundle to load; without it the worker only hands out images.
    #[arg(long)]
    pub bundle: Option<PathBuf>,
    /// Name a forbidden system call before dying of it; for development.
    #[arg(long)]
    pub explain_calls: bool,
}

/// A loaded report bundle.
struct Model {
    encoder: Encoder,
    decoder: Decoder,
    name: String,
    version: String,
}

/// Loads, locks down and serves one job. Returns only when it cannot start, with why.
///
/// # Errors
/// Those of the bundle and of ONNX Runtime.
pub fn main(arguments: &Arguments) -> models::Error {
    let mut model = match arguments.bundle.as_ref().map(load).transpose() {
        Ok(model) => model,
        Err(error) => return error,
    };
    let limits = Limits { explain_calls: arguments.explain_calls, ..Limits::default() };
    serve(&limits, move |handed, _| {
        let Ok(job) = handed.parse::<Job>() else { return Answer::Failed(Why::Job) };
        work(&job, handed.files, model.as_mut()).unwrap_or_else(Answer::Failed)
    })
}

fn load(folder: &PathBuf) -> Result<Model, models::Error> {
    let runtime = Runtime::load(None)?;
    let encoder = Encoder::load(&runtime, Bundle::open(folder)?)?;
    let decoder = Decoder::load(&runtime, Bundle::open(folder)?)?;
    let (name, version) = (encoder.bundle().name().to_owned(), encoder.bundle().version().to_owned());
    Ok(Model { encoder, decoder, name, version })
}

fn work(job: &Job, mut files: Vec<File>, model: Option<&mut Model>) -> Result<Answer, Why> {
    let out = match job.task {
        Task::Images { .. } => Some(files.pop().ok_or(Why::Job)?),
        Task::Draft => None,
    };
    let content = open(job, files)?;
    let manifest = content.first(proto::case::CASE_JSON).ok_or(Why::Content)?;
    let manifest = Box::new(CaseManifest::from_json(manifest).map_err(|_| Why::Content)?);
    for frame in &manifest.frames {
        // The manifest was checked against the envelope; its frames must be there and as long as it says.
        if content.get(&frame.name).map(|b| b.len() as u64) != Some(frame.bytes) {
            return Err(Why::Content);
        }
    }
    match (job.task, out) {
        (Task::Draft, _) => {
            let model = model.ok_or(Why::Model)?;
            let text = draft(&manifest, &content, model)?;
            Ok(Answer::Draft { manifest, text, model: model.name.clone(), version: model.version.clone() })
        }
        (Task::Images { most }, Some(out)) => {
            let images = hand_out(&manifest, &content, most, out)?;
            Ok(Answer::Images { manifest, images })
        }
        (Task::Images { .. }, None) => Err(Why::Job),
    }
}

/// Verifies the site's signature, then opens part by part.
fn open(job: &Job, files: Vec<File>) -> Result<Content, Why> {
    let header = hex::decode(&job.header).map_err(|_| Why::Job)?;
    let seal = hex::decode(&job.seal).map_err(|_| Why::Job)?;
    let sender = PublicKeys::from_text(&job.sender).map_err(|_| Why::Job)?;
    let secret = Zeroizing::new(hex::decode(job.opener.0.as_str()).map_err(|_| Why::Job)?);
    let opener = Opener::from_bytes(&secret).map_err(|_| Why::Job)?;
    let verified = verify(&header, &seal, &sender).map_err(|_| Why::Envelope)?;
    let layout = verified.header().layout();
    if files.len() != layout.parts() as usize {
        return Err(Why::Job);
    }
    let mut parts = verified.opener(&opener).map_err(|_| Why::Envelope)?;
    for (index, file) in (0..).zip(files) {
        let length = layout.part_bytes(index) as u64;
        let mut sealed = Vec::new();
        // One byte more than it may have, so that a longer file is seen.
        file.take(length + 1).read_to_end(&mut sealed).map_err(|_| Why::Job)?;
        parts.push(&sealed).map_err(|_| Why::Envelope)?;
    }
    parts.finish().map_err(|_| Why::Content)
}

/// Runs the reference model on the middle frame: it sees one image of the study.
fn draft(manifest: &CaseManifest, content: &Content, model: &mut Model) -> Result<String, Why> {
    let frame = manifest.frames.get(manifest.frames.len() / 2).ok_or(Why::NoFrame)?;
    let bytes = content.get(&frame.name).ok_or(Why::Content)?;
    let embedding = match manifest.transport {
        Transport::Embedding => {
            let made_by = format!("{} {}", model.name, model.version);
            if frame.encoder.as_deref() != Some(made_by.as_str()) {
                return Err(Why::Encoder);
            }
            models::embedding::from_bytes(bytes).map_err(|_| Why::Image)?
        }
        Transport::Image => {
            let image = grey(frame, bytes).ok_or(Why::Image)?;
            model.encoder.embed(&image).map_err(|_| Why::Model)?
        }
    };
    model.decoder.write(&embedding).map_err(|e| match e {
        models::Error::Embedding(_) => Why::Encoder,
        _ => Why::Model,
    })
}

/// A frame as grey values 0..=1 in the MONOCHROME2 sense.
fn grey(frame: &FrameEntry, png: &[u8]) -> Option<GreyImage> {
    let mut reader = image::ImageReader::with_format(Cursor::new(png), image::ImageFormat::Png);
    let mut limits = image::Limits::default();
    limits.max_image_width = Some(frame.columns);
    limits.max_image_height = Some(frame.rows);
    // Eight bytes a pixel hold RGBA of 16 bits; a row of filter bytes comes on top.
    limits.max_alloc = Some(u64::from(frame.rows) * u64::from(frame.columns) * 8 + (1 << 20));
    reader.limits(limits);
    let decoded = reader.decode().ok()?;
    if (decoded.width(), decoded.height()) != (frame.columns, frame.rows) {
        return None;
    }
    let values: Vec<f32> = match frame.kind {
        FrameKind::Png8 => decoded.to_luma8().iter().map(|v| f32::from(*v) / 255.0).collect(),
        FrameKind::Png16 => {
            let stored = decoded.to_luma16();
            let (low, high) = match frame.window {
                Some(w) => (w.center - w.width / 2.0, w.center + w.width / 2.0),
                None => stored
                    .iter()
                    .fold((f32::MAX, f32::MIN), |(l, h), v| (l.min(f32::from(*v)), h.max(f32::from(*v)))),
            };
            let width = (high - low).max(1.0);
            stored.iter().map(|v| ((f32::from(*v) - low) / width).clamp(0.0, 1.0)).collect()
        }
        FrameKind::Embedding => return None,
    };
    GreyImage::new(frame.rows as usize, frame.columns as usize, values).ok()
}

/// Writes the frames that are images, evenly chosen and as they came, one after the other.
fn hand_out(
    manifest: &CaseManifest,
    content: &Content,
    most: u32,
    mut out: File,
) -> Result<Vec<(u32, u64, u64)>, Why> {
    let images: Vec<&FrameEntry> =
        manifest.frames.iter().filter(|f| f.kind != FrameKind::Embedding).collect();
    let (mut places, mut offset) = (Vec::new(), 0_u64);
    for at in spread(images.len(), most as usize) {
        let Some(frame) = images.get(at) else { continue };
        let bytes = content.get(&frame.name).ok_or(Why::Content)?;
        out.write_all(bytes).map_err(|_| Why::Output)?;
        places.push((frame.index, offset, bytes.len() as u64));
        offset += bytes.len() as u64;
    }
    Ok(places)
}

/// `most` places evenly over `count`, the first and the last among them.
fn spread(count: usize, most: usize) -> Vec<usize> {
    match (count, most) {
        (0, _) | (_, 0) => Vec::new(),
        (c, m) if c <= m => (0..c).collect(),
        (c, 1) => vec![c / 2],
        (c, m) => (0..m).map(|i| i * (c - 1) / (m - 1)).collect(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use super::spread;

    #[test]
    fn frames_are_spread_from_the_first_to_the_last() {
        assert_eq!(spread(3, 16), [0, 1, 2]);
        assert_eq!(spread(101, 3), [0, 50, 100]);
        assert_eq!(spread(9, 1), [4]);
        assert!(spread(0, 4).is_empty() && spread(4, 0).is_empty());
    }
}
