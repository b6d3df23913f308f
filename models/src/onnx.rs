//! What an ONNX file says of itself, read before ONNX Runtime sees it: its operators, and whether it names outside files.
//!
//! The runtime opens a file that a tensor names as the place of its data, in the current folder when the model came as
//! bytes (tried with 1.31.1). A bundle's digests cover no such file: so no session is made of a model that names one.
//! Field numbers are those of onnx.proto; a ModelProto is walked without recursion, and lengths are held against the
//! bytes that are there.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::Error;

/// Most messages (nodes, attributes, tensors) of a model; the walk keeps a list of them.
const MESSAGES_MAX: usize = 1_000_000;
/// `TensorProto.external_data` and `TensorProto.data_location`.
const OUTSIDE: [u64; 2] = [13, 14];

/// What is read of a model.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Skeleton {
    /// Operator and the domain it comes from; empty for ONNX's own.
    pub operators: BTreeSet<(String, String)>,
    /// Version of each domain's operators.
    pub opsets: BTreeMap<String, u64>,
}

/// Why a model is not handed to the runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// The bytes are no ONNX model.
    NotOnnx,
    /// A tensor's data lies in another file.
    OutsideData,
    /// More messages than [`MESSAGES_MAX`].
    TooMany,
}

impl Wrong {
    /// What is wrong, and what to do.
    pub(crate) fn told(self) -> Error {
        let (problem, remedy) = match self {
            Self::NotOnnx => ("is not an ONNX file", "export the model as one .onnx file"),
            Self::OutsideData => {
                ("keeps data in files outside", "export it with all weights inside the one .onnx file")
            }
            Self::TooMany => ("has more than a million nodes and tensors", "export a smaller model"),
        };
        Error::Model { problem: problem.to_owned(), remedy: remedy.to_owned() }
    }
}

/// What the runtime said about a model, told without its words: they hold places and names of its own. Of its text
/// only the names of operators are taken over that the file has.
pub(crate) fn explain(skeleton: &Skeleton, said: &str) -> Error {
    let words: Vec<&str> = said.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
    let of = |domain: &str| if domain.is_empty() { "ONNX".to_owned() } else { shown(domain) };
    let named: Vec<String> = skeleton
        .operators
        .iter()
        .filter(|(name, _)| words.contains(&name.as_str()))
        .map(|(name, domain)| match skeleton.opsets.get(domain) {
            Some(version) => format!("{} ({}, opset {version})", shown(name), of(domain)),
            None => format!("{} ({})", shown(name), of(domain)),
        })
        .collect();
    let named = named.join(", ");
    let newer = ["under development", "model IR version"].iter().any(|phrase| said.contains(phrase));
    let lacks = [
        "No Op registered",
        "is not a registered function/op",
        "No opset import for domain",
        "Could not find an implementation",
    ];
    let lacks = !named.is_empty() && lacks.iter().any(|phrase| said.contains(phrase));
    let again = "check it with ONNX's own checker and export it again";
    let (problem, remedy) = if newer {
        let opsets = skeleton.opsets.iter().map(|(domain, version)| format!("{} {version}", of(domain)));
        let opsets: Vec<String> = opsets.collect();
        let problem = format!("is of a newer ONNX than this runtime knows (opset {})", opsets.join(", "));
        (problem, "export it with an older opset, such as 17")
    } else if lacks {
        let problem = format!("needs what this runtime does not have: the operator {named}");
        (problem, "export it with standard operators alone, such as those of opset 17")
    } else if named.is_empty() {
        ("cannot be loaded by the runtime".to_owned(), again)
    } else {
        (format!("does not fit together at the operator {named}"), again)
    };
    Error::Model { problem, remedy: remedy.to_owned() }
}

/// A name from a file as one may print it: the file may hold anything.
pub(crate) fn shown(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(64).collect()
}

/// Messages of onnx.proto that lead to tensors or operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Model,
    Opset,
    Training,
    Function,
    Graph,
    Node,
    Attribute,
    Sparse,
    Tensor,
}

impl Kind {
    /// The message that a field of this one holds.
    fn inner(self, field: u64) -> Option<Self> {
        Some(match (self, field) {
            (Self::Model, 7) | (Self::Training, 1 | 2) | (Self::Attribute, 6 | 11) => Self::Graph,
            (Self::Model, 8) => Self::Opset,
            (Self::Model, 20) => Self::Training,
            (Self::Model, 25) => Self::Function,
            (Self::Graph, 1) | (Self::Function, 7) => Self::Node,
            (Self::Graph, 5) | (Self::Attribute, 5 | 10) | (Self::Sparse, 1 | 2) => Self::Tensor,
            (Self::Graph, 15) | (Self::Attribute, 22 | 23) => Self::Sparse,
            (Self::Node, 5) | (Self::Function, 11) => Self::Attribute,
            _ => return None,
        })
    }
}

