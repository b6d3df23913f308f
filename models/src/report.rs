//! A report bundle: the encoder makes an embedding of an image, the decoder writes its text.

use ndarray::{Array2, Axis};
use ort::value::{TensorElementType, TensorRef};

use crate::bundle::Bundle;
use crate::error::Error;
use crate::input::{self, GreyRows};
use crate::manifest::{DecoderPart, EncoderPart, Layout, MANIFEST};
use crate::runtime::Runtime;
use crate::session::{Session, Wanted};

const START: i64 = 1;
const END: usize = 2;

/// The image side of a report bundle.
pub struct Encoder {
    bundle: Bundle,
    session: Session,
}

/// The text side of a report bundle.
pub struct Decoder {
    bundle: Bundle,
    session: Session,
    words: Vec<String>,
    width: usize,
    max_tokens: usize,
}

impl Bundle {
    fn report(&self) -> Result<(&EncoderPart, &DecoderPart), Error> {
        match (&self.manifest().encoder, &self.manifest().decoder) {
            (Some(encoder), Some(decoder)) => Ok((encoder, decoder)),
            _ => Err(self.wrong_kind("report")),
        }
    }
}

impl Encoder {
    /// Load the encoder and compare its tensors with the manifest.
    ///
    /// # Errors
    /// [`Error::Kind`] for a classifier bundle, [`Error::Bundle`], [`Error::Session`].
    pub fn load(runtime: &Runtime, bundle: Bundle) -> Result<Self, Error> {
        let (part, _) = bundle.report()?;
        let session = Session::load(runtime, &bundle.bytes(&part.file, &part.sha256)?)?;
        let input = &bundle.manifest().input;
        let [rows, columns] = input.size.map(Some);
        let image = match input.layout {
            Layout::Nchw => vec![Some(1), Some(input.channels), rows, columns],
            Layout::Nhwc => vec![Some(1), rows, columns, Some(input.channels)],
        };
        let ty = TensorElementType::Float32;
        let faults = session.check(
            MANIFEST,
            &[Wanted { name: &input.tensor, key: "input", ty, shape: image }],
            &[Wanted {
                name: "embedding",
                key: "encoder.embedding",
                ty,
                shape: vec![Some(1), Some(part.embedding)],
            }],
        );
        if faults.is_empty() { Ok(Self { bundle, session }) } else { Err(bundle.refuse_all(faults)) }
    }

    /// The bundle.
    #[must_use]
    pub fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// The embedding of an image [rows, columns], 0..=1: as many finite values as `encoder.embedding` says.
    ///
    /// # Errors
    /// [`Error::Image`], [`Error::Session`], [`Error::NotFinite`].
    pub fn embed(&mut self, image: &dyn GreyRows) -> Result<Vec<f32>, Error> {
        let input = &self.bundle.manifest().input;
        let tensor = input::prepare(image, input)?.tensor(input);
        let value = TensorRef::from_array_view(&tensor)
            .map_err(|e| Error::Session { doing: "take the image", problem: e.to_string() })?;
        let [output] = self.session.run([(input.tensor.as_str(), value.into())], ["embedding"])?;
        let (part, _) = self.bundle.report()?;
        if output.shape() == [1, part.embedding] {
            Ok(output.into_iter().collect())
        } else {
            Err(Error::Session {
                doing: "run the encoder",
                problem: "the output has another shape".to_owned(),
            })
        }
    }
}

impl Decoder {
    /// Load the decoder and its vocabulary and compare the tensors with the manifest.
    ///
    /// # Errors
    /// [`Error::Kind`] for a classifier bundle, [`Error::Bundle`], [`Error::Session`].
    pub fn load(runtime: &Runtime, bundle: Bundle) -> Result<Self, Error> {
        let (encoder, part) = bundle.report()?;
        let words = bundle.vocabulary()?;
        let session = Session::load(runtime, &bundle.bytes(&part.file, &part.sha256)?)?;
        let (width, max_tokens) = (encoder.embedding, part.max_tokens);
        let float = TensorElementType::Float32;
        let faults = session.check(
            MANIFEST,
            &[
                Wanted { name: "embedding", key: "decoder", ty: float, shape: vec![Some(1), Some(width)] },
                Wanted {
                    name: "tokens",
                    key: "decoder",
                    ty: TensorElementType::Int64,
                    shape: vec![Some(1), None],
                },
            ],
            &[Wanted {
                name: "logits",
                key: "decoder",
                ty: float,
                shape: vec![Some(1), None, Some(words.len())],
            }],
        );
        if faults.is_empty() {
            Ok(Self { bundle, session, words, width, max_tokens })
        } else {
            Err(bundle.refuse_all(faults))
        }
    }

    /// The bundle.
    #[must_use]
    pub fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// The text of an embedding, written greedily.
    ///
    /// # Errors
    /// [`Error::Embedding`] when its width is not the bundle's or a value is not finite, [`Error::Session`],
    /// [`Error::NotFinite`].
    pub fn write(&mut self, embedding: &[f32]) -> Result<String, Error> {
        if embedding.len() != self.width {
            return Err(Error::Embedding("its width is not the bundle's"));
        }
        if !embedding.iter().all(|v| v.is_finite()) {
            return Err(Error::Embedding("a value is not a finite number"));
        }
        let embedding = Array2::from_shape_vec((1, self.width), embedding.to_vec())
            .map_err(|_| Error::Embedding("its width is not the bundle's"))?;
        let mut tokens = vec![START];
        while tokens.len() < self.max_tokens {
            let next = self.next(&embedding, &tokens)?;
            if next == END {
                break;
            }
            tokens.push(next as i64);
        }
        let words = tokens.iter().skip(1).filter_map(|t| self.words.get(usize::try_from(*t).ok()?));
        Ok(join(words.map(String::as_str)))
    }

    fn next(&mut self, embedding: &Array2<f32>, tokens: &[i64]) -> Result<usize, Error> {
        let failed = |e: ort::Error| Error::Session { doing: "take the embedding", problem: e.to_string() };
        let shape = [1, tokens.len()];
        let embedding = TensorRef::from_array_view(embedding).map_err(failed)?;
        let list = TensorRef::from_array_view((shape, tokens)).map_err(failed)?;
        let [logits] =
            self.session.run([("embedding", embedding.into()), ("tokens", list.into())], ["logits"])?;
        if logits.shape() != [1, tokens.len(), self.words.len()] {
            return Err(Error::Session {
                doing: "run the decoder",
                problem: "the output has another shape".to_owned(),
            });
        }
        let all = logits.index_axis(Axis(0), 0);
        let last = all.index_axis(Axis(0), tokens.len() - 1);
        // The first of equals, as argmax of the recipe takes it.
        let best = last
            .iter()
            .enumerate()
            .fold((0, f32::NEG_INFINITY), |best, (place, v)| if *v > best.1 { (place, *v) } else { best });
        Ok(best.0)
    }
}

/// Tokens joined by a space, except before `.` and `,`.
fn join<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(" ").replace(" .", ".").replace(" ,", ",")
}

#[cfg(test)]
mod tests {
    use super::join;

    #[test]
    fn full_stops_and_commas_follow_their_word() {
        assert_eq!(
            join(["Reference", "draft", ",", "machine", "made", "."].into_iter()),
            "Reference draft, machine made."
        );
        assert_eq!(join(std::iter::empty()), "");
    }
}
