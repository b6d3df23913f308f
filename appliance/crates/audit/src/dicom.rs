//! Audit lines as messages of the DICOM audit trail (PS3.15 A.5.1 schema; codes of PS3.16 CID 400 to 403, 405).
//!
//! Patients are not named: reception reads no patient attributes, and a message leaves the site. The Patient object
//! that A.5.3 asks for carries our study id as its pseudonym, and so does the Study object; the site resolves it on
//! the appliance's page. Peers appear with their address and a keyed pseudonym of their AE title.

use std::fmt::Write as _;

use super::entry::{Entry, timestamp};

/// Who sends the messages.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// The site's name: AuditEnterpriseSiteID.
    pub site: String,
    /// This machine's name: AuditSourceID and the syslog header.
    pub host: String,
}

/// A code of the DICOM terminology: value and meaning.
type Code = (&'static str, &'static str);

const ACTIVITY: Code = ("110100", "Application Activity");
const LOG_USED: Code = ("110101", "Audit Log Used");
const BEGIN: Code = ("110102", "Begin Transferring DICOM Instances");
const ACCESSED: Code = ("110103", "DICOM Instances Accessed");
const TRANSFERRED: Code = ("110104", "DICOM Instances Transferred");
const DELETED: Code = ("110105", "DICOM Study Deleted");
const EXPORT: Code = ("110106", "Export");
const IMPORT: Code = ("110107", "Import");
const ALERT: Code = ("110113", "Security Alert");
const LOGIN: Code = ("110114", "User Authentication");

/// What an audit line's words mean in the standard's terms.
struct Meaning {
    event: Code,
    kind: Option<Code>,
    /// C, R, U, D or E (A.5.1 EventActionCode).
    action: char,
    /// 0 success, 4 minor failure, 8 serious failure.
    outcome: u8,
    /// Which way instances go.
    flow: Flow,
}

/// Roles of the other end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    /// Nothing moves.
    None,
    /// From the peer to us.
    In,
    /// From us to the far end.
    Out,
}

fn meaning(what: &str) -> Meaning {
    let m = |event, kind, action, outcome, flow| Meaning { event, kind, action, outcome, flow };
    match what {
        "application start" => m(ACTIVITY, Some(("110120", "Application Start")), 'E', 0, Flow::None),
        "application stop" => m(ACTIVITY, Some(("110121", "Application Stop")), 'E', 0, Flow::None),
        "login" => m(LOGIN, Some(("110122", "Login")), 'E', 0, Flow::None),
        "failed login" => m(LOGIN, Some(("110122", "Login")), 'E', 4, Flow::None),
        "logout" => m(LOGIN, Some(("110123", "Logout")), 'E', 0, Flow::None),
        "caller refused" => m(ALERT, Some(("110126", "Node Authentication")), 'E', 4, Flow::None),
        "configuration changed" | "clock set" => {
            m(ALERT, Some(("110129", "Security Configuration")), 'E', 0, Flow::None)
        }
        "audit head begun" => m(ALERT, Some(("110134", "Audit Recording Started")), 'E', 0, Flow::None),
        "user add" | "user reset" => {
            m(ALERT, Some(("110137", "User security Attributes Changed")), 'E', 0, Flow::None)
        }
        "audit exported" => m(LOG_USED, None, 'R', 0, Flow::None),
        "receiving" => m(BEGIN, None, 'E', 0, Flow::In),
        "received" => m(TRANSFERRED, None, 'C', 0, Flow::In),
        "forwarded" => m(TRANSFERRED, None, 'R', 0, Flow::Out),
        "case sent" => m(EXPORT, None, 'R', 0, Flow::Out),
        "report home" => m(IMPORT, None, 'C', 0, Flow::In),
        "UID collision" => m(ACCESSED, None, 'U', 4, Flow::None),
        "evicted" => m(DELETED, None, 'D', 0, Flow::None),
        "vault: exported" => m(EXPORT, None, 'R', 0, Flow::None),
        "vault: forgot" | "pseudonym key rotated" | "ledger restored" | "entries taken up" => {
            m(ALERT, Some(("110129", "Security Configuration")), 'E', 0, Flow::None)
        }
        "looked at the name" | "looked at attributes" | "vault: looked" | "vault: re-identified files" => {
            m(ACCESSED, None, 'R', 0, Flow::None)
        }
        // Everything else is what a person decided about a study.
        _ => m(ACCESSED, None, 'U', 0, Flow::None),
    }
}

/// XML text and attribute values: the five special characters escaped, control characters left out (XML 1.0 2.2).
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\t' | '\n' | '\r' => out.push(' '),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
    out
}

fn code(out: &mut String, element: &str, (value, meaning): Code) {
    let _ =
        write!(out, "<{element} csd-code=\"{value}\" codeSystemName=\"DCM\" originalText=\"{meaning}\"/>");
}

