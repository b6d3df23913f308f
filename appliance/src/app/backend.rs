//! The running appliance as the page sees it.

use std::sync::PoisonError;

use super::running::Running;
use crate::pipeline::FullFrame;
use crate::review::{Backend, Config, DestinationRow, Error, Frame, LightRow, Lights};
use domain::decision::Decision;
use domain::job::Explained;
use ledger::{Ledger, Outcomes, WatchRow};
use proto::clock::now;

impl Backend for Running {
    fn ledger(&self) -> &Ledger {
        &self.opened.site.ledger
    }

    fn config(&self) -> &Config {
        &self.settings.review
    }

    fn now(&self) -> i64 {
        now()
    }

    async fn decide(&self, who: &str, decision: &Decision) -> Result<(), Error> {
        Running::decide(self, who, decision).await.map_err(|error| match error {
            crate::cases::Error::Ledger(error) => error.into(),
            refused => Error::Refused(refused.to_string()),
        })
    }

    async fn process_now(&self, who: &str, study: &str) -> Result<(), Error> {
        self.note(who, "process now", study)?;
        self.process(study);
        Ok(())
    }

    fn expected(&self, study: &str) -> Option<(i64, &'static str)> {
        let arriving = self.arriving.lock().unwrap_or_else(PoisonError::into_inner);
        arriving.expected(study).map(|(at, reason)| (at, reason.as_str()))
    }

    fn missing(&self, study: &str) -> Option<(usize, usize)> {
        self.arriving.lock().unwrap_or_else(PoisonError::into_inner).missing(study)
    }

    async fn lights(&self) -> Result<Lights, Error> {
        let r = self.report().await.map_err(|_| ledger::Error::Database("status"))?;
        let row = |name, l: super::Light| LightRow { name, state: l.state, words: l.words };
        let mut lights = vec![
            row("scanner", r.scanner),
            row("models", r.models),
            row("cloud", r.cloud),
            row("disk", r.disk),
        ];
        // What is right needs no place of its own.
        for (name, light) in [("work", r.work), ("clock", r.clock)] {
            if light.state != "ok" {
                lights.push(row(name, light));
            }
        }
        Ok(Lights {
            site: r.site,
            mode: r.mode,
            lights,
            cloud_away_since: r.cloud_away_since,
            waiting_sealed: r.waiting_sealed,
            demo: self.settings.site.demo,
        })
    }

    async fn destinations(&self) -> Result<Vec<DestinationRow>, Error> {
        let queues = self.opened.site.ledger.forward_queues().await?;
        let rows = self.opened.site.forwards.rows(&queues, true).into_iter().map(|d| DestinationRow {
            name: d.name,
            state: d.state,
            words: d.words,
            waiting: d.waiting,
            oldest: d.oldest,
            dead: d.dead,
        });
        Ok(rows.collect())
    }

    fn destination(&self) -> Option<(String, u16)> {
        let intake = &self.settings.intake;
        Some((intake.ae_title.clone(), intake.listen.port()))
    }

    async fn preview(&self, study: &str, index: usize) -> Result<Frame, Error> {
        let detail = self.opened.site.ledger.detail(study).await?;
        let d = detail.disposition.ok_or(Error::Unknown("image"))?;
        let about = d.verdict.previews.get(index).cloned().ok_or(Error::Unknown("image"))?;
        let output = d.output.as_deref().and_then(|b| b.parse().ok()).ok_or(Error::Unknown("image"))?;
        let previews = self.opened.site.store.derived();
        let length = usize::try_from(about.piece.length).map_err(|_| ledger::Error::Row("length"))?;
        let offset = about.piece.offset;
        let values = tokio::task::spawn_blocking(move || previews.read_range(output, offset, length))
            .await
            .map_err(|_| ledger::Error::Database("disk"))?
            .map_err(|_| Error::Unknown("image"))?;
        if blake3::hash(&values).to_hex().as_str() != about.piece.blake3 {
            return Err(Error::Refused(
                "the stored image is damaged: ask for the study to be sent again".into(),
            ));
        }
        Ok(Frame { about, values })
    }

    async fn full_frame(&self, study: &str, index: usize) -> Result<Frame, Error> {
        let detail = self.opened.site.ledger.detail(study).await?;
        let d = detail.disposition.ok_or(Error::Unknown("image"))?;
        let preview = d.verdict.previews.get(index).ok_or(Error::Unknown("image"))?;
        match self.pipeline.full_frame(study, d.revision, preview).await {
            Ok(FullFrame::Shown(about, values)) => Ok(Frame { about, values }),
            Ok(FullFrame::Not(words)) => Err(Error::Refused(words)),
            Err(error) => Err(Error::NotNow(error.to_string())),
        }
    }

    async fn metrics(&self) -> Result<String, Error> {
        Ok(self.metrics_text().await?)
    }

    async fn outcomes(&self) -> Result<Outcomes, Error> {
        Ok(self.fresh_outcomes().await?)
    }

    async fn watches(&self) -> Result<Vec<WatchRow>, Error> {
        Ok(self.opened.site.ledger.watches(self.settings.oversight.hidden_most).await?)
    }

    fn looked(&self, who: &str, study: &str) -> Result<(), Error> {
        self.note(who, "looked at the name", study)
    }

    async fn attributes(&self, by: Option<&str>, study: &str, at: u32) -> Result<Vec<Explained>, Error> {
        if let Some(who) = by {
            self.note(who, "looked at attributes", study)?;
        }
        let detail = self.opened.site.ledger.detail(study).await?;
        let revision = detail.disposition.ok_or(Error::Unknown("result"))?.revision;
        let told = self.pipeline.explain(study, revision, at, by.is_some()).await;
        told.map_err(|e| Error::Refused(e.to_string()))?
            .ok_or_else(|| Error::Refused("the instance cannot be read: nothing of it is shown".into()))
    }

    fn account(&self, who: &str, what: &'static str) -> Result<(), Error> {
        self.note(who, what, "")
    }
}

impl Running {
    fn note(&self, who: &str, what: &str, on: &str) -> Result<(), Error> {
        let refused = |_| Error::Refused("the audit cannot be written: nothing was done".into());
        self.opened.site.audit.write(now(), who, what, on, "").map_err(refused)
    }
}
