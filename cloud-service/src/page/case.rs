//! One case: lease, images, draft, and the three ways it leaves a person's hands: signed, returned, buried.

use axum::extract::{Form, Path, State};
use axum::http::header;
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use proto::case::{CaseManifest, Disposition, Priority};
use proto::report::{Authority, Origin, ReportContent, ReportFormat, Sections, UNSIGNED_LINE};
use serde::Deserialize;
use serde_json::{Value, json};

use super::door::Person;
use super::list::{described, state};
use super::{Error, Page, html};
use crate::queue::{self, CaseRow, CaseState, Released, Text};

#[derive(Deserialize)]
pub(super) struct Plain {
    csrf: String,
    #[serde(default)]
    take_over: bool,
}

#[derive(Deserialize)]
pub(super) struct Reason {
    csrf: String,
    reason: String,
}

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

fn holds(c: &CaseRow, person: &Person) -> bool {
    c.lease.as_ref().is_some_and(|(who, _)| *who == person.session.user)
}

pub(super) async fn page(
    State(page): State<Page>,
    person: Person,
    Path(key): Path<i64>,
) -> Result<Html<String>, Error> {
    let c = page.queue.case(key).await?;
    let now = page.now();
    let (study, why) = described(&c);
    let csrf = html::csrf(&person.session);
    let mut body = format!(
        "<h1>{} <span class=\"priority {}\">{}</span></h1><p class=\"about\">{} · from {} · {} · {}</p>",
        html::escape(&study),
        html::priority(c.priority).to_ascii_lowercase(),
        html::priority(c.priority),
        c.queued_at
            .map_or_else(|| "still arriving".to_owned(), |t| format!("came {} ago", html::span(now - t))),
        html::escape(&c.site_name),
        html::escape(&why),
        html::escape(&if holds(&c, &person) {
            "leased by you, while this page is open".to_owned()
        } else {
            state(&c, now)
        }),
    );
    if holds(&c, &person) {
        body.push_str(&work_area(key, &csrf));
    } else {
        body.push_str(&offer(&c, &csrf));
    }
    body.push_str(
        "<section aria-labelledby=\"timeline\"><h2 id=\"timeline\">Timeline</h2><ol class=\"timeline\">",
    );
    for a in page.queue.timeline(key).await? {
        body.push_str(&format!(
            "<li><time>{}</time> {} <b>{}</b> {}</li>",
            html::time_of(a.at),
            html::escape(actor(&a.actor, &c)),
            html::escape(&a.action),
            html::escape(&a.detail)
        ));
    }
    body.push_str("</ol></section>");
    let modules: &[&str] = if holds(&c, &person) { &["case.js"] } else { &[] };
    Ok(html::page("Case", Some(&person.session), modules, &body))
}

/// In the audit a site is its random id; a person reads its name.
fn actor<'a>(who: &'a str, c: &'a CaseRow) -> &'a str {
    if who == c.site { &c.site_name } else { who }
}

/// What somebody who does not hold the case may do.
fn offer(c: &CaseRow, csrf: &str) -> String {
    let form = |label: &str, take: bool| {
        let take = if take { "<input type=\"hidden\" name=\"take_over\" value=\"true\">" } else { "" };
        format!(
            "<form method=\"post\" action=\"/case/{}/lease\">{csrf}{take}<button>{label}</button></form>",
            c.key
        )
    };
    match (&c.lease, c.state) {
        (_, CaseState::Ready | CaseState::Drafted) => form("Lease and open", false),
        (Some((who, _)), CaseState::Leased) if who == "reader" => {
            "<p>A machine reader works on it; its draft comes by itself.</p>".to_owned()
        }
        (Some((who, _)), CaseState::Leased) => form(&format!("Take over from {}", html::escape(who)), true),
        _ => "<p>There is nothing to decide here.</p>".to_owned(),
    }
}

