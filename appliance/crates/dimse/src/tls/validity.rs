//! When the certificates in use end, and what to say about it.

/// A certificate that ends within so many days is warned of.
pub const WARN_DAYS: i64 = 30;
const DAY_SECONDS: i64 = 86_400;

/// When the first of the certificates in use ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// Seconds since 1970 UTC.
    pub(super) ends: i64,
    /// Whose it is: the key of its file.
    pub(super) key: &'static str,
    /// What happens when it has ended.
    pub(super) then: &'static str,
}

/// What the end of a certificate means now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lasting {
    /// More than thirty days are left.
    Long,
    /// It ends soon: in words.
    Soon(String),
    /// It has ended: in words.
    Over(String),
}

impl Validity {
    /// Seconds since 1970 UTC.
    #[must_use]
    pub fn ends(&self) -> i64 {
        self.ends
    }

    /// The key of the file within its table.
    #[must_use]
    pub fn key(&self) -> &'static str {
        self.key
    }

    /// What that means at `now` (milliseconds since 1970 UTC); `table` is where the file is named, e.g. `intake.tls`.
    #[must_use]
    pub fn at(&self, now: i64, table: &str) -> Lasting {
        let left = self.ends - now.div_euclid(1000);
        let (key, then, days) = (self.key, self.then, left.div_euclid(DAY_SECONDS));
        match left {
            ..=0 => Lasting::Over(format!(
                "a certificate in {table}.{key} has ended: {then}; put a new one in its place, it is taken without a restart"
            )),
            _ if days < WARN_DAYS => Lasting::Soon(format!(
                "a certificate in {table}.{key} ends in {}; put a new one in its place, it is taken without a restart",
                match days {
                    0 => "less than a day".to_owned(),
                    1 => "1 day".to_owned(),
                    days => format!("{days} days"),
                }
            )),
            _ => Lasting::Long,
        }
    }
}
