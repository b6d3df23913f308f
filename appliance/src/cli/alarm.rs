//! `appliance alarm try`: calls every contact once, on trial, so that a site knows before the first flag.

use clap::{Args, Subcommand};
use futures::future::join_all;

use super::SiteArgs;
use super::output::{self, Failure};
use crate::alarm::{Caller, Contact, Error, Message};

/// Calls.
#[derive(Debug, Subcommand)]
pub(super) enum Alarm {
    /// Call every contact once and say who was reached: about no study.
    Try(Try),
}

/// Whom.
#[derive(Debug, Args)]
pub(super) struct Try {
    /// One contact's name (default: all).
    contact: Option<String>,
    #[command(flatten)]
    site: SiteArgs,
}

pub(super) async fn main(command: &Alarm) -> Result<(), Failure> {
    let Alarm::Try(c) = command;
    let settings = output::settings(&c.site.config)?;
    let wanted: Vec<&Contact> = settings
        .alarm
        .contact
        .iter()
        .filter(|contact| c.contact.as_ref().is_none_or(|name| *name == contact.name))
        .collect();
    if wanted.is_empty() {
        let words = match &c.contact {
            Some(_) => "no [[alarm.contact]] has that name",
            None => "there is no [[alarm.contact]]: nobody would be called",
        };
        return Err(Failure::new(output::USAGE, words));
    }
    let caller = Caller::new(&settings.alarm).map_err(|e| Failure::new(output::FAILED, e.to_string()))?;
    let message = Message::trial(&settings.site.name);
    let tried = join_all(wanted.iter().map(|contact| caller.call(contact, &message))).await;
    for (contact, tried) in wanted.iter().zip(&tried) {
        tell(contact, *tried, c.site.json);
    }
    let missed = tried.iter().filter(|tried| tried.is_err()).count();
    if missed == 0 {
        return Ok(());
    }
    Err(Failure::new(output::UNREACHABLE, format!("{missed} of {} contacts were not reached", tried.len())))
}

fn tell(contact: &Contact, tried: Result<(), Error>, json: bool) {
    let fault = tried.err().map(|error| error.to_string());
    if json {
        output::json(
            &serde_json::json!({ "contact": contact.name, "reached": fault.is_none(), "fault": fault }),
        );
    } else {
        let words = fault.unwrap_or_else(|| "has taken the message".to_owned());
        output::line(&format!("{}: {words}", contact.name));
    }
}
