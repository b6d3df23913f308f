//! The models a reader may ask: the embedded reference model, or an endpoint.

use proto::case::{CaseManifest, Transport};
use serde_json::{Value, json};

use super::job::Why;
use super::{Endpoint, Error, Opener};
use crate::queue::Text;

/// Images an endpoint gets.
const IMAGES_MAX: u32 = 16;

/// A draft and what it was made from.
#[derive(Debug, Clone)]
pub struct Made {
    /// What the model wrote.
    pub text: Text,
    /// Backend, model, version, milliseconds.
    pub model: Value,
    /// What the queue keeps of `case.json`.
    pub summary: Value,
}

/// What drafts cases.
#[async_trait::async_trait]
pub trait Model: Send + Sync {
    /// Whether it is there, as far as that can be told without a case.
    ///
    /// # Errors
    /// Why it is not.
    async fn answers(&self) -> Result<(), Error>;

    /// Drafts a leased case.
    ///
    /// # Errors
    /// Why it could not, and by [`Error::blame`] whose fault that is.
    async fn draft(&self, case: i64) -> Result<Made, Error>;
}

/// Which model a reader asks.
#[derive(Debug, Clone)]
pub enum Backend {
    /// The embedded reference model, loaded by the workers of this opener.
    Reference(Opener),
    /// An endpoint; the opener's workers hand out the images.
    OpenAi(Opener, Endpoint),
}

#[async_trait::async_trait]
impl Model for Backend {
    async fn answers(&self) -> Result<(), Error> {
        match self {
            Self::Reference(opener) => opener.ready().await,
            Self::OpenAi(opener, endpoint) => {
                opener.ready().await?;
                endpoint.answers().await
            }
        }
    }

    async fn draft(&self, case: i64) -> Result<Made, Error> {
        match self {
            Self::Reference(opener) => {
                let d = opener.draft(case).await?;
                Ok(Made { summary: summary(&d.manifest), text: d.text, model: d.model })
            }
            Self::OpenAi(opener, endpoint) => {
                let opened = opener.images(case, IMAGES_MAX).await?;
                if opened.images.is_empty() {
                    let encoded = opened.manifest.transport == Transport::Embedding;
                    return Err(Error::Refused(if encoded { Why::Encoder } else { Why::NoFrame }));
                }
                let (text, model) = endpoint.draft(&opened).await?;
                Ok(Made { summary: summary(&opened.manifest), text, model })
            }
        }
    }
}

/// What the queue keeps of `case.json` for the table: coded values and model output only, no free text, no age or sex.
fn summary(m: &CaseManifest) -> Value {
    let top = m.findings.iter().max_by(|a, b| a.score.total_cmp(&b.score));
    json!({
        "modality": m.modality,
        "body_part": m.body_part,
        "disposition": m.disposition,
        "plan": m.transport,
        "frames": m.frames.len(),
        "finding": top.map(|f| json!({"name": f.name, "score": f.score, "positive": f.positive})),
    })
}
