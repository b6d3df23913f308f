//! Files of one picture or of many frames, what the appliance decodes of them, and what DCMTK does.

use std::path::Path;
use std::process::Command;

use dicom::{DataSet, Element, FileMeta, Limits, TransferSyntax, Vr, read, tags, write_file};
use pixels::Image;

/// What the header says of each frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub rows: usize,
    pub columns: usize,
    pub samples: usize,
    pub allocated: u16,
    pub stored: u16,
    pub signed: bool,
    pub photometric: &'static str,
}

impl Header {
    /// Grey of so many bits, or red, green and blue.
    pub(super) fn plain(rows: usize, columns: usize, samples: usize, bits: u8) -> Self {
        let photometric = if samples == 3 { "RGB" } else { "MONOCHROME2" };
        let allocated = if bits <= 8 { 8 } else { 16 };
        Self { rows, columns, samples, allocated, stored: u16::from(bits), signed: false, photometric }
    }

    /// Values of a frame.
    pub(super) fn count(&self) -> usize {
        self.rows * self.columns * self.samples
    }

    fn data(&self, frames: usize) -> DataSet {
        let mut data = DataSet::new();
        data.put_text(tags::SOP_CLASS_UID, Vr::UI, "1.2.840.10008.5.1.4.1.1.7");
        data.put_text(tags::SOP_INSTANCE_UID, Vr::UI, "1.2.826.0.1.3680043.9.1");
        data.put_text(tags::STUDY_INSTANCE_UID, Vr::UI, "1.2.826.0.1.3680043.9.2");
        data.put_text(tags::SERIES_INSTANCE_UID, Vr::UI, "1.2.826.0.1.3680043.9.3");
        data.put_text(tags::MODALITY, Vr::CS, "OT");
        data.put_text(tags::PHOTOMETRIC_INTERPRETATION, Vr::CS, self.photometric);
        data.put_text(tags::NUMBER_OF_FRAMES, Vr::IS, &frames.to_string());
        for (tag, number) in [
            (tags::SAMPLES_PER_PIXEL, self.samples as u16),
            (tags::ROWS, self.rows as u16),
            (tags::COLUMNS, self.columns as u16),
            (tags::BITS_ALLOCATED, self.allocated),
            (tags::BITS_STORED, self.stored),
            (tags::HIGH_BIT, self.stored - 1),
            (tags::PIXEL_REPRESENTATION, u16::from(self.signed)),
        ] {
            data.put(Element::bytes(tag, Vr::US, number.to_le_bytes()));
        }
        if self.samples > 1 {
            data.put(Element::bytes(tags::PLANAR_CONFIGURATION, Vr::US, [0, 0]));
        }
        data
    }

    /// A file of frames that are not compressed.
    pub(super) fn native(&self, frames: &[Vec<u16>]) -> Vec<u8> {
        let mut data = self.data(frames.len());
        let width = usize::from(self.allocated / 8);
        let mut bytes: Vec<u8> =
            frames.iter().flatten().flat_map(|v| v.to_le_bytes().into_iter().take(width)).collect();
        bytes.resize(bytes.len().next_multiple_of(2), 0);
        data.put(Element::bytes(tags::PIXEL_DATA, if width == 1 { Vr::OB } else { Vr::OW }, bytes));
        let mut out = Vec::new();
        write_file(&FileMeta::for_data_set(&data, TransferSyntax::EXPLICIT_LE), &data, &[][..], &mut out)
            .unwrap();
        out
    }

    /// A file of compressed frames, one fragment each.
    pub(super) fn encapsulated(&self, syntax: &str, frames: &[Vec<u8>]) -> Vec<u8> {
        let data = self.data(frames.len());
        let mut out = Vec::new();
        write_file(&FileMeta::for_data_set(&data, syntax), &data, &[][..], &mut out).unwrap();
        out.extend([0xE0, 0x7F, 0x10, 0, b'O', b'B', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]);
        out.extend([0xFE, 0xFF, 0, 0xE0, 0, 0, 0, 0]);
        for frame in frames {
            out.extend([0xFE, 0xFF, 0, 0xE0]);
            out.extend((frame.len().next_multiple_of(2) as u32).to_le_bytes());
            out.extend(frame);
            out.extend(std::iter::repeat_n(0, frame.len() % 2));
        }
        out.extend([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
        out
    }
}

/// Stored values of each frame as the appliance decodes them.
pub(super) fn ours(file: &[u8]) -> Vec<Result<Vec<i64>, String>> {
    let parsed = read(file, &Limits::default()).unwrap();
    let image = Image::new(&parsed, &file).unwrap();
    let frame = |at| image.decode(at).map(|d| d.stored.values().collect()).map_err(|e| e.to_string());
    (0..image.shape().frames).map(frame).collect()
}

/// Runs a tool of DCMTK that makes one file of another.
pub(super) fn dcmtk(tool: &str, options: &[&str], file: &[u8]) -> Result<Vec<u8>, String> {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("from.dcm"), folder.path().join("to.dcm"));
    std::fs::write(&from, file).unwrap();
    let run = |path: &Path| path.display().to_string();
    let said = Command::new(tool).args(options).args([run(&from), run(&to)]).output().unwrap();
    if !said.status.success() {
        return Err(String::from_utf8_lossy(&said.stderr).into_owned());
    }
    Ok(std::fs::read(&to).unwrap())
}

/// Values of all sizes up to `bits`, another picture for each number: smooth, with edges and noise.
pub(super) fn picture(header: &Header, bits: u8, number: usize) -> Vec<u16> {
    let mask = u16::MAX >> (16 - bits);
    let mut state = 0x9E37_79B9_u32.wrapping_mul(number as u32 + 1);
    let pixel = |at: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (at, sample) = (at / header.samples, at % header.samples);
        let (row, column) = (at / header.columns, at % header.columns);
        let smooth = (row * 3 + column * 5 + sample * 40 + number) as u16;
        match (row * 7 + column) % 11 {
            0 => (state >> 16) as u16 & mask,
            1 => mask,
            2 => 0,
            _ => (smooth + (state >> 29) as u16) & mask,
        }
    };
    (0..header.count()).map(pixel).collect()
}

/// The same values as numbers.
pub(super) fn numbers(values: &[u16]) -> Vec<i64> {
    values.iter().map(|v| i64::from(*v)).collect()
}
