//! What a bundle sees: grey values 0..1, dark to bright, float32, row by row.

use super::error::Error;
use super::presentation::{Look, Lut, Palette, Photometric, Voi};
use super::stored::Stored;

/// Which window counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Window {
    /// The VOI transformation of the header; without one, smallest to largest value of the frame.
    AsStored,
    /// LINEAR with this centre and width in output units, whatever the header says.
    Fixed {
        /// Window Center.
        center: f64,
        /// Window Width.
        width: f64,
    },
}

/// A grey picture, 0 black to 1 white.
#[derive(Clone, PartialEq)]
pub struct Unit {
    /// Rows.
    pub rows: u32,
    /// Columns.
    pub columns: u32,
    /// `rows * columns` values, row by row.
    pub values: Vec<f32>,
}

impl std::fmt::Debug for Unit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Unit({} x {})", self.rows, self.columns)
    }
}

/// Shows `frame` as `look` and `window` say.
///
/// MONOCHROME1 is inverted last; padding is as dark as the darkest of the picture is then, and counts for no window.
/// Colour gives its luminance (ITU-R BT.601), which no window changes, and has no padding.
///
/// # Errors
/// All of [`Error`].
pub fn unit(frame: &Stored, look: &Look, window: Window) -> Result<Unit, Error> {
    frame.check()?;
    Ok(Unit { rows: frame.rows, columns: frame.columns, values: each_pixel(frame, look, window)? })
}

/// Every pixel as shown.
pub(super) fn each_pixel(frame: &Stored, look: &Look, window: Window) -> Result<Vec<f32>, Error> {
    match (rule(frame, look, window)?, look.photometric) {
        (Some(rule), _) => by_field(frame, rule),
        (None, Photometric::Rgb) => Ok(triples(frame, |[r, g, b]| luma(r, g, b))),
        (None, _) => Ok(triples(frame, |[y, _, _]| y)),
    }
}

/// What a field of bits is shown as.
pub(super) type Rule<'a> = Box<dyn Fn(u32) -> Result<f32, Error> + 'a>;

/// How one value after the other is shown; `None` where three samples together are (RGB, YBR).
///
/// # Errors
/// [`Error::NoGrey`], [`Error::EmptyTable`].
pub(super) fn rule<'a>(frame: &'a Stored, look: &'a Look, window: Window) -> Result<Option<Rule<'a>>, Error> {
    match (look.photometric, frame.samples) {
        (Photometric::Monochrome1 | Photometric::Monochrome2, 1) => monochrome(frame, look, window).map(Some),
        (Photometric::Palette, 1) => {
            let palette = look.palette.as_ref().ok_or(Error::NoGrey)?;
            Ok(Some(Box::new(|field| palette_luma(palette, frame.value(field)).map(|v| v as f32))))
        }
        (Photometric::Rgb | Photometric::Ybr, 3) => Ok(None),
        _ => Err(Error::NoGrey),
    }
}

/// A [`Unit`] as 8-bit values, rounded, 0 black to 255 white.
pub fn eight(unit: &Unit) -> Vec<u8> {
    unit.values.iter().map(|v| (v.clamp(0.0, 1.0) * 255.0 + 0.5) as u8).collect()
}

fn monochrome<'a>(frame: &'a Stored, look: &'a Look, window: Window) -> Result<Rule<'a>, Error> {
    let voi = match window {
        Window::Fixed { center, width } => Some(Voi::Linear { center, width }),
        Window::AsStored => look.default_voi().cloned(),
    };
    // Every pixel is looked at for this; with a window nothing depends on it.
    let (low, high) = if voi.is_some() { (0.0, 0.0) } else { extent(frame, look)? };
    let show = move |stored: i64| -> Result<f64, Error> {
        let x = look.modality.apply(stored)?;
        let y = match &voi {
            Some(voi) => voi.apply(x)?,
            None if high > low => (x - low) / (high - low),
            None => 0.0,
        };
        let y = y.clamp(0.0, 1.0);
        Ok(if look.photometric == Photometric::Monochrome1 { 1.0 - y } else { y })
    };
    // The darkest of the picture, after all of this; black when everything is padding.
    let mut darkest: Option<f64> = None;
    if look.padding.is_some() {
        each_counted(frame, look, |stored| {
            let y = show(stored)?;
            darkest = Some(darkest.map_or(y, |dark| dark.min(y)));
            Ok(())
        })?;
    }
    let dark = darkest.unwrap_or(0.0);
    Ok(Box::new(move |field| {
        let stored = frame.value(field);
        let shown = if look.is_padding(stored) { dark } else { show(stored)? };
        Ok(shown as f32)
    }))
}