fn work_area(key: i64, csrf: &str) -> String {
    format!(
        "<div id=\"case\" data-case=\"{key}\"><p id=\"contact\" role=\"status\" class=\"line\">Opening the images in a worker.</p>\
         <section aria-labelledby=\"images\"><h2 id=\"images\">Images</h2><div class=\"pane\">\
         <canvas id=\"canvas\" tabindex=\"0\" aria-label=\"Images of the case\"></canvas><p class=\"chip top right\" id=\"place\"></p>\
         <p class=\"chip bottom left\" id=\"cap-window\"></p><p class=\"chip bottom right\">Not for diagnosis</p></div>\
         <p class=\"imagebar\"><button type=\"button\" id=\"previous\" hidden>Previous <kbd>↑</kbd></button>\
         <button type=\"button\" id=\"next\" hidden>Next <kbd>↓</kbd></button>\
         <button type=\"button\" id=\"preset-1\">As sent <kbd>1</kbd></button>\
         <button type=\"button\" id=\"preset-2\">Narrow <kbd>2</kbd></button>\
         <button type=\"button\" id=\"preset-3\">Narrower <kbd>3</kbd></button>\
         <button type=\"button\" id=\"invert\" aria-pressed=\"false\">Invert <kbd>I</kbd></button>\
         <button type=\"button\" id=\"reset\">Reset <kbd>0</kbd></button></p>\
         <p class=\"hint\">Prepared frames, not the originals: reduced, 8 bits, cut to the window the site sent. Drag to window \
         (right widens, down raises the centre), right drag or + − zooms, middle drag moves, wheel scrolls.</p></section>\
         <section aria-labelledby=\"facts-title\"><h2 id=\"facts-title\">What the site said</h2><div id=\"facts\"></div></section>\
         <section aria-labelledby=\"draft-title\"><h2 id=\"draft-title\">Draft</h2>\
         <div id=\"draft\"><p>The draft is shown once you have opened the images.</p></div></section>\
         <section aria-labelledby=\"other\"><h2 id=\"other\">Not answered by you</h2>\
         <form method=\"post\" action=\"/case/{key}/return\">{csrf}<label>Return to the queue because \
         <input name=\"reason\" maxlength=\"200\" required></label><button>Return</button></form>\
         <form method=\"post\" action=\"/case/{key}/bury\">{csrf}<label>Bury, and tell the site, because \
         <input name=\"reason\" maxlength=\"200\" required></label><button>Bury</button></form></section>\
         <form id=\"renew\" hidden>{csrf}</form></div>"
    )
}

pub(super) async fn lease(
    State(page): State<Page>,
    person: Person,
    Path(key): Path<i64>,
    Form(form): Form<Plain>,
) -> Result<Redirect, Error> {
    person.check(&form.csrf)?;
    let token = person.lease_token(key);
    let user = &person.session.user;
    page.queue.claim_case(key, user, &token, form.take_over, &page.limits, page.now()).await?;
    Ok(Redirect::to(&format!("/case/{key}")))
}

/// Renews the lease of an open page; the answer is the milliseconds left.
pub(super) async fn renew(
    State(page): State<Page>,
    person: Person,
    Path(key): Path<i64>,
    Form(form): Form<Plain>,
) -> Result<String, Error> {
    person.check(&form.csrf)?;
    let now = page.now();
    let until = page.queue.renew(key, &person.lease_token(key), &page.limits, now).await?;
    Ok((until - now).to_string())
}

/// Images and facts are for the one who holds the case.
async fn held(page: &Page, person: &Person, key: i64) -> Result<(), Error> {
    if holds(&page.queue.case(key).await?, person) {
        Ok(())
    } else {
        Err(Error::Queue(queue::Error::LeaseLost))
    }
}

pub(super) async fn facts(
    State(page): State<Page>,
    person: Person,
    Path(key): Path<i64>,
) -> Result<Html<String>, Error> {
    held(&page, &person, key).await?;
    let view = page.images.view(key).await?;
    let m = &view.manifest;
    let frames: Vec<Value> = view.images.iter().map(|(index, _)| about(m, *index)).collect();
    let none = if frames.is_empty() {
        page.queue.note(page.now(), &person.session.user, "opened-without-images", Some(key), "").await?;
        "<p role=\"alert\">This case carries no image: the site sent what its encoder made of one. It cannot be signed here, \
         only returned or buried.</p>"
    } else {
        ""
    };
    let frames = html::escape(&Value::from(frames).to_string());
    Ok(Html(format!("<div data-frames=\"{frames}\">{none}{}</div>", fact_list(m))))
}

/// What the viewer needs to know of a frame: `{"index","kind","window"}`, the window as centre and width or null.
fn about(m: &CaseManifest, index: u32) -> Value {
    let entry = m.frames.iter().find(|f| f.index == index);
    let window = entry.and_then(|f| f.window).map(|w| [w.center, w.width.max(1.0)]);
    json!({ "index": index, "kind": entry.map(|f| f.kind), "window": window })
}

fn fact_list(m: &CaseManifest) -> String {
    let mut rows: Vec<(&str, String)> = vec![
        ("Modality", m.modality.clone()),
        ("Body part", m.body_part.clone().unwrap_or_default()),
        ("View", m.view.clone().unwrap_or_default()),
        ("Age", m.age.as_ref().map(|a| a.as_str().to_owned()).unwrap_or_default()),
        ("Sex", m.sex.map(|s| format!("{s:?}")).unwrap_or_default()),
        ("Triage at the site", disposition(m.disposition)),
        ("Sent because", m.reasons.join("; ")),
        ("Technician's note", m.note.clone().unwrap_or_default()),
        ("Frames in the case", m.frames.len().to_string()),
    ];
    for f in &m.findings {
        let against = if f.positive { "at or over" } else { "under" };
        rows.push((
            "Finding",
            format!("{} {:.2}, {against} its threshold {:.2}", f.name, f.score, f.threshold),
        ));
    }
    let row = |(k, v): &(&str, String)| format!("<dt>{k}</dt><dd>{}</dd>", html::escape(v));
    let known: String = rows.iter().filter(|(_, v)| !v.is_empty()).map(row).collect();
    format!("<dl>{known}</dl>")
}

