//! What a site's files must be, and the copy of its ledger.

use std::path::{Path, PathBuf};

use clap::Args;
use proto::case::TriageMode;
use proto::clock::{EARLIEST_MS, wall};
use proto::settings::Document;

use super::SiteArgs;
use super::output::{self, Failure};
use crate::app::{
    self, Request, Response, Settings, ask, deid_order, open_ledger, pool, read_profile, socket_path,
    store_key,
};
use crate::commitment::{REPLY_TLS, Reply};
use crate::escalation::Identity;
use crate::forward::{DestinationTls, Rule, TLS_TABLE as FORWARD_TLS};
use audit::verify;
use dimse::tls::{Lasting, inspect_client, others_can_read};
use intake::{IdentityMode, TLS_TABLE, inspect_tls, key_is_open};
use ledger::{Error as LedgerError, Ledger};
use models::DetectorBundle;
use store::{Error as StoreError, StoreKey, check_key};
use worker::TextDetector;

/// Back a site up: ledger and audit are copied, keys and stored instances are listed.
#[derive(Debug, Args)]
pub(super) struct Backup {
    /// The folder of the backup; new or empty.
    to: PathBuf,
    /// Instead: open this sealed copy that an upgrade kept beside the ledger, as `ledger.db` in the folder.
    #[arg(long, value_name = "COPY")]
    from: Option<PathBuf>,
    #[command(flatten)]
    site: SiteArgs,
}

pub(super) async fn backup(c: &Backup) -> Result<(), Failure> {
    let settings = output::settings(&c.site.config)?;
    let to = std::path::absolute(&c.to)?;
    if let Some(from) = &c.from {
        std::fs::create_dir_all(&to)?;
        ledger::open_copy(store_key(&settings)?.bytes(), from, &to.join("ledger.db"))?;
        output::say(
            "the copy was opened as it was before the upgrade: a plain one holds identity, so keep it safe",
        );
        return Ok(());
    }
    let holds = match ask(&socket_path(&settings), &Request::Backup { to: to.clone() }).await? {
        Some(Response::Done(holds)) => holds,
        Some(Response::Refused(words)) => return Err(Failure::new(output::FAILED, words)),
        None => {
            let ledger = open_ledger(&settings).await?;
            let key = store_key(&settings)?;
            let reach = || verify(&settings.site.audit, key.bytes());
            let holds = app::backup(&settings, &ledger, reach, &to).await?;
            ledger.close().await;
            holds
        }
    };
    if c.site.json {
        output::json(&holds);
        return Ok(());
    }
    let word = |v: &serde_json::Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    for file in holds.get("files").and_then(serde_json::Value::as_array).into_iter().flatten() {
        output::line(&format!("holds    {} ({} bytes)", word(&file["name"]), file["bytes"]));
    }
    for apart in holds.get("not_in_it").and_then(serde_json::Value::as_array).into_iter().flatten() {
        output::line(&format!("not here {}: {}", word(&apart["what"]), word(&apart["path"])));
    }
    if let Some(fault) = holds.get("audit_fault") {
        output::say(&format!("the audit was copied as it is, and does not hold: {}", word(fault)));
    }
    output::say("keep the keys and the configuration apart from this backup, and not on this machine alone");
    Ok(())
}

