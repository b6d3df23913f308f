//! The conformance statement (PS3.2) of reception, written from the very tables that negotiate and answer.
use std::fmt::Write;

use crate::caller_config::Quirk;
use crate::caller_refusal::Refusal;
use crate::config::IntakeConfig;
use crate::negotiate::REQUEST_LIMIT;
use crate::services::STEPS_ANSWERED;
use crate::statuses::ANSWERED;
use crate::tls_config::TlsConfig;
use crate::user_information::{STORAGE_INFORMATION, WINDOW};
use dicom::commitment::{REASONS_GIVEN, STORAGE_COMMITMENT};
use dicom::sop_classes::{MODALITY_PERFORMED_PROCEDURE_STEP, VERIFICATION};
use dicom::{IMPLEMENTATION_CLASS_UID, STORAGE_SOP_CLASSES, TRANSFER_SYNTAXES};
use dimse::command;
use dimse::pdu::{MAX_PDU, Pdu, write_pdu};
use dimse::tls::{CIPHER_SUITES, WARN_DAYS};

const OVERVIEW: &str = include_str!("conformance/overview.md");
const CONFIGURATION: &str = include_str!("conformance/configuration.md");

/// The statement as Markdown. `@` lines of the two texts beside this file are replaced by tables.
pub fn conformance_statement() -> String {
    let mut out = String::new();
    for line in OVERVIEW.lines().chain(CONFIGURATION.lines()) {
        match line.strip_prefix('@') {
            Some(name) => table(&mut out, name),
            None => {
                let _ = writeln!(out, "{line}");
            }
        }
    }
    out
}

fn table(out: &mut String, name: &str) {
    match name {
        "services" => services(out),
        "contexts" => uids(out, "SOP class", STORAGE_SOP_CLASSES),
        "syntaxes" => uids(out, "Transfer syntax", TRANSFER_SYNTAXES),
        "policies" => policies(out),
        "user-information" => user_information(out),
        "rejections" => rejections(out),
        "statuses" => statuses(out),
        "step-statuses" => step_statuses(out),
        "commitment-reasons" => commitment_reasons(out),
        "tls" => tls(out),
        "times" => times(out),
        "quirks" => quirks(out),
        // A text that asks for a table we do not have would be found by the test at once.
        other => {
            let _ = writeln!(out, "**no table {other}**");
        }
    }
}

fn row(out: &mut String, cells: &[&str]) {
    let _ = writeln!(out, "| {} |", cells.join(" | "));
}

fn head(out: &mut String, cells: &[&str]) {
    row(out, cells);
    row(out, &vec!["---"; cells.len()]);
}

fn uids(out: &mut String, what: &str, rows: &[(&str, &str)]) {
    head(out, &[what, "UID"]);
    for (uid, name) in rows {
        row(out, &[name, uid]);
    }
}

fn services(out: &mut String) {
    head(out, &["Service", "SOP classes", "SCU", "SCP"]);
    row(out, &["Verification", &format!("Verification ({VERIFICATION})"), "yes", "yes"]);
    let count = STORAGE_SOP_CLASSES.len();
    row(
        out,
        &[
            "Storage",
            &format!("{count} of the standard, and private ones by configuration"),
            "yes, by `[[forward]]`, over TLS by its `[forward.tls]`",
            "yes",
        ],
    );
    let steps = format!("Modality Performed Procedure Step ({MODALITY_PERFORMED_PROCEDURE_STEP})");
    row(out, &["Performed procedure step", &steps, "no", "yes, unless `mpps = false`"]);
    let push = format!("Storage Commitment Push Model ({STORAGE_COMMITMENT})");
    let (user, provider) =
        ("yes, where a `[[forward]]` has `commit = true`", "yes, where `[commitment] provide = true`");
    row(out, &["Storage commitment", &push, user, provider]);
}

fn policies(out: &mut String) {
    let config = IntakeConfig::default();
    head(out, &["Policy", "Value"]);
    row(out, &["Application context", dimse::items::APPLICATION_CONTEXT]);
    row(
        out,
        &["Associations at the same time", &format!("{} (`max_associations`)", config.max_associations)],
    );
    row(
        out,
        &[
            "Operations outstanding on one association",
            &format!("{WINDOW}, where the peer asks; answered in order"),
        ],
    );
    row(out, &["Largest PDU taken", &format!("{MAX_PDU} bytes (`max_pdu`; per caller too)")]);
    row(out, &["Longest association request", &format!("{REQUEST_LIMIT} bytes")]);
    row(out, &["Longest command set", &format!("{} bytes", command::LIMIT)]);
    row(out, &["Implementation class UID", IMPLEMENTATION_CLASS_UID]);
    row(out, &["Implementation version name", "SCANSIDE_ and the version"]);
}