/// The vocabulary's word; a study without a flag is never left with a word that could be read as a result.
fn disposition(d: Disposition) -> String {
    match d {
        Disposition::NoFlag => {
            format!("{d}. No flag raised. Not a normal result. Ordinary reading still applies.")
        }
        d => d.to_string(),
    }
}

/// One frame as PNG. A frame that went out counts as opened: from then on the draft is shown.
pub(super) async fn frame(
    State(page): State<Page>,
    person: Person,
    Path((key, index)): Path<(i64, u32)>,
) -> Result<Response, Error> {
    held(&page, &person, key).await?;
    let view = page.images.view(key).await?;
    let (_, png) = view.images.iter().find(|(i, _)| *i == index).ok_or(Error::NotFound)?;
    page.queue.images_opened(key, &person.session.user, page.now()).await?;
    Ok(([(header::CONTENT_TYPE, "image/png")], png.clone()).into_response())
}

pub(super) async fn draft(
    State(page): State<Page>,
    person: Person,
    Path(key): Path<i64>,
) -> Result<Html<String>, Error> {
    held(&page, &person, key).await?;
    if !page.queue.has_opened(key, &person.session.user).await? {
        return Err(Error::ImagesFirst);
    }
    let draft = page.queue.draft(key).await?;
    let text = draft.as_ref().map(|d| Text::parse(&d.text)).transpose()?.unwrap_or_default();
    let mut out = String::new();
    if let Some(d) = &draft {
        let model: Value = serde_json::from_str(&d.model).unwrap_or_default();
        let word = |k: &str| model.get(k).and_then(Value::as_str).unwrap_or_default().to_owned();
        // The reference backend runs the model of the same name: said once.
        let mut names = vec![word("backend"), word("model"), word("version")];
        names.dedup();
        let by = format!("{}, {}", names.join(" "), html::time_of(d.made_at));
        out.push_str(&format!(
            "<p>Written by {}. Correct it; what you sign is yours.</p><div class=\"machine\">",
            html::escape(&by)
        ));
        let unsigned = as_report(&text, None).lines();
        out.extend(unsigned.iter().map(|l| format!("<p>{}</p>", html::escape(l))));
        out.push_str("</div>");
    } else {
        out.push_str("<p>No machine draft: you held the case before a reader wrote one.</p>");
    }
    let option = |value: &str, label: &str| {
        let chosen = text.priority.map(|p| p.as_str()) == Some(value);
        format!("<option value=\"{value}\"{}>{label}</option>", if chosen { " selected" } else { "" })
    };
    out.push_str(&format!(
        "<form method=\"post\" action=\"/case/{key}/sign\">{}<label>Findings<textarea name=\"findings\" rows=\"6\" \
         maxlength=\"16000\">{}</textarea></label><label>Impression<textarea name=\"impression\" rows=\"4\" \
         maxlength=\"16000\">{}</textarea></label><label>Priority from now on <select name=\"priority\">{}{}{}{}</select></label>\
         <label class=\"check\"><input type=\"checkbox\" name=\"closes_flag\" value=\"yes\"> The flag raised at the site may be closed</label>\
         <button class=\"primary\">Sign and send home</button></form><p class=\"hint\">You sign a triage opinion on a de-identified case.</p>",
        html::csrf(&person.session),
        html::escape(&text.findings),
        html::escape(&text.impression),
        option("", "unchanged"),
        option("STAT", "STAT"),
        option("URGENT", "URGENT"),
        option("ROUTINE", "ROUTINE"),
    ));
    Ok(Html(out))
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
    person.check(&form.csrf)?;
    let priority = match form.priority.as_str() {
        "" => None,
        word => Some(word.parse::<Priority>().map_err(|_| Error::Text)?),
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
    page.queue.sign(key, &person.lease_token(key), user, &text.to_json(), page.now()).await?;
    page.images.forget(key).await;
    Ok(Redirect::to("/"))
}

pub(super) async fn give_back(
    State(page): State<Page>,
    person: Person,
    Path(key): Path<i64>,
    Form(form): Form<Reason>,
) -> Result<Redirect, Error> {
    person.check(&form.csrf)?;
    let reason: String = form.reason.trim().chars().take(200).collect();
    let how = Released::Returned(format!("{}: {reason}", person.session.user));
    page.queue.let_go(key, &person.lease_token(key), &how, &page.limits, page.now()).await?;
    page.images.forget(key).await;
    Ok(Redirect::to("/"))
}

pub(super) async fn bury(
    State(page): State<Page>,
    person: Person,
    Path(key): Path<i64>,
    Form(form): Form<Reason>,
) -> Result<Redirect, Error> {
    person.check(&form.csrf)?;
    held(&page, &person, key).await?;
    let reason: String = form.reason.trim().chars().take(200).collect();
    page.queue.bury(key, &person.session.user, &reason, page.now()).await?;
    page.images.forget(key).await;
    Ok(Redirect::to("/"))
}
