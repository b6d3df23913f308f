//! `/metrics`: reception and what came of triage as numbers, in the text format that Prometheus reads. No label names a person, a
//! study or a peer.

use std::fmt::Write as _;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use super::reception_metrics::reception;
use super::running::Running;
use domain::oversight::Level;
use ledger::{Error, Outcomes, Spread, WatchRow};

/// How old counts may be: they look at every study, and a page asks for them every few seconds.
const FRESH: Duration = Duration::from_secs(15);

impl Running {
    /// What came of triage, at most [`FRESH`] old.
    pub(super) async fn fresh_outcomes(&self) -> Result<Outcomes, Error> {
        let mut kept = self.counted.lock().await;
        if let Some((_, outcomes)) = kept.as_ref().filter(|(at, _)| at.elapsed() < FRESH) {
            return Ok(outcomes.clone());
        }
        let outcomes = self.opened.site.ledger.outcomes().await?;
        *kept = Some((Instant::now(), outcomes.clone()));
        Ok(outcomes)
    }

    /// Everything that is counted.
    pub(super) async fn metrics_text(&self) -> Result<String, Error> {
        let ledger = &self.opened.site.ledger;
        let (counts, outcomes) = (ledger.counts().await?, self.fresh_outcomes().await?);
        let watches = ledger.watches(self.settings.oversight.hidden_most).await?;
        let mut out = String::new();
        one(&mut out, "studies", "Studies received.", counts.studies);
        one(&mut out, "instances", "Instances received.", counts.instances);
        one(&mut out, "studies_unanswered", "Studies without an answer yet.", counts.unanswered);
        one(&mut out, "open_flags", "Flags that nobody has acknowledged.", counts.open_flags);
        one(&mut out, "reports", "Reports that came home.", counts.reports);
        one(&mut out, "bytes_sent", "Bytes put on the link.", counts.bytes_sent);
        triage(&mut out, &outcomes);
        many(
            &mut out,
            "cases",
            "Cases by state.",
            "state",
            counts.cases.iter().map(|(k, v)| (k.as_str(), *v)),
        );
        bundles(&mut out, &watches);
        let counted = self.metrics.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(counted) = counted {
            reception(&mut out, &counted);
        }
        Ok(out)
    }
}

fn triage(out: &mut String, o: &Outcomes) {
    let answers = [
        ("no-flag", o.no_flag),
        ("flag", o.flag),
        ("escalate-between-limits", o.escalated_between),
        ("escalate-input-check", o.escalated_input_check),
        ("escalate-no-flag-withheld", o.escalated_withdrawn),
        ("not-analysed", o.not_analysed),
        ("unreadable", o.unreadable),
    ];
    many(out, "answers", "Newest answer of each study, and why it was escalated.", "answer", answers);
    let kinds = o.overrides.iter().map(|(k, v)| (k.as_str(), *v));
    many(out, "overrides", "What technicians did against triage; never a label.", "kind", kinds);
    one(out, "physician_reads", "Physicians' reads of sampled studies.", o.reads);
    one(out, "physician_reads_against", "Of these against triage's answer.", o.reads_against);
    one(out, "physician_reads_waiting", "Sampled studies that wait for a read.", o.unread);
    one(out, "cloud_signed", "Signed reports on escalated or raised studies.", o.cloud_signed);
    one(out, "cloud_closed_flag", "Of these closing triage's flag.", o.cloud_closed);
    let calls = [("got-through", o.calls.0), ("failed", o.calls.1)];
    many(out, "calls", "Calls about open flags.", "result", calls);
    spread(
        out,
        "seconds_to_verdict",
        "From the last image to the answer, of the newest 1000.",
        &o.to_verdict,
    );
    spread(out, "seconds_to_open", "From the answer to the first person who opened it.", &o.to_open);
}

fn bundles(out: &mut String, watches: &[WatchRow]) {
    head(out, "no_flag_level", "How far no-flag may be relied upon: 0 steady, 1 degraded, 2 withdrawn.");
    for w in watches {
        let level = match w.level {
            Level::Steady => 0,
            Level::Degraded => 1,
            Level::Withdrawn => 2,
        };
        let _ = writeln!(out, "scanside_no_flag_level{{{}}} {level}", labels(w));
    }
    head(out, "drift_evidence", "Strongest evidence that studies look different; withdrawn from 2000 on.");
    for w in watches {
        let _ = writeln!(out, "scanside_drift_evidence{{{}}} {:.3}", labels(w), w.evidence);
    }
}

/// Two editions of a bundle are two series.
fn labels(w: &WatchRow) -> String {
    format!("bundle=\"{}\",digest=\"{}\"", w.bundle, w.digest.get(..12).unwrap_or_default())
}

fn head(out: &mut String, name: &str, help: &str) {
    let _ = write!(out, "# HELP scanside_{name} {help}\n# TYPE scanside_{name} gauge\n");
}

fn one(out: &mut String, name: &str, help: &str, value: i64) {
    head(out, name, help);
    let _ = writeln!(out, "scanside_{name} {value}");
}

fn many<'a>(
    out: &mut String,
    name: &str,
    help: &str,
    label: &str,
    values: impl IntoIterator<Item = (&'a str, i64)>,
) {
    head(out, name, help);
    for (word, value) in values {
        let _ = writeln!(out, "scanside_{name}{{{label}=\"{word}\"}} {value}");
    }
}

fn spread(out: &mut String, name: &str, help: &str, s: &Spread) {
    head(out, name, help);
    for (quantile, ms) in [("0.5", s.p50), ("0.95", s.p95)] {
        if s.count > 0 {
            let _ = writeln!(out, "scanside_{name}{{quantile=\"{quantile}\"}} {:.3}", ms as f64 / 1_000.0);
        }
    }
}
