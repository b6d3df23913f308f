//! Bounded inflation of a deflated data set, PS3.5 annex A.5.
use super::{Error, ReadAt};
use flate2::{Decompress, FlushDecompress, Status};

/// Inflates the raw deflate stream at `offset`; at most `limit` bytes come out.
pub(super) fn inflate(source: &dyn ReadAt, offset: u64, limit: u64) -> Result<Vec<u8>, Error> {
    let mut head = [0u8; 2];
    let first = source.read_at(&mut head, offset)?;
    // Some writers leave a zlib header before the stream.
    let zlib = first == 2 && head[0] & 0x0F == 8 && (u16::from(head[0]) * 256 + u16::from(head[1])) % 31 == 0;
    let mut state = Decompress::new(zlib);
    let mut input = vec![0u8; 64 * 1024];
    let mut chunk = vec![0u8; 64 * 1024];
    let mut out = Vec::new();
    let mut at = offset;
    loop {
        let got = source.read_at(&mut input, at)?;
        let mut rest = input.get(..got).unwrap_or_default();
        at = at.saturating_add(got as u64);
        loop {
            let (before_in, before_out) = (state.total_in(), state.total_out());
            let status =
                state.decompress(rest, &mut chunk, FlushDecompress::None).map_err(|_| Error::Deflate)?;
            let used = usize::try_from(state.total_in() - before_in).unwrap_or(rest.len());
            let made = usize::try_from(state.total_out() - before_out).unwrap_or(0);
            rest = rest.get(used..).unwrap_or_default();
            if out.len() as u64 + made as u64 > limit {
                return Err(Error::InflateLimit(limit));
            }
            out.extend_from_slice(chunk.get(..made).unwrap_or_default());
            if status == Status::StreamEnd {
                return Ok(out);
            }
            if made == 0 && (rest.is_empty() || used == 0) {
                break;
            }
        }
        if got == 0 {
            return Err(Error::Truncated);
        }
    }
}
