//! Loading and running a model that has no manifest yet, with what goes wrong said in our own words.

use ort::value::TensorRef;

use super::Run;
use crate::error::{Error, ManifestFault};
use crate::faults::fault;
use crate::input::{self, GreyImage};
use crate::manifest::Input;
use crate::onnx::shown;
use crate::runtime::Runtime;
use crate::session::Session;

/// A loaded model with what is known of its tensors.
pub(super) struct Runner {
    pub session: Session,
    pub input: Input,
    pub output: String,
}

/// Make a session of the bytes of a file.
pub(super) fn load(runtime: &Runtime, bytes: &[u8]) -> Result<Session, ManifestFault> {
    Session::load(runtime, bytes).map_err(|error| match error {
        Error::Model { problem, remedy } => fault("", "", format!("the model {problem}"), remedy),
        _ => fault("", "", "the runtime cannot be used", "check the ONNX Runtime named with --runtime"),
    })
}

impl Runner {
    /// Run an image of the input size, twice: an answer that differs from run to run can be compared with nothing.
    pub(super) fn run(&mut self, name: &'static str, image: &GreyImage) -> Result<Run, ManifestFault> {
        let outputs = self.answer(name, image)?;
        if self.answer(name, image)? != outputs {
            let problem = format!("the answer to \"{name}\" differs from run to run");
            return Err(fault("", "", problem, "export the model for inference, without dropout or noise"));
        }
        let prepared = input::prepare(image, &self.input).map_err(|_| no_image())?;
        let (grey_mean, grey_std) = prepared.grey();
        Ok(Run { image: name, outputs, grey_mean, grey_std, passed: None })
    }

    fn answer(&mut self, name: &str, image: &GreyImage) -> Result<Vec<f32>, ManifestFault> {
        let tensor = input::prepare(image, &self.input).map_err(|_| no_image())?.tensor(&self.input);
        let value = TensorRef::from_array_view(&tensor).map_err(|_| no_image())?;
        let key = format!("output \"{}\"", shown(&self.output));
        let answer = self.session.run([(self.input.tensor.as_str(), value.into())], [self.output.as_str()]);
        let output = match answer {
            Ok([output]) => output,
            Err(Error::NotFinite) => {
                let problem = format!("holds a value that is no finite number, for the image \"{name}\"");
                let remedy = "export a model that answers every image, or give the --mean and --std it wants";
                return Err(fault("", &key, problem, remedy));
            }
            Err(_) => {
                let problem = format!("the model cannot be run on [{}]", shape(tensor.shape()));
                return Err(fault("", "", problem, "export it so that it takes one frame of this size"));
            }
        };
        match output.shape() {
            [1, count] if *count > 0 => Ok(output.into_iter().collect()),
            other => {
                let problem = format!("is [{}] for one frame", shape(other));
                Err(fault("", &key, problem, "export it with one row of values a frame: [n, findings]"))
            }
        }
    }
}

fn no_image() -> ManifestFault {
    fault("", "input", "no image of this size can be made", "give another --size")
}

fn shape(sizes: &[usize]) -> String {
    sizes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
