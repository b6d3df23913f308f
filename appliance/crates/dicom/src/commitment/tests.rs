//! The data sets of a commitment, there and back, cut, and hostile.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::*;
use crate::TransferSyntax;

const SYNTAXES: [&str; 2] = [TransferSyntax::IMPLICIT_LE, TransferSyntax::EXPLICIT_LE];

fn reference(n: u32) -> Reference {
    Reference { sop_class: "1.2.840.10008.5.1.4.1.1.2".into(), sop_instance: format!("1.2.3.{n}") }
}

#[test]
fn requests_and_reports_read_back_in_both_syntaxes() {
    let request = Transaction { uid: "2.25.77".into(), references: (0..300).map(reference).collect() };
    let report = Report {
        transaction: "2.25.77".into(),
        committed: (0..2).map(reference).collect(),
        failed: vec![(reference(2), Reason::NO_SUCH_INSTANCE), (reference(3), Reason::CLASS_CONFLICT)],
    };
    let whole = Report { failed: Vec::new(), ..report.clone() };
    assert_eq!((report.event_type(), whole.event_type()), (2, 1));
    for syntax in SYNTAXES {
        assert!(decode_request(&encode_request(&request, syntax), syntax).unwrap() == request);
        for report in [&report, &whole] {
            assert!(decode_report(&encode_report(report, syntax), syntax).unwrap() == *report);
        }
    }
}

#[test]
fn a_request_that_is_cut_anywhere_is_never_read_as_a_shorter_one() {
    let request = Transaction { uid: "2.25.77".into(), references: (0..3).map(reference).collect() };
    for syntax in SYNTAXES {
        let whole = encode_request(&request, syntax);
        for length in 0..whole.len() {
            assert!(decode_request(&whole[..length], syntax).is_err(), "{length} of {}", whole.len());
        }
    }
}

#[test]
fn what_is_missing_is_said_and_too_much_is_refused() {
    let syntax = TransferSyntax::IMPLICIT_LE;
    let none = Transaction { uid: "2.25.77".into(), references: Vec::new() };
    assert_eq!(decode_request(&encode_request(&none, syntax), syntax), Err(Fault::Missing));
    let nameless = Transaction { uid: String::new(), references: vec![reference(1)] };
    assert_eq!(decode_request(&encode_request(&nameless, syntax), syntax), Err(Fault::Missing));
    let flood = Transaction { uid: "2.25.77".into(), references: (0..20_001).map(reference).collect() };
    assert_eq!(decode_request(&encode_request(&flood, syntax), syntax), Err(Fault::TooMany));
}

proptest! {
    #[test]
    fn random_bytes_never_surprise_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        for syntax in SYNTAXES {
            let _ = decode_request(&bytes, syntax);
            let _ = decode_report(&bytes, syntax);
        }
    }

    #[test]
    fn a_changed_request_reads_or_is_refused(at in 0_usize..400, byte in any::<u8>()) {
        let request = Transaction { uid: "2.25.77".into(), references: (0..3).map(reference).collect() };
        let mut bytes = encode_request(&request, TransferSyntax::EXPLICIT_LE);
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(read) = decode_request(&bytes, TransferSyntax::EXPLICIT_LE) {
            prop_assert!(read.references.len() <= 3);
        }
    }
}
