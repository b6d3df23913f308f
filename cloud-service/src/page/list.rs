//! The queue: tiles, table and sites, written by the server; the rows alone for the live update.

use axum::extract::{Query, State};
use axum::response::Html;
use serde::Deserialize;
use serde_json::Value;
use sign_in::Person;

use super::{Error, Page, html};
use crate::queue::{CaseFilter, CaseRow, CaseState, Millis, Readers, SiteRow, SiteState};

/// A view is an address, without identity.
#[derive(Deserialize, Default)]
pub(super) struct View {
    #[serde(default)]
    view: String,
    #[serde(default)]
    site: String,
}

const VIEWS: [(&str, &str); 5] =
    [("", "open"), ("mine", "mine"), ("free", "free"), ("buried", "buried"), ("finished", "finished")];
/// A site whose last call is older is shown as silent.
const SILENT_MS: Millis = 120_000;

pub(super) async fn page(
    State(page): State<Page>,
    person: Person,
    Query(view): Query<View>,
) -> Result<Html<String>, Error> {
    page.visited(&person).await?;
    let rows = fragment(&page, &person, &view).await?;
    let links: String = VIEWS
        .iter()
        .map(|(key, word)| {
            let here = if *key == view.view { " aria-current=\"page\"" } else { "" };
            format!("<a href=\"/?view={key}\"{here}>{word}</a>")
        })
        .collect();
    let known = VIEWS.iter().find(|(k, _)| *k == view.view).map_or("", |(k, _)| k);
    let body = format!(
        "<h1>Diagnostics queue</h1><nav aria-label=\"Views\">{links}</nav>\
         <p id=\"contact\" role=\"status\" class=\"line\"></p>\
         <div id=\"live\" data-rows=\"/rows?view={known}&amp;site={}\">{rows}</div>",
        html::escape(&site_filter(&view.site).unwrap_or_default())
    );
    Ok(html::page("Queue", Some(&person.session), &["list.js"], &body))
}

pub(super) async fn rows(
    State(page): State<Page>,
    person: Person,
    Query(view): Query<View>,
) -> Result<Html<String>, Error> {
    fragment(&page, &person, &view).await.map(Html)
}

fn site_filter(site: &str) -> Option<String> {
    let fits =
        !site.is_empty() && site.len() <= 63 && site.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    fits.then(|| site.to_owned())
}

async fn fragment(page: &Page, person: &Person, view: &View) -> Result<String, Error> {
    let now = page.now();
    let user = person.session.user.as_str();
    let filter = CaseFilter {
        state: match view.view.as_str() {
            "buried" => Some(CaseState::Buried),
            "finished" => Some(CaseState::Confirmed),
            _ => None,
        },
        holder: (view.view == "mine").then(|| user.to_owned()),
        site: site_filter(&view.site),
        finished: false,
    };
    let mut cases = page.queue.cases(&filter).await?;
    if view.view == "free" {
        cases.retain(|c| matches!(c.state, CaseState::Ready | CaseState::Drafted));
    }
    let mine = CaseFilter { holder: Some(user.to_owned()), ..CaseFilter::default() };
    let mine = page.queue.cases(&mine).await?;
    let tiles = page.queue.tiles().await?;
    let mut out = String::from("<ul class=\"tiles\">");
    for (rank, tile) in (0_u8..).zip(&tiles) {
        out.push_str(&tile_html(html::priority(rank), tile.count, tile.oldest, now));
    }
    let oldest = mine.iter().filter_map(|c| c.queued_at).min();
    out.push_str(&tile_html("mine", u64::try_from(mine.len()).unwrap_or(0), oldest, now));
    out.push_str("</ul>");
    out.push_str(&readers_line(&page.queue.readers().await?));
    let sites = page.queue.sites().await?;
    out.push_str(&table(&cases, now));
    if cases.is_empty() {
        out.push_str(&nothing(page, now).await?);
    }
    out.push_str(&site_panel(&sites, now));
    Ok(out)
}

fn tile_html(name: &str, count: u64, oldest: Option<Millis>, now: Millis) -> String {
    let wait = oldest.map_or_else(|| "none waits".to_owned(), |o| format!("oldest {}", html::span(now - o)));
    // An empty tile keeps a quiet stripe: a colour says that something waits.
    let quiet = if count == 0 { " none" } else { "" };
    format!(
        "<li class=\"{}{quiet}\"><strong>{count}</strong> {name}<small>{wait}</small></li>",
        name.to_ascii_lowercase()
    )
}

/// What keeps machines from drafting, and that people can go on.
fn readers_line(readers: &[Readers]) -> String {
    let away = readers.iter().filter_map(|r| r.away_since.map(|since| (since, r)));
    away.map(|(since, r)| {
        format!(
            "<p role=\"alert\">No draft is made since {}: {}. Cases wait for the model or for a person, \
             who can lease, read and sign them; nothing is lost.</p>",
            html::time_of(since),
            html::escape(&r.why)
        )
    })
    .collect()
}

/// Quiet and broken look different: what came last, and the sites below.
async fn nothing(page: &Page, now: Millis) -> Result<String, Error> {
    Ok(match page.queue.last_received().await? {
        Some((at, site)) => format!(
            "<p>Nothing waits here. Last case from {} {} ago. New ones appear by themselves.</p>",
            html::escape(&site),
            html::span(now - at)
        ),
        None => "<p>Nothing waits here. No case has ever come. New ones appear by themselves.</p>".to_owned(),
    })
}

