//! How often the header of an instance is read in one job.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::cell::RefCell;
use std::io;

use super::instances::{HELD_BYTES, Instances};
use super::tests::{bytes_of, order, radiograph};
use super::{Tools, jobs};
use dicom::{ReadAt, Vr, tags};
use domain::job::{InstanceRef, TriageAnswer, TriageJob};

/// A byte of the header behind the preamble and "DICM".
const IN_HEADER: u64 = 140;

/// A file that counts how often [`IN_HEADER`] is read.
struct Counting<'c> {
    at: usize,
    bytes: &'c [u8],
    counts: &'c RefCell<Vec<u32>>,
}

impl ReadAt for Counting<'_> {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let read = self.bytes.read_at(buf, offset)?;
        if (offset..offset + read as u64).contains(&IN_HEADER) {
            self.counts.borrow_mut()[self.at] += 1;
        }
        Ok(read)
    }

    fn size(&self) -> io::Result<u64> {
        self.bytes.size()
    }
}

/// Triage of a study of four images, one of them damaged: the answer, and how often each header was read.
fn triage(room: u64) -> (TriageAnswer, Vec<u32>) {
    let mut files: Vec<Vec<u8>> = (0..4)
        .map(|n| {
            let mut data = radiograph();
            data.put_text(tags::SOP_INSTANCE_UID, Vr::UI, &format!("1.2.826.0.1.3680043.9.1.{n}"));
            bytes_of(&data)
        })
        .collect();
    files[2] = vec![7; 300];
    let counts = RefCell::new(vec![0; files.len()]);
    let refs = vec![InstanceRef::p10(); files.len()];
    let open = |at: usize| -> Result<Box<dyn ReadAt + '_>, dicom::Error> {
        Ok(Box::new(Counting { at, bytes: &files[at], counts: &counts }))
    };
    let instances = Instances::new(&refs, Box::new(open), room);
    let output = tempfile::tempfile().unwrap();
    let job = TriageJob { instances: refs.clone(), deid: order(), previews: true, output: None };
    let answer = jobs::triage::of(&job, (&output, instances), &mut Tools::default(), &|_| {}).unwrap();
    let counts = counts.borrow().clone();
    (answer, counts)
}

#[test]
fn each_header_is_read_once_in_a_job_and_again_only_where_there_is_no_room_for_it() {
    let (answer, counts) = triage(HELD_BYTES);
    assert_eq!(answer.verdict.previews.len(), 3);
    assert_eq!(answer.unreadable.len(), 1);
    assert_eq!([counts[0], counts[1], counts[3]], [1, 1, 1]);
    let (without, read) = triage(0);
    assert_eq!([read[0], read[1], read[3]], [3, 3, 3], "context, plan, decode");
    assert_eq!(counts[2], read[2], "what cannot be read is remembered without any room");
    assert_eq!(without.verdict.plan_digest, answer.verdict.plan_digest);
}
