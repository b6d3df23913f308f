//! `appliance forward`: originals that go on: what waits, what is dead, trying again, giving up.

use clap::{Args, Subcommand, ValueEnum};

use super::SiteArgs;
use super::named;
use super::output::{self, Failure};
use crate::app::{Request, Response, ask, open_audit, open_ledger, socket_path};
use crate::forward::Forwards;
use crate::forward::{ForwardOrder, ForwardStep};
use ledger::ForwardRow;

/// Commands about originals that go on.
#[derive(Debug, Subcommand)]
pub(super) enum Forward {
    /// Instances and how far they got, the oldest first; without --state what waits, what is dead, and collisions that
    /// are to be checked at the archive.
    List(List),
    /// Try again now: dead letters wait again, what waits is due.
    Retry(Retry),
    /// Give up for good, in your name: they are not sent there and may be evicted in time.
    GiveUp(GiveUp),
    /// Say, in your name, that you looked at the archive for collisions: SOP Instance UIDs that it was given several
    /// instances of.
    Checked(Checked),
}

/// State of an instance at a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum State {
    /// Not there yet.
    Waiting,
    /// There.
    Delivered,
    /// Refused, or tried too often.
    Dead,
    /// Given up by a person.
    GivenUp,
    /// A corrected instance took its place before it was sent.
    Replaced,
    /// Others of its SOP Instance UID went there too, and nobody has looked at the archive since, whatever its state.
    Collision,
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
            Self::GivenUp => "given-up",
            Self::Replaced => "replaced",
            Self::Collision => "collision",
        }
    }
}

/// What to list.
#[derive(Debug, Args)]
pub(super) struct List {
    /// Only this destination.
    name: Option<String>,
    /// Only this state; may be given several times.
    #[arg(long)]
    state: Vec<State>,
    /// At most so many.
    #[arg(long, default_value_t = 10_000)]
    limit: u32,
    #[command(flatten)]
    site: SiteArgs,
}

/// What to try again.
#[derive(Debug, Args)]
pub(super) struct Retry {
    /// The destination's name.
    name: String,
    /// Only this instance, as `forward list` names it.
    #[arg(long)]
    instance: Option<String>,
    #[command(flatten)]
    site: SiteArgs,
}

/// What to give up.
#[derive(Debug, Args)]
pub(super) struct GiveUp {
    /// The destination's name.
    name: String,
    /// Only this instance, as `forward list` names it.
    #[arg(long)]
    instance: Option<String>,
    /// Also what still waits, for a destination that does not come back.
    #[arg(long)]
    waiting: bool,
    /// Who decides; it is audited.
    #[arg(long, value_parser = named::person)]
    by: String,
    /// Why, on one line, without identity.
    #[arg(long, value_parser = named::reason)]
    reason: String,
    #[command(flatten)]
    site: SiteArgs,
}

/// What was checked.
#[derive(Debug, Args)]
pub(super) struct Checked {
    /// The destination's name.
    name: String,
    /// Only this instance's UID, by the name of `forward list`.
    #[arg(long)]
    instance: Option<String>,
    /// Who looked; it is audited.
    #[arg(long, value_parser = named::person)]
    by: String,
    #[command(flatten)]
    site: SiteArgs,
}

pub(super) async fn main(c: &Forward) -> Result<(), Failure> {
    match c {
        Forward::List(l) => list(l).await,
        Forward::Retry(r) => {
            let order = ForwardOrder {
                destination: r.name.clone(),
                instance: r.instance.clone(),
                who: "operator".into(),
                what: ForwardStep::Retry,
            };
            carry_out(&r.site, order, "dead letters wait again").await
        }
        Forward::GiveUp(g) => {
            let order = ForwardOrder {
                destination: g.name.clone(),
                instance: g.instance.clone(),
                who: g.by.clone(),
                what: ForwardStep::GiveUp { reason: g.reason.clone(), waiting: g.waiting },
            };
            carry_out(&g.site, order, "instances given up").await
        }
        Forward::Checked(c) => {
            let order = ForwardOrder {
                destination: c.name.clone(),
                instance: c.instance.clone(),
                who: c.by.clone(),
                what: ForwardStep::Checked,
            };
            carry_out(&c.site, order, "collisions checked").await
        }
    }
}

async fn list(l: &List) -> Result<(), Failure> {
    let settings = output::settings(&l.site.config)?;
    let ledger = open_ledger(&settings).await?;
    let states: Vec<&str> = match l.state.as_slice() {
        [] => vec!["waiting", "dead", "collision"],
        some => some.iter().map(|s| s.as_str()).collect(),
    };
    let rows = ledger.forwards(l.name.as_deref().unwrap_or_default(), &states, l.limit).await?;
    ledger.close().await;
    if l.site.json {
        rows.iter().for_each(output::json);
        return Ok(());
    }
    output::line(&format!("{:<32}  {:<12} {:<9} {:>5}  why", "instance", "destination", "state", "tries"));
    for r in &rows {
        output::line(&format!(
            "{}  {:<12} {:<9} {:>5}  {}",
            r.instance,
            r.destination,
            r.state,
            r.attempts,
            why(r)
        ));
    }
    if rows.is_empty() {
        output::say("nothing waits, nothing is dead and no collision is to be checked");
    }
    Ok(())
}

fn why(r: &ForwardRow) -> String {
    let fault = r.fault.as_deref().unwrap_or_default();
    if !r.collision {
        return fault.to_owned();
    }
    let answer = match (&r.answer, r.status) {
        (Some(answer), Some(status)) => format!("{answer} ({status:04X})"),
        _ => "not answered".to_owned(),
    };
    let checked = r.checked_by.as_ref().map_or_else(
        || "look there, then `appliance forward checked`".to_owned(),
        |who| format!("checked by {who}"),
    );
    let words = format!("collision: others of its SOP Instance UID go there too; {answer}; {checked}");
    if fault.is_empty() { words } else { format!("{words}; {fault}") }
}

async fn carry_out(w: &SiteArgs, order: ForwardOrder, what: &str) -> Result<(), Failure> {
    let settings = output::settings(&w.config)?;
    let changed = match ask(&socket_path(&settings), &Request::Forward(order.clone())).await? {
        Some(Response::Done(value)) => value.get("changed").and_then(serde_json::Value::as_u64).unwrap_or(0),
        Some(Response::Refused(words)) => return Err(Failure::new(output::FAILED, words)),
        None => {
            let ledger = open_ledger(&settings).await?;
            let audit = open_audit(&settings)?;
            let changed = order.carry_out(&ledger, &audit, &Forwards::new(&settings.forward)).await?;
            ledger.close().await;
            changed
        }
    };
    if w.json {
        output::json(&serde_json::json!({ "changed": changed }));
    } else {
        output::say(&format!("{changed} {what}"));
    }
    Ok(())
}