/// Read a model.
///
/// # Errors
/// [`Wrong`].
pub(crate) fn read(bytes: &[u8]) -> Result<Skeleton, Wrong> {
    let mut found = Skeleton::default();
    let mut open = vec![(Kind::Model, bytes)];
    let (mut messages, mut graphs) = (1, 0);
    while let Some((kind, message)) = open.pop() {
        graphs += usize::from(kind == Kind::Graph);
        let mut rest = message;
        let (mut name, mut domain, mut version) = (None, "", 0);
        while let Some((field, value)) = field(&mut rest)? {
            match (kind, field, value) {
                // An old way to write "inside" is to write 0.
                (Kind::Tensor, 14, Value::Number(0)) => {}
                (Kind::Tensor, place, _) if OUTSIDE.contains(&place) => return Err(Wrong::OutsideData),
                (Kind::Node, 4, Value::Bytes(text)) => name = Some(utf8(text)?),
                (Kind::Node, 7, Value::Bytes(text)) | (Kind::Opset, 1, Value::Bytes(text)) => {
                    domain = utf8(text)?;
                }
                (Kind::Opset, 2, Value::Number(number)) => version = number,
                (_, _, Value::Bytes(inner)) => {
                    if let Some(kind) = kind.inner(field) {
                        messages += 1;
                        open.push((kind, inner));
                    }
                }
                _ => {}
            }
            if messages > MESSAGES_MAX {
                return Err(Wrong::TooMany);
            }
        }
        if kind == Kind::Opset {
            found.opsets.insert(domain.to_owned(), version);
        }
        found.operators.extend(name.map(|name| (name.to_owned(), domain.to_owned())));
    }
    if graphs > 0 { Ok(found) } else { Err(Wrong::NotOnnx) }
}

fn utf8(bytes: &[u8]) -> Result<&str, Wrong> {
    std::str::from_utf8(bytes).map_err(|_| Wrong::NotOnnx)
}

/// What a field holds; numbers of fixed width are of no use here.
#[derive(Debug, Clone, Copy)]
enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    Fixed,
}

/// The next field of a message: its number and value. `None` at the end.
fn field<'a>(rest: &mut &'a [u8]) -> Result<Option<(u64, Value<'a>)>, Wrong> {
    if rest.is_empty() {
        return Ok(None);
    }
    let tag = number(rest)?;
    let value = match tag & 7 {
        0 => Value::Number(number(rest)?),
        1 => take(rest, 8).map(|_| Value::Fixed)?,
        2 => {
            let length = number(rest)?;
            Value::Bytes(take(rest, usize::try_from(length).map_err(|_| Wrong::NotOnnx)?)?)
        }
        5 => take(rest, 4).map(|_| Value::Fixed)?,
        _ => return Err(Wrong::NotOnnx),
    };
    Ok(Some((tag >> 3, value)))
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], Wrong> {
    let (taken, after) = rest.split_at_checked(length).ok_or(Wrong::NotOnnx)?;
    *rest = after;
    Ok(taken)
}

/// A number of up to ten bytes, seven bits each, the lowest first.
fn number(rest: &mut &[u8]) -> Result<u64, Wrong> {
    let mut value = 0;
    for place in 0..10 {
        let (byte, after) = rest.split_first().ok_or(Wrong::NotOnnx)?;
        *rest = after;
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Wrong::NotOnnx)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wrap(field: u8, inner: &[u8]) -> Vec<u8> {
        let mut out = vec![field << 3 | 2, u8::try_from(inner.len()).unwrap()];
        out.extend(inner);
        out
    }

    /// A graph with one node that holds a graph (as `If` does) that holds a tensor.
    fn nested(tensor: &[u8]) -> Vec<u8> {
        let inner = wrap(5, tensor);
        let attribute = wrap(6, &inner);
        let node = [wrap(4, b"If"), wrap(7, b"com.example"), wrap(5, &attribute)].concat();
        [wrap(7, &wrap(1, &node)), wrap(8, &[0x10, 17])].concat()
    }

    #[test]
    fn operators_and_opsets_are_read() {
        let found = read(&nested(&wrap(9, &[1, 2, 3]))).unwrap();
        assert_eq!(found.operators, BTreeSet::from([("If".to_owned(), "com.example".to_owned())]));
        assert_eq!(found.opsets, BTreeMap::from([(String::new(), 17)]));
    }

    #[test]
    fn data_in_another_file_is_seen_at_any_depth_and_however_it_is_written() {
        let entry = wrap(13, &[wrap(1, b"location"), wrap(2, b"x.bin")].concat());
        for tensor in [entry, vec![14 << 3, 1], vec![14 << 3, 0x81, 0x80, 0x80, 0x80, 0x10], wrap(14, &[1])] {
            assert_eq!(read(&nested(&tensor)), Err(Wrong::OutsideData));
            assert_eq!(read(&wrap(7, &wrap(5, &tensor))), Err(Wrong::OutsideData), "a weight of the graph");
            assert_eq!(read(&wrap(7, &wrap(15, &wrap(2, &tensor)))), Err(Wrong::OutsideData), "a sparse one");
        }
        assert!(read(&nested(&[14 << 3, 0])).is_ok());
    }

    #[test]
    fn bytes_that_are_no_model_are_refused() {
        for bytes in [&b""[..], b"no model", &[7 << 3 | 2, 200, 0], &[0xff; 12], &wrap(8, &[0x10, 17])] {
            assert_eq!(read(bytes), Err(Wrong::NotOnnx), "{bytes:?}");
        }
        // Two bytes a node, a million of them in one graph.
        let nodes = [1 << 3 | 2, 0].repeat(MESSAGES_MAX);
        let mut many = vec![7 << 3 | 2];
        let mut length = nodes.len();
        while length > 0x7f {
            many.push((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        many.push(length as u8);
        many.extend(nodes);
        assert_eq!(read(&many), Err(Wrong::TooMany));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused_without_a_panic(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            cut in 0_usize..80,
        ) {
            let _ = read(&bytes);
            let whole = nested(&wrap(9, &bytes[..bytes.len().min(40)]));
            let _ = read(&whole[..cut.min(whole.len())]);
        }
    }
}
