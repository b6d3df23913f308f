//! Which tensor is the image and which the answer, from the names, types and shapes that the model declares.

use ort::value::{Outlet, TensorElementType, ValueType};

use super::Wish;
use crate::error::ManifestFault;
use crate::faults::fault;
use crate::manifest::{Fit, Grey, Input, Layout};
use crate::onnx::shown;

/// Sides of an input image (as `bundle.toml` allows them).
const SIDES: std::ops::RangeInclusive<i64> = 8..=4096;
/// A size that the model leaves open.
const OPEN: i64 = -1;

/// How to run the model.
pub(super) struct Plan {
    /// The input tensor.
    pub input: Input,
    /// Whether the number of frames is open.
    pub frames_open: bool,
    /// Name of the output tensor.
    pub output: String,
    /// What a person should look at.
    pub notices: Vec<String>,
}

/// Problem and remedy.
type Reason = (String, String);

/// Find the image and the answer among the model's tensors.
pub(super) fn plan(inputs: &[Outlet], outputs: &[Outlet], wish: &Wish) -> Result<Plan, Vec<ManifestFault>> {
    let mut faults = wished(wish);
    let image = match inputs {
        [one] => image(one, wish).map_err(|found| faults.extend(found)).ok(),
        _ => {
            let problem = format!("the model has {}: {}", inputs.len(), names(inputs));
            faults.push(fault("", "input", problem, "export it with one input, the image"));
            None
        }
    };
    let answer = answer(outputs, wish).map_err(|found| faults.push(found)).ok();
    match (image, answer) {
        (Some((input, frames_open)), Some((output, notices))) if faults.is_empty() => {
            Ok(Plan { input, frames_open, output, notices })
        }
        _ => Err(faults),
    }
}

/// Numbers that a person gave and that no bundle may hold.
fn wished(wish: &Wish) -> Vec<ManifestFault> {
    let mut faults = Vec::new();
    if wish.mean.is_some_and(|mean| !mean.is_finite()) {
        faults.push(fault("", "mean", "is not a number", "give a finite number"));
    }
    if wish.std.is_some_and(|std| !(std.is_finite() && std > 0.0)) {
        faults.push(fault("", "std", "is not above 0", "give a finite number above 0"));
    }
    let fits = |side: &usize| i64::try_from(*side).is_ok_and(|side| SIDES.contains(&side));
    if wish.size.is_some_and(|size| !size.iter().all(fits)) {
        faults.push(fault("", "size", "is out of range", "give rows and columns, each 8 to 4096"));
    }
    faults
}

fn image(outlet: &Outlet, wish: &Wish) -> Result<(Input, bool), Vec<ManifestFault>> {
    let key = format!("input \"{}\"", shown(outlet.name()));
    let one = |(problem, remedy): Reason| vec![fault("", &key, problem, remedy)];
    let ValueType::Tensor { ty, shape, .. } = outlet.dtype() else {
        return Err(one(("is no tensor".into(), "export the image as a float32 tensor".into())));
    };
    let mut faults = Vec::new();
    if *ty != TensorElementType::Float32 {
        let problem = format!("holds {ty}");
        faults.push(fault("", &key, problem, "export it with float32: the scaling belongs in bundle.toml"));
    }
    match axes(shape, wish.size) {
        Ok(found) if faults.is_empty() => {
            let frames_open = shape.first() == Some(&OPEN);
            return Ok((input(outlet.name(), found, wish), frames_open));
        }
        Ok(_) => {}
        Err(reason) => faults.extend(one(reason)),
    }
    Err(faults)
}

/// Layout, channels, rows and columns of an image tensor.
fn axes(shape: &[i64], size: Option<[usize; 2]>) -> Result<(Layout, usize, [usize; 2]), Reason> {
    let is = format!("is {}", written(shape));
    let [frames, a, b, c] = *shape else {
        let remedy = "export it with four axes: [n, channels, rows, columns] or [n, rows, columns, channels]";
        return Err((format!("{is}, not of four axes"), remedy.into()));
    };
    if frames != OPEN && frames != 1 {
        let remedy = "export it with an open first axis, or with 1: frames are run one by one";
        return Err((format!("{is}: it takes {frames} frames at once"), remedy.into()));
    }
    let channels = |axis: i64| matches!(axis, 1 | 3).then_some(axis);
    let sides = |rows: i64, columns: i64| [rows, columns].iter().all(|s| *s == OPEN || SIDES.contains(s));
    let first = channels(a).filter(|_| sides(b, c)).map(|channels| (Layout::Nchw, channels, [b, c]));
    let last = channels(c).filter(|_| sides(a, b)).map(|channels| (Layout::Nhwc, channels, [a, b]));
    let (layout, channels, found) = match (first, last) {
        (Some(found), None) | (None, Some(found)) => found,
        (Some(_), Some(_)) => {
            let remedy = "export it with fixed rows and columns";
            return Err((format!("{is}: the channels may be first or last"), remedy.into()));
        }
        (None, None) => {
            let remedy = "export it with 1 or 3 channels, and rows and columns of 8 to 4096 or open";
            return Err((
                format!("{is}: no axis has 1 or 3 channels beside rows and columns"),
                remedy.into(),
            ));
        }
    };
    Ok((layout, usize::try_from(channels).unwrap_or(1), sized(found, size, &is)?))
}