/// One participant: a person, a process or a peer. `role`: source or destination of instances, or the application.
fn participant(out: &mut String, user: &str, requestor: bool, address: &str, role: Option<Code>) {
    let _ = write!(out, "<ActiveParticipant UserID=\"{}\" UserIsRequestor=\"{requestor}\"", escape(user));
    if !address.is_empty() {
        // Type 2: an IP address.
        let _ = write!(out, " NetworkAccessPointID=\"{}\" NetworkAccessPointTypeCode=\"2\"", escape(address));
    }
    match role {
        Some(role) => {
            out.push('>');
            code(out, "RoleIDCode", role);
            out.push_str("</ActiveParticipant>");
        }
        None => out.push_str("/>"),
    }
}

const SOURCE: Code = ("110153", "Source Role ID");
const DESTINATION: Code = ("110152", "Destination Role ID");
const APPLICATION: Code = ("110150", "Application");
const LAUNCHER: Code = ("110151", "Application Launcher");

fn participants(out: &mut String, e: &Entry, m: &Meaning) {
    match m.flow {
        Flow::In => {
            participant(out, &e.who, true, &e.address, Some(SOURCE));
            participant(out, "scanside", false, "", Some(DESTINATION));
        }
        Flow::Out => {
            participant(out, "scanside", true, "", Some(SOURCE));
            participant(out, &e.who, false, &e.address, Some(DESTINATION));
        }
        Flow::None if m.event == ACTIVITY => {
            participant(out, "scanside", false, "", Some(APPLICATION));
            participant(out, &e.who, true, "", Some(LAUNCHER));
        }
        Flow::None => participant(out, &e.who, true, &e.address, None),
    }
}

fn objects(out: &mut String, e: &Entry, m: &Meaning) {
    let on = escape(&e.on);
    let about_user = matches!(m.kind, Some(("110137", _)));
    if about_user {
        // A person's account: type 1 (person), role 11 (security user entity).
        let _ = write!(
            out,
            "<ParticipantObjectIdentification ParticipantObjectID=\"{on}\" ParticipantObjectTypeCode=\"1\" ParticipantObjectTypeCodeRole=\"11\"><ParticipantObjectIDTypeCode csd-code=\"11\" codeSystemName=\"RFC-3881\" originalText=\"User Identifier\"/></ParticipantObjectIdentification>"
        );
        return;
    }
    if e.on.is_empty() {
        return;
    }
    let _ = write!(
        out,
        "<ParticipantObjectIdentification ParticipantObjectID=\"{on}\" ParticipantObjectTypeCode=\"2\" ParticipantObjectTypeCodeRole=\"3\"><ParticipantObjectIDTypeCode csd-code=\"110180\" codeSystemName=\"DCM\" originalText=\"Study Instance UID\"/><ParticipantObjectName>pseudonym</ParticipantObjectName>"
    );
    if !e.instances.is_empty() {
        out.push_str("<ParticipantObjectDescription/>");
        for (class, count) in &e.instances {
            let _ = write!(out, "<SOPClass UID=\"{}\" NumberOfInstances=\"{count}\"/>", escape(class));
        }
    }
    out.push_str("</ParticipantObjectIdentification>");
    let _ = write!(
        out,
        "<ParticipantObjectIdentification ParticipantObjectID=\"{on}\" ParticipantObjectTypeCode=\"1\" ParticipantObjectTypeCodeRole=\"1\"><ParticipantObjectIDTypeCode csd-code=\"2\" codeSystemName=\"RFC-3881\" originalText=\"Patient Number\"/><ParticipantObjectName>pseudonym</ParticipantObjectName></ParticipantObjectIdentification>"
    );
}

/// One audit line as an AuditMessage (PS3.15 A.5.1), on one line of text.
#[must_use]
pub fn message(e: &Entry, source: &Source) -> String {
    let m = meaning(&e.what);
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?><AuditMessage>");
    let _ = write!(
        out,
        "<EventIdentification EventActionCode=\"{}\" EventDateTime=\"{}\" EventOutcomeIndicator=\"{}\">",
        m.action,
        timestamp(e.at),
        m.outcome
    );
    code(&mut out, "EventID", m.event);
    if let Some(kind) = m.kind {
        code(&mut out, "EventTypeCode", kind);
    }
    let words = if e.detail.is_empty() { e.what.clone() } else { format!("{}: {}", e.what, e.detail) };
    let _ = write!(out, "<EventOutcomeDescription>{}</EventOutcomeDescription>", escape(&words));
    out.push_str("</EventIdentification>");
    participants(&mut out, e, &m);
    let _ = write!(
        out,
        "<AuditSourceIdentification AuditEnterpriseSiteID=\"{}\" AuditSourceID=\"{}\"><AuditSourceTypeCode csd-code=\"4\"/></AuditSourceIdentification>",
        escape(&source.site),
        escape(&source.host)
    );
    objects(&mut out, e, &m);
    out.push_str("</AuditMessage>");
    out
}
