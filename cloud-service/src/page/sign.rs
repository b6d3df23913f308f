//! The draft and what the person who holds the case makes of it: corrected and signed, or its priority lowered.

use axum::extract::{Form, Path, State};
use axum::response::{Html, Redirect};
use proto::case::Priority;
use proto::report::{Authority, Origin, ReportContent, ReportFormat, Sections, UNSIGNED_LINE};
use serde::Deserialize;
use serde_json::Value;
use sign_in::Person;

use super::holder::held;
use super::layers::lease_token;
use super::{Error, Page, html};
use crate::queue::{CaseRow, Draft, Text, priority_of};

/// The most urgent first.
const PRIORITIES: [Priority; 3] = [Priority::Stat, Priority::Urgent, Priority::Routine];

#[derive(Deserialize)]
pub(super) struct Signed {
    csrf: String,
    findings: String,
    impression: String,
    #[serde(default)]
    priority: String,
    #[serde(default)]
    closes_flag: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Lowered {
    csrf: String,
    priority: String,
    reason: String,
}

pub(super) async fn draft(
    State(page): State<Page>,
    person: Person,
    Path(key): Path<i64>,
) -> Result<Html<String>, Error> {
    let case = held(&page, &person, key).await?;
    if !page.queue.has_opened(key, &person.session.user).await? {
        return Err(Error::ImagesFirst);
    }
    let draft = page.queue.draft(key).await?;
    let mut out = draft.as_ref().map_or_else(
        || "<p>No machine draft: you held the case before a reader wrote one.</p>".to_owned(),
        written,
    );
    let text = draft.map(|d| d.text).unwrap_or_default();
    out.push_str(&format!(
        "<form method=\"post\" action=\"/case/{key}/sign\">{}<label>Findings<textarea name=\"findings\" rows=\"6\" \
         maxlength=\"16000\">{}</textarea></label><label>Impression<textarea name=\"impression\" rows=\"4\" \
         maxlength=\"16000\">{}</textarea></label>{}\
         <label class=\"check\"><input type=\"checkbox\" name=\"closes_flag\" value=\"yes\"> The flag raised at the site may be closed</label>\
         <button class=\"primary\">Sign and send home</button></form><p class=\"hint\">You sign a triage opinion on a de-identified case.</p>",
        html::csrf(&person.session),
        html::escape(&text.findings),
        html::escape(&text.impression),
        priority_choice(priority_of(case.priority)?, text.priority),
    ));
    Ok(Html(out))
}

/// The draft as a machine wrote it, every line saying what it is.
fn written(d: &Draft) -> String {
    let model: Value = serde_json::from_str(&d.model).unwrap_or_default();
    let word = |k: &str| model.get(k).and_then(Value::as_str).unwrap_or_default().to_owned();
    // The reference backend runs the model of the same name: said once.
    let mut names = vec![word("backend"), word("model"), word("version")];
    names.dedup();
    let by = format!("{}, {}", names.join(" "), html::time_of(d.made_at));
    let lines: String =
        as_report(&d.text, None).lines().iter().map(|l| format!("<p>{}</p>", html::escape(l))).collect();
    format!(
        "<p>Written by {}. Correct it; what you sign is yours.</p><div class=\"machine\">{lines}</div>",
        html::escape(&by)
    )
}

/// What a signature may do to the priority: leave it as it is, which needs no choice, or raise it. A machine's
/// suggestion is told and chooses nothing.
fn priority_choice(now: Priority, suggested: Option<Priority>) -> String {
    let hint = match suggested {
        Some(p) if p < now => format!(" The draft suggests {}: a signature lowers nothing.", p.as_str()),
        Some(p) if p > now => format!(" The draft suggests {}.", p.as_str()),
        _ => String::new(),
    };
    format!(
        "<label>Priority from now on <select name=\"priority\"><option value=\"\">stays {}</option>{}</select>{hint}</label>",
        now.as_str(),
        options(|p| p > now)
    )
}

fn options(offered: impl Fn(Priority) -> bool) -> String {
    let all = PRIORITIES.iter().filter(|p| offered(**p));
    all.map(|p| format!("<option value=\"{p}\">{p}</option>", p = p.as_str())).collect()
}

/// The form that lowers the priority of a case; nothing is chosen beforehand. Empty for one that is routine.
pub(super) fn lower_form(c: &CaseRow, csrf: &str) -> String {
    let Ok(now) = priority_of(c.priority) else { return String::new() };
    let lower = options(|p| p < now);
    if lower.is_empty() {
        return String::new();
    }
    format!(
        "<section aria-labelledby=\"lower\"><h2 id=\"lower\">Less urgent than {}?</h2>\
         <form method=\"post\" action=\"/case/{}/lower-priority\">{csrf}<label>Lower to \
         <select name=\"priority\" required><option value=\"\">choose</option>{lower}</select></label>\
         <label>because <input name=\"reason\" maxlength=\"200\" required></label><button>Lower the priority</button></form>\
         <p class=\"hint\">Before you write: the page opens anew. The queue follows at once, the site with your signature.</p></section>",
        now.as_str(),
        c.key,
    )
}

/// The text as a report, to show its lines and check its bounds; the sealed one is made elsewhere from the release.
fn as_report(text: &Text, signed_by: Option<&str>) -> ReportContent {
    let at = "1970-01-01T00:00:00Z".to_owned();
    ReportContent {
        format: ReportFormat::V1,
        case: proto::ids::CaseId::from_bytes([0; 16]),
        revision: 1,
        origin: Origin { backend: "person".into(), model: "none".into(), version: "none".into() },
        authority: signed_by
            .map_or(Authority::Unsigned {}, |by| Authority::Signed { by: by.to_owned(), at: at.clone() }),
        sections: Sections { findings: text.findings.clone(), impression: text.impression.clone() },
        priority: text.priority,
        closes_flag: text.closes_flag,
        created: at,
    }
}

pub(super) async fn sign(
    State(page): State<Page>,
    person: Person,
    Path(key): Path<i64>,
    Form(form): Form<Signed>,
) -> Result<Redirect, Error> {
    page.acts(&person, &form.csrf).await?;
    let priority = match form.priority.as_str() {
        "" => None,
        word => Some(word.parse::<Priority>().map_err(|_| Error::Priority)?),
    };
    let clean = |text: &str| text.replace("\r\n", "\n").trim().to_owned();
    let text = Text {
        findings: clean(&form.findings),
        impression: clean(&form.impression),
        priority,
        closes_flag: form.closes_flag.is_some(),
    };
    // A signed text must not read like the draft nobody signed.
    let marked = [&text.findings, &text.impression].iter().any(|t| t.contains(UNSIGNED_LINE));
    let user = &person.session.user;
    if marked || as_report(&text, Some(user)).validate().is_err() {
        return Err(Error::Text);
    }
    page.queue.sign(key, &lease_token(&person, key), user, &text, page.now()).await?;
    page.images.forget(key).await;
    Ok(Redirect::to("/"))
}

pub(super) async fn lower(
    State(page): State<Page>,
    person: Person,
    Path(key): Path<i64>,
    Form(form): Form<Lowered>,
) -> Result<Redirect, Error> {
    page.acts(&person, &form.csrf).await?;
    let to = form.priority.parse::<Priority>().map_err(|_| Error::Priority)?;
    let reason: String = form.reason.trim().chars().take(200).collect();
    let (token, user) = (lease_token(&person, key), &person.session.user);
    page.queue.lower_priority(key, &token, user, to, &reason, page.now()).await?;
    Ok(Redirect::to(&format!("/case/{key}")))
}
