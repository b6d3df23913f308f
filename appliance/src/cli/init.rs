//! `appliance init`: a new site with a commented configuration, its own keys and an empty ledger. No default user.

use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use clap::Args;

use super::output::{self, Failure};
use crate::app::{Settings, write_secret};
use audit::Audit;
use ledger::{Ledger, new_id};
use store::StoreKey;

/// Make a new site.
#[derive(Debug, Args)]
pub(super) struct Init {
    /// Folder of the site; made when missing. An existing site is never overwritten.
    dir: PathBuf,
    /// A demonstration on loopback: any caller, mode settle, review by veto. Never for a hospital.
    #[arg(long)]
    demo: bool,
    /// The site's name, shown on the page.
    #[arg(long, default_value = "Site 1")]
    name: String,
    /// Where DICOM is received.
    #[arg(long, default_value = "127.0.0.1:11112")]
    listen: SocketAddr,
    /// A scanner that may send, `TITLE@ADDRESS` or `TITLE@NETWORK`; may be given several times.
    #[arg(long = "caller", value_name = "TITLE@ADDRESS")]
    callers: Vec<String>,
    /// Where the page is served.
    #[arg(long, default_value = "127.0.0.1:8080")]
    page: SocketAddr,
    /// The telephone of the reading room, shown while the cloud is away and with held STAT studies.
    #[arg(long, default_value = "")]
    reading_room: String,
    /// The cloud's address, `https://host:port`.
    #[arg(long)]
    cloud: Option<String>,
    /// A bundle: its folder, or its path or name among those that come with the product; may be given several times.
    #[arg(long = "bundle")]
    bundles: Vec<PathBuf>,
    /// First user of the page; a one-time link is shown.
    #[arg(long, default_value = "technician")]
    user: String,
    /// One JSON object on stdout.
    #[arg(long)]
    json: bool,
}

pub(super) async fn main(c: &Init) -> Result<(), Failure> {
    let config = c.dir.join("appliance.toml");
    if config.exists() {
        return Err(Failure::new(
            output::USAGE,
            "there is a site in that folder already: it is never overwritten",
        ));
    }
    let text = configuration(c)?;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&c.dir)?;
    write_secret(&c.dir.join("pseudonym.key"), &format!("{}{}\n", new_id()?, new_id()?))?;
    let key = StoreKey::create(&c.dir.join("keys/store.key"))
        .map_err(|e| Failure::new(output::FAILED, e.to_string()))?;
    Ledger::create(&c.dir.join("ledger.db"), key.bytes()).await?.close().await;
    Audit::open(&c.dir.join("audit.jsonl"), key.bytes())
        .map_err(|e| Failure::new(output::FAILED, e.to_string()))?;
    // Written last: a folder with a configuration is a whole site.
    std::fs::write(&config, text)?;
    let settings = Settings::read(&config).map_err(|f| output::faults_failure(&f))?;
    let code = super::user::put(&settings, &c.user, false).await?;
    let link = format!("http://{}/setup#{code}", c.page);
    if c.json {
        output::json(&serde_json::json!({ "config": config, "user": c.user, "code": code, "link": link }));
    } else {
        output::say(&format!("the site is in {}; configuration: {}", c.dir.display(), config.display()));
        output::say("next: add [[intake.callers]], then `appliance check`, then `appliance run`");
        output::say("once it runs, open this within 24 hours to choose a password:");
        output::line(&link);
    }
    Ok(())
}

