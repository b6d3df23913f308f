//! Frames as they travel: 8-bit PNG, or the embedding that an encoder made of them.

use std::collections::BTreeMap;

use models::Encoder;
use models::manifest::{Grey, Input};
use proto::case::{FrameEntry, FrameKind, Transport, Window};

use crate::error::Error;
use crate::instances::Instances;
use crate::packed::{Entry, Nature};
use crate::tools::Tools;
use crate::triage::{Item, Pick, largest_series, prepare, select, select_sent, spread, window};
use deid::PixelBox;
use pixels::grey;
use pixels::{self, Image, blacken, png, shrink};

/// Longest side of a prepared frame, in pixels.
const SIDE: u32 = 896;
/// Most frames of a volume that travel.
const SLICES: usize = 12;
/// Most frames of any other study that travel.
const FRAMES: usize = 16;

/// Frames ready to be packed.
#[derive(Default)]
pub(crate) struct Prepared {
    /// For the manifest, in reading order.
    pub frames: Vec<FrameEntry>,
    /// Their bytes.
    pub entries: Vec<Entry>,
    /// What the frames take as PNG.
    pub image_bytes: u64,
    /// What they take as they travel.
    pub frame_bytes: u64,
}

/// Decodes and prepares the frames of a study.
///
/// # Errors
/// [`Error::NoFrames`] when none can be read or no bundle encodes them.
pub(crate) fn prepare_frames(
    transport: Transport,
    items: &[Item],
    (instances, boxes): (&mut Instances<'_>, &BTreeMap<u32, Vec<PixelBox>>),
    tools: &mut Tools,
    touching: &dyn Fn(u32),
) -> Result<Prepared, Error> {
    let classifiers: Vec<_> = tools.classifiers.iter().map(models::Classifier::bundle).collect();
    let input = select(&classifiers, items).ok().and_then(|s| classifiers.get(s.bundle).copied());
    let input = input.map(|bundle| bundle.manifest().input.clone());
    let mut encoder = match transport {
        Transport::Image => None,
        Transport::Embedding => Some(encoder_for(tools, items)?),
    };
    let (picks, order) = choose(items);
    let mut made: BTreeMap<usize, Frame> = BTreeMap::new();
    let mut fault = None;
    for (instance, frames) in picks {
        touching(instance);
        let (source, parsed) = instances.get(instance as usize)?;
        let image = Image::new(&parsed, &*source)?;
        for frame in frames {
            let place = order.get(&Pick { instance, frame }).copied().unwrap_or(usize::MAX);
            let black = boxes.get(&instance).map(Vec::as_slice).unwrap_or_default();
            match one(&image, frame, black, input.as_ref(), encoder.as_deref_mut()) {
                Ok(frame) => {
                    made.insert(place, frame);
                }
                Err(Error::Pixels(error)) if error != pixels::Error::Read => fault = fault.or(Some(error)),
                Err(error) => return Err(error),
            }
        }
    }
    if made.is_empty() {
        let why = fault.map_or_else(|| "the study holds no image".to_owned(), |e| e.to_string());
        return Err(Error::NoFrames(format!("no frame of the study could be prepared: {why}")));
    }
    Ok(number(made))
}

/// Which frames travel: a volume's largest series thinned out, of other studies all up to a bound.
fn choose(items: &[Item]) -> (BTreeMap<u32, Vec<u32>>, BTreeMap<Pick, usize>) {
    let all: Vec<&Item> = items.iter().filter(|i| !i.localizer).collect();
    let all = if all.is_empty() { items.iter().collect() } else { all };
    let volume = all.first().is_some_and(|i| i.is_slice());
    let picks = if volume { spread(&largest_series(&all), SLICES) } else { spread(&all, FRAMES) };
    let mut by_instance: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for pick in &picks {
        by_instance.entry(pick.instance).or_default().push(pick.frame);
    }
    (by_instance, picks.into_iter().enumerate().map(|(at, pick)| (pick, at)).collect())
}

fn encoder_for<'t>(tools: &'t mut Tools, items: &[Item]) -> Result<&'t mut Encoder, Error> {
    let bundles: Vec<_> = tools.encoders.iter().map(Encoder::bundle).collect();
    let place = select_sent(&bundles, items).map_err(Error::NoFrames)?.bundle;
    tools.encoders.get_mut(place).ok_or_else(|| Error::NoFrames("no bundle encodes this study".to_owned()))
}

/// A prepared frame before it has its number.
struct Frame {
    kind: FrameKind,
    rows: u32,
    columns: u32,
    bytes: Vec<u8>,
    png_bytes: u64,
    window: Option<Window>,
    encoder: Option<String>,
}

fn one(
    image: &Image<'_>,
    frame: u32,
    black: &[PixelBox],
    input: Option<&Input>,
    encoder: Option<&mut Encoder>,
) -> Result<Frame, Error> {
    let mut decoded = image.decode(frame)?;
    if !blacken(&mut decoded, frame, black) {
        return Err(Error::Pixels(pixels::Error::NoPixels));
    }
    let chosen = input.map_or(grey::Window::AsStored, window);
    let unit = grey::unit(&decoded.stored, &decoded.look, chosen).map_err(pixels::Error::from)?;
    let unit = shrink(unit, SIDE);
    let bytes = png(&grey::eight(&unit), unit.rows, unit.columns)?;
    let png_bytes = bytes.len() as u64;
    let Some(encoder) = encoder else {
        let applied = applied(input, &decoded.look);
        let (rows, columns) = (unit.rows, unit.columns);
        return Ok(Frame {
            kind: FrameKind::Png8,
            rows,
            columns,
            bytes,
            png_bytes,
            window: applied,
            encoder: None,
        });
    };
    drop((unit, bytes));
    let bundle = encoder.bundle();
    let name = format!("{} {}", bundle.name(), bundle.version());
    let grey = prepare(decoded, &bundle.manifest().input).map_err(pixels::Error::from)?;
    let values = encoder.embed(&grey)?;
    Ok(Frame {
        kind: FrameKind::Embedding,
        rows: 1,
        columns: u32::try_from(values.len()).unwrap_or(u32::MAX),
        bytes: models::embedding::to_bytes(&values),
        png_bytes,
        window: None,
        encoder: Some(name),
    })
}

/// The window that was applied, where it is one.
fn applied(input: Option<&Input>, look: &grey::Look) -> Option<Window> {
    let (center, width) = match input.map(|i| (i.grey, i.window.as_ref())) {
        Some((Grey::Window, Some(w))) => (w.center, w.width),
        _ => look.voi.first()?.as_linear()?,
    };
    Some(Window { center: center as f32, width: width.max(1.0) as f32 })
}

fn number(made: BTreeMap<usize, Frame>) -> Prepared {
    let mut out = Prepared::default();
    for (index, frame) in made.into_values().enumerate() {
        let end = if frame.kind == FrameKind::Embedding { "bin" } else { "png" };
        let name = format!("frame-{index:04}.{end}");
        out.image_bytes += frame.png_bytes;
        out.frame_bytes += frame.bytes.len() as u64;
        out.frames.push(FrameEntry {
            index: u32::try_from(index).unwrap_or(u32::MAX),
            name: name.clone(),
            kind: frame.kind,
            rows: frame.rows,
            columns: frame.columns,
            bytes: frame.bytes.len() as u64,
            window: frame.window,
            photometric: "MONOCHROME2".to_owned(),
            encoder: frame.encoder,
        });
        out.entries.push(Entry { name, bytes: frame.bytes, nature: Nature::Binary });
    }
    out
}
