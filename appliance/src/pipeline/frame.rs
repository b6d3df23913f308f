//! One frame at full size, decoded by a worker when a person asks for it. Its values never touch the disk.

use std::fs::File;
use std::os::unix::fs::FileExt as _;

use super::{Error, Outcome, Pipeline, Unopened, answer};
use domain::job::{Answer, FrameJob, Job, PreviewMark};
use domain::picture::Preview;
use ledger::InstanceRow;

/// Most bytes of a frame's 16-bit values; a larger one is not shown at full size. A mammogram takes 60 MB.
const FRAME_BYTES: u64 = 64 << 20;

/// What became of a frame that was asked for.
#[derive(Debug)]
pub(crate) enum FullFrame {
    /// What describes it, and its values: `u16` little-endian, row by row.
    Shown(Preview, Vec<u8>),
    /// It cannot be shown: why, in words for the person who asked.
    Not(String),
}

impl Pipeline {
    /// The frame that a preview of a study's revision was made of.
    ///
    /// # Errors
    /// The appliance's own faults.
    pub(crate) async fn full_frame(
        &self,
        study: &str,
        revision: u32,
        preview: &Preview,
    ) -> Result<FullFrame, Error> {
        let all = self.ledger.instances(study, revision).await?;
        let row = all.into_iter().filter(InstanceRow::counts).nth(preview.instance as usize);
        let Some(row) = row else { return Ok(gone()) };
        let rows = [row];
        let (mut instances, files) = match self.hand_over(&rows) {
            Ok(handed) => handed,
            Err(Unopened::Missing(_)) => return Ok(gone()),
            Err(Unopened::Store(error)) => return Err(error),
        };
        let Some(instance) = instances.pop() else { return Ok(gone()) };
        let mark = PreviewMark { level: preview.level, blake3: preview.piece.blake3.clone() };
        let job = FrameJob { instance, frame: preview.frame, most_bytes: FRAME_BYTES, preview: Some(mark) };
        let output = memory(FRAME_BYTES).map_err(|_| Error::Memory)?;
        let (answered, touching) = self.run_job(&Job::Frame(job), &output, files, &rows).await?;
        match answer::checked(answered, touching, rows.len(), FRAME_BYTES)? {
            Outcome::Answered(Answer::Frame(about)) => {
                let about = Preview { instance: preview.instance, ..about };
                tokio::task::spawn_blocking(move || take(about, &output)).await.map_err(|_| Error::Memory)?
            }
            Outcome::Answered(Answer::Failed(failure)) => {
                Ok(FullFrame::Not(format!("{}: the preview is all there is to see here", failure.reason)))
            }
            Outcome::Answered(_) => Ok(FullFrame::Not("the answer did not fit".to_owned())),
            Outcome::Died(death) => Ok(FullFrame::Not(death.words.to_owned())),
        }
    }
}

fn gone() -> FullFrame {
    FullFrame::Not("the original is no longer on this disk: look at it in the archive".to_owned())
}

/// The values as the worker wrote them, compared with its digest.
fn take(about: Preview, output: &File) -> Result<FullFrame, Error> {
    let length = usize::try_from(about.piece.length).map_err(|_| Error::Memory)?;
    let mut values = vec![0; length];
    output.read_exact_at(&mut values, about.piece.offset).map_err(|_| Error::Memory)?;
    if blake3::hash(&values).to_hex().as_str() != about.piece.blake3 {
        return Ok(FullFrame::Not("its values did not come whole: ask again".to_owned()));
    }
    Ok(FullFrame::Shown(about, values))
}

/// A file of so many bytes in memory that cannot grow: what a worker writes is bounded whatever it does.
#[cfg(target_os = "linux")]
fn memory(bytes: u64) -> std::io::Result<File> {
    use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
    let file = File::from(memfd_create("frame", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?);
    file.set_len(bytes)?;
    fcntl_add_seals(&file, SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL)?;
    Ok(file)
}

#[cfg(not(target_os = "linux"))]
fn memory(bytes: u64) -> std::io::Result<File> {
    let file = tempfile::tempfile()?;
    file.set_len(bytes)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn written(values: &[u8]) -> (Preview, File) {
        let (output, blake3) = (memory(16).unwrap(), blake3::hash(values).to_hex().to_string());
        output.write_all_at(values, 0).unwrap();
        let piece = domain::picture::Piece { offset: 0, length: values.len() as u64, blake3 };
        let (level, rows, columns) = (0, 1, values.len() as u32 / 2);
        let window = (0.0, 1.0);
        let about = Preview {
            instance: 0,
            frame: 0,
            level,
            rows,
            columns,
            piece,
            first: 0.0,
            step: 1.0,
            window,
            inverted: false,
        };
        (about, output)
    }

    #[test]
    fn values_that_did_not_come_whole_are_not_shown() {
        let (about, output) = written(b"abcdef");
        assert!(matches!(take(about, &output), Ok(FullFrame::Shown(_, values)) if values == b"abcdef"));
        let (about, output) = written(b"abcdef");
        output.write_all_at(b"z", 3).unwrap();
        assert!(matches!(take(about, &output), Ok(FullFrame::Not(_))));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_worker_cannot_write_more_than_a_frame() {
        let output = memory(16).unwrap();
        assert!(output.write_all_at(&[1; 16], 0).is_ok());
        assert!(output.write_all_at(&[1], 16).is_err());
    }
}
