//! `appliance user`: people who use the page. A one-time code is shown once; no default user, ever.

use clap::{Args, Subcommand};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::SiteArgs;
use super::output::{self, Failure};
use super::oversee;
use crate::app::{Request, Response, Settings, ask, open_audit, open_ledger, socket_path};
use ledger::{CODE_MS, new_id};
use proto::clock::now;

/// User commands.
#[derive(Debug, Subcommand)]
pub(super) enum User {
    /// Add a user and show a one-time code.
    Add(Named),
    /// Forget a user's password and sessions and show a new one-time code.
    Reset(Named),
    /// Say whose reads of sampled studies count as a physician's.
    Physician(oversee::Physician),
}

/// A user by name.
#[derive(Debug, Args)]
pub(super) struct Named {
    /// Login name: lower-case letters, digits, dot, hyphen.
    name: String,
    #[command(flatten)]
    site: SiteArgs,
}

pub(super) async fn main(c: &User) -> Result<(), Failure> {
    let (named, reset) = match c {
        User::Add(n) => (n, false),
        User::Reset(n) => (n, true),
        User::Physician(p) => return oversee::physician(p).await,
    };
    let settings = output::settings(&named.site.config)?;
    let code = put(&settings, &named.name, reset).await?;
    let link = format!("http://{}/setup#{code}", settings.review.listen);
    if named.site.json {
        output::json(&json!({ "user": named.name, "code": code, "until": now() + CODE_MS, "link": link }));
    } else {
        output::line(&link);
        output::say("open this once within 24 hours to choose a password; it is not shown again");
    }
    Ok(())
}

/// Puts a user, by the running appliance if there is one; returns the one-time code.
pub(super) async fn put(settings: &Settings, name: &str, reset: bool) -> Result<String, Failure> {
    // Who has another name from before keeps it.
    if !reset && !sign_in::account_name_fits(name) {
        return Err(Failure::new(output::USAGE, sign_in::NAME_RULE));
    }
    let code = new_id()?;
    let code_hash = hex::encode(Sha256::digest(code.as_bytes()));
    let request = Request::PutUser { name: name.to_owned(), code_hash: code_hash.clone(), reset };
    match ask(&socket_path(settings), &request).await? {
        Some(Response::Done(_)) => {}
        Some(Response::Refused(words)) => return Err(Failure::new(output::FAILED, words)),
        None => {
            let ledger = open_ledger(settings).await?;
            let audit = open_audit(settings)?;
            let what = if reset { "user reset" } else { "user add" };
            // Written after: a refused change is none. Nobody can use the code before this returns.
            ledger.put_user(name, &code_hash, now() + CODE_MS, reset, now()).await?;
            audit
                .write(now(), "operator", what, name, "")
                .map_err(|e| Failure::new(output::FAILED, e.to_string()))?;
            ledger.close().await;
        }
    }
    Ok(code)
}
