//! Checks a worker's answer against the job as if it had come from the wire.

use deid::ReidentificationMap;

use super::error::Fault;
use super::explain::{Explained, MAX_EXPLAINED};
use super::message::Answer;
use super::restore::MAX_PSEUDONYMS;
use super::triage::{MAX_PREVIEWS, TriageAnswer};
use crate::picture::{Piece, Preview};
use crate::verdict::Verdict;

/// Longest text a worker may answer, in bytes.
const MAX_TEXT_BYTES: usize = 2_000;

/// Longest statement of a case, in bytes: a line for every action on every attribute of the standard fits ten times.
const MAX_STATEMENT_BYTES: usize = 4 << 20;

/// Checks every number and length of `answer` against the job's `instances` and the output's length in bytes.
///
/// # Errors
/// The first [`Fault`] found; the answer is then not to be used.
pub fn check_answer(answer: &Answer, instances: usize, output_bytes: u64) -> Result<(), Fault> {
    match answer {
        Answer::Triage(t) => check_triage(t, instances, output_bytes),
        Answer::Pack(s) => {
            let long = s.statement.len() > MAX_STATEMENT_BYTES || s.signature.len() > MAX_TEXT_BYTES;
            if long || !is_bounded(&s.reidentification_map) {
                Err(Fault::TooMuch)
            } else if s.sealed_bytes == output_bytes {
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
                line.piece.as_ref().map_or(Ok(()), |p| check_piece(p, output_bytes))
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
            line.piece.as_ref().map_or(Ok(()), |p| check_piece(p, output_bytes))
        }),
        Answer::Frame(p) => check_preview(p, instances, output_bytes),
        Answer::Failed(f) => {
            if f.reason.len() > MAX_TEXT_BYTES {
                Err(Fault::TooMuch)
            } else {
                Ok(())
            }
        }
    }
}

fn is_bounded(map: &ReidentificationMap) -> bool {
    map.len() <= MAX_PSEUDONYMS && map.longest() <= MAX_TEXT_BYTES
}

fn check_triage(t: &TriageAnswer, instances: usize, output_bytes: u64) -> Result<(), Fault> {
    if t.unreadable.len() > instances || t.unreadable.iter().any(|(_, s)| s.len() > MAX_TEXT_BYTES) {
        return Err(Fault::TooMuch);
    }
    if t.unreadable.iter().any(|(i, _)| *i as usize >= instances) {
        return Err(Fault::UnknownInstance);
    }
    if [&t.facts.modality, &t.facts.patient_name].iter().any(|s| s.len() > MAX_TEXT_BYTES) {
        return Err(Fault::TooMuch);
    }
    check_verdict(&t.verdict, instances, output_bytes)
}

fn check_verdict(v: &Verdict, instances: usize, output_bytes: u64) -> Result<(), Fault> {
    if v.previews.len() > MAX_PREVIEWS
        || v.holds.len() > 64
        || v.findings.len() > 256
        || v.actions.len() > 16
        || v.places.len() > 256
    {
        return Err(Fault::TooMuch);
    }
    let texts = [&v.reason, &v.bundle, &v.version, &v.digest, &v.plan_digest];
    if texts.into_iter().chain(&v.holds).any(|s| s.len() > MAX_TEXT_BYTES) {
        return Err(Fault::TooMuch);
    }
    let digest = v.digest.len() == 64 && v.digest.bytes().all(|b| b.is_ascii_hexdigit());
    if digest == v.bundle.is_empty() {
        return Err(Fault::WrongSize);
    }
    for p in &v.places {
        if p.instance as usize >= instances {
            return Err(Fault::UnknownInstance);
        }
        if p.rows.len() != models::finding_place::GRID {
            return Err(Fault::WrongSize);
        }
        if p.name.len() > MAX_TEXT_BYTES {
            return Err(Fault::TooMuch);
        }
    }
    v.previews.iter().try_for_each(|p| check_preview(p, instances, output_bytes))
}

fn check_preview(p: &Preview, instances: usize, output_bytes: u64) -> Result<(), Fault> {
    if p.instance as usize >= instances {
        return Err(Fault::UnknownInstance);
    }
    if p.piece.length != u64::from(p.rows) * u64::from(p.columns) * 2 {
        return Err(Fault::WrongSize);
    }
    if ![p.first, p.step, p.window.0, p.window.1].iter().all(|v| v.is_finite()) {
        return Err(Fault::NotFinite);
    }
    check_piece(&p.piece, output_bytes)
}

fn check_piece(piece: &Piece, output_bytes: u64) -> Result<(), Fault> {
    match piece.offset.checked_add(piece.length) {
        Some(end) if end <= output_bytes && piece.blake3.len() == 64 => Ok(()),
        _ => Err(Fault::PieceOutside),
    }
}
