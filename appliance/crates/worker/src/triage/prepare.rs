//! A decoded frame as a bundle wants it: grey as stored or in the bundle's own window.

use models::GreyRows;
use models::manifest::{Grey, Input};

use pixels::Decoded;
use pixels::grey::{self, Shown, Window};

/// The window that a bundle's manifest asks for.
pub(crate) fn window(input: &Input) -> Window {
    match (input.grey, &input.window) {
        (Grey::Window, Some(w)) => Window::Fixed { center: w.center, width: w.width },
        _ => Window::AsStored,
    }
}

/// The grey image of a frame. Takes the frame: it is shown as it is read.
///
/// # Errors
/// All of [`grey::Error`].
pub(crate) fn prepare(decoded: Decoded, input: &Input) -> Result<Rows, grey::Error> {
    grey::shown(decoded.stored, &decoded.look, window(input)).map(Rows)
}

/// A frame that shows its grey rows to a bundle as they are asked for.
#[derive(Debug)]
pub(crate) struct Rows(Shown);

impl GreyRows for Rows {
    fn rows(&self) -> usize {
        self.0.rows()
    }

    fn columns(&self) -> usize {
        self.0.columns()
    }

    fn row(&self, at: usize, into: &mut [f32]) {
        self.0.row(at, into);
    }
}