/// Notes what the configuration names and what is not there or does not work; changes nothing.
pub(super) async fn note_missing(s: &Settings, d: &mut Document) {
    note_sealed(s, d).await;
    if !s.site.audit.is_file() {
        d.fault("site.audit", "is not there", "name the file that `appliance init` made");
    }
    match deid_order(s) {
        // The faults of a profile have their own file and lines.
        Err(crate::app::Error::Policy(_)) => {
            d.faults.extend(read_profile(&s.deid.policy).err().unwrap_or_default())
        }
        Err(error) => d.fault("site.pseudonym_key", error.to_string(), ""),
        Ok(_) => {}
    }
    let audit = [("ca", &s.audit.ca), ("certificate", &s.audit.certificate), ("key", &s.audit.key)];
    for (key, path) in audit {
        if path.as_ref().is_some_and(|p| !p.is_file()) {
            d.fault(&format!("audit.{key}"), "there is no such file", "write the path of a PEM file");
        }
    }
    let made = s.store.path.ancestors().find(|p| p.exists()).is_some_and(may_write);
    if !made {
        d.fault("store.path", "cannot be made or written", "name a folder on a disk that may be written");
    }
    note_reception(s, d);
    note_secured(&s.forward, &s.commitment.replies, d);
    for (i, bundle) in s.triage.bundles.iter().enumerate() {
        if let Err(error) = models::Bundle::open(bundle) {
            d.fault("triage.bundles", format!("entry {}: {error}", i + 1), "name the folder of a bundle");
        }
    }
    let detector = DetectorBundle::folder_of(s.deid.text_detector.as_deref());
    if let Err(error) = detector.and_then(|folder| TextDetector::open(&folder)) {
        let write = "restore the bundle burned-in-text, or name the folder of a text detector";
        d.fault("deid.text_detector", error.to_string(), write);
    }
    if let Some(e) = s.escalation.as_ref().filter(|e| e.identity.is_dir())
        && let Err(error) = Identity::load(&e.identity)
    {
        d.fault("escalation.identity", error.to_string(), "enrol this site again: `appliance enrol`");
    }
    note_alarm(s, d);
    note_acceptance(s, d).await;
    if !s.triage.bundles.is_empty() && d.faults.is_empty() {
        note_worker(s, d).await;
    }
}

/// `assist` and `settle` need somebody to call.
fn note_alarm(s: &Settings, d: &mut Document) {
    if let (true, Some((key, what))) = (s.triage.mode != TriageMode::Shadow && !s.site.demo, s.alarm.lacks())
    {
        d.fault(
            key,
            what,
            "write [alarm] with stat, urgent, routine and an [[alarm.contact]], or triage.mode = \"shadow\"; until then it runs as shadow",
        );
    }
    let password = s.alarm.smtp.as_ref().and_then(|smtp| smtp.password.as_ref());
    if password.is_some_and(|file| std::fs::read_to_string(file).is_err()) {
        d.fault("alarm.smtp.password", "cannot be read", "name a file that holds the password");
    }
}

/// `settle` counts `no-flag`: somebody must have accepted a bundle that is there.
async fn note_acceptance(s: &Settings, d: &mut Document) {
    if s.triage.mode != TriageMode::Settle || s.site.demo || !d.faults.is_empty() {
        return;
    }
    // Read only: a check beside a running appliance of another version must change nothing.
    let accepted = Ledger::accepted_digests(&s.site.ledger).await.unwrap_or_default();
    let mut open = s.triage.bundles.iter().filter_map(|folder| models::Bundle::open(folder).ok());
    if !open.any(|bundle| accepted.iter().any(|digest| digest == bundle.digest())) {
        d.fault(
            "triage.mode",
            "\"settle\" counts no-flag, and no configured bundle has been accepted by a named person on local reads",
            "write \"shadow\" or \"assist\", and see `appliance model standing` and `appliance model accept`",
        );
    }
}

/// The ledger, the store's key, and whether they belong together.
async fn note_sealed(s: &Settings, d: &mut Document) {
    let key = check_key(&s.store);
    let bytes = key.as_ref().ok().and_then(Option::as_ref).map(StoreKey::bytes);
    match Ledger::examine(&s.site.ledger, bytes).await {
        Err(error @ LedgerError::Key) => d.fault("store.key", error.to_string(), ""),
        Err(error) => d.fault("site.ledger", error.to_string(), ""),
        // Only a plain ledger, of release 0.1, may be without a key: it gets one at its first start.
        Ok(())
            if matches!(key, Ok(None)) && !matches!(Ledger::is_sealed(&s.site.ledger).await, Ok(false)) =>
        {
            d.fault("store.key", StoreError::KeyMissing.to_string(), "");
        }
        Ok(()) => {}
    }
    if let Err(error) = key {
        d.fault("store.key", error.to_string(), "");
    }
}

