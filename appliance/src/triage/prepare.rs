//! A decoded frame as a bundle wants it: grey as stored or in the bundle's own window.

use models::GreyImage;
use models::manifest::{Grey, Input};

use super::Error;
use crate::grey::{self, Look, Stored, Unit, Window};
use crate::pixels::Decoded;

/// The window that a bundle's manifest asks for.
pub fn window(input: &Input) -> Window {
    match (input.grey, &input.window) {
        (Grey::Window, Some(w)) => Window::Fixed { center: w.center, width: w.width },
        _ => Window::AsStored,
    }
}

/// The grey image of a frame. Takes the frame: its stored values are let go before the model runs.
///
/// # Errors
/// [`Error::Grey`], [`Error::Model`].
pub fn prepare(decoded: Decoded, input: &Input) -> Result<GreyImage, Error> {
    let unit = shown(&decoded.stored, &decoded.look, input)?;
    drop(decoded);
    Ok(GreyImage::new(unit.rows as usize, unit.columns as usize, unit.values)?)
}

fn shown(stored: &Stored, look: &Look, input: &Input) -> Result<Unit, Error> {
    Ok(grey::unit(stored, look, window(input))?)
}
