//! Looking for studies by words that stand in sealed columns.

use crate::columns::{ACCESSION_TAIL, STATION};
use crate::error::Result;
use crate::ledger::Ledger;
use crate::list::StudyRow;

impl Ledger {
    /// Studies with this text in modality, body part, station or accession tail. The last two are sealed, so the
    /// database cannot look into them: every study is opened and compared here.
    pub(super) async fn find(&self, text: &str) -> Result<Vec<String>> {
        let wanted = text.to_uppercase();
        let rows: Vec<(String, String, String, String, String)> =
            sqlx::query_as("SELECT id, modality, body_part, station, accession_tail FROM studies")
                .fetch_all(&self.pool)
                .await?;
        let mut ids = Vec::new();
        for (id, modality, body_part, station, tail) in rows {
            let station = self.sealer.open(STATION, &id, &station)?;
            let tail = self.sealer.open(ACCESSION_TAIL, &id, &tail)?;
            if format!("{modality} {body_part} {station} {tail}").to_uppercase().contains(&wanted) {
                ids.push(id);
            }
        }
        Ok(ids)
    }

    /// A row of the list with its sealed columns opened.
    pub(super) fn shown(&self, mut row: StudyRow) -> Result<StudyRow> {
        row.station = self.sealer.open(STATION, &row.id, &row.station)?;
        row.accession_tail = self.sealer.open(ACCESSION_TAIL, &row.id, &row.accession_tail)?;
        Ok(row)
    }
}