/// Rows and columns: the model's, or where it leaves them open the ones given.
fn sized(found: [i64; 2], given: Option<[usize; 2]>, is: &str) -> Result<[usize; 2], Reason> {
    let [rows, columns] = found;
    match (usize::try_from(rows), usize::try_from(columns), given) {
        (Ok(rows), Ok(columns), None) => Ok([rows, columns]),
        (_, _, None) => {
            let remedy = "give the size it was trained at: --size ROWS,COLUMNS";
            Err((format!("{is}: rows or columns are open"), remedy.into()))
        }
        (model_rows, model_columns, Some([rows, columns])) => {
            if model_rows.is_ok_and(|own| own != rows) || model_columns.is_ok_and(|own| own != columns) {
                let problem = format!("{is}, not of {rows} rows and {columns} columns");
                return Err((problem, "leave --size out: the model fixes it".into()));
            }
            Ok([rows, columns])
        }
    }
}

/// The answer's name, and what to look at.
fn answer(outputs: &[Outlet], wish: &Wish) -> Result<(String, Vec<String>), ManifestFault> {
    let is_answer = |o: &&Outlet| matches!(o.dtype(), ValueType::Tensor { ty: TensorElementType::Float32, shape, .. } if shape.len() == 2);
    let fits: Vec<&Outlet> = outputs.iter().filter(is_answer).collect();
    let chosen = match (&wish.output, fits.as_slice()) {
        (Some(name), fits) => fits.iter().find(|o| o.name() == name).copied(),
        (None, [one]) => Some(*one),
        (None, [_, _, ..]) => {
            let problem =
                format!("the model has several that could be the answer: {}", names(fits.iter().copied()));
            return Err(fault("", "output", problem, "name one: --output NAME"));
        }
        (None, []) => None,
    };
    let Some(chosen) = chosen else {
        let has: Vec<String> = outputs.iter().map(described).collect();
        let what = wish.output.as_deref().map(|name| format!(" \"{}\"", shown(name))).unwrap_or_default();
        let problem =
            format!("there is no float32 output{what} [n, findings]; the model has {}", has.join(", "));
        return Err(fault("", "output", problem, "export it with one row of values a frame"));
    };
    if let ValueType::Tensor { shape, .. } = chosen.dtype()
        && !matches!(shape.first(), Some(&OPEN | &1))
    {
        let problem = format!("is {}: it answers for several frames at once", written(shape));
        let key = format!("output \"{}\"", shown(chosen.name()));
        return Err(fault("", &key, problem, "export it with an open first axis, or with 1"));
    }
    let others = outputs.len() - 1;
    let notice = format!("{others} other outputs of the model are not read");
    Ok((chosen.name().to_owned(), if others > 0 { vec![notice] } else { Vec::new() }))
}

fn names<'a>(outlets: impl IntoIterator<Item = &'a Outlet>) -> String {
    let names: Vec<String> = outlets.into_iter().map(|o| shown(o.name())).collect();
    names.join(", ")
}

fn described(outlet: &Outlet) -> String {
    let name = shown(outlet.name());
    match outlet.dtype() {
        ValueType::Tensor { ty, shape, .. } => format!("\"{name}\" {ty} {}", written(shape)),
        _ => format!("\"{name}\", which is no tensor"),
    }
}

/// A shape as people write it, with `n` for an open size.
fn written(shape: &[i64]) -> String {
    let sizes: Vec<_> = shape.iter().map(|s| if *s == OPEN { "n".into() } else { s.to_string() }).collect();
    format!("[{}]", sizes.join(", "))
}

/// The input rule before a person has filled it in.
fn input(tensor: &str, (layout, channels, size): (Layout, usize, [usize; 2]), wish: &Wish) -> Input {
    let (mean, std) = (wish.mean.unwrap_or(0.0), wish.std.unwrap_or(1.0));
    let tensor = tensor.to_owned();
    Input { tensor, layout, channels, size, fit: Fit::Letterbox, grey: Grey::Voi, window: None, mean, std }
}