fn table(cases: &[CaseRow], now: Millis) -> String {
    if cases.is_empty() {
        return String::new();
    }
    let mut out = String::from(
        "<table><caption>Cases by urgency</caption><thead><tr><th scope=\"col\">Priority</th>\
         <th scope=\"col\">Waiting</th><th scope=\"col\">Study</th><th scope=\"col\">Site</th>\
         <th scope=\"col\">Sent because</th><th scope=\"col\">Parts</th><th scope=\"col\">State</th></tr></thead><tbody>",
    );
    for c in cases {
        let word = html::priority(c.priority);
        let since = c.queued_at.unwrap_or(c.first_seen_at);
        let (study, why) = described(c);
        out.push_str(&format!(
            "<tr class=\"{}\"><td>{word}</td><td>{}</td><td><a href=\"/case/{}\">{}</a></td><td>{}</td><td>{}</td>\
             <td>{} of {}</td><td>{}</td></tr>",
            word.to_ascii_lowercase(),
            html::span(now - since),
            c.key,
            html::escape(&study),
            html::escape(&c.site_name),
            html::escape(&why),
            c.parts.0,
            c.parts.1,
            html::escape(&state(c, now)),
        ));
    }
    out.push_str("</tbody></table>");
    out
}

/// What was examined, and why it was sent, from what a reader noted. Before that only what the site announced.
pub(super) fn described(c: &CaseRow) -> (String, String) {
    let summary: Value = serde_json::from_str(&c.summary).unwrap_or_default();
    let word = |key: &str| summary.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let modality = if c.modality.is_empty() { word("modality") } else { c.modality.clone() };
    let study =
        [modality, word("body_part")].into_iter().filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ");
    let study = if study.is_empty() { format!("case {}", c.key) } else { study };
    let finding = summary.get("finding").filter(|f| f.is_object());
    let why = match (word("disposition").as_str(), finding) {
        ("", _) => "not opened yet".to_owned(),
        (d, Some(f)) => format!(
            "{d}: {} {:.2}",
            f.get("name").and_then(Value::as_str).unwrap_or_default(),
            f.get("score").and_then(Value::as_f64).unwrap_or_default()
        ),
        (d, None) => d.to_owned(),
    };
    (study, why)
}

/// The state in words.
pub(super) fn state(c: &CaseRow, now: Millis) -> String {
    let because =
        |text: &str| if c.reason.is_empty() { text.to_owned() } else { format!("{text}: {}", c.reason) };
    match c.state {
        CaseState::Arriving => "arriving".to_owned(),
        CaseState::Ready if c.not_before > now => {
            let again = html::span(c.not_before - now);
            because(&match c.attempts {
                0 => format!("waits, offered again in {again}"),
                n => format!("tried {n} times, again in {again}"),
            })
        }
        CaseState::Ready => because(if c.reason.is_empty() { "ready" } else { "returned" }),
        CaseState::Leased => c.lease.as_ref().map_or_else(
            || "leased".to_owned(),
            |(who, until)| format!("leased by {who}, {} left", html::span(until - now)),
        ),
        CaseState::Drafted => because("draft waits for a person"),
        CaseState::Signed => "released, being sealed".to_owned(),
        CaseState::Reported => match &c.signed_by {
            Some(who) => format!("report written, signed by {who}; the site has not confirmed it"),
            None => "UNSIGNED MACHINE DRAFT sealed; the site has not confirmed it".to_owned(),
        },
        CaseState::Confirmed => "confirmed by the site, content forgotten".to_owned(),
        CaseState::Buried => because("buried"),
        CaseState::Withdrawn => "withdrawn by the site".to_owned(),
    }
}

fn site_panel(sites: &[SiteRow], now: Millis) -> String {
    let mut out = String::from("<section aria-labelledby=\"sites\"><h2 id=\"sites\">Sites</h2>");
    if sites.is_empty() {
        out.push_str("<p>No site yet. An operator adds one with the command <code>cloud-service site add NAME</code>.</p>");
    } else {
        out.push_str(
            "<table><thead><tr><th scope=\"col\">Site</th><th scope=\"col\">State</th>\
             <th scope=\"col\">Last contact</th><th scope=\"col\">Waits there</th><th scope=\"col\">Version</th></tr></thead><tbody>",
        );
        for s in sites {
            let silent = s.state == SiteState::Enrolled && s.last_contact.is_none_or(|t| now - t > SILENT_MS);
            let contact =
                s.last_contact.map_or_else(|| "never".to_owned(), |t| format!("{} ago", html::span(now - t)));
            let waits = match s.oldest_waiting {
                Some(t) => format!("{}, oldest {}", s.waiting, html::span(now - t)),
                None => s.waiting.to_string(),
            };
            out.push_str(&format!(
                "<tr{}><td>{}</td><td>{}{}</td><td>{contact}</td><td>{waits}</td><td>{}</td></tr>",
                if silent { " class=\"silent\"" } else { "" },
                html::escape(&s.name),
                s.state.word(),
                if silent { ", silent" } else { "" },
                html::escape(&s.client_version),
            ));
        }
        out.push_str("</tbody></table>");
    }
    out.push_str("</section>");
    out
}
