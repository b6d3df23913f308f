//! What a signed-in person can ask: the page itself, a study, its image values, a name, a decision.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use futures::stream;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::OwnedSemaphorePermit;

use super::app::{App, Refusal, is_id};
use super::result::PreviewView;
use super::view::Findings;
use super::words::say;
use super::{Backend, assets, detail, live};
use ::sign_in::Person;
use deid::Statement;
use domain::decision::{Decision, Subject};
use ledger::{ListQuery, StudyDetail};

/// Longest text to find, and longest filter word.
const FIND_CHARS_MAX: usize = 64;

fn unknown() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, say::UNKNOWN)
}

/// Text as it may stand in an element or a quoted attribute.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

async fn shell<H: Backend>(app: &App<H>, headers: &HeaderMap, study: &str) -> Result<Response, Refusal> {
    let (site, _) = app.about().await?;
    match app.visitor(headers).await {
        Ok(person) => Ok(Html(page(&person, &site, study)).into_response()),
        Err(refusal) if refusal.status == StatusCode::UNAUTHORIZED => sign_in(app).await,
        Err(refusal) => Err(refusal),
    }
}

fn page(person: &Person, site: &str, study: &str) -> String {
    assets::PAGE
        .replace("{{csrf}}", &escape(&person.session.csrf))
        .replace("{{study}}", study)
        .replace("{{user}}", &escape(person.name()))
        .replace("{{site}}", &escape(site))
}

async fn sign_in<H: Backend>(app: &App<H>) -> Result<Response, Refusal> {
    let (site, demo) = app.about().await?;
    let html = assets::SIGN_IN
        .replace("{{demo}}", if demo { "yes" } else { "no" })
        .replace("{{site}}", &escape(&site));
    Ok(Html(html).into_response())
}

/// `GET /`.
pub(super) async fn home<H: Backend>(
    State(app): State<Arc<App<H>>>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    shell(&app, &headers, "").await
}

/// `GET /study/{id}`: the same page with a study open; the id is ours and says nothing outside.
pub(super) async fn study_page<H: Backend>(
    State(app): State<Arc<App<H>>>,
    Path(study): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    if !is_id(&study) {
        return Err(unknown());
    }
    shell(&app, &headers, &study).await
}

/// `GET /login` and `GET /setup`: a one-time code stands in the fragment and never reaches us.
pub(super) async fn sign_in_page<H: Backend>(State(app): State<Arc<App<H>>>) -> Result<Response, Refusal> {
    sign_in(&app).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Find {
    #[serde(default)]
    filter: String,
    #[serde(default)]
    find: String,
}

/// `POST /api/find`: rows of a filter or a text. Posted, so that what is typed stands in no URL.
pub(super) async fn find<H: Backend>(
    State(app): State<Arc<App<H>>>,
    headers: HeaderMap,
    Json(wanted): Json<Find>,
) -> Result<Response, Refusal> {
    app.acting(&headers).await?;
    let short = |text: String| text.chars().take(FIND_CHARS_MAX).collect();
    let query =
        ListQuery { filter: short(wanted.filter), find: short(wanted.find), ..live::query(&*app.backend) };
    let rows = live::rows(&*app.backend, &mut Findings::default(), &query).await?;
    let body =
        format!("{{\"now\":{},\"rows\":{}}}", app.backend.now(), live::array(rows.iter().map(|r| &*r.1)));
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

/// `GET /api/study/{id}`.
pub(super) async fn study<H: Backend>(
    State(app): State<Arc<App<H>>>,
    Path(study): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let person = app.person(&headers).await?;
    let found = app.backend.ledger().detail(&study).await?;
    // A full disk must not keep anybody from looking.
    if let Err(error) = app.backend.ledger().note_opened(&study, app.backend.now()).await {
        tracing::warn!(%error, "that a study was opened could not be noted");
    }
    Ok(Json(detail::detail(&*app.backend, person.name(), found).await?).into_response())
}

/// `GET /api/study/{id}/frame/{index}`: `u16` little-endian values, row by row, of one preview.
pub(super) async fn frame<H: Backend>(
    State(app): State<Arc<App<H>>>,
    Path((study, index)): Path<(String, usize)>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    app.person(&headers).await?;
    let frame = app.backend.preview(&study, index).await?;
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], frame.values).into_response())
}

/// Says beside the values of a frame what they are, as JSON.
const ABOUT: HeaderName = HeaderName::from_static("x-image");

/// `GET /api/study/{id}/full/{index}`: the same of the frame that a preview was made of, at full size; a few at a time.
pub(super) async fn full<H: Backend>(
    State(app): State<Arc<App<H>>>,
    Path((study, index)): Path<(String, usize)>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    app.person(&headers).await?;
    let busy = |_| Refusal::new(StatusCode::SERVICE_UNAVAILABLE, say::FRAMES);
    let way = Arc::clone(&app.sending).try_acquire_owned().map_err(busy)?;
    let _one = app.frames.try_acquire().map_err(busy)?;
    let frame = app.backend.full_frame(&study, index).await?;
    let about = serde_json::to_string(&PreviewView::of(index, &frame.about)).unwrap_or_default();
    let about = HeaderValue::from_str(&about).map_err(|_| unknown())?;
    let octets = HeaderValue::from_static("application/octet-stream");
    let length = HeaderValue::from(frame.values.len());
    // One piece; its place is free once it is sent or the browser has gone.
    let sent = Body::from_stream(stream::iter([Ok::<_, Infallible>(Bytes::from_owner(Sending {
        values: frame.values,
        _place: way,
    }))]));
    Ok(([(header::CONTENT_TYPE, octets), (ABOUT, about), (header::CONTENT_LENGTH, length)], sent)
        .into_response())
}

