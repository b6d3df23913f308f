//! A sealed copy of the ledger's file, taken before an upgrade changes it: an older ledger is plain, its copy is not.
//!
//! 16 bytes of magic, 16 random bytes, then pieces of 1 MiB by AES-256-GCM under a key derived from the store's key
//! and those random bytes. The nonce counts the pieces; the associated data marks the last one, so that a copy cut
//! short does not open.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{Aead, Payload};

use crate::error::{Error, Result};
use crate::sealer::Sealer;

const MAGIC: &[u8; 16] = b"SCANSIDE-COPY 1\n";
const PIECE: usize = 1 << 20;
const TAG: usize = 16;

/// Where the copy of a ledger of this schema version is kept: beside it, never over another copy.
pub(super) fn place(ledger: &Path, version: i64) -> PathBuf {
    let name = |n: u32| {
        let mut name = ledger.file_name().unwrap_or_default().to_owned();
        name.push(if n == 1 { format!(".before-{version}") } else { format!(".before-{version}-{n}") });
        name.push(".sealed");
        ledger.with_file_name(name)
    };
    (1..).map(name).find(|p| !p.exists()).unwrap_or_else(|| name(1))
}

fn private(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(path)
}

fn nonce(number: u64) -> [u8; 12] {
    let mut nonce = [0; 12];
    for (to, from) in nonce.iter_mut().skip(4).zip(number.to_be_bytes()) {
        *to = from;
    }
    nonce
}

fn read_piece(file: &mut File, size: usize) -> std::io::Result<Vec<u8>> {
    let mut piece = Vec::with_capacity(size);
    file.take(size as u64).read_to_end(&mut piece)?;
    Ok(piece)
}

/// Seals the file `from` into the new file `to`; durable when this returns.
pub(super) fn seal(sealer: &Sealer, from: &Path, to: &Path) -> Result<()> {
    let part = to.with_extension("part");
    let sealed = seal_pieces(sealer, from, &part);
    if sealed.is_err() {
        // On a full disk half a copy would only take room.
        let _ = std::fs::remove_file(&part);
    }
    sealed?;
    std::fs::rename(&part, to)?;
    sync_folder(to)
}

fn seal_pieces(sealer: &Sealer, from: &Path, part: &Path) -> Result<()> {
    let mut salt = [0_u8; 16];
    getrandom::fill(&mut salt).map_err(|_| Error::Database("no randomness"))?;
    let cipher = sealer.copies(&salt)?;
    let mut source = File::open(from)?;
    let mut target = private(part)?;
    target.write_all(MAGIC)?;
    target.write_all(&salt)?;
    let mut left = source.metadata()?.len();
    for number in 0_u64.. {
        let piece = read_piece(&mut source, PIECE)?;
        left = left.saturating_sub(piece.len() as u64);
        let last = [u8::from(left == 0)];
        let payload = Payload { msg: &piece, aad: &last };
        let sealed = cipher.encrypt(&nonce(number).into(), payload).map_err(|_| Error::Row("copy"))?;
        target.write_all(&sealed)?;
        if left == 0 {
            break;
        }
    }
    target.sync_all()?;
    Ok(())
}

/// Opens a sealed copy into the new file `to`.
///
/// # Errors
/// [`Error::Copy`] when it is no copy, was altered or cut, or was made under another key; [`Error::Exists`].
pub fn open_copy(store_key: &[u8; 32], from: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        return Err(Error::Exists);
    }
    let part = to.with_extension("part");
    let opened = open_pieces(&Sealer::new(store_key), from, &part);
    if opened.is_err() {
        // Nothing half opened is left behind: it holds identity.
        let _ = std::fs::remove_file(&part);
    }
    opened?;
    std::fs::rename(&part, to)?;
    sync_folder(to)
}

fn open_pieces(sealer: &Sealer, from: &Path, part: &Path) -> Result<()> {
    let mut source = File::open(from)?;
    let (magic, salt) = (read_piece(&mut source, 16)?, read_piece(&mut source, 16)?);
    if magic != MAGIC || salt.len() != 16 {
        return Err(Error::Copy);
    }
    let cipher: Aes256Gcm = sealer.copies(&salt)?;
    let mut target = private(part)?;
    let mut left = source.metadata()?.len().saturating_sub(source.stream_position()?);
    for number in 0_u64.. {
        let piece = read_piece(&mut source, PIECE + TAG)?;
        left = left.saturating_sub(piece.len() as u64);
        let last = [u8::from(left == 0)];
        let payload = Payload { msg: &piece, aad: &last };
        let plain = cipher.decrypt(&nonce(number).into(), payload).map_err(|_| Error::Copy)?;
        target.write_all(&plain)?;
        if left == 0 {
            break;
        }
    }
    target.sync_all()?;
    Ok(())
}

fn sync_folder(file: &Path) -> Result<()> {
    let folder = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(File::open(folder)?.sync_all()?)
}

/// Overwrites a file and removes it. On a copy-on-write or flash disk old blocks may outlive this.
pub(super) fn wipe(path: &Path) -> Result<()> {
    let mut file = match OpenOptions::new().write(true).open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(e.into()),
    };
    let mut left = file.seek(SeekFrom::End(0))?;
    file.rewind()?;
    let zeros = vec![0_u8; 64 << 10];
    while left > 0 {
        let now = usize::try_from(left).unwrap_or(usize::MAX).min(zeros.len());
        file.write_all(zeros.get(..now).unwrap_or_default())?;
        left -= now as u64;
    }
    file.sync_all()?;
    Ok(std::fs::remove_file(path)?)
}
