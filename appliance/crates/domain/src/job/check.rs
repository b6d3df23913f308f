//! Checks a worker's answer against the job as if it had come from the wire.

use deid::ReidentificationMap;

use super::{Answer, Explained, MAX_EXPLAINED, MAX_PREVIEWS, MAX_PSEUDONYMS, Piece, Preview, TriageAnswer};

/// What is wrong with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A piece lies outside the bag.
    #[error("a piece of the answer lies outside the bag")]
    PieceOutside,
    /// An instance number outside the job.
    #[error("the answer names an instance that is not in the job")]
    UnknownInstance,
    /// More than the bound.
    #[error("the answer holds more than its bound allows")]
    TooMuch,
    /// A size that does not fit its dimensions.
    #[error("a picture's size does not fit its dimensions")]
    WrongSize,
    /// A number that is not finite.
    #[error("a number of the answer is not finite")]
    NotFinite,
}

/// Longest text a worker may answer, in bytes.
const MAX_TEXT_BYTES: usize = 2_000;

/// Longest statement of a case, in bytes: a line for every action on every attribute of the standard fits ten times.
const MAX_STATEMENT_BYTES: usize = 4 << 20;

/// Checks every number and length of `answer` against the job's `instances` and the bag's length in bytes.
///
/// # Errors
/// The first [`Fault`] found; the answer is then not to be used.
pub fn check_answer(answer: &Answer, instances: usize, bag_bytes: u64) -> Result<(), Fault> {
    match answer {
        Answer::Triage(t) => check_triage(t, instances, bag_bytes),
        Answer::Seal(s) => {
            let long = s.statement.len() > MAX_STATEMENT_BYTES || s.signature.len() > MAX_TEXT_BYTES;
            if long || !is_bounded(&s.way_back) {
                Err(Fault::TooMuch)
            } else if s.sealed_bytes == bag_bytes {
                Ok(())
            } else {
                Err(Fault::WrongSize)
            }
        }
        Answer::Deid(answer) => {
            if !is_bounded(&answer.patients) {
                return Err(Fault::TooMuch);
            }
            answer.lines.iter().try_for_each(|line| {
                if line.instance as usize >= instances {
                    return Err(Fault::UnknownInstance);
                }
                if line.reason.len() > MAX_TEXT_BYTES || line.actions.len() > 16 {
                    return Err(Fault::TooMuch);
                }
                line.piece.as_ref().map_or(Ok(()), |p| check_piece(p, bag_bytes))
            })
        }
        Answer::Explained(rows) => {
            let texts = |row: &Explained| {
                let values = [row.before.as_ref(), row.after.as_ref()];
                let values = values.into_iter().flatten().chain([&row.attribute, &row.action, &row.rule]);
                values.map(String::len).max().unwrap_or(0)
            };
            let long = rows.iter().any(|row| texts(row) > MAX_TEXT_BYTES);
            if long || rows.len() > MAX_EXPLAINED { Err(Fault::TooMuch) } else { Ok(()) }
        }
        Answer::Pseudonyms(found) => {
            let long = found.iter().any(|p| p.len() > 64);
            if long || found.len() > MAX_PSEUDONYMS { Err(Fault::TooMuch) } else { Ok(()) }
        }
        Answer::Restored(lines) => lines.iter().try_for_each(|line| {
            if line.instance as usize >= instances {
                return Err(Fault::UnknownInstance);
            }
            if line.reason.len() > MAX_TEXT_BYTES {
                return Err(Fault::TooMuch);
            }
            line.piece.as_ref().map_or(Ok(()), |p| check_piece(p, bag_bytes))
        }),
        Answer::Frame(p) => check_preview(p, instances, bag_bytes),
        Answer::Failed(f) => {
            if f.reason.len() > MAX_TEXT_BYTES {
                Err(Fault::TooMuch)
            } else {
                Ok(())
            }
        }
    }
}

fn is_bounded(way: &ReidentificationMap) -> bool {
    way.len() <= MAX_PSEUDONYMS && way.longest() <= MAX_TEXT_BYTES
}

fn check_triage(t: &TriageAnswer, instances: usize, bag_bytes: u64) -> Result<(), Fault> {
    let texts = [&t.reason, &t.bundle, &t.version, &t.plan_digest, &t.facts.modality, &t.facts.patient_name];
    if t.previews.len() > MAX_PREVIEWS
        || t.holds.len() > 64
        || t.findings.len() > 256
        || t.actions.len() > 16
        || t.places.len() > 256
    {
        return Err(Fault::TooMuch);
    }
    if texts.iter().any(|s| s.len() > MAX_TEXT_BYTES) || t.holds.iter().any(|s| s.len() > MAX_TEXT_BYTES) {
        return Err(Fault::TooMuch);
    }
    if t.unreadable.len() > instances || t.unreadable.iter().any(|(_, s)| s.len() > MAX_TEXT_BYTES) {
        return Err(Fault::TooMuch);
    }
    if t.unreadable.iter().any(|(i, _)| *i as usize >= instances) {
        return Err(Fault::UnknownInstance);
    }
    let digest = t.digest.len() == 64 && t.digest.bytes().all(|b| b.is_ascii_hexdigit());
    if digest == t.bundle.is_empty() {
        return Err(Fault::WrongSize);
    }
    for p in &t.places {
        if p.instance as usize >= instances {
            return Err(Fault::UnknownInstance);
        }
        if p.rows.len() != models::place::GRID {
            return Err(Fault::WrongSize);
        }
        if p.name.len() > MAX_TEXT_BYTES {
            return Err(Fault::TooMuch);
        }
    }
    t.previews.iter().try_for_each(|p| check_preview(p, instances, bag_bytes))
}

fn check_preview(p: &Preview, instances: usize, bag_bytes: u64) -> Result<(), Fault> {
    if p.instance as usize >= instances {
        return Err(Fault::UnknownInstance);
    }
    if p.piece.length != u64::from(p.rows) * u64::from(p.columns) * 2 {
        return Err(Fault::WrongSize);
    }
    if ![p.first, p.step, p.window.0, p.window.1].iter().all(|v| v.is_finite()) {
        return Err(Fault::NotFinite);
    }
    check_piece(&p.piece, bag_bytes)
}

fn check_piece(piece: &Piece, bag_bytes: u64) -> Result<(), Fault> {
    match piece.offset.checked_add(piece.length) {
        Some(end) if end <= bag_bytes && piece.blake3.len() == 64 => Ok(()),
        _ => Err(Fault::PieceOutside),
    }
}