fn quote(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A folder or file as the configuration names it.
fn written(path: &Path) -> String {
    quote(&path.to_string_lossy())
}

/// What is not there is said before anything is made: what is written down holds.
fn missing(e: models::Error) -> Failure {
    Failure::new(output::USAGE, format!("{e}; nothing was made"))
}

/// The bundles that were named, and ONNX Runtime's library where the configuration must name it.
fn models(c: &Init) -> Result<(String, String), Failure> {
    let bundles: Result<Vec<String>, Failure> =
        c.bundles.iter().map(|b| Ok(written(&models::shipped::find(b).map_err(missing)?))).collect();
    let runtime =
        if c.bundles.is_empty() { None } else { models::runtime::to_write_down(None).map_err(missing)? };
    let runtime = runtime.map_or_else(
        || {
            "# runtime = \"/usr/lib/libonnxruntime.so\"  # ONNX Runtime, when it is not in its usual places"
                .to_owned()
        },
        |path| format!("runtime = {}", written(&path)),
    );
    Ok((bundles?.join(", "), runtime))
}

/// What reception can do besides, in comments.
const INTAKE: &str = "# any_called_title = true       # take associations that call another AE title than ours
# max_associations = 32         # at the same time; more are refused for the moment
# max_pdu = \"128KiB\"            # largest PDU we offer to take, from 4KiB
# private_sop_classes = [\"1.3.12.2.1107.5.9.1\"]   # UIDs, or prefixes that end in a dot
# private_transfer_syntaxes = []
# artim_timeout = \"30s\"         # connection to association request, TLS handshake included
# read_timeout = \"60s\"          # one PDU inside a message
# write_timeout = \"30s\"
# idle_timeout = \"10m\"          # between two messages
# drain_timeout = \"10s\"         # for objects in progress at a stop
# More keys of a [[intake.callers]] block:
# tls_only = true               # never over plain DICOM
# max_associations = 4          # of this caller
# associations_per_minute = 600
# bytes_per_day = \"200GiB\"      # then C-STORE is answered A700 until midnight UTC
# max_pdu = \"16KiB\"
# quirks = [\"abort-is-release\"] # any-called-title, title-case-ignored, prefer-implicit, first-syntax, no-window
# [intake.tls]                  # a second listener, TLS 1.2 and 1.3 (PS3.15 B.12)
# listen = \"0.0.0.0:2762\"
# certificate = \"tls/certificate.pem\"   # chain, leaf first; new files are taken without a restart
# key = \"tls/key.pem\"
# client_certificate = \"required\"       # of senders: \"none\", \"optional\", \"required\"
# client_ca = \"tls/scanners.pem\"        # authorities of their certificates
# reload = \"30s\"               # how often the files are looked at
# [intake.identity]             # user identity in association requests
# mode = \"check\"              # or \"ignore\"
# [[intake.identity.users]]
# name = \"ct1\"
# passcode = \"tls/ct1.passcode\"         # a file; without it the name alone is enough
";

/// How contacts are named.
const ALARM: &str = "# [alarm]
# stat = \"30m\"
# urgent = \"4h\"
# routine = \"24h\"
# [[alarm.contact]]
# name = \"reading room\"
# webhook = \"https://pager.clinic.example/scanside\"   # a POST with JSON: site, study, priority, minutes; no identity
# [[alarm.contact]]
# name = \"duty\"
# email = \"duty@clinic.example\"
# [alarm.smtp]
# server = \"mail.clinic.example\"
# port = 465
# security = \"tls\"              # or \"starttls\"; \"none\" for a relay in the clinic's own network
# from = \"scanside@clinic.example\"
";

/// Blocks for the scanners named on the command line.
fn callers(named: &[String]) -> Result<String, Failure> {
    let block = |text: &String| {
        let (title, address) = text.rsplit_once('@').ok_or_else(|| {
            Failure::new(output::USAGE, "a caller is written TITLE@ADDRESS, for example CT1@10.0.0.7")
        })?;
        Ok(format!("[[intake.callers]]\nae_title = {}\naddress = {}\n\n", quote(title), quote(address)))
    };
    named.iter().map(block).collect()
}

fn configuration(c: &Init) -> Result<String, Failure> {
    let named = callers(&c.callers)?;
    let (bundles, runtime) = models(c)?;
    let (mode, review, callers) = if c.demo {
        ("settle", "veto", "[[intake.callers]]\nae_title = \"*\"\naddress = \"*\"\n")
    } else {
        (
            "shadow",
            "required",
            "# One block for each scanner that may send:\n# [[intake.callers]]\n# ae_title = \"CT1\"\n# address = \"10.0.0.7\"          # or a network: \"10.0.0.0/24\"\n",
        )
    };
    let cloud = c.cloud.as_ref().map_or_else(
        || "# cloud = \"https://cloud.example:8443\"".to_owned(),
        |url| format!("cloud = {}", quote(url)),
    );
    Ok(format!(
        "# Scanside appliance. Every key is explained here; unknown keys are refused. Relative paths start at this file.

[site]
name = {name}
ledger = \"ledger.db\"             # the only copy of what was decided: back it up with `appliance backup`
audit = \"audit.jsonl\"
pseudonym_key = \"pseudonym.key\"  # makes pseudonyms; `appliance pseudonym rotate` makes a new one
demo = {demo}

[intake]
listen = \"{listen}\"
ae_title = \"SCANSIDE\"
mpps = true                     # take performed procedure steps (MPPS): a completed one tells that a study is whole
{intake}{callers}
[store]
path = \"store\"
key = \"keys/store.key\"         # everything at rest is sealed under it: keep a copy apart; lost with the disk, all is lost
warn_free = \"{warn}\"            # below it the page warns
refuse_free = \"{refuse}\"          # below it C-STORE is answered A700, before anything is at risk
max_object = \"4GiB\"            # a longer object is answered A701 and takes no room
keep = \"30d\"                    # originals stay at least so long; they go only when space is below warn_free
evict = \"forwarded\"             # and only when sent on and taken; \"answered\": the PACS sends us copies, none is the only one

[study]
quiet = \"30s\"                   # a study without other signals counts as stable after so long without news
after_release = \"{after}\"            # and so long after the scanner has released its last association
in_progress = \"10m\"             # longest silence while the scanner says that a procedure step is in progress (MPPS)

[deid]
policy = \"strict\"               # or \"shifted-dates\", or the file of your own profile: \"profile.toml\"
pixel_text = \"hold\"             # what has words in its pixels, or is of a kind that usually has, waits for a person;
                                # \"black-out\": they are made black in every frame, and the rest may leave
faces = \"hold\"                  # a head volume with slices under 3 mm waits; \"deface\": of CT, what lies in front of
                                # the skull is made black and it may leave
with_p10 = false                # true: de-identified DICOM files travel beside the prepared frames
placeholder_ids = []            # Patient IDs written where none is known, beside 0, UNKNOWN and the like
real_ids = []                   # ids that look like such ones and are somebody's here
own_issuers = []                # Issuer of Patient ID of this site: its ids are the same as those without an issuer

[triage]
bundles = [{bundles}]
mode = \"{mode}\"                 # \"shadow\": counted, changes nothing; \"assist\": flags raise priority; \"settle\"
workers = 1                     # studies at the same time
{runtime}
embed = [{embed}]                      # modalities whose frames travel as an encoder's output

[escalation]
{cloud}
identity = \"identity\"           # keys and certificates, made by `appliance enrol`
without_model = []              # modalities that go to the cloud although no bundle takes them

[commitment]
provide = false                 # true: scanners may ask for storage commitment. They delete their copy on it: success is
                                # said only after every [[forward]] rule with commit = true has committed to the same
give_up = \"48h\"               # how long an archive may take before the scanner is told of the failure
retry = \"30s\"                 # pause before a request or report is tried again; it doubles up to an hour
# Where a scanner listens for the report when its association has ended:
# [[commitment.replies]]
# ae_title = \"CT1\"
# address = \"10.0.0.7:104\"
# tls = {{ ca = \"ct1-ca.pem\" }}     # only over TLS, with the keys of [forward.tls]

# One block for each archive or workstation that every original is sent on to, byte for byte, durably queued:
# [[forward]]
# name = \"pacs\"                   # on the page and in `status`; also for `appliance echo pacs`
# address = \"pacs.example:104\"
# called_ae_title = \"PACS\"
# calling_ae_title = \"SCANSIDE\"   # default: intake.ae_title
# modalities = [\"CT\", \"DX\"]      # default: all
# callers = [\"CT1\"]               # only what these AE titles sent; default: all
# max_associations = 2            # at the same time
# max_attempts = 10               # refused so often while others are taken, an instance is a dead letter
# retry_first = \"5s\"              # first pause after a failure; it doubles up to
# retry_max = \"5m\"
# timeout = \"60s\"                 # for each answer
# commit = true                   # ask it to commit; an original leaves this disk only once it has
# transfer_syntax = \"as_sent\"     # the only value: an original is never converted
# [forward.tls]                   # to this destination over TLS only (PS3.15 B.12), commitment requests too
# ca = \"tls/pacs-ca.pem\"          # authorities of its certificate; new files are taken without a restart
# certificate = \"tls/ours.pem\"    # our chain, leaf first, with its key: where it asks for one
# key = \"tls/ours.key\"
# server_name = \"pacs.example\"    # the name in its certificate; default: the host of address

[review]
listen = \"{page}\"
mode = \"{review}\"             # \"required\": a person decides on every case; \"veto\": it leaves after the countdown
countdown = \"{countdown}\"
reading_room = {reading_room}
longest_wait = \"4h\"             # what asks for a person so long comes right after STAT in the list

[oversight]
share = 0.05                    # of studies given no-flag: sampled by chance for a physician's read, at least one a day
trial = 0.0                     # of all answers in shadow mode: the local set that `appliance model accept` asks for
hidden_most = 0.02              # when reads show that more of these hide a finding, no-flag is withdrawn
alpha = 0.01                    # share of studies with a finding that may be given no-flag, as the local set must show

# Whom to call about a flag that nobody acknowledged in time; \"assist\" and \"settle\" need it. The times are yours to
# choose: no authority names any.
{alarm}
# [audit]
# syslog = \"collector.example:6514\"  # audit messages (DICOM PS3.15 A.5) also go there, by syslog over TLS;
#                                     # patients and studies in them are pseudonyms of this site
# ca = \"keys/collector-ca.pem\"       # the authority of the collector's certificate
# certificate = \"keys/audit.pem\"     # ours, with its key, for collectors that ask for one
# key = \"keys/audit.key\"

[log]
level = \"info\"
json = false
",
        name = quote(&c.name),
        demo = c.demo,
        listen = c.listen,
        page = c.page,
        intake = INTAKE,
        callers = if named.is_empty() { callers } else { &named },
        warn = if c.demo { "2GiB" } else { "20GiB" },
        refuse = if c.demo { "200MiB" } else { "5GiB" },
        after = if c.demo { "1s" } else { "5s" },
        bundles = bundles,
        runtime = runtime,
        mode = mode,
        embed = if c.demo { "\"CR\"" } else { "" },
        cloud = cloud,
        review = review,
        countdown = if c.demo { "2s" } else { "8s" },
        reading_room = quote(&c.reading_room),
        alarm = ALARM,
    ))
}
