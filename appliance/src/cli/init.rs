//! `appliance init`: a new site with a commented configuration, its own keys and an empty ledger. No default user.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;

use super::out::{self, Failure};
use crate::audit::Audit;
use crate::house::{Settings, make_store_key, write_secret};
use crate::ledger::{Ledger, new_id};

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
    /// Where the page is served.
    #[arg(long, default_value = "127.0.0.1:8080")]
    page: SocketAddr,
    /// The telephone of the reading room, shown while the cloud is away and with held STAT studies.
    #[arg(long, default_value = "")]
    reading_room: String,
    /// The cloud's address, `https://host:port`.
    #[arg(long)]
    cloud: Option<String>,
    /// Folder of a bundle; may be given several times.
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
    std::fs::create_dir_all(&c.dir)?;
    let config = c.dir.join("appliance.toml");
    if config.exists() {
        return Err(Failure::new(
            out::USAGE,
            "there is a site in that folder already: it is never overwritten",
        ));
    }
    let text = configuration(c)?;
    write_secret(&c.dir.join("pseudonym.key"), &format!("{}{}\n", new_id()?, new_id()?))?;
    let key = make_store_key(&c.dir.join("keys/store.key"))?;
    Ledger::create(&c.dir.join("ledger.db"), &key).await?.close().await;
    Audit::open(&c.dir.join("audit.jsonl"), &key).map_err(|e| Failure::new(out::FAILED, e.to_string()))?;
    // Written last: a folder with a configuration is a whole site.
    std::fs::write(&config, text)?;
    let settings = Settings::read(&config).map_err(|f| out::faults_failure(&f))?;
    let code = super::user::put(&settings, &c.user, false).await?;
    let link = format!("http://{}/setup#{code}", c.page);
    if c.json {
        out::json(&serde_json::json!({ "config": config, "user": c.user, "code": code, "link": link }));
    } else {
        out::say(&format!("the site is in {}; configuration: {}", c.dir.display(), config.display()));
        out::say("next: add [[intake.callers]], then `appliance check`, then `appliance run`");
        out::say("once it runs, open this within 24 hours to choose a password:");
        out::line(&link);
    }
    Ok(())
}

fn quote(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn absolute(path: &Path) -> Result<String, Failure> {
    Ok(quote(&std::path::absolute(path)?.to_string_lossy()))
}

fn configuration(c: &Init) -> Result<String, Failure> {
    let bundles: Result<Vec<String>, Failure> = c.bundles.iter().map(|b| absolute(b)).collect();
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
pseudonym_key = \"pseudonym.key\"  # losing it loses the way from a pseudonym back to the patient
demo = {demo}

[intake]
listen = \"{listen}\"
ae_title = \"SCANSIDE\"
{callers}
[store]
path = \"store\"
key = \"keys/store.key\"         # seals everything at rest; keep a copy apart: without it no backup opens
warn_free = \"{warn}\"            # below it the page warns
refuse_free = \"{refuse}\"          # below it C-STORE is answered A700, before anything is at risk
keep = \"30d\"                    # originals stay at least so long; they go only when space is below warn_free
evict = \"forwarded\"             # and only when sent on and taken; \"answered\": the PACS sends us copies, none is the only one

[study]
quiet = \"30s\"                   # a study without other signals counts as stable after so long without news
after_release = \"{after}\"            # and so long after the scanner has released its last association

[deid]
policy = \"strict\"               # or \"shifted-dates\"
with_p10 = false                # true: de-identified DICOM files travel beside the prepared frames

[triage]
bundles = [{bundles}]
mode = \"{mode}\"                 # \"shadow\": counted, changes nothing; \"assist\": flags raise priority; \"settle\"
workers = 1                     # studies at the same time
embed = [{embed}]                      # modalities whose frames travel as an encoder's output

[escalation]
{cloud}
identity = \"identity\"           # keys and certificates, made by `appliance enrol`
without_model = []              # modalities that go to the cloud although no bundle takes them

[review]
listen = \"{page}\"
mode = \"{review}\"             # \"required\": a person decides on every case; \"veto\": it leaves after the countdown
countdown = \"{countdown}\"
reading_room = {reading_room}

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
        callers = callers,
        warn = if c.demo { "2GiB" } else { "20GiB" },
        refuse = if c.demo { "200MiB" } else { "5GiB" },
        after = if c.demo { "1s" } else { "5s" },
        bundles = bundles?.join(", "),
        mode = mode,
        embed = if c.demo { "\"CR\"" } else { "" },
        cloud = cloud,
        review = review,
        countdown = if c.demo { "2s" } else { "8s" },
        reading_room = quote(&c.reading_room),
    ))
}
