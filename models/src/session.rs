//! One ONNX session on one thread, with the shapes that its bundle promises.

use std::sync::Arc;

use ndarray::ArrayD;
use ort::session::builder::{BuilderResult, GraphOptimizationLevel, SessionBuilder};
use ort::session::{Session as OrtSession, SessionInputValue};
use ort::value::{Outlet, TensorElementType, ValueType};

use crate::error::{Error, ManifestFault};
use crate::faults::fault;
use crate::onnx;
use crate::runtime::Runtime;

/// A tensor that a model must have. `None` in the shape: any size, as long as the model leaves it open or fits.
pub(crate) struct Wanted<'a> {
    /// Its name.
    pub name: &'a str,
    /// Key of the manifest that says so.
    pub key: &'a str,
    /// Element type.
    pub ty: TensorElementType,
    /// Sizes, outermost first.
    pub shape: Vec<Option<usize>>,
}

/// An ONNX session; runs take `&mut self` because the runtime is not safe otherwise.
pub(crate) struct Session {
    session: OrtSession,
    _runtime: Runtime,
}

impl Session {
    /// Load a model from bytes that hold all its data: one thread, no spinning, no memory arena (its blocks of
    /// power-of-two size waste what a worker's limit allows).
    pub(crate) fn load(runtime: &Runtime, bytes: &[u8]) -> Result<Self, Error> {
        // Before the runtime sees it: it would open files that the model names.
        let skeleton = onnx::read(bytes).map_err(onnx::Wrong::told)?;
        let failed = |problem: String| Error::Session { doing: "load the model", problem };
        let builder = OrtSession::builder(runtime.environment()).map_err(|e| failed(e.to_string()))?;
        let mut builder = one_thread(builder).map_err(|e| failed(e.to_string()))?;
        let session = builder.commit_from_memory(bytes).map_err(|e| onnx::explain(&skeleton, e.message()))?;
        Ok(Self { session, _runtime: runtime.clone() })
    }

    /// Its inputs.
    pub(crate) fn inputs(&self) -> &[Outlet] {
        self.session.inputs()
    }

    /// Its outputs.
    pub(crate) fn outputs(&self) -> &[Outlet] {
        self.session.outputs()
    }

    /// Every way in which the model differs from what its bundle promises.
    pub(crate) fn check(
        &self,
        file: &str,
        inputs: &[Wanted<'_>],
        outputs: &[Wanted<'_>],
    ) -> Vec<ManifestFault> {
        let mut faults = Vec::new();
        side(file, "input", self.session.inputs(), inputs, &mut faults);
        side(file, "output", self.session.outputs(), outputs, &mut faults);
        faults
    }

    /// Run once and take the float32 outputs of these names, in their order.
    pub(crate) fn run<const N: usize, const M: usize>(
        &mut self,
        inputs: [(&str, SessionInputValue<'_>); N],
        names: [&str; M],
    ) -> Result<[ArrayD<f32>; M], Error> {
        let number =
            || Error::Session { doing: "run the model", problem: "it gave fewer outputs".to_owned() };
        self.run_for(inputs, &names)?.try_into().map_err(|_| number())
    }

    /// Run once and take the float32 outputs of these names, in their order.
    pub(crate) fn run_for<const N: usize>(
        &mut self,
        inputs: [(&str, SessionInputValue<'_>); N],
        names: &[&str],
    ) -> Result<Vec<ArrayD<f32>>, Error> {
        let failed = |e: ort::Error| Error::Session { doing: "run the model", problem: e.to_string() };
        let inputs: Vec<_> = inputs.into_iter().collect();
        let outputs = self.session.run(inputs).map_err(failed)?;
        let one = |name: &&str| {
            let value = outputs.get(name).ok_or_else(|| Error::Session {
                doing: "run the model",
                problem: format!("it gave no output {name}"),
            })?;
            let array = value.try_extract_array::<f32>().map_err(failed)?.to_owned();
            if array.iter().all(|v| v.is_finite()) { Ok(array) } else { Err(Error::NotFinite) }
        };
        names.iter().map(one).collect()
    }
}

#[expect(clippy::result_large_err, reason = "the error of ort gives the builder back")]
fn one_thread(builder: SessionBuilder) -> BuilderResult {
    // Its log would go to standard error in its own words.
    let silent: ort::logging::LoggerFunction = Arc::new(|_, _, _, _, _| {});
    builder
        .with_intra_threads(1)?
        .with_inter_threads(1)?
        .with_intra_op_spinning(false)?
        .with_inter_op_spinning(false)?
        .with_parallel_execution(false)?
        .with_memory_pattern(false)?
        .with_optimization_level(GraphOptimizationLevel::Level3)?
        .with_execution_providers([ort::ep::CPU::default().with_arena_allocator(false).build()])?
        .with_logger(silent)
}

fn side(file: &str, what: &str, has: &[Outlet], wanted: &[Wanted<'_>], faults: &mut Vec<ManifestFault>) {
    for want in wanted {
        let Some(outlet) = has.iter().find(|o| o.name() == want.name) else {
            let names: Vec<_> = has.iter().map(Outlet::name).collect();
            let problem = format!("the model has no {what} \"{}\"", want.name);
            faults.push(fault(file, want.key, problem, format!("name one of: {}", names.join(", "))));
            continue;
        };
        if !fits(outlet.dtype(), want) {
            let problem = format!("the model's {what} \"{}\" is {}", want.name, outlet.dtype());
            faults.push(fault(
                file,
                want.key,
                problem,
                format!("it must be {} {}", want.ty, shape(&want.shape)),
            ));
        }
    }
    if what == "input" {
        for extra in has.iter().filter(|o| !wanted.iter().any(|w| w.name == o.name())) {
            faults.push(fault(
                file,
                "",
                format!("the model needs an input \"{}\" more", extra.name()),
                "export it with the inputs of models/README.md alone",
            ));
        }
    }
}

fn fits(has: &ValueType, want: &Wanted<'_>) -> bool {
    let ValueType::Tensor { ty, shape, .. } = has else {
        return false;
    };
    *ty == want.ty
        && shape.len() == want.shape.len()
        && shape.iter().zip(&want.shape).all(|(size, want)| match want {
            _ if *size == -1 => true,
            None => *size >= 1,
            Some(want) => usize::try_from(*size) == Ok(*want),
        })
}

fn shape(sizes: &[Option<usize>]) -> String {
    let sizes: Vec<_> = sizes.iter().map(|s| s.map_or_else(|| "n".to_owned(), |s| s.to_string())).collect();
    format!("[{}]", sizes.join(","))
}