/// Certificates, keys and passcodes of reception.
fn note_reception(s: &Settings, d: &mut Document) {
    let mut files = s.intake.identity.file_faults();
    match s.intake.tls.as_ref().map(inspect_tls) {
        Some(Err(found)) => files.extend(found),
        Some(Ok(validity)) => {
            if let Lasting::Over(words) = validity.at(wall(), TLS_TABLE) {
                d.fault("intake.tls.certificate", words, "");
            }
        }
        None => {}
    }
    for fault in files {
        d.fault(&fault.key, fault.words, "");
    }
}

/// Where we call over TLS: the table of the configuration, how faults and notes name it, and its files.
fn secured<'s>(
    forward: &'s [Rule],
    replies: &'s [Reply],
) -> Vec<(String, &'static str, &'s str, &'s DestinationTls)> {
    let destinations = forward.iter().enumerate().filter_map(|(index, rule)| {
        Some((format!("forward[{index}].tls"), FORWARD_TLS, rule.name.as_str(), rule.tls.as_ref()?))
    });
    let replies = replies.iter().enumerate().filter_map(|(index, reply)| {
        let table = format!("commitment.replies[{index}].tls");
        Some((table, REPLY_TLS, reply.ae_title.as_str(), reply.tls.as_ref()?))
    });
    destinations.chain(replies).collect()
}

/// Certificates and keys towards those we call.
fn note_secured(forward: &[Rule], replies: &[Reply], d: &mut Document) {
    for (table, words_for, _, tls) in secured(forward, replies) {
        let mut fault = |key, words| d.fault(&format!("{table}.{key}"), words, "");
        match inspect_client(&tls.files()) {
            Err(faults) => faults.into_iter().for_each(|f| fault(f.key, f.words)),
            Ok(validity) => {
                if let Lasting::Over(words) = validity.at(wall(), words_for) {
                    fault(validity.key(), words);
                }
            }
        }
    }
}

/// What should be known about them although they work.
fn secured_notes(s: &Settings) -> Vec<String> {
    let mut notes = Vec::new();
    for (_, table, name, tls) in secured(&s.forward, &s.commitment.replies) {
        let validity = inspect_client(&tls.files());
        if let Ok(Lasting::Soon(words)) = validity.map(|validity| validity.at(wall(), table)) {
            notes.push(format!("{name}: {words}"));
        }
        if tls.key.as_deref().is_some_and(others_can_read) {
            let words = "others than its owner can read it; run `chmod 600` on it";
            notes.push(format!("{name}: {table}.key: {words}"));
        }
    }
    notes
}

/// Starts one worker as `run` would: library, bundles and lock-down.
async fn note_worker(s: &Settings, d: &mut Document) {
    let trouble = match pool(s) {
        Ok(pool) => match pool.ready().await {
            Ok(_) => return,
            Err(death) => death.detail.unwrap_or_else(|| format!("{:?}", death.kind)),
        },
        Err(error) => error.to_string(),
    };
    let first = trouble.lines().next().unwrap_or_default().to_owned();
    d.fault("triage.runtime", format!("no worker can start: {first}"), "name a libonnxruntime.so that loads");
}

/// Whether this process may write in an existing folder.
fn may_write(folder: &Path) -> bool {
    folder.is_dir() && rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_ok()
}

