//! Dates of the Gregorian calendar as day numbers; DA, DT and AS values.

/// Days since 1 January 1970 of a valid date between 1850 and 2150.
pub(super) fn day_number(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1850..=2150).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Counting from March makes the leap day the last of its year.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let number = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719_468;
    (civil(number) == (year, month, day)).then_some(number)
}

/// Year, month and day of a day number.
pub(super) fn civil(number: i64) -> (i64, i64, i64) {
    let z = number + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(month <= 2), month, doy - (153 * mp + 2) / 5 + 1)
}

/// The day number of a DA value, or of the date part of a DT value: `YYYYMMDD`, or the old `YYYY.MM.DD`. Days since
/// 1 January 1970; `None` when it is no whole date between 1850 and 2150.
pub fn parse(text: &str) -> Option<i64> {
    let text = text.trim_matches(|c: char| c == '\0' || c == ' ');
    let dotted = text.len() == 10 && text.bytes().filter(|b| matches!(b, b'.' | b'-' | b'/')).count() == 2;
    let digits: String =
        if dotted { text.chars().filter(char::is_ascii_digit).collect() } else { text.into() };
    let part = |from: usize, to: usize| -> Option<i64> {
        let part = digits.get(from..to)?;
        if part.bytes().all(|b| b.is_ascii_digit()) { part.parse().ok() } else { None }
    };
    day_number(part(0, 4)?, part(4, 6)?, part(6, 8)?)
}

/// The year of a DA or DT value, also of shortened ones.
pub(super) fn year(text: &str) -> Option<i64> {
    let digits = text.trim().get(..4)?;
    let year: i64 =
        if digits.bytes().all(|b| b.is_ascii_digit()) { digits.parse().ok()? } else { return None };
    (1850..=2150).contains(&year).then_some(year)
}

/// A DA value of a day number.
pub(super) fn format(number: i64) -> String {
    let (year, month, day) = civil(number);
    format!("{year:04}{month:02}{day:02}")
}

/// Shifts one DA or DT value by whole days; the time and zone of a DT stay. `None` when it is no full date.
pub(super) fn shift(text: &str, days: i64) -> Option<String> {
    let text = text.trim_matches(|c: char| c == '\0' || c == ' ');
    let shifted = format(parse(text)?.checked_add(days)?);
    let dotted =
        text.len() == 10 && text.get(4..5).is_some_and(|c| !c.starts_with(|d: char| d.is_ascii_digit()));
    let rest = if dotted { "" } else { text.get(8..).unwrap_or_default() };
    is_time_and_zone(rest).then(|| shifted + rest)
}

/// `HHMMSS.FFFFFF&ZZXX` or a part of it: nothing in which a second date could hide.
fn is_time_and_zone(rest: &str) -> bool {
    let (time, zone) = rest.split_at(rest.find(['+', '-']).unwrap_or(rest.len()));
    let (clock, fraction) = time.split_once('.').unwrap_or((time, ""));
    let digits = |part: &str, most: usize| part.len() <= most && part.bytes().all(|b| b.is_ascii_digit());
    let zone_fits = zone.is_empty() || (zone.len() == 5 && zone.get(1..).is_some_and(|z| digits(z, 4)));
    digits(clock, 6) && digits(fraction, 6) && zone_fits
}

/// Whether a word is a whole date as people write one: three groups of digits, or two around the name of a month, with a
/// year of four digits; one of two digits counts between `/` or `-` alone, for between points stand versions.
pub(super) fn is_written(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    let parts: Vec<&str> = word.split(['.', '/', '-']).collect();
    let number = |text: &&str| text.parse::<u32>().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
    let &[first, second, third] = parts.as_slice() else { return false };
    let named = second.len() >= 3 && second.chars().all(char::is_alphabetic);
    let (first, second, third) = (number(&first), number(&second), number(&third));
    let year = |n: Option<u32>| n.is_some_and(|n| (1850..=2150).contains(&n));
    let day = |n: Option<u32>| n.is_some_and(|n| (1..=31).contains(&n));
    let short = !word.contains('.') && third.is_some_and(|n| n < 100);
    (day(first) && (day(second) || named) && (year(third) || short))
        || (year(first) && day(second) && day(third))
}