/// Smallest and largest output unit of the frame without its padding; of all when everything is padding.
pub(super) fn extent(frame: &Stored, look: &Look) -> Result<(f64, f64), Error> {
    let mut seen = None;
    each_counted(frame, look, |stored| {
        let x = look.modality.apply(stored)?;
        let (low, high) = seen.unwrap_or((x, x));
        seen = Some((x.min(low), x.max(high)));
        Ok(())
    })?;
    match seen {
        Some(pair) => Ok(pair),
        None => {
            let x = look.modality.apply(frame.values().next().unwrap_or(0))?;
            Ok((x, x))
        }
    }
}

/// Calls `f` with every value of the picture, padding left out; with each once where they are of at most 16 bits.
fn each_counted(
    frame: &Stored,
    look: &Look,
    mut f: impl FnMut(i64) -> Result<(), Error>,
) -> Result<(), Error> {
    let counts = |stored: &i64| !look.is_padding(*stored);
    if frame.bits_stored <= 16 {
        let present = present(frame);
        let fields = present.iter().enumerate().filter(|(_, here)| **here);
        fields.map(|(field, _)| frame.value(field as u32)).filter(counts).try_for_each(&mut f)
    } else {
        frame.values().filter(counts).try_for_each(&mut f)
    }
}

/// Which fields occur in the frame; only for at most 16 bits stored.
fn present(frame: &Stored) -> Vec<bool> {
    let mut here = vec![false; frame.mask() as usize + 1];
    frame.each(|container| {
        if let Some(slot) = here.get_mut(frame.field(container) as usize) {
            *slot = true;
        }
    });
    here
}

/// Maps every value through `f`: by a table for up to 16 bits, where a value occurs often, else one by one.
fn by_field(frame: &Stored, f: Rule<'_>) -> Result<Vec<f32>, Error> {
    if frame.bits_stored > 16 {
        return frame.containers().map(|c| f(frame.field(c))).collect();
    }
    let table = (0..=frame.mask()).map(&f).collect::<Result<Vec<f32>, Error>>()?;
    let mut out = Vec::with_capacity(frame.pixels());
    frame.each(|c| out.push(table.get(frame.field(c) as usize).copied().unwrap_or(0.0)));
    Ok(out)
}

/// Maps every pixel of three samples, each scaled to 0..1, through `f`.
fn triples(frame: &Stored, f: impl Fn([f64; 3]) -> f64) -> Vec<f32> {
    let top = f64::from(frame.mask());
    let mut samples = frame.containers().map(|c| f64::from(frame.field(c)) / top);
    let mut out = Vec::with_capacity(frame.pixels());
    while let (Some(a), Some(b), Some(c)) = (samples.next(), samples.next(), samples.next()) {
        out.push(f([a, b, c]) as f32);
    }
    out
}

/// Luminance of ITU-R BT.601 from red, green and blue.
fn luma(r: f64, g: f64, b: f64) -> f64 {
    0.299 * r + 0.587 * g + 0.114 * b
}

/// Luminance 0..1 of a palette entry.
fn palette_luma(palette: &Palette, stored: i64) -> Result<f64, Error> {
    let part = |lut: &Lut| Ok::<f64, Error>((f64::from(lut.at(stored)?) / lut.top()).min(1.0));
    Ok(luma(part(&palette.red)?, part(&palette.green)?, part(&palette.blue)?))
}
