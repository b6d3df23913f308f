//! `appliance pseudonym`: the vault that leads from pseudonyms back to patients, and the key that makes them.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::SiteArgs;
use super::output::{self, Failure};
use crate::app::{Request, Response, Settings, ask, open_audit, open_ledger, socket_path};
use crate::vault::{VaultOrder, VaultUse, rotate};
use deid::{Found, Keys, PatientEntry, find as find_patient};
use ledger::Ledger;

/// Commands about pseudonyms. All but `list` are audited, in your name and with your reason.
#[derive(Debug, Subcommand)]
pub(super) enum Pseudonym {
    /// Who is in the vault, by pseudonym alone.
    List(SiteArgs),
    /// Who a pseudonym is.
    Show(Show),
    /// The pseudonyms of a patient; the Patient ID is read from standard input: `ID`, or with its issuer `ID^^^ISSUER`.
    Find(Named),
    /// Write the whole vault to a new file, one patient a line, in the clear.
    Export(Export),
    /// Take a patient out of the vault for good, by pseudonym, or by the Patient ID on standard input.
    Forget(Forget),
    /// Make a new pseudonym key. The former ones stay in the key file, so that what they made is known. The appliance
    /// must be stopped.
    Rotate(Named),
}

/// In whose name and why.
#[derive(Debug, Args)]
pub(super) struct Named {
    /// Who does it; it is audited.
    #[arg(long)]
    pub(super) by: String,
    /// Why, on one line, without identity.
    #[arg(long)]
    pub(super) reason: String,
    #[command(flatten)]
    pub(super) site: SiteArgs,
}

impl Named {
    pub(super) fn order(&self, what: VaultUse) -> VaultOrder {
        VaultOrder { who: self.by.clone(), reason: self.reason.clone(), what }
    }
}

/// One pseudonym.
#[derive(Debug, Args)]
pub(super) struct Show {
    /// Pseudonym of a patient, a study or an instance.
    pseudonym: String,
    #[command(flatten)]
    named: Named,
}

/// Where to write.
#[derive(Debug, Args)]
pub(super) struct Export {
    /// The file; it must not exist.
    to: PathBuf,
    #[command(flatten)]
    named: Named,
}

/// Whom to forget.
#[derive(Debug, Args)]
pub(super) struct Forget {
    /// The patient's pseudonym; without it the Patient ID is read from standard input.
    pseudonym: Option<String>,
    #[command(flatten)]
    named: Named,
}

pub(super) async fn main(c: &Pseudonym) -> Result<(), Failure> {
    match c {
        Pseudonym::List(w) => list(w).await,
        Pseudonym::Show(s) => show(s).await,
        Pseudonym::Find(n) => find(n).await,
        Pseudonym::Export(e) => export(e).await,
        Pseudonym::Forget(f) => forget(f).await,
        Pseudonym::Rotate(n) => rotated(n).await,
    }
}

/// Carries an order out, by the running appliance if there is one.
pub(super) async fn carry_out(settings: &Settings, order: VaultOrder) -> Result<u64, Failure> {
    match ask(&socket_path(settings), &Request::Vault(order.clone())).await? {
        Some(Response::Done(value)) => Ok(value.as_u64().unwrap_or(0)),
        Some(Response::Refused(words)) => Err(Failure::new(output::FAILED, words)),
        None => {
            let ledger = open_ledger(settings).await?;
            let done = order.carry_out(&ledger, &open_audit(settings)?).await;
            ledger.close().await;
            Ok(done?)
        }
    }
}

async fn list(w: &SiteArgs) -> Result<(), Failure> {
    let settings = output::settings(&w.config)?;
    let ledger = open_ledger(&settings).await?;
    let rows = ledger.vault().await?;
    ledger.close().await;
    if w.json {
        rows.iter().for_each(output::json);
        return Ok(());
    }
    output::line(&format!("{:<25}  {:<16} {:>7} {:>7}  last sealed", "pseudonym", "key", "studies", "UIDs"));
    for r in &rows {
        output::line(&format!(
            "{:<25}  {:<16} {:>7} {:>7}  {}",
            r.pseudonym,
            r.key_name,
            r.studies,
            r.uids,
            output::time(r.last_at)
        ));
    }
    if rows.is_empty() {
        output::say("the vault is empty: nothing has left yet");
    }
    Ok(())
}

/// One patient as a JSON object.
fn patient(pseudonym: &str, back: &PatientEntry) -> serde_json::Value {
    serde_json::json!({
        "pseudonym": pseudonym, "patient": back.attributes, "dates_shifted_by_days": back.days,
        "studies": back.studies, "uids": back.uids, "ambiguous": back.ambiguous,
    })
}

async fn show(s: &Show) -> Result<(), Failure> {
    let settings = output::settings(&s.named.site.config)?;
    carry_out(&settings, s.named.order(VaultUse::Look)).await?;
    let ledger = open_ledger(&settings).await?;
    let way = ledger.reidentification_map([&s.pseudonym]).await?;
    ledger.close().await;
    if way.0.values().any(|back| !back.ambiguous.is_empty()) {
        return Err(ambiguous());
    }
    for (pseudonym, back) in &way.0 {
        let value = patient(pseudonym, back);
        if s.named.site.json {
            output::json(&value);
        } else {
            output::line(&serde_json::to_string_pretty(&value).unwrap_or_default());
        }
    }
    if way.is_empty() { Err(unknown()) } else { Ok(()) }
}