fn user_information(out: &mut String) {
    head(out, &["Sub-item", "Answer"]);
    row(out, &["51H Maximum length", "ours; the peer's is kept to, 0 being no limit"]);
    row(
        out,
        &[
            "53H Asynchronous operations window",
            &format!("invoked: what was asked, at most {WINDOW}; performed: 1"),
        ],
    );
    row(out, &["54H SCP/SCU role selection", "requestor as SCU accepted, as SCP refused"]);
    let information: Vec<String> = STORAGE_INFORMATION.iter().map(|byte| format!("{byte:02X}")).collect();
    row(
        out,
        &[
            "56H SOP class extended negotiation",
            &format!(
                "for storage: {} (level 2, digital signatures kept, no element coerced)",
                information.join(" ")
            ),
        ],
    );
    row(
        out,
        &[
            "57H SOP class common extended negotiation",
            "a class of the Storage service specialised from one of the table is accepted; no answer is defined",
        ],
    );
    row(
        out,
        &[
            "58H User identity",
            "username, username and passcode: ignored or checked by configuration, answered by 59H where asked for; tickets, assertions and tokens are not verified and not answered",
        ],
    );
    row(out, &["others", "ignored"]);
}

/// Result, source and reason as they go over the wire (PS3.8 9.3.4).
fn numbers(pdu: &Pdu) -> [String; 3] {
    let mut bytes = Vec::new();
    // An error leaves the numbers out, which the test sees.
    let _ = write_pdu(&mut bytes, pdu);
    [7, 8, 9].map(|at: usize| bytes.get(at).map(u8::to_string).unwrap_or_default())
}

fn rejections(out: &mut String) {
    head(out, &["The sender is refused because", "Result", "Source", "Reason"]);
    for refusal in Refusal::ALL.iter().filter(|refusal| refusal.is_answered()) {
        let [result, source, reason] = numbers(&refusal.rejection());
        row(out, &[refusal.words(), &result, &source, &reason]);
    }
    out.push('\n');
    out.push_str("Refused before there is an association, without A-ASSOCIATE-RJ:\n\n");
    for refusal in Refusal::ALL.iter().filter(|refusal| !refusal.is_answered()) {
        let _ = writeln!(out, "- {}", refusal.words());
    }
}

fn statuses(out: &mut String) {
    head(out, &["Status", "Meaning", "When"]);
    for (status, meaning, when) in ANSWERED {
        row(out, &[&status.to_string(), meaning, when]);
    }
}

fn step_statuses(out: &mut String) {
    head(out, &["Status", "Error ID", "Error comment", "When"]);
    for (answer, when) in STEPS_ANSWERED {
        let id = answer.error_id.map_or_else(|| "none".to_owned(), |id| format!("{id:04X}"));
        row(out, &[&answer.status.to_string(), &id, answer.comment.unwrap_or("none"), when]);
    }
}

fn commitment_reasons(out: &mut String) {
    head(out, &["Failure Reason", "When"]);
    for (reason, when) in REASONS_GIVEN {
        row(out, &[&format!("{reason:?}"), when]);
    }
}

fn tls(out: &mut String) {
    head(out, &["Cipher suite", "Version"]);
    for suite in CIPHER_SUITES {
        let version = if suite.tls13().is_some() { "TLS 1.3" } else { "TLS 1.2" };
        row(out, &[&format!("{:?}", suite.suite()), version]);
    }
    let defaults = TlsConfig::new("certificate.pem".into(), "key.pem".into());
    let _ = writeln!(
        out,
        "\nPort {} unless configured otherwise. The files are looked at every {}; a new certificate is taken without a restart. The end of a certificate is told {WARN_DAYS} days before.",
        defaults.listen.port(),
        defaults.reload
    );
}

fn times(out: &mut String) {
    let config = IntakeConfig::default();
    head(out, &["Key", "From", "Default"]);
    for (key, from, value) in [
        (
            "artim_timeout",
            "connection to complete association request, TLS handshake included (ARTIM)",
            config.artim_timeout,
        ),
        ("read_timeout", "one PDU inside a message", config.read_timeout),
        ("write_timeout", "our answer to be taken", config.write_timeout),
        ("idle_timeout", "an association between two messages", config.idle_timeout),
        ("drain_timeout", "objects in progress when the appliance stops", config.drain_timeout),
    ] {
        row(out, &[&format!("`{key}`"), from, &value.to_string()]);
    }
}

fn quirks(out: &mut String) {
    head(out, &["Quirk", "What is forgiven"]);
    for (_, name, about) in Quirk::ALL {
        row(out, &[&format!("`{name}`"), about.trim()]);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops where something is not as it must be")]
    use super::*;

    /// `UPDATE=1` writes the file instead of comparing.
    #[test]
    fn the_statement_beside_the_sources_is_what_the_tables_say() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../CONFORMANCE.md");
        let text = conformance_statement();
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        let differs = kept.lines().zip(text.lines()).find(|(kept, made)| kept != made);
        assert_eq!(differs, None, "make it again: UPDATE=1 with this test, or `appliance conformance`");
        assert_eq!(kept, text, "make it again: UPDATE=1 with this test, or `appliance conformance`");
    }

    #[test]
    fn every_table_is_filled() {
        let text = conformance_statement();
        assert!(!text.contains("no table") && !text.contains("|  |"), "a table or a cell is missing");
        for expected in [
            "| 1 | 1 | 3 |",
            "| 2 | 3 | 2 |",
            "TLS13_AES_256_GCM_SHA384",
            "1.2.840.10008.1.2.4.202",
            "| A700 |",
            "| 0110 | A710 |",
            "1.2.840.10008.3.1.2.3.3",
            "1.2.840.10008.1.20.1",
            "| 0131 |",
            "`abort-is-release`",
        ] {
            assert!(text.contains(expected), "{expected}");
        }
    }
}
