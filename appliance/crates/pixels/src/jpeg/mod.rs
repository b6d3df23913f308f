//! JPEG frames: lossless ones are decoded here, DCT ones by `jpeg-decoder` once their data are known to be whole.
//!
//! That crate begins prediction in lossless streams anew at the wrong places, knows no restart in most predictors and
//! scales twice; and it makes a grey picture of DCT data that are not there.

mod decode;
mod fault;
mod huffman;
mod lossless;
mod segments;
mod sequential;

pub(crate) use decode::decode;

#[cfg(test)]
mod tests;
