//! `appliance associations`: what the last associations did, without identity.

use clap::Args;

use super::SiteArgs;
use super::output::{self, Failure};
use crate::app::{Request, Response, ask, socket_path};
use intake::Transcript;

/// Associations.
#[derive(Debug, Args)]
pub(super) struct Associations {
    /// One association's number: everything about it.
    number: Option<u64>,
    #[command(flatten)]
    site: SiteArgs,
}

pub(super) async fn main(c: &Associations) -> Result<(), Failure> {
    let settings = output::settings(&c.site.config)?;
    let list: Vec<Transcript> = match ask(&socket_path(&settings), &Request::Associations).await? {
        Some(Response::Done(value)) => serde_json::from_value(value).map_err(|_| {
            Failure::new(output::FAILED, "the answer cannot be understood: use the same version on both ends")
        })?,
        Some(Response::Refused(words)) => return Err(Failure::new(output::FAILED, words)),
        None => {
            return Err(Failure::new(
                output::UNREACHABLE,
                "the appliance does not run: transcripts are kept while it runs; start it with `appliance run`",
            ));
        }
    };
    let wanted: Vec<&Transcript> =
        list.iter().filter(|t| c.number.is_none_or(|number| number == t.association)).collect();
    if let (Some(_), true) = (c.number, wanted.is_empty()) {
        return Err(Failure::new(
            output::FAILED,
            "no transcript of that association: only the last ones are kept",
        ));
    }
    for transcript in wanted {
        if c.site.json {
            output::json(transcript);
        } else if c.number.is_some() {
            whole(transcript).iter().for_each(|line| output::line(line));
        } else {
            output::line(&summary(transcript));
        }
    }
    Ok(())
}

fn summary(t: &Transcript) -> String {
    let done: Vec<String> = t
        .totals
        .iter()
        .map(|total| format!("{} {} {} ({} bytes)", total.count, total.what, total.status, total.bytes))
        .collect();
    let caller = t.caller.as_deref().unwrap_or("-");
    let how = if t.tls.is_some() { "TLS" } else { "plain" };
    let done = if done.is_empty() { "no messages".to_owned() } else { done.join(", ") };
    let lasted = t.lasted.map(|ms| format!(" after {} ms", ms)).unwrap_or_default();
    format!(
        "{}  {}  {:<15} {:<16} {:<5}  {}; {}{}",
        t.association,
        output::time(t.began),
        t.address,
        caller,
        how,
        done,
        t.outcome,
        lasted
    )
}

fn whole(t: &Transcript) -> Vec<String> {
    let mut lines = vec![
        format!("association  {}", t.association),
        format!("began        {}", output::time(t.began)),
        format!("from         {}", t.address),
        format!("caller       {}", t.caller.as_deref().unwrap_or("none of the configuration")),
        format!("transport    {}", t.tls.as_deref().unwrap_or("plain DICOM")),
        format!("ended        {}", t.outcome),
    ];
    if let Some(lasted) = t.lasted {
        lines.push(format!("lasted       {lasted} ms"));
    }
    for context in &t.contexts {
        lines.push(format!("context {:>3}  {}: {}", context.id, context.sop_class, context.result));
        lines.push(format!("             proposed: {}", context.proposed.join("; ")));
    }
    for m in &t.messages {
        lines.push(format!(
            "{:>8} ms  {} on context {}: {} bytes, answered {} after {} ms",
            m.at, m.what, m.context, m.bytes, m.status, m.took
        ));
    }
    for total in &t.totals {
        lines.push(format!(
            "total        {} {} answered {}, {} bytes",
            total.count, total.what, total.status, total.bytes
        ));
    }
    lines
}
