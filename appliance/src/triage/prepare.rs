//! A decoded frame as a bundle wants it: grey as stored or in the bundle's own window.

use models::GreyRows;
use models::manifest::{Grey, Input};

use crate::grey::{self, Shown, Window};
use crate::pixels::Decoded;

/// The window that a bundle's manifest asks for.
pub fn window(input: &Input) -> Window {
    match (input.grey, &input.window) {
        (Grey::Window, Some(w)) => Window::Fixed { center: w.center, width: w.width },
        _ => Window::AsStored,
    }
}

/// The grey image of a frame. Takes the frame: it is shown as it is read.
///
/// # Errors
/// All of [`grey::Error`].
pub fn prepare(decoded: Decoded, input: &Input) -> Result<Shown, grey::Error> {
    grey::shown(decoded.stored, &decoded.look, window(input))
}

impl GreyRows for Shown {
    fn rows(&self) -> usize {
        Shown::rows(self)
    }

    fn columns(&self) -> usize {
        Shown::columns(self)
    }

    fn row(&self, at: usize, into: &mut [f32]) {
        Shown::row(self, at, into);
    }
}
