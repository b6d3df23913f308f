//! Text in pixels: instances of risky kinds are cleaned frame by frame where the site says so; every other image is
//! looked at, and one that shows words waits, or is cleaned too.

use std::time::{Duration, Instant};

use crate::error::Error;
use deid::{DeidPlan, HoldReason, NativePixels, PixelBox};
use domain::job::PixelText;
use pixels::{
    self, Decoded, Image, TextBox, TextDetector, blacken, find_burned_in, may_hold_ink, shows_words,
};

/// Most bytes of pixels of one instance that are written anew; a larger one waits for a person.
const NATIVE_MAX: u64 = 256 << 20;
/// Of the slices of a series every so many are looked at closely.
const SLICES_APART: u32 = 16;
/// Frames of one instance that are looked at closely where its kind is not risky.
const LOOKED_AT: u32 = 4;

/// A frame that was decoded to be looked at.
pub(crate) struct Looked {
    /// Its number, from 0.
    pub frame: u32,
    /// What was decoded.
    pub decoded: Decoded,
    /// How long that took.
    pub took: Duration,
}

/// Looks for text and changes the plan: boxes where it is cleaned, a hold where it waits. Gives the frame that was
/// looked at closely and holds no words, for whoever needs it next: of a single frame only, so that never two are in memory.
///
/// # Errors
/// Only of our own disk: what cannot be decoded waits for a person.
pub(crate) fn look_for_text(
    plan: &mut DeidPlan,
    image: &Image<'_>,
    what: PixelText,
    slice: Option<u32>,
    detector: &TextDetector,
) -> Result<Option<Looked>, Error> {
    let risky = plan.holds.iter().any(|hold| hold.is_text_in_pixels());
    match (what, risky) {
        // It waits whatever is found.
        (PixelText::Hold, true) => Ok(None),
        (PixelText::BlackOut, true) => clean(plan, image, detector).map(|()| None),
        (_, false) => look(plan, image, what, slice, detector),
    }
}

/// Every frame, every box; then the reasons to wait that are about text in pixels are gone.
fn clean(plan: &mut DeidPlan, image: &Image<'_>, detector: &TextDetector) -> Result<(), Error> {
    let Some(boxes) = all_boxes(image, detector)? else { return Ok(()) };
    plan.clean_pixels(&boxes);
    Ok(())
}

/// The boxes of all frames, for all frames: what is written over a moving picture stands still. `None` when a frame
/// cannot be decoded, or not be written anew.
fn all_boxes(image: &Image<'_>, detector: &TextDetector) -> Result<Option<Vec<PixelBox>>, Error> {
    let shape = image.shape();
    if native_bytes(image) > NATIVE_MAX {
        return Ok(None);
    }
    let mut boxes = Vec::new();
    for frame in 0..shape.frames {
        match image.decode(frame) {
            Ok(decoded) if writable(image, &decoded) => {
                boxes.extend(find_burned_in(&decoded, detector).iter().map(grown));
            }
            Ok(_) => return Ok(None),
            Err(pixels::Error::Read) => return Err(pixels::Error::Read.into()),
            Err(_) => return Ok(None),
        }
    }
    Ok(Some(boxes))
}

/// The frames of an image that should hold none: words in one of them count, a lone marker of a side does not. A few are
/// looked at closely whatever they hold, the others where a glance finds what could be ink.
fn look(
    plan: &mut DeidPlan,
    image: &Image<'_>,
    what: PixelText,
    slice: Option<u32>,
    detector: &TextDetector,
) -> Result<Option<Looked>, Error> {
    let frames = image.shape().frames;
    let step = frames.div_ceil(LOOKED_AT).max(1);
    let chosen = slice.is_none_or(|number| number % SLICES_APART == 0);
    let mut looked = None;
    for frame in 0..frames {
        let closely = chosen && frame % step == 0;
        let began = Instant::now();
        let decoded = image.decode(frame);
        let took = began.elapsed();
        match decoded {
            Ok(decoded)
                if (closely || may_hold_ink(&decoded))
                    && shows_words(&decoded, slice.is_some(), detector) =>
            {
                plan.hold(HoldReason::TextInPixels);
                if what == PixelText::BlackOut {
                    clean(plan, image, detector)?;
                }
                return Ok(None);
            }
            Ok(decoded) if closely && frames == 1 => looked = Some(Looked { frame, decoded, took }),
            // What cannot be decoded is told elsewhere.
            Ok(_) => {}
            Err(pixels::Error::Read) => return Err(pixels::Error::Read.into()),
            Err(_) => {}
        }
    }
    Ok(looked)
}

/// With a rim for what is too faint around the letters. A wider one costs the picture more than it hides: measured on
/// planted ultrasound, where text stands close to the sector.
fn grown(b: &TextBox) -> PixelBox {
    PixelBox {
        frame: None,
        x0: b.x0.saturating_sub(1),
        y0: b.y0.saturating_sub(1),
        x1: b.x1.saturating_add(1),
        y1: b.y1.saturating_add(1),
    }
}

fn native_bytes(image: &Image<'_>) -> u64 {
    let s = image.shape();
    let frame = u64::from(s.rows)
        * u64::from(s.columns)
        * u64::from(s.samples)
        * u64::from(s.bits_allocated.max(8) / 8);
    frame.saturating_mul(u64::from(s.frames))
}

/// Whether the frames can be written anew, as far as the first one tells.
pub(crate) fn can_be_written(image: &Image<'_>) -> Result<bool, Error> {
    if native_bytes(image) > NATIVE_MAX {
        return Ok(false);
    }
    match image.decode(0) {
        Ok(decoded) => Ok(writable(image, &decoded)),
        Err(pixels::Error::Read) => Err(pixels::Error::Read.into()),
        Err(_) => Ok(false),
    }
}

/// Whether the decoded values are all there is of the frame: subsampled colour and single bits are not written anew.
fn writable(image: &Image<'_>, decoded: &Decoded) -> bool {
    let shape = image.shape();
    decoded.stored.samples == shape.samples
        && decoded.stored.bits_allocated == shape.bits_allocated
        && name(decoded).is_some()
}

fn name(decoded: &Decoded) -> Option<&'static str> {
    use pixels::grey::Photometric::{Monochrome1, Monochrome2, Other, Palette, Rgb, Ybr};
    match decoded.look.photometric {
        Monochrome1 => Some("MONOCHROME1"),
        Monochrome2 => Some("MONOCHROME2"),
        Palette => Some("PALETTE COLOR"),
        Rgb => Some("RGB"),
        Ybr => Some("YBR_FULL"),
        Other => None,
    }
}

/// All frames with their boxes black, as native pixel data.
///
/// # Errors
/// What cannot be decoded or blackened now although the plan says that it can.
pub(crate) fn blackened(plan: &DeidPlan, image: &Image<'_>) -> Result<NativePixels, Error> {
    let mut native = NativePixels::default();
    let black = plan.black();
    for frame in 0..image.shape().frames {
        let mut decoded = image.decode(frame)?;
        if !blacken(&mut decoded, frame, &black) {
            return Err(Error::Pixels(pixels::Error::NoPixels));
        }
        native.photometric = name(&decoded).unwrap_or_default();
        native.samples = decoded.stored.samples;
        native.bits_allocated = decoded.stored.bits_allocated;
        native.bits_stored = decoded.stored.bits_stored;
        native.high_bit = decoded.stored.high_bit;
        native.bytes.extend_from_slice(&decoded.stored.bytes);
    }
    Ok(native)
}
