//! `appliance run`: the log, the signals, the appliance.

use std::io::IsTerminal as _;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::prelude::*;

use super::SiteArgs;
use super::output::{self, Failure};
use crate::app::{LogConfig, run};

pub(super) fn main(w: &SiteArgs) -> Result<(), Failure> {
    let settings = output::settings(&w.config)?;
    log(&settings.log);
    if settings.site.demo {
        output::say(
            "a demonstration: every caller on loopback is admitted, mode settle without accepted bundles",
        );
    }
    let json = w.json;
    output::block_on(async move {
        let stop = CancellationToken::new();
        let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let on_signal = stop.clone();
        tokio::spawn(async move {
            tokio::select! {
                _ = term.recv() => {}
                _ = int.recv() => {}
            }
            on_signal.cancel();
        });
        let said = settings.clone();
        run(settings, stop, move |addresses| {
            if json {
                output::json(&serde_json::json!({
                    "ready": true,
                    "intake": addresses.intake.to_string(),
                    "tls": addresses.tls.map(|a| a.to_string()),
                    "page": addresses.review.to_string(),
                    "ae_title": said.intake.ae_title,
                }));
            } else {
                output::say(&format!(
                    "ready: DICOM {} on {}{}, page http://{}",
                    said.intake.ae_title,
                    addresses.intake,
                    addresses.tls.map(|a| format!(" and over TLS on {a}")).unwrap_or_default(),
                    addresses.review
                ));
            }
        })
        .await
        .map_err(Failure::from)
    })
}

/// Only our own targets reach the log: other crates print what came over the wire.
fn log(config: &LogConfig) {
    let filter = Targets::new().with_target("scanside", config.level.parse().unwrap_or(LevelFilter::OFF));
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let registry = tracing_subscriber::registry().with(filter);
    let set =
        if config.json { registry.with(layer.json()).try_init() } else { registry.with(layer).try_init() };
    if set.is_err() {
        output::say("the log was set up already");
    }
}
