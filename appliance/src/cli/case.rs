//! `appliance case`: what is to leave, what left, what came home.

use std::io::{IsTerminal as _, Read as _};

use clap::{Args, Subcommand};

use super::SiteArgs;
use super::named;
use super::output::{self, Failure};
use crate::app::{Request, Response, ask, open_audit, open_ledger, socket_path};
use crate::cases::CaseService;
use crate::escalation::Identity;
use deid::{Statement, statement_message};
use domain::case_state::CaseState;
use domain::decision::Decision;
use domain::note::NoteText;
use proto::clock::now;

/// Bytes read of a note: more than the characters it may have take.
const NOTE_BYTES_MAX: u64 = 5 * proto::limits::NOTE_CHARS_MAX as u64;

/// Case commands.
#[derive(Debug, Subcommand)]
pub(super) enum Case {
    /// All cases, the newest first.
    List(SiteArgs),
    /// One case with its report.
    Show(One),
    /// What was done to a case before it left: the signed statement, checked, as a page to read or as JSON.
    Statement(One),
    /// Try a case again that could not be packed or that waits for the link.
    Retry(One),
    /// Release a held case, in your name.
    Release(Reasoned),
    /// Put a case aside for good: it is not sent.
    Bury(Reasoned),
    /// Write the note that travels with a case to whoever reads it: the text comes on standard input, without any name,
    /// number or date of the patient.
    Note(Note),
}

/// A note of a case.
#[derive(Debug, Args)]
pub(super) struct Note {
    /// Case id.
    id: String,
    /// Who writes it; it is shown with the note, and audited.
    #[arg(long, value_parser = named::person)]
    by: String,
    /// Take the note that is there away; nothing is read.
    #[arg(long)]
    clear: bool,
    #[command(flatten)]
    site: SiteArgs,
}

/// One case.
#[derive(Debug, Args)]
pub(super) struct One {
    /// Case id.
    id: String,
    #[command(flatten)]
    site: SiteArgs,
}

/// A decision with a name and a reason.
#[derive(Debug, Args)]
pub(super) struct Reasoned {
    /// Case id.
    id: String,
    /// Who decides; it is audited.
    #[arg(long, value_parser = named::person)]
    by: String,
    /// Why, on one line, without identity.
    #[arg(long, value_parser = named::reason)]
    reason: String,
    #[command(flatten)]
    site: SiteArgs,
}

pub(super) async fn main(c: &Case) -> Result<(), Failure> {
    match c {
        Case::List(w) => list(w).await,
        Case::Show(o) => show(o).await,
        Case::Statement(o) => statement(o).await,
        Case::Retry(o) => decide(&o.site, "operator", Decision::Retry { case: o.id.clone() }).await,
        Case::Release(r) => {
            let decision = Decision::Release { case: r.id.clone(), reason: r.reason.clone() };
            decide(&r.site, &r.by, decision).await
        }
        Case::Bury(r) => {
            let decision = Decision::Bury { case: r.id.clone(), reason: r.reason.clone() };
            decide(&r.site, &r.by, decision).await
        }
        Case::Note(n) => {
            let text = if n.clear { NoteText::new("") } else { read_note()? };
            decide(&n.site, &n.by, Decision::Note { case: n.id.clone(), text }).await
        }
    }
}

/// The note as it comes on standard input: what stands in arguments is seen by every process of the machine.
fn read_note() -> Result<NoteText, Failure> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        output::say("Write the note, without any name, number or date of the patient; end it with Ctrl-D.");
    }
    let mut bytes = Vec::new();
    stdin.lock().take(NOTE_BYTES_MAX).read_to_end(&mut bytes)?;
    let text = String::from_utf8(bytes).map_err(|_| {
        Failure::new(output::USAGE, "the note on standard input is too long, or no UTF-8 text")
    })?;
    let note = NoteText::new(&text);
    if note.as_str().is_empty() {
        let words =
            "no note on standard input: write it there, or take the one that is there away with --clear";
        return Err(Failure::new(output::USAGE, words));
    }
    Ok(note)
}

