//! `appliance enrol`: exchanges a one-time token for the site's certificate and the readers' keys.

use clap::Args;

use super::SiteArgs;
use super::output::{self, Failure};

/// Enrol this site with a cloud service.
#[derive(Debug, Args)]
pub(super) struct Enrol {
    /// The cloud's address, `https://host:port`.
    url: String,
    /// The one-time token that `cloud-service site add` showed, or `-` to read it from standard input.
    token: String,
    #[command(flatten)]
    site: SiteArgs,
}

pub(super) async fn main(c: &Enrol) -> Result<(), Failure> {
    let settings = output::settings(&c.site.config)?;
    let Some(escalation) = &settings.escalation else {
        return Err(Failure::new(
            output::USAGE,
            "the configuration has no [escalation]: write it with identity and cloud",
        ));
    };
    let url = c.url.parse().map_err(|e| Failure::new(output::USAGE, format!("the cloud's address: {e}")))?;
    let text = if c.token == "-" { std::io::read_to_string(std::io::stdin())? } else { c.token.clone() };
    let token = text.trim().parse().map_err(|_| {
        Failure::new(
            output::USAGE,
            "that is no enrolment token: copy the whole line that `cloud-service site add` showed",
        )
    })?;
    let enrolled = crate::escalation::enrol(&url, &token, &escalation.identity).await.map_err(|e| {
        Failure::new(if e.retry() { output::UNREACHABLE } else { output::FAILED }, e.to_string())
    })?;
    if c.site.json {
        output::json(
            &serde_json::json!({ "site": enrolled.site.to_string(), "unsigned_drafts": enrolled.unsigned_drafts }),
        );
    } else {
        output::say("enrolled: restart the appliance to begin sending");
        if enrolled.unsigned_drafts {
            output::say(
                "note: this cloud lets unsigned machine drafts out to this site; every line of one says so",
            );
        }
    }
    Ok(())
}