/// Values on their way to a browser, with the place they take.
struct Sending {
    values: Vec<u8>,
    _place: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Sending {
    fn as_ref(&self) -> &[u8] {
        &self.values
    }
}

/// `POST /api/study/{id}/name`: the patient's name while "I am looking" is held. Audited before it is read.
pub(super) async fn name<H: Backend>(
    State(app): State<Arc<App<H>>>,
    Path(study): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let person = app.acting(&headers).await?;
    app.backend.ledger().detail(&study).await?;
    app.backend.looked(person.name(), &study)?;
    let stored = app.backend.ledger().patient_name(&study).await?;
    // PS3.5 6.2.1.2: the first of up to three representations, its components parted by carets.
    let words = stored.split('=').next().unwrap_or_default().replace('^', " ");
    Ok(Json(json!({ "name": words.trim() })).into_response())
}

/// Which instance, and whether the values before are asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    instance: u32,
    before: bool,
}

/// `POST /api/study/{id}/attributes`: what is done to every attribute of one instance, and what it says afterwards. What
/// it said before, only while a person looks; audited before it is read.
pub(super) async fn attributes<H: Backend>(
    State(app): State<Arc<App<H>>>,
    Path(study): Path<String>,
    headers: HeaderMap,
    wanted: Result<Json<Wanted>, JsonRejection>,
) -> Result<Response, Refusal> {
    let person = app.acting(&headers).await?;
    let Json(wanted) = wanted.map_err(|_| Refusal::new(StatusCode::BAD_REQUEST, say::BROKEN))?;
    let by = wanted.before.then_some(person.name());
    let rows = app.backend.attributes(by, &study, wanted.instance).await?;
    Ok(Json(json!({ "attributes": rows })).into_response())
}

/// `POST /api/study/{id}/process`: an arriving study is complete, a person says.
pub(super) async fn process<H: Backend>(
    State(app): State<Arc<App<H>>>,
    Path(study): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let person = app.acting(&headers).await?;
    app.backend.ledger().detail(&study).await?;
    app.backend.process_now(person.name(), &study).await?;
    Ok(Json(json!({})).into_response())
}

/// `GET /study/{id}/statement`: what was done to the study's case before it left, as a page to read.
pub(super) async fn statement<H: Backend>(
    State(app): State<Arc<App<H>>>,
    Path(study): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    app.person(&headers).await?;
    if !is_id(&study) {
        return Err(unknown());
    }
    let case = app.backend.ledger().detail(&study).await?.case.ok_or_else(unknown)?;
    let row = app.backend.ledger().statement(&case.id).await?.ok_or_else(unknown)?;
    let read: Statement = serde_json::from_str(&row.statement).map_err(|_| unknown())?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], read.report()).into_response())
}

/// A decision and what the person saw when deciding.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    decision: Decision,
    study: String,
    revision: u32,
    /// How many lines the timeline had.
    events: usize,
}

/// `GET /metrics`: numbers only, for who watches machines; nobody needs to be signed in for them.
pub(super) async fn metrics<H: Backend>(State(app): State<Arc<App<H>>>) -> Result<Response, Refusal> {
    let text = app.backend.metrics().await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}

/// `POST /api/decide`.
pub(super) async fn decide<H: Backend>(
    State(app): State<Arc<App<H>>>,
    headers: HeaderMap,
    asked: Result<Json<Asked>, JsonRejection>,
) -> Result<Response, Refusal> {
    let person = app.acting(&headers).await?;
    // The extractor's own words would repeat what was sent.
    let Json(asked) = asked.map_err(|_| {
        Refusal::new(
            StatusCode::BAD_REQUEST,
            "The page sent what this version does not understand: load it again.",
        )
    })?;
    let _alone = app.deciding.lock().await;
    let seen = app.backend.ledger().detail(&asked.study).await?;
    first_come(&asked, &seen, person.name())?;
    app.backend.decide(person.name(), &asked.decision).await?;
    Ok(Json(json!({})).into_response())
}

/// Refuses a decision about what the person has not seen: other images, or another person's decision meanwhile.
fn first_come(asked: &Asked, seen: &StudyDetail, who: &str) -> Result<(), Refusal> {
    let of_it = match asked.decision.subject() {
        Subject::Study(study) => study == asked.study,
        Subject::Case(case) => seen.case.as_ref().is_some_and(|its| its.id == case),
    };
    if !of_it {
        return Err(Refusal::new(
            StatusCode::CONFLICT,
            "This case is not of the study's newest images: look again.",
        ));
    }
    if asked.decision.is_always_safe() {
        return Ok(());
    }
    if asked.revision != seen.row.revision {
        return Err(Refusal::new(
            StatusCode::CONFLICT,
            "New images have arrived meanwhile: look again, then decide.",
        ));
    }
    let machine = |name: &str| matches!(name, "appliance" | "cloud");
    let first = seen.events.iter().skip(asked.events).rfind(|e| e.who != who && !machine(&e.who));
    match first {
        None => Ok(()),
        Some(e) => Err(Refusal {
            status: StatusCode::CONFLICT,
            words: format!("{} was first: {}. Nothing was changed by you.", e.who, e.what),
        }),
    }
}
