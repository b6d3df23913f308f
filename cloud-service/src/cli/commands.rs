//! Operators' commands on the database of a service, running or not: sites, cases, people, status.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use proto::ids::SiteId;
use proto::pki::certificates;
use proto::token::EnrolToken;
use serde_json::{Value, json};

use super::arguments::{At, Case, Site, User, load};
use super::config::Config;
use super::error::Error;
use super::output::Output;
use super::run;
use crate::queue::{CaseFilter, CaseRow, CaseState, Invitation, Queue};

const SETUP_MS: i64 = 72 * 3_600_000;
const DIAL_LIMIT: Duration = Duration::from_secs(2);

async fn open(at: &At) -> Result<(Config, Queue, Output), Error> {
    let config = load(at)?;
    let queue = Queue::open(&config.queue.database, false).await?;
    Ok((config, queue, Output::new(at.json)))
}

/// A fresh one-time code.
pub(super) fn code() -> Result<String, Error> {
    let mut bytes = [0_u8; 20];
    getrandom::fill(&mut bytes).map_err(|_| Error::Other("no random bytes".to_owned()))?;
    Ok(hex::encode(bytes))
}

/// The link that uses a code; in the fragment, which no browser sends and no proxy logs.
pub(super) fn link(page: SocketAddr, code: &str) -> String {
    format!("http://{page}/welcome#{code}")
}

pub(super) async fn site(command: Site) -> Result<(), Error> {
    match command {
        Site::Add { name, valid, at } => {
            let (config, queue, out) = open(&at).await?;
            let file = config.service.pki.join("authority.pem");
            let wrong = || Error::Usage(format!("{} is not a certificate; run `check`", file.display()));
            let pem = std::fs::read_to_string(&file).map_err(|_| wrong())?;
            let authority = certificates(&pem).ok().and_then(|c| c.into_iter().next()).ok_or_else(wrong)?;
            let none = |_| Error::Other("no random bytes".to_owned());
            let token = EnrolToken::issue(&authority).map_err(none)?;
            let id = SiteId::random().map_err(|_| none(proto::token::Error::NoEntropy))?.to_string();
            let now = proto::clock::now();
            let until = now.saturating_add(i64::try_from(valid.as_millis()).unwrap_or(i64::MAX));
            let token_hash = EnrolToken::secret_digest(token.secret());
            queue.invite_site(&Invitation { id: &id, name: &name, token_hash, until }, now).await?;
            let id = queue.site(&name).await?.id;
            let text = token.to_string();
            let words = format!(
                "{text}\nGive this to the site once; it works once and ends in {}.",
                humantime::format_duration(valid)
            );
            out.say(&json!({"site": name, "id": id, "token": text, "until_ms": until}), &words);
        }
        Site::List { at } => {
            let (_, queue, out) = open(&at).await?;
            let sites = queue.sites().await?;
            let objects: Vec<Value> = sites
                .iter()
                .map(|s| {
                    json!({"site": s.name, "id": s.id, "state": s.state.word(), "last_contact_ms": s.last_contact,
                           "version": s.client_version, "waiting": s.waiting, "oldest_waiting_ms": s.oldest_waiting})
                })
                .collect();
            let rows: Vec<Vec<String>> = sites
                .iter()
                .map(|s| {
                    let contact = s.last_contact.map_or_else(|| "never".to_owned(), ago);
                    vec![
                        s.name.clone(),
                        s.state.word().to_owned(),
                        contact,
                        s.waiting.to_string(),
                        s.client_version.clone(),
                    ]
                })
                .collect();
            out.table(&["SITE", "STATE", "LAST CONTACT", "WAITS THERE", "VERSION"], &rows, &objects);
        }
        Site::Revoke { name, at } => {
            let (_, queue, out) = open(&at).await?;
            queue.revoke_site(&name, proto::clock::now()).await?;
            out.say(
                &json!({"site": name, "state": "revoked"}),
                "Revoked: every call of this site is refused from now on.",
            );
        }
    }
    Ok(())
}

