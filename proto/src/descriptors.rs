//! How many files and connections a process may have open at once: raised at the start of both products.

use std::sync::OnceLock;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// As many as are asked for where the hard limit is higher.
const MOST: u64 = 65_536;

/// RLIMIT_NOFILE as it was found and as it is now. Without a limit a number is `u64::MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Descriptors {
    /// The soft limit that this process was started with.
    pub soft: u64,
    /// The hard limit: no more can be had without whoever starts this process.
    pub hard: u64,
    /// In force now.
    pub now: u64,
}

static FOUND: OnceLock<Descriptors> = OnceLock::new();

/// Raises the soft limit to the hard one, at most 65,536, once in the life of a process; the usual soft limit of 1,024
/// is there for programs that use `select`, which neither product does. To be called before anything is opened. A
/// worker sets its own, lower limit.
pub fn raise() -> Descriptors {
    *FOUND.get_or_init(|| {
        let found = getrlimit(Resource::Nofile);
        let (soft, hard) = (found.current.unwrap_or(u64::MAX), found.maximum.unwrap_or(u64::MAX));
        let wanted = hard.min(MOST);
        // A system that refuses leaves what was found.
        let raised = soft < wanted
            && setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: found.maximum }).is_ok();
        Descriptors { soft, hard, now: if raised { wanted } else { soft } }
    })
}

impl Descriptors {
    /// What `check` says, with how many the configuration needs: the sentence, and whether they are enough.
    #[must_use]
    pub fn words(&self, needed: u64) -> (String, bool) {
        let number = |n: u64| if n == u64::MAX { "without limit".to_owned() } else { n.to_string() };
        let found = format!(
            "open files: soft limit {}, hard limit {}, raised to {} at start; as configured {needed} are needed",
            number(self.soft),
            number(self.hard),
            number(self.now)
        );
        if self.now >= needed {
            return (found, true);
        }
        let todo = "these are too few: set LimitNOFILE= in its unit, `ulimit -n` or --ulimit nofile= higher";
        (format!("{found}; {todo}"), false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_is_said_and_too_little_says_what_to_do() {
        let d = Descriptors { soft: 1_024, hard: 4_096, now: 4_096 };
        let (words, enough) = d.words(600);
        assert!(
            enough && words.contains("soft limit 1024, hard limit 4096") && words.contains("600 are needed")
        );
        let (words, enough) = d.words(5_000);
        assert!(!enough && words.contains("too few") && words.contains("LimitNOFILE="), "{words}");
        assert!(
            Descriptors { soft: u64::MAX, hard: u64::MAX, now: u64::MAX }
                .words(9)
                .0
                .contains("without limit")
        );
    }

    #[test]
    fn raising_reaches_the_hard_limit_and_reports_the_first_look_for_good() {
        let raised = raise();
        assert_eq!(getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX), raised.now);
        assert_eq!(raised.now, raised.soft.max(raised.hard.min(MOST)));
        assert_eq!(raise(), raised);
    }
}