/// What works but should be known.
pub(super) fn notes(s: &Settings) -> Vec<String> {
    let mut notes = Vec::new();
    if wall() < EARLIEST_MS {
        notes.push(
            "the machine's clock shows a time before this program was written: set it, best by NTP".into(),
        );
    }
    if s.intake.callers.is_empty() {
        notes.push("nobody may send: add [[intake.callers]] with ae_title and address".into());
    }
    if let Some(tls) = &s.intake.tls {
        if let Ok(Lasting::Soon(words)) = inspect_tls(tls).map(|validity| validity.at(wall(), TLS_TABLE)) {
            notes.push(words);
        }
        if key_is_open(tls) {
            notes.push("intake.tls.key: others than its owner can read it; run `chmod 600` on it".into());
        }
    }
    notes.extend(secured_notes(s));
    if s.intake.identity.mode == IdentityMode::Check && !s.intake.callers.iter().all(|c| c.tls_only) {
        notes.push("passcodes of [intake.identity] travel in the open on the plain listener: write tls_only = true for each caller".into());
    }
    if s.site.demo {
        notes.push(
            "a demonstration: every caller on loopback is admitted and `settle` needs no accepted bundle"
                .into(),
        );
    }
    if !s.alarm.contact.is_empty() && s.alarm.stat.is_none() {
        notes.push("alarm.stat is missing: a STAT that a person raises calls nobody".into());
    }
    match &s.escalation {
        None => notes.push("no [escalation]: nothing ever leaves".into()),
        Some(e) if !e.identity.is_dir() => {
            notes.push("not enrolled: cases wait here; see `appliance enrol`".into())
        }
        Some(_) => {}
    }
    if matches!(check_key(&s.store), Ok(None)) {
        notes.push("the store has no key yet: the first start makes the file named in store.key".into());
    }
    if !cfg!(target_os = "linux") {
        notes.push("outside Linux workers have limits only, no system call filter".into());
    }
    notes
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops where something is not as it must be")]
    use super::*;
    use fixtures::pki::Authority;

    #[test]
    fn files_towards_a_destination_that_cannot_be_used_are_told_with_line_and_what_to_write() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let authority = Authority::new("a").unwrap();
        let (leaf, ended) = (
            authority.leaf("localhost", 1).unwrap(),
            authority.leaf_until("localhost", 2, 1_700_000_000).unwrap(),
        );
        for (name, text) in [
            ("ca.pem", authority.certificate_pem()),
            ("c.pem", &leaf.certificate_pem),
            ("k.pem", &leaf.key_pem),
            ("ended.pem", &ended.certificate_pem),
            ("ended.key", &ended.key_pem),
        ] {
            std::fs::write(at(name), text).unwrap();
        }
        let told = |ca: &str, certificate: &str, key: &str| {
            let text = format!(
                "[[forward]]\nname = \"pacs\"\naddress = \"pacs:104\"\ncalled_ae_title = \"PACS\"\n[forward.tls]\nca = \"{}\"\ncertificate = \"{}\"\nkey = \"{}\"\n",
                at(ca).display(),
                at(certificate).display(),
                at(key).display()
            );
            std::fs::write(at("appliance.toml"), text).unwrap();
            let mut document = Document::read(&at("appliance.toml")).unwrap();
            let rules: Vec<Rule> = document.room("forward").unwrap();
            note_secured(&rules, &[], &mut document);
            document.faults.into_iter().map(|f| (f.line, f.key, f.wrong)).collect::<Vec<_>>()
        };
        assert!(told("ca.pem", "c.pem", "k.pem").is_empty());
        for (files, line, key, words) in [
            (["none.pem", "c.pem", "k.pem"], 6, "ca", "write the path of a PEM file"),
            (["k.pem", "c.pem", "k.pem"], 6, "ca", "holds no certificate; write a PEM file"),
            (["ended.pem", "c.pem", "k.pem"], 6, "ca", "has ended"),
            (["ca.pem", "ended.pem", "ended.key"], 7, "certificate", "has ended: the destination refuses it"),
            (["ca.pem", "c.pem", "c.pem"], 8, "key", "holds no private key; write a PEM file"),
            (["ca.pem", "c.pem", "ended.key"], 8, "key", "does not belong to the certificate"),
        ] {
            let [ca, certificate, private] = files;
            let faults = told(ca, certificate, private);
            assert!(faults.len() == 1, "{files:?} {faults:?}");
            assert_eq!((faults[0].0, faults[0].1.as_str()), (line, format!("forward[0].tls.{key}").as_str()));
            assert!(faults[0].2.contains(words), "{faults:?}");
        }
    }
}