async fn list(w: &SiteArgs) -> Result<(), Failure> {
    let settings = output::settings(&w.config)?;
    let ledger = open_ledger(&settings).await?;
    let cases = ledger.cases(10_000).await?;
    ledger.close().await;
    if w.json {
        cases.iter().for_each(output::json);
        return Ok(());
    }
    output::line(&format!("{:<32}  {:<9} {:<8} {:>10}  reason", "case", "state", "priority", "sealed B"));
    for c in &cases {
        // What waits for a person says why it waits; the rest, why it was escalated.
        let why = c.fault.as_ref().filter(|_| c.state == CaseState::Held).unwrap_or(&c.reason);
        output::line(&format!(
            "{}  {:<9} {:<8} {:>10}  {why}",
            c.id,
            c.state,
            c.priority.as_str(),
            c.sealed_bytes
        ));
    }
    if cases.is_empty() {
        output::say("no case yet");
    }
    Ok(())
}

async fn show(o: &One) -> Result<(), Failure> {
    let settings = output::settings(&o.site.config)?;
    let ledger = open_ledger(&settings).await?;
    let case = ledger.case(&o.id).await?;
    let detail = ledger.detail(&case.study).await?;
    let report = ledger.report(&case.id).await?;
    ledger.close().await;
    let report: Option<serde_json::Value> = report.and_then(|r| serde_json::from_str(&r).ok());
    let value = serde_json::json!({ "case": case, "report": report, "events": detail.events });
    if o.site.json {
        output::json(&value);
    } else {
        output::line(&serde_json::to_string_pretty(&value).unwrap_or_default());
    }
    Ok(())
}

/// The statement with what its signature says: `holds`, or why not.
async fn statement(o: &One) -> Result<(), Failure> {
    let settings = output::settings(&o.site.config)?;
    let ledger = open_ledger(&settings).await?;
    let row = ledger.statement(&o.id).await?;
    ledger.close().await;
    let Some(row) = row else {
        return Err(Failure::new(
            output::FAILED,
            "no statement: nothing of this case has been sealed by this version",
        ));
    };
    let digest = blake3::hash(row.statement.as_bytes());
    let signed = settings.escalation.as_ref().and_then(|e| Identity::load(&e.identity).ok());
    let signature = hex::decode(&row.signature).unwrap_or_default();
    let message = statement_message(digest.as_bytes());
    let holds = signed.is_some_and(|identity| identity.public().verify(&message, &signature).is_ok());
    if o.site.json {
        output::json(
            &serde_json::json!({ "statement": row, "digest": digest.to_hex().as_str(), "signature_holds": holds }),
        );
    } else {
        let read: Statement = serde_json::from_str(&row.statement)
            .map_err(|_| Failure::new(output::FAILED, "the statement cannot be read; see it with --json"))?;
        read.report().lines().for_each(output::line);
        output::line(&format!("Digest {}, signed by this site.", digest.to_hex()));
    }
    if holds {
        Ok(())
    } else {
        Err(Failure::new(
            output::FAILED,
            "the signature does not hold: the statement was changed, or the site has another identity now",
        ))
    }
}

async fn decide(w: &SiteArgs, who: &str, decision: Decision) -> Result<(), Failure> {
    let settings = output::settings(&w.config)?;
    let request = Request::Decide { who: who.to_owned(), decision: decision.clone() };
    match ask(&socket_path(&settings), &request).await? {
        Some(Response::Done(_)) => {}
        Some(Response::Refused(words)) => return Err(Failure::new(output::FAILED, words)),
        None => {
            let ledger = open_ledger(&settings).await?;
            let audit = open_audit(&settings)?;
            let cases = CaseService {
                ledger: &ledger,
                audit: &audit,
                countdown: settings.review.countdown,
                hidden_most: settings.oversight.hidden_most,
            };
            cases.decide(who, &decision, now()).await?;
            ledger.close().await;
        }
    }
    if w.json {
        output::json(&serde_json::json!({ "done": true }));
    } else {
        output::say("done");
    }
    Ok(())
}
