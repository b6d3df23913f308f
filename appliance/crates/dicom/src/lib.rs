//! DICOM data sets as values: our own lenient, bounded, never-panicking reader and writer.
//!
//! Floor 0: values only. Bytes come from whatever implements [`ReadAt`]; nothing here opens a file.
//! The reader accepts odd but legal input (no preamble, no group length, any nesting form, wrong transfer
//! syntax), keeps its own stack instead of recursing, never allocates what a length field claims, and leaves
//! bulk values as byte ranges of the source.
//!
//! ```
//! use scanside_dicom::{read, tags, Limits};
//! let file = scanside_dicom::example_file();
//! let parsed = read(&file[..], &Limits::default())?;
//! assert_eq!(parsed.data.text(tags::MODALITY).as_deref(), Some("CT"));
//! # Ok::<(), scanside_dicom::Error>(())
//! ```

mod charset;
pub mod commitment;
mod dictionary;
mod encode;
mod error;
mod example;
mod header;
mod inflate;
mod meta;
mod number;
mod parse;
mod registry;
pub mod sop_classes;
mod source;
mod syntax;
mod tag;
#[cfg(test)]
mod tests;
pub mod transfer_syntaxes;
mod value;
mod vr;
mod write;

pub use charset::Charset;
pub use dictionary::{is_known, keyword, tag_of, vr_of};
pub use error::{Error, Fault};
pub use example::example_file;
pub use inflate::{Inflate, Inflated};
pub use meta::{FileMeta, IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME};
pub use parse::{Limits, Parsed, data_set_offset, read, read_data_set};
pub use registry::{STORAGE_SOP_CLASSES, TRANSFER_SYNTAXES};
pub use source::{ReadAt, Window};
pub use syntax::TransferSyntax;
pub use tag::{Tag, tags};
pub use value::{ByteRange, DataSet, Element, Fragments, Value};
pub use vr::Vr;
pub use write::{encode_data_set, write_data_set, write_file};
