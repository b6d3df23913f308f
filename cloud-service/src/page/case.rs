//! One case: lease, images, what the site said, and two of the ways it leaves a person's hands: returned, buried.

use axum::extract::{Form, Path, State};
use axum::http::header;
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use proto::case::{CaseManifest, Disposition};
use serde::Deserialize;
use serde_json::{Value, json};
use sign_in::Person;

use super::holder::{held, holds};
use super::layers::lease_token;
use super::list::{described, state};
use super::{Error, Page, html, sign};
use crate::queue::{CaseRow, CaseState, Released};

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

pub(super) async fn page(
    State(page): State<Page>,
    person: Person,
    Path(key): Path<i64>,
) -> Result<Html<String>, Error> {
    page.visited(&person).await?;
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
        body.push_str(&work_area(&c, &csrf));
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

fn work_area(c: &CaseRow, csrf: &str) -> String {
    let key = c.key;
    let lower = sign::lower_form(c, csrf);
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
         <section aria-labelledby=\"facts-title\"><h2 id=\"facts-title\">What the site said</h2><div id=\"facts\"></div></section>{lower}\
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
    page.acts(&person, &form.csrf).await?;
    let token = lease_token(&person, key);
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
    // The open page asks by itself: that is no use of the session.
    person.sent(form.csrf.as_bytes())?;
    let now = page.now();
    let until = page.queue.renew(key, &lease_token(&person, key), &page.limits, now).await?;
    Ok((until - now).to_string())
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

pub(super) async fn give_back(
    State(page): State<Page>,
    person: Person,
    Path(key): Path<i64>,
    Form(form): Form<Reason>,
) -> Result<Redirect, Error> {
    page.acts(&person, &form.csrf).await?;
    let reason: String = form.reason.trim().chars().take(200).collect();
    let how = Released::Returned(format!("{}: {reason}", person.session.user));
    page.queue.let_go(key, &lease_token(&person, key), &how, &page.limits, page.now()).await?;
    page.images.forget(key).await;
    Ok(Redirect::to("/"))
}

pub(super) async fn bury(
    State(page): State<Page>,
    person: Person,
    Path(key): Path<i64>,
    Form(form): Form<Reason>,
) -> Result<Redirect, Error> {
    page.acts(&person, &form.csrf).await?;
    held(&page, &person, key).await?;
    let reason: String = form.reason.trim().chars().take(200).collect();
    page.queue.bury(key, &person.session.user, &reason, page.now()).await?;
    page.images.forget(key).await;
    Ok(Redirect::to("/"))
}
