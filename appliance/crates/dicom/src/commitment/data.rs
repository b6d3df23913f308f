//! The data sets of N-ACTION and N-EVENT-REPORT, read by our bounded reader and written in little endian.

use super::error::Fault;
use super::types::{REFERENCES_MAX, Reason, Reference, Report, Transaction};
use crate::parse::{Limits, read_data_set};
use crate::syntax::TransferSyntax;
use crate::tag::Tag;
use crate::value::DataSet;

const TRANSACTION_UID: Tag = Tag::new(0x0008, 0x1195);
const FAILURE_REASON: Tag = Tag::new(0x0008, 0x1197);
const FAILED_SEQUENCE: Tag = Tag::new(0x0008, 0x1198);
const REFERENCED_SEQUENCE: Tag = Tag::new(0x0008, 0x1199);
const REFERENCED_CLASS: Tag = Tag::new(0x0008, 0x1150);
const REFERENCED_INSTANCE: Tag = Tag::new(0x0008, 0x1155);
const ITEM: Tag = Tag::new(0xFFFE, 0xE000);

/// Bounds of one reading: an item of a transaction costs three elements, and nothing here is nested deeply.
const LIMITS: Limits = Limits { bulk: 1 << 10, memory: 16 << 20, count: 200_000, depth: 8, inflated: 0 };

fn open(bytes: &[u8], syntax: &str) -> Result<DataSet, Fault> {
    let parsed = read_data_set(bytes, syntax, &LIMITS).map_err(|_| Fault::Unreadable)?;
    // A data set that ends early may be half a list: nothing may be promised on it.
    if parsed.trailing > 0 { Err(Fault::Unreadable) } else { Ok(parsed.data) }
}

/// A UID as PS3.5 9.1 has it, or at least printable and short.
fn uid(data: &DataSet, tag: Tag) -> Result<String, Fault> {
    let text = data.uid(tag).unwrap_or_default();
    let fits = !text.is_empty() && text.len() <= 64 && text.bytes().all(|b| b.is_ascii_graphic());
    if fits { Ok(text) } else { Err(Fault::Missing) }
}

fn references(data: &DataSet, sequence: Tag) -> Result<Vec<Reference>, Fault> {
    let items = data.items(sequence);
    if items.len() > REFERENCES_MAX {
        return Err(Fault::TooMany);
    }
    items
        .iter()
        .map(|i| {
            Ok(Reference { sop_class: uid(i, REFERENCED_CLASS)?, sop_instance: uid(i, REFERENCED_INSTANCE)? })
        })
        .collect()
}

/// Reads an N-ACTION's action information; `syntax` is the transfer syntax of the presentation context.
///
/// # Errors
/// [`Fault`]: also when it names no instance at all.
pub fn decode_request(bytes: &[u8], syntax: &str) -> Result<Transaction, Fault> {
    let data = open(bytes, syntax)?;
    let references = references(&data, REFERENCED_SEQUENCE)?;
    if references.is_empty() {
        return Err(Fault::Missing);
    }
    Ok(Transaction { uid: uid(&data, TRANSACTION_UID)?, references })
}

/// Reads an N-EVENT-REPORT's event information.
///
/// # Errors
/// [`Fault`].
pub fn decode_report(bytes: &[u8], syntax: &str) -> Result<Report, Fault> {
    let data = open(bytes, syntax)?;
    let failed = references(&data, FAILED_SEQUENCE)?;
    let reasons = data.items(FAILED_SEQUENCE).iter().map(|item| {
        // Type 1; a provider that leaves it out has failed all the same.
        let code = item.int(FAILURE_REASON).and_then(|n| u16::try_from(n).ok()).filter(|n| *n != 0);
        code.map_or(Reason::PROCESSING, Reason)
    });
    let reasons: Vec<Reason> = reasons.collect();
    Ok(Report {
        transaction: uid(&data, TRANSACTION_UID)?,
        committed: references(&data, REFERENCED_SEQUENCE)?,
        failed: failed.into_iter().zip(reasons).collect(),
    })
}

/// Writes action information in implicit or explicit little endian.
#[must_use]
pub fn encode_request(transaction: &Transaction, syntax: &str) -> Vec<u8> {
    let w = Writer { explicit: syntax != TransferSyntax::IMPLICIT_LE };
    let mut out = Vec::new();
    w.uid(&mut out, TRANSACTION_UID, &transaction.uid);
    w.sequence(&mut out, REFERENCED_SEQUENCE, transaction.references.iter().map(|r| (r, None)));
    out
}

/// Writes event information in implicit or explicit little endian.
#[must_use]
pub fn encode_report(report: &Report, syntax: &str) -> Vec<u8> {
    let w = Writer { explicit: syntax != TransferSyntax::IMPLICIT_LE };
    let mut out = Vec::new();
    w.uid(&mut out, TRANSACTION_UID, &report.transaction);
    if !report.failed.is_empty() {
        w.sequence(&mut out, FAILED_SEQUENCE, report.failed.iter().map(|(r, why)| (r, Some(*why))));
    }
    if !report.committed.is_empty() {
        w.sequence(&mut out, REFERENCED_SEQUENCE, report.committed.iter().map(|r| (r, None)));
    }
    out
}

struct Writer {
    explicit: bool,
}

impl Writer {
    fn header(&self, out: &mut Vec<u8>, tag: Tag, vr: [u8; 2], length: usize) {
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        out.extend_from_slice(&tag.group().to_le_bytes());
        out.extend_from_slice(&tag.element().to_le_bytes());
        match (self.explicit, &vr) {
            (true, b"SQ") => {
                out.extend_from_slice(b"SQ\0\0");
                out.extend_from_slice(&length.to_le_bytes());
            }
            // Everything else here is a UID or a number: far below 64 KiB.
            (true, _) => {
                out.extend_from_slice(&vr);
                out.extend_from_slice(&u16::try_from(length).unwrap_or(u16::MAX).to_le_bytes());
            }
            (false, _) => out.extend_from_slice(&length.to_le_bytes()),
        }
    }

    fn uid(&self, out: &mut Vec<u8>, tag: Tag, uid: &str) {
        self.header(out, tag, *b"UI", uid.len() + uid.len() % 2);
        out.extend_from_slice(uid.as_bytes());
        if uid.len() % 2 == 1 {
            out.push(0);
        }
    }

    fn sequence<'a>(
        &self,
        out: &mut Vec<u8>,
        tag: Tag,
        items: impl Iterator<Item = (&'a Reference, Option<Reason>)>,
    ) {
        let mut body = Vec::new();
        for (reference, reason) in items {
            let mut item = Vec::with_capacity(160);
            self.uid(&mut item, REFERENCED_CLASS, &reference.sop_class);
            self.uid(&mut item, REFERENCED_INSTANCE, &reference.sop_instance);
            if let Some(reason) = reason {
                self.header(&mut item, FAILURE_REASON, *b"US", 2);
                item.extend_from_slice(&reason.0.to_le_bytes());
            }
            body.extend_from_slice(&ITEM.group().to_le_bytes());
            body.extend_from_slice(&ITEM.element().to_le_bytes());
            body.extend_from_slice(&u32::try_from(item.len()).unwrap_or(u32::MAX).to_le_bytes());
            body.extend_from_slice(&item);
        }
        self.header(out, tag, *b"SQ", body.len());
        out.extend_from_slice(&body);
    }
}