/// A TM value and nothing else: `HHMMSS.FFFFFF` or a part of it, or the old form with colons.
pub(super) fn is_time(text: &str) -> bool {
    let text = text.trim_matches(|c: char| c == '\0' || c == ' ');
    let plain: String = text.chars().filter(|c| *c != ':').collect();
    text.len() <= 16 && !plain.contains(['+', '-']) && is_time_and_zone(&plain)
}

/// Whole years of an AS value (`nnnD`, `nnnW`, `nnnM`, `nnnY`), 90 for 90 and above (PS3.5 section 6.2).
pub(super) fn age_years(text: &str) -> Option<u8> {
    u8::try_from(whole_age(text)?.min(90)).ok()
}

/// The same as it stands.
pub fn whole_age(text: &str) -> Option<u32> {
    let text = text.trim();
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 3 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: u32 = digits.parse().ok()?;
    match unit {
        "Y" => Some(number),
        "M" => Some(number / 12),
        "W" => Some(number * 7 / 365),
        "D" => Some(number / 365),
        _ => None,
    }
}

/// Whole years between two days, 90 for 90 and above.
pub(super) fn years_between(birth: i64, then: i64) -> Option<u8> {
    u8::try_from(whole_years(birth, then)).ok().filter(|y| *y <= 130).map(|y| y.min(90))
}

/// The same as it stands; negative when the first day is the later one.
pub fn whole_years(birth: i64, then: i64) -> i64 {
    let ((by, bm, bd), (ty, tm, td)) = (civil(birth), civil(then));
    ty - by - i64::from((tm, td) < (bm, bd))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn day_numbers_go_there_and_back() {
        assert_eq!(day_number(1970, 1, 1), Some(0));
        assert_eq!(parse("20000301").unwrap() - parse("20000228").unwrap(), 2);
        assert_eq!(parse("20190229"), None);
        assert_eq!(parse("2019.03.04"), parse("20190304"));
        for number in (-40_000..60_000).step_by(17) {
            assert_eq!(parse(&format(number)), Some(number));
        }
    }

    #[test]
    fn shifting_keeps_time_and_refuses_what_is_no_date() {
        assert_eq!(shift("20190304", -4).as_deref(), Some("20190228"));
        assert_eq!(shift("20190304101530.5+0100", -4).as_deref(), Some("20190228101530.5+0100"));
        assert_eq!(shift("20190304-20190404", 1), None);
        assert_eq!(shift("UNKNOWN", 1), None);
        assert_eq!(shift("201903", 1), None);
    }

    #[test]
    fn dates_are_told_from_versions() {
        for date in ["14.06.1942", "1942-06-14", "06/14/1942", "14/06/42", "14-Jun-1942", "(14.06.1942)"] {
            assert!(is_written(date), "{date}");
        }
        for version in
            ["5.1.12", "1.2.840.10008", "VB10A", "syngo.2019", "12.0.4", "3-5-400", "L4/5", "14.06"]
        {
            assert!(!is_written(version), "{version}");
        }
    }

    #[test]
    fn ages_are_whole_years_up_to_ninety() {
        let ages = ["045Y", "018M", "080W", "400D", "089Y", "090Y", "104Y", "45", "ABCY", ""];
        let years: Vec<_> = ages.iter().map(|a| age_years(a)).collect();
        let expected = [Some(45), Some(1), Some(1), Some(1), Some(89), Some(90), Some(90), None, None, None];
        assert_eq!(years, expected);
        assert_eq!(years_between(parse("19300601").unwrap(), parse("20200531").unwrap()), Some(89));
        assert_eq!(years_between(parse("19300601").unwrap(), parse("20200601").unwrap()), Some(90));
    }
}
