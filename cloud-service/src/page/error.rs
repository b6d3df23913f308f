//! One table from our errors to what a person sees: a status, one sentence, and what to do.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use super::html;
use crate::queue;

/// Why a request is not answered as asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Nobody is signed in.
    #[error("sign in first")]
    SignIn,
    /// The request did not come from this page.
    #[error("this request did not come from this page; go back, reload it and try again")]
    Foreign,
    /// Too many failed attempts.
    #[error("too many attempts; wait a quarter of an hour or ask for a new code")]
    TooMany,
    /// A password that may not be chosen.
    #[error("The password needs 12 to 256 characters.")]
    Password,
    /// No password can be hashed and no session opened.
    #[error("the system gives no randomness: nothing was done")]
    NoRandom,
    /// The draft is hidden until the images were opened.
    #[error("the draft is shown once you have opened the images")]
    ImagesFirst,
    /// The images of a case cannot be opened; our own words say why.
    #[error("the images cannot be opened: {0}")]
    Images(String),
    /// The text does not fit a report.
    #[error(
        "the text does not fit a report: findings or impression must be written, each within 16,000 characters"
    )]
    Text,
    /// A priority is none.
    #[error("choose one of the priorities that the page offers")]
    Priority,
    /// The queue refused.
    #[error(transparent)]
    Queue(#[from] queue::Error),
    /// There is nothing here.
    #[error("there is nothing at this address")]
    NotFound,
}

impl Error {
    pub(super) fn status(&self) -> StatusCode {
        use queue::Error as Q;
        match self {
            Self::SignIn => StatusCode::UNAUTHORIZED,
            Self::Foreign | Self::ImagesFirst => StatusCode::FORBIDDEN,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::Images(_) => StatusCode::BAD_GATEWAY,
            Self::NoRandom => StatusCode::SERVICE_UNAVAILABLE,
            Self::Text | Self::Priority | Self::Password => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NotFound | Self::Queue(Q::Missing(_)) => StatusCode::NOT_FOUND,
            Self::Queue(Q::BadLogin) => StatusCode::UNAUTHORIZED,
            Self::Queue(Q::LeaseLost | Q::WrongState { .. } | Q::Taken) => StatusCode::CONFLICT,
            Self::Queue(Q::Rule(_)) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Queue(Q::Busy | Q::Full | Q::Database { .. } | Q::Closed) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Queue(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl From<sign_in::Error> for Error {
    fn from(error: sign_in::Error) -> Self {
        use sign_in::Error as E;
        if error.fault() == sign_in::Fault::Us {
            tracing::error!(%error, "nobody can sign in");
        }
        match error {
            E::SignedOut => Self::SignIn,
            E::Foreign => Self::Foreign,
            E::TooMany => Self::TooMany,
            E::BadLogin | E::BadCode => Self::Queue(queue::Error::BadLogin),
            E::TooShort | E::TooLong => Self::Password,
            E::NoRandom => Self::NoRandom,
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        if self == Self::SignIn {
            return Redirect::to("/sign-in").into_response();
        }
        if let Self::Queue(e) = &self
            && e.fault() == queue::Fault::Us
        {
            tracing::error!(error = %e, "the page could not ask the queue");
        }
        let words = html::escape(&self.to_string());
        let body = format!(
            "<h1>Not done</h1><p role=\"alert\">{words}</p><p><a href=\"/\">Back to the queue</a></p>"
        );
        (self.status(), html::page("Not done", None, &[], &body)).into_response()
    }
}

pub(super) async fn not_found() -> Error {
    Error::NotFound
}
