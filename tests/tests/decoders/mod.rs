//! Behaviour: every decoder gives what was coded, bit for bit where coding loses nothing, as an independent one does.
//!
//! Streams of every option are generated. Independent decoders are DCMTK's; what they cannot do is compared with the
//! encoder's input alone, and stands so in the test. Nobody here decodes JPEG 2000 and JPEG XL beside us: small frames
//! of other people's encoders stand in the tests of `pixels`.

mod dct;
mod files;
mod jpeg_ls;
mod process_14;
mod rle;
