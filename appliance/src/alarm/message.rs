//! What a call says: enough to find the study on the page, nothing that says who it is of.

use proto::case::Priority;
use serde::Serialize;

/// One call about one flag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Message {
    /// The site's name.
    pub site: String,
    /// Our random id of the study: the page's address ends with it.
    pub study: String,
    /// Its priority.
    pub priority: Priority,
    /// For how many minutes the flag has been open.
    pub open_minutes: i64,
    /// Which call about this flag it is, from 1; 0 on trial.
    pub call: u32,
    /// The sentence for a person.
    pub text: String,
}

impl Message {
    /// A call about a flag that has been open for `open_ms`.
    #[must_use]
    pub(crate) fn new(site: &str, study: &str, priority: Priority, open_ms: i64, call: u32) -> Self {
        let open_minutes = open_ms.max(0) / 60_000;
        let text = format!(
            "A {} study at {site} has been open for {open_minutes} minutes and nobody has acknowledged it. \
             Open the review page and look for /study/{study}. This is call {call}. Triage is research software, not a diagnosis.",
            priority.as_str()
        );
        Self { site: site.to_owned(), study: study.to_owned(), priority, open_minutes, call, text }
    }

    /// A call on trial: about no study, so that a site sees whether it gets through.
    #[must_use]
    pub(crate) fn trial(site: &str) -> Self {
        let text = format!(
            "This is a trial call from the appliance at {site}. No study waits. Calls about flags that nobody has acknowledged come this way."
        );
        let priority = Priority::Routine;
        Self { site: site.to_owned(), study: String::new(), priority, open_minutes: 0, call: 0, text }
    }

    /// The subject line of an e-mail.
    #[must_use]
    pub(crate) fn subject(&self) -> String {
        if self.call == 0 {
            return format!("Trial call from {}", self.site);
        }
        format!("{} study not acknowledged at {}", self.priority.as_str(), self.site)
    }
}