fn ago(ms: i64) -> String {
    let seconds = u64::try_from((proto::clock::now() - ms).max(0) / 1000).unwrap_or(0);
    format!("{} ago", humantime::format_duration(Duration::from_secs(seconds)))
}

fn case_object(c: &CaseRow) -> Value {
    json!({"case": c.key, "site": c.site_name, "case_id": c.case_id, "revision": c.revision,
           "priority": priority(c.priority), "state": c.state.word(), "modality": c.modality,
           "queued_at_ms": c.queued_at, "changed_at_ms": c.changed_at, "attempts": c.attempts,
           "holder": c.lease.as_ref().map(|l| &l.0), "lease_until_ms": c.lease.as_ref().map(|l| l.1),
           "parts": c.parts.0, "parts_of": c.parts.1, "bytes": c.parts.2,
           "signed_by": c.signed_by, "reason": c.reason})
}

fn priority(rank: u8) -> &'static str {
    match rank {
        0 => "STAT",
        1 => "URGENT",
        _ => "ROUTINE",
    }
}

pub(super) async fn case(command: Case) -> Result<(), Error> {
    match command {
        Case::List { state, finished, at } => {
            let (_, queue, out) = open(&at).await?;
            let state = state.map(|s| CaseState::of(&s)).transpose();
            let state = state.map_err(|_| {
                Error::Usage("--state takes a word of the list, such as ready or buried".to_owned())
            })?;
            let cases = queue.cases(&CaseFilter { state, finished, ..CaseFilter::default() }).await?;
            let objects: Vec<Value> = cases.iter().map(case_object).collect();
            let rows: Vec<Vec<String>> = cases
                .iter()
                .map(|c| {
                    let since = ago(c.queued_at.unwrap_or(c.first_seen_at));
                    vec![
                        c.key.to_string(),
                        priority(c.priority).to_owned(),
                        since,
                        c.site_name.clone(),
                        c.state.word().to_owned(),
                        c.attempts.to_string(),
                        c.reason.clone(),
                    ]
                })
                .collect();
            out.table(
                &["CASE", "PRIORITY", "WAITS SINCE", "SITE", "STATE", "ATTEMPTS", "REASON"],
                &rows,
                &objects,
            );
        }
        Case::Show { case, at } => {
            let (_, queue, out) = open(&at).await?;
            let row = queue.case(case).await?;
            let mut object = case_object(&row);
            let timeline = queue.timeline(case).await?;
            let lines: Vec<String> = timeline
                .iter()
                .map(|a| format!("{}  {}  {}  {}", ago(a.at), a.actor, a.action, a.detail))
                .collect();
            if let Some(o) = object.as_object_mut() {
                o.insert("timeline".to_owned(), json!(timeline));
            }
            let head = format!(
                "case {case}: {}, {}, from {}",
                priority(row.priority),
                row.state.word(),
                row.site_name
            );
            out.say(&object, &format!("{head}\n{}", lines.join("\n")));
        }
        Case::Retry { case, at } => {
            let (_, queue, out) = open(&at).await?;
            queue.retry(case, "operator", proto::clock::now()).await?;
            out.say(&json!({"case": case, "done": "retry"}), "Back in the queue with all its attempts.");
        }
        Case::Release { case, at } => {
            let (_, queue, out) = open(&at).await?;
            queue.break_lease(case, "operator", proto::clock::now()).await?;
            out.say(&json!({"case": case, "done": "release"}), "Its lease has ended.");
        }
        Case::Bury { case, reason, at } => {
            let (_, queue, out) = open(&at).await?;
            queue.bury(case, "operator", &reason, proto::clock::now()).await?;
            out.say(&json!({"case": case, "done": "bury"}), "Buried; its site is told at its next call.");
        }
    }
    Ok(())
}

