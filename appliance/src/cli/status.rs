//! `appliance status`: the lights and the counts of the page, from the same code.

use super::SiteArgs;
use super::output::{self, Failure};
use crate::app::{Request, Response, ask, open_ledger, socket_path};
use crate::forward::Forwards;

pub(super) async fn main(w: &SiteArgs) -> Result<(), Failure> {
    let settings = output::settings(&w.config)?;
    match ask(&socket_path(&settings), &Request::Status).await? {
        Some(Response::Done(report)) => {
            if w.json {
                output::json(&report);
            } else {
                text(&report);
            }
            Ok(())
        }
        Some(Response::Refused(words)) => Err(Failure::new(output::FAILED, words)),
        None => stopped(w, &settings).await,
    }
}

/// What can be said while nothing runs: the counts, and that every light is unknown.
async fn stopped(w: &SiteArgs, settings: &crate::app::Settings) -> Result<(), Failure> {
    let ledger = open_ledger(settings).await?;
    let (counts, refused) = (ledger.counts().await?, ledger.refused().await?);
    let destinations = Forwards::new(&settings.forward).rows(&ledger.forward_queues().await?, false);
    ledger.close().await;
    let report = serde_json::json!({
        "site": settings.site.name, "running": false, "counts": counts, "destinations": destinations,
        "refused": refused,
    });
    if w.json {
        output::json(&report);
    } else {
        text(&report);
    }
    Err(Failure::new(output::UNREACHABLE, "the appliance does not run: start it with `appliance run`"))
}

fn text(report: &serde_json::Value) {
    let word = |v: &serde_json::Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    output::line(&format!("site       {}", word(&report["site"])));
    if report["mode"].is_string() {
        output::line(&format!("mode       {}", word(&report["mode"])));
    }
    for light in ["scanner", "models", "cloud", "disk", "audit", "work", "clock"] {
        let l = &report[light];
        if l.is_object() {
            output::line(&format!("{light:<10} {:<8} {}", word(&l["state"]), word(&l["words"])));
        }
    }
    let counts = &report["counts"];
    output::line(&format!(
        "studies    {} received, {} not answered yet, {} open flags",
        counts["studies"], counts["unanswered"], counts["open_flags"]
    ));
    for (name, what) in [("answers", "dispositions"), ("cases", "cases")] {
        let each: Vec<String> = counts[what]
            .as_object()
            .map(|o| o.iter().map(|(k, v)| format!("{v} {k}")).collect())
            .unwrap_or_default();
        output::line(&format!(
            "{name:<10} {}",
            if each.is_empty() { "none".to_owned() } else { each.join(", ") }
        ));
    }
    outcomes(report);
    reception(report);
    for d in report["destinations"].as_array().into_iter().flatten() {
        output::line(&format!(
            "forward    {:<8} {}: {}; {} waiting, {} dead",
            word(&d["state"]),
            word(&d["name"]),
            word(&d["words"]),
            d["waiting"],
            d["dead"]
        ));
    }
    for r in report["refused"].as_array().into_iter().flatten() {
        refused(r);
    }
}

/// What came of triage, and how far it may be relied upon.
fn outcomes(report: &serde_json::Value) {
    let o = &report["outcomes"];
    if o["answered"].as_i64().unwrap_or(0) == 0 {
        return;
    }
    let calls = |n: usize| o["calls"].get(n).and_then(serde_json::Value::as_i64).unwrap_or(0);
    let share = o["local_share"].as_f64().map_or_else(|| "-".to_owned(), |s| format!("{:.0} %", s * 100.0));
    output::line(&format!(
        "triage     {share} answered here ({} no-flag, {} flag); escalated {} between limits, {} by the input check, {} withheld",
        o["no_flag"], o["flag"], o["escalated_between"], o["escalated_input_check"], o["escalated_withdrawn"]
    ));
    output::line(&format!(
        "reads      {} by physicians, {} against triage, {} wait; calls about open flags: {} got through, {} failed",
        o["reads"],
        o["reads_against"],
        o["unread"],
        calls(0),
        calls(1)
    ));
    for w in report["watches"].as_array().into_iter().flatten() {
        let word = |key: &str| w[key].as_str().unwrap_or_default().to_owned();
        let why = if word("why").is_empty() { String::new() } else { format!(", because {}", word("why")) };
        let learned = if w["learned"] == true { "" } else { ", still learning" };
        output::line(&format!(
            "no-flag    {} {}{why}; {} studies watched{learned}",
            word("level"),
            word("bundle"),
            w["studies"]
        ));
    }
}

/// A refused caller, why, and the lines that would admit it.
fn refused(r: &serde_json::Value) {
    let word = |name: &str| r[name].as_str().unwrap_or_default();
    let title = if word("ae_title").is_empty() { "a caller without AE title" } else { word("ae_title") };
    let last = output::time(r["last_at"].as_i64().unwrap_or_default());
    output::line(&format!(
        "refused    {title} from {}, {} times, last {last}: {}",
        word("address"),
        r["times"],
        word("reason")
    ));
    for line in word("config").lines() {
        output::line(&format!("             {line}"));
    }
}

/// What is kept beside, what a scanner was promised, what still arrives.
fn reception(report: &serde_json::Value) {
    let word = |v: &serde_json::Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    let counts = &report["counts"];
    if counts["beside"].as_i64().unwrap_or(0) > 0 {
        output::line(&format!(
            "beside     {} instances came again under the same UID with other bytes: kept beside, see the page",
            counts["beside"]
        ));
    }
    if counts["collisions"].as_i64().unwrap_or(0) > 0 {
        output::line(&format!(
            "collisions {} SOP Instance UIDs came in several studies: look at the archive, see `appliance forward list`",
            counts["collisions"]
        ));
    }
    let c = &report["commitment"];
    if ["open", "untold", "committed", "refused"].iter().any(|k| c[k].as_i64().unwrap_or(0) > 0) {
        output::line(&format!(
            "commitment {} requests wait for the archive, {} to be told; {} instances committed, {} refused{}",
            c["open"],
            c["untold"],
            c["committed"],
            c["refused"],
            c["fault"].as_str().map(|f| format!("; {f}")).unwrap_or_default()
        ));
    }
    if c["uncommitted"].as_i64().unwrap_or(0) > 0 {
        output::line(&format!(
            "commitment {} originals were sent on and not committed to yet: they stay on this disk",
            c["uncommitted"]
        ));
    }
    let now = report["now"].as_i64().unwrap_or(0);
    for a in report["arriving"].as_array().into_iter().flatten() {
        let left = a["complete_at"].as_i64().unwrap_or(0).saturating_sub(now).max(0) / 1_000;
        let missing = match a["missing"].as_array().map(Vec::as_slice) {
            Some([n, of]) => format!(", {n} of {of} listed instances still to come"),
            _ => String::new(),
        };
        output::line(&format!(
            "arriving   {} complete in {left} s ({}){missing}",
            word(&a["study"]),
            word(&a["reason"])
        ));
    }
}
