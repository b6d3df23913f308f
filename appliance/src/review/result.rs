//! What the page shows of a verdict: words, findings, what was removed, the pictures.

use serde::Serialize;

use super::words;
use domain::picture::Preview;
use domain::verdict::{InputCheck, PlacedFinding, Verdict};
use ledger::DispositionRow;

/// The answer about a study.
#[derive(Debug, Serialize)]
pub(super) struct ResultView {
    revision: u32,
    words: String,
    /// The disposition's word.
    disposition: &'static str,
    bundle: String,
    version: String,
    mode: &'static str,
    mode_words: &'static str,
    findings: Vec<proto::case::Finding>,
    input_check: Option<InputCheck>,
    holds: Vec<String>,
    removed: Vec<Removed>,
    /// Where findings were seen, for the viewer to outline.
    places: Vec<PlacedFinding>,
    previews: Vec<PreviewView>,
    ms: f64,
    decided_at: i64,
    cloud_up: bool,
}

#[derive(Debug, Serialize)]
struct Removed {
    code: String,
    words: &'static str,
    count: u64,
}

/// One level of one frame, as the viewer needs it.
#[derive(Debug, Serialize)]
pub(super) struct PreviewView {
    index: usize,
    instance: u32,
    frame: u32,
    level: u8,
    rows: u32,
    columns: u32,
    first: f64,
    step: f64,
    window: (f64, f64),
    inverted: bool,
}

impl PreviewView {
    /// Where its values lie is not told.
    pub(super) fn of(index: usize, p: &Preview) -> Self {
        Self {
            index,
            instance: p.instance,
            frame: p.frame,
            level: p.level,
            rows: p.rows,
            columns: p.columns,
            first: p.first,
            step: p.step,
            window: p.window,
            inverted: p.inverted,
        }
    }
}

/// The view of a recorded verdict.
pub(super) fn result(d: DispositionRow) -> ResultView {
    let words = words::result(&d.verdict);
    // Taken apart whole: a new part of a verdict is either shown or left out here by name.
    let Verdict {
        disposition,
        reason: _,
        bundle,
        version,
        digest: _,
        findings,
        priority: _,
        input_check,
        places,
        holds,
        plan_digest: _,
        actions,
        previews,
        ms,
    } = d.verdict;
    let removed =
        actions.into_iter().map(|(code, count)| Removed { words: words::action(&code), code, count });
    ResultView {
        revision: d.revision,
        words,
        disposition: disposition.as_str(),
        bundle,
        version,
        mode: d.mode.as_str(),
        mode_words: words::mode(d.mode),
        findings,
        input_check,
        holds,
        removed: removed.collect(),
        places,
        previews: previews.iter().enumerate().map(|(index, p)| PreviewView::of(index, p)).collect(),
        ms: ms.total,
        decided_at: d.decided_at,
        cloud_up: d.cloud_up,
    }
}

/// A result that nobody is shown before a physician has read the study: the images alone.
pub(super) fn unread(d: DispositionRow) -> ResultView {
    ResultView {
        words: words::SAMPLED.to_owned(),
        disposition: "sampled",
        findings: Vec::new(),
        input_check: None,
        places: Vec::new(),
        ..result(d)
    }
}