pub(super) async fn user(command: User) -> Result<(), Error> {
    let (name, at, reset) = match command {
        User::Add { name, at } => (name, at, false),
        User::Reset { name, at } => (name, at, true),
    };
    let (config, queue, out) = open(&at).await?;
    let (code, now) = (code()?, proto::clock::now());
    if reset {
        queue.reset_user(&name, &code, now + SETUP_MS, now).await?;
    } else {
        queue.add_user(&name, &code, false, now + SETUP_MS, now).await?;
    }
    let link = link(config.page.listen, &code);
    let words = format!("{link}\nOpen this link once, within three days, to choose a password.");
    out.say(&json!({"user": name, "code": code, "link": link, "until_ms": now + SETUP_MS}), &words);
    Ok(())
}

pub(super) async fn status(config: &Config, out: &Output) -> Result<(), Error> {
    let queue = Queue::open(&config.queue.database, false).await?;
    let (service, page) = (reachable(config.service.listen).await, reachable(config.page.listen).await);
    let (tiles, counts, sites) = (queue.tiles().await?, queue.counts().await?, queue.sites().await?);
    let mut readers = queue.readers().await?;
    // What a killed service last said is no news.
    readers.retain(|r| !run::is_gone(&r.process));
    let now = proto::clock::now();
    let wait = |oldest: Option<i64>| oldest.map(|o| (now - o).max(0) / 1000);
    let waits: Vec<Value> = (0_u8..)
        .zip(&tiles)
        .map(|(p, t)| json!({"priority": priority(p), "count": t.count, "oldest_seconds": wait(t.oldest)}))
        .collect();
    let states: serde_json::Map<String, Value> =
        counts.iter().map(|(s, n)| (s.word().to_owned(), json!(n))).collect();
    let object = json!({
        "service": {"listen": config.service.listen.to_string(), "reachable": service},
        "page": {"listen": config.page.listen.to_string(), "reachable": page},
        "waiting": waits, "states": states, "readers": readers,
        "sites": sites.iter().map(|s| json!({"site": s.name, "state": s.state.word(),
            "last_contact_ms": s.last_contact, "waiting": s.waiting})).collect::<Vec<_>>(),
    });
    let light = |up: bool| if up { "reachable" } else { "NOT REACHABLE" };
    let mut words = format!(
        "service {} {}\npage    {} {}\n",
        config.service.listen,
        light(service),
        config.page.listen,
        light(page)
    );
    for r in &readers {
        words.push_str(&match r.away_since {
            None => format!("{}: cases are drafted\n", r.process),
            Some(since) => format!(
                "{}: NO CASE IS DRAFTED since {}: {}; cases wait for the model or a person, nothing is lost\n",
                r.process,
                ago(since),
                r.why
            ),
        });
    }
    for (p, t) in (0_u8..).zip(&tiles) {
        let oldest = wait(t.oldest).map_or_else(String::new, |s| format!(", oldest {s} s"));
        words.push_str(&format!("{:<8}{} waiting{oldest}\n", priority(p), t.count));
    }
    for (state, n) in &counts {
        words.push_str(&format!("{:<10}{n}\n", state.word()));
    }
    for s in &sites {
        let contact = s.last_contact.map_or_else(|| "never".to_owned(), ago);
        words.push_str(&format!("site {} {}, last contact {contact}\n", s.name, s.state.word()));
    }
    out.say(&object, words.trim_end());
    if service && page {
        Ok(())
    } else {
        Err(Error::Unreachable("the service is not running at these addresses".to_owned()))
    }
}

/// Whether something listens there. An address of all interfaces is asked on loopback.
async fn reachable(listen: SocketAddr) -> bool {
    let ip = if listen.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { listen.ip() };
    let dialled = tokio::time::timeout(DIAL_LIMIT, tokio::net::TcpStream::connect((ip, listen.port()))).await;
    matches!(dialled, Ok(Ok(_)))
}
