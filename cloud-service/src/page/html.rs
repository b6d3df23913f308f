//! Writing HTML: escaping, the frame of every page, and the words for times and priorities.

use axum::response::Html;

use crate::queue::{Millis, Session};

/// Text as it may stand in an element or a quoted attribute.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A whole page; `title` names no case. `modules` are names of scripts.
pub(super) fn page(title: &str, who: Option<&Session>, modules: &[&str], body: &str) -> Html<String> {
    let scripts: String =
        modules.iter().map(|m| format!("<script type=\"module\" src=\"/assets/{m}\"></script>")).collect();
    let account = who.map_or_else(String::new, |s| {
        format!(
            "<span>{}</span><form method=\"post\" action=\"/sign-out\">{}<button>Sign out</button></form>",
            escape(&s.user),
            csrf(s)
        )
    });
    Html(format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{} - Scanside</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" content=\"dark\">\
         <link rel=\"icon\" href=\"/assets/favicon.svg\"><link rel=\"stylesheet\" href=\"/assets/page.css\">{scripts}</head>\
         <body><header><a href=\"/\">Scanside diagnostics queue</a>{account}</header><main>{body}</main>\
         <footer>De-identified cases. Triage opinion, not a diagnosis. Research software, not a medical device.</footer>\
         </body></html>",
        escape(title)
    ))
}

/// The hidden field every form of a session carries.
pub(super) fn csrf(s: &Session) -> String {
    format!("<input type=\"hidden\" name=\"csrf\" value=\"{}\">", escape(&s.csrf))
}

/// A length of time in the largest unit that says it: seconds, minutes, hours and minutes, days.
pub(super) fn span(ms: Millis) -> String {
    let seconds = ms.max(0) / 1000;
    match seconds {
        0..=89 => format!("{seconds} s"),
        90..=5399 => format!("{} min", seconds / 60),
        5400..=172_799 => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// A clock time, UTC.
pub(super) fn time_of(ms: Millis) -> String {
    let Ok(at) = time::OffsetDateTime::from_unix_timestamp(ms / 1000) else { return String::new() };
    format!("{} {:02}:{:02}:{:02} UTC", at.date(), at.hour(), at.minute(), at.second())
}

/// The word of a queue rank.
pub(super) fn priority(rank: u8) -> &'static str {
    match rank {
        0 => "STAT",
        1 => "URGENT",
        _ => "ROUTINE",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn nothing_written_by_others_becomes_markup() {
        assert_eq!(escape("<b a='1' c=\"2\">&"), "&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;");
    }

    #[test]
    fn spans_are_words() {
        assert_eq!(span(-5), "0 s");
        assert_eq!(span(89_999), "89 s");
        assert_eq!(span(90_000), "1 min");
        assert_eq!(span(2 * 3_600_000 + 5 * 60_000), "2 h 05 min");
        assert_eq!(span(3 * 86_400_000), "3 d");
    }
}