fn unknown() -> Failure {
    Failure::new(
        output::FAILED,
        "not in the vault: it was taken out, nothing of it has left, or it is another site's",
    )
}

/// An answer would be one of two.
fn ambiguous() -> Failure {
    Failure::new(
        output::FAILED,
        "more than one person is filed under this pseudonym: `appliance pseudonym export` writes all that the vault knows; the archive knows whose each study is",
    )
}

/// The pseudonyms, under every key, of the patient whose ID is on standard input, that the vault has.
async fn on_input(ledger: &Ledger) -> Result<Vec<String>, Failure> {
    let mut id = zeroize::Zeroizing::new(String::new());
    std::io::stdin().take(1_000).read_to_string(&mut id)?;
    let id = id.trim();
    if id.is_empty() {
        return Err(Failure::new(output::USAGE, "write the Patient ID to standard input, on one line"));
    }
    let Found::One(pseudonyms) = find_patient(&ledger.vault_patients().await?, id) else {
        return Err(Failure::new(
            output::FAILED,
            "several patients have this Patient ID: write it with its issuer, as ID^^^ISSUER, or ID^^^ for the one without",
        ));
    };
    let way = ledger.reidentification_map(&pseudonyms).await?;
    if way.0.iter().any(|(name, back)| back.ambiguous.contains(name)) {
        Err(ambiguous())
    } else {
        Ok(pseudonyms)
    }
}

async fn find(n: &Named) -> Result<(), Failure> {
    let settings = output::settings(&n.site.config)?;
    carry_out(&settings, n.order(VaultUse::Look)).await?;
    let ledger = open_ledger(&settings).await?;
    let found = on_input(&ledger).await;
    ledger.close().await;
    let found = found?;
    for pseudonym in &found {
        if n.site.json {
            output::json(&serde_json::json!({ "pseudonym": pseudonym }));
        } else {
            output::line(pseudonym);
        }
    }
    if found.is_empty() { Err(unknown()) } else { Ok(()) }
}

async fn export(e: &Export) -> Result<(), Failure> {
    let settings = output::settings(&e.named.site.config)?;
    carry_out(&settings, e.named.order(VaultUse::Export)).await?;
    let mut file = std::fs::File::options().create_new(true).write(true).mode(0o600).open(&e.to)?;
    let ledger = open_ledger(&settings).await?;
    let rows = ledger.vault().await?;
    for row in &rows {
        let way = ledger.vault_patient(&row.pseudonym).await?;
        for (pseudonym, back) in &way.0 {
            let mut line = patient(pseudonym, back).to_string();
            line.push('\n');
            file.write_all(line.as_bytes())?;
        }
    }
    ledger.close().await;
    file.sync_all()?;
    if e.named.site.json {
        output::json(&serde_json::json!({ "patients": rows.len() }));
    } else {
        output::say(&format!("{} patients written in the clear: this file identifies them all", rows.len()));
    }
    Ok(())
}

async fn forget(f: &Forget) -> Result<(), Failure> {
    let settings = output::settings(&f.named.site.config)?;
    let whom = match &f.pseudonym {
        Some(pseudonym) => vec![pseudonym.clone()],
        None => {
            let ledger = open_ledger(&settings).await?;
            let found = on_input(&ledger).await;
            ledger.close().await;
            found?
        }
    };
    if whom.is_empty() {
        return Err(unknown());
    }
    let gone = carry_out(&settings, f.named.order(VaultUse::Forget(whom))).await?;
    if gone == 0 {
        return Err(unknown());
    }
    if f.named.site.json {
        output::json(&serde_json::json!({ "forgotten": gone }));
    } else {
        output::say(&format!(
            "{gone} taken out of the vault. Backups and exports made before still lead back; the pseudonym key still leads from a Patient ID to its pseudonym"
        ));
    }
    Ok(())
}

async fn rotated(n: &Named) -> Result<(), Failure> {
    let settings = output::settings(&n.site.config)?;
    if ask(&socket_path(&settings), &Request::Status).await?.is_some() {
        return Err(Failure::new(
            output::AGAIN,
            "the appliance runs: stop it, rotate, start it again; cases that wait keep the key they were planned under",
        ));
    }
    let path = &settings.site.pseudonym_key;
    let count = rotate(path, &n.order(VaultUse::Rotate), &open_audit(&settings)?)?;
    let name = std::fs::read_to_string(path).ok().and_then(|text| Some(Keys::from_text(&text).ok()?.name()));
    let name = name.unwrap_or_default();
    if n.site.json {
        output::json(&serde_json::json!({ "key": name, "keys": count }));
    } else {
        output::say(&format!(
            "key {name} makes pseudonyms from the next start on; {} former in the same file: back it up anew",
            count - 1
        ));
    }
    Ok(())
}
