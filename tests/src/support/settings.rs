//! A configuration file changed key by key, for a site that a test or the demonstration shapes.

use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// A TOML file in the making. Comments of the original are lost.
#[derive(Debug)]
pub struct Settings {
    path: PathBuf,
    table: toml::Table,
}

impl Settings {
    /// Reads it.
    ///
    /// # Errors
    /// When it is not there or no TOML.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(Error::io(path.display().to_string()))?;
        let table = text.parse().map_err(|_| Error::other("the configuration is no TOML"))?;
        Ok(Self { path: path.to_owned(), table })
    }

    /// Sets `room.key`.
    #[must_use]
    pub fn with(mut self, room: &str, key: &str, value: impl Into<toml::Value>) -> Self {
        let room = self.table.entry(room).or_insert_with(|| toml::Value::Table(toml::Table::new()));
        if let Some(room) = room.as_table_mut() {
            room.insert(key.to_owned(), value.into());
        }
        self
    }

    /// Adds a table to the array of tables `room`, as `[[room]]` does.
    #[must_use]
    pub fn with_one_more(mut self, room: &str, table: toml::Table) -> Self {
        let rooms = self.table.entry(room).or_insert_with(|| toml::Value::Array(Vec::new()));
        if let Some(rooms) = rooms.as_array_mut() {
            rooms.push(toml::Value::Table(table));
        }
        self
    }

    /// Takes `room.key` out.
    #[must_use]
    pub fn without(mut self, room: &str, key: &str) -> Self {
        if let Some(room) = self.table.get_mut(room).and_then(toml::Value::as_table_mut) {
            room.remove(key);
        }
        self
    }

    /// Writes it back.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(self) -> Result<()> {
        let text = toml::to_string_pretty(&self.table)
            .map_err(|_| Error::other("the configuration cannot be written"))?;
        std::fs::write(&self.path, text).map_err(Error::io(self.path.display().to_string()))
    }
}
