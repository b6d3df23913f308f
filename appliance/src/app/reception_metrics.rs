//! What reception counts since the start, in the text format that Prometheus reads. No label names a person or a peer.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use intake::Metrics;

/// Appends every counter of reception.
pub(super) fn reception(out: &mut String, m: &Metrics) {
    let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let (all, tls) = (read(&m.associations), read(&m.associations_tls));
    one(out, "connections_total", "TCP connections accepted.", read(&m.connections));
    one(
        out,
        "connections_dropped_total",
        "Connections closed at once because their address held as many as it may.",
        read(&m.crowded_out),
    );
    one(
        out,
        "tls_handshakes_failed_total",
        "TLS handshakes that did not succeed.",
        read(&m.handshakes_failed),
    );
    let by_transport = [("plain".to_owned(), all.saturating_sub(tls)), ("tls".to_owned(), tls)];
    many(out, "associations_accepted_total", "Associations accepted.", "transport", by_transport);
    let reasons = m.refused.values().map(|(reason, count)| (snake(reason.name()), count));
    many(out, "associations_refused_total", "Callers turned away, by reason.", "reason", reasons);
    let ends = [
        ("released", &m.released),
        ("aborted_by_peer", &m.aborted_by_peer),
        ("aborted_by_us", &m.aborted_by_us),
        ("timed_out", &m.timed_out),
    ];
    let ends = ends.map(|(how, counter)| (how.to_owned(), read(counter)));
    many(out, "associations_ended_total", "Associations ended, by how.", "how", ends);
    head(out, "associations_open", "Associations open now.", "gauge");
    let _ = writeln!(out, "scanside_associations_open {}", read(&m.associations_open));
    one(out, "echoes_total", "C-ECHO requests answered.", read(&m.echoes));
    one(out, "instances_stored_total", "Instances stored and acknowledged.", read(&m.stored));
    one(
        out,
        "instances_stored_bytes_total",
        "Data set bytes of acknowledged instances.",
        read(&m.bytes_stored),
    );
    let failures = [
        ("A700", &m.refused_resources),
        ("A701", &m.refused_too_long),
        ("A900", &m.refused_mismatch),
        ("C000", &m.refused_unreadable),
        ("other", &m.refused_other),
    ];
    let failures = failures.map(|(status, counter)| (status.to_owned(), read(counter)));
    let help = "Requests answered with a failure, by DIMSE status.";
    many(out, "requests_failed_total", help, "status", failures);
    one(
        out,
        "instances_not_scanned_total",
        "Instances stored that the pre-scan could not follow to their end.",
        read(&m.prescan_lost),
    );
}

fn head(out: &mut String, name: &str, help: &str, kind: &str) {
    let _ = write!(out, "# HELP scanside_{name} {help}\n# TYPE scanside_{name} {kind}\n");
}

fn one(out: &mut String, name: &str, help: &str, value: u64) {
    head(out, name, help, "counter");
    let _ = writeln!(out, "scanside_{name} {value}");
}

fn many(
    out: &mut String,
    name: &str,
    help: &str,
    label: &str,
    values: impl IntoIterator<Item = (String, u64)>,
) {
    head(out, name, help, "counter");
    for (word, value) in values {
        let _ = writeln!(out, "scanside_{name}{{{label}=\"{word}\"}} {value}");
    }
}

/// `UnknownTitle` as `unknown_title`.
fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_counter_of_reception_is_told_once_with_its_kind() {
        let mut out = String::new();
        reception(&mut out, &Metrics::default());
        for line in out.lines().filter(|line| line.starts_with("# TYPE")) {
            let name = line.split(' ').nth(2).unwrap_or_default();
            assert!(line.ends_with(if name.ends_with("_total") { " counter" } else { " gauge" }), "{line}");
            assert_eq!(out.matches(&format!("# TYPE {name} ")).count(), 1, "{name}");
        }
        assert!(out.contains("scanside_associations_refused_total{reason=\"unknown_title\"} 0\n"), "{out}");
        assert!(out.contains("scanside_requests_failed_total{status=\"A700\"} 0\n"), "{out}");
        let samples = out.lines().filter(|line| !line.starts_with('#')).count();
        // Every counter has a line of its own, but that accepted associations are told by transport, and a refusal by its
        // reason instead of in all.
        assert_eq!(samples, Metrics::default().values().len() - 1 + intake::Refusal::ALL.len());
    }
}
