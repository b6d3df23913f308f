//! What a person writes of themselves on the command line, and what is audited: a name, a reason.

use domain::decision::WORDS_MAX;

/// Longest name, in characters.
const NAME_MOST: usize = 64;

/// Who decides, as `--by` takes it.
///
/// # Errors
/// In words, when it names nobody or is no single line.
pub(super) fn person(text: &str) -> Result<String, String> {
    one_line(text, NAME_MOST)
        .ok_or_else(|| format!("write a name of at most {NAME_MOST} characters: it is audited"))
}

/// Why, as `--reason` takes it.
///
/// # Errors
/// In words, when it gives none or is no single line.
pub(super) fn reason(text: &str) -> Result<String, String> {
    let wrong = || {
        format!("write why, on one line of at most {WORDS_MAX} characters, without identity: it is audited")
    };
    one_line(text, WORDS_MAX).ok_or_else(wrong)
}

/// The text without blanks around it, where that leaves a line that can be read.
fn one_line(text: &str, most: usize) -> Option<String> {
    let line = text.trim();
    let readable = line.chars().any(char::is_alphanumeric) && !line.chars().any(char::is_control);
    (readable && line.chars().count() <= most).then(|| line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_names_nobody_is_refused() {
        for text in ["", " ", "\t", "-", "a\nb", "\u{7}", &"x".repeat(65)] {
            assert!(person(text).is_err(), "{text:?}");
        }
        assert_eq!(person(" Ada Beck ").as_deref(), Ok("Ada Beck"));
        assert_eq!(person("山田").as_deref(), Ok("山田"));
    }

    #[test]
    fn a_reason_is_one_line_that_says_something() {
        for text in ["", "  ", "...", "first\nsecond", &"x".repeat(201)] {
            assert!(reason(text).is_err(), "{text:?}");
        }
        assert_eq!(reason("nothing to see in the corner").as_deref(), Ok("nothing to see in the corner"));
    }
}
