//! The age of the patient, from what the headers of a study say of it: a contradiction is told and picks no age.

use deid::{parse_date, whole_age, whole_years};
use dicom::{DataSet, tags};

/// What one header says of the age. Identified: no `Debug`.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Ages {
    /// Patient's Age in whole years.
    stated: Option<u32>,
    /// Patient's Birth Date as a day number.
    birth: Option<i64>,
    /// Study Date and Acquisition Date as day numbers.
    dates: Vec<i64>,
}

/// The age of a study's patient.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Age {
    /// In whole years; `None` when no header states it or they contradict each other.
    pub years: Option<u8>,
    /// What contradicts what, each once.
    pub contradictions: Vec<String>,
}

/// Nobody is older, in years: a value above it is a stand-in.
const OLDEST: i64 = 120;

/// From here on a patient is an adult, in years, as the rules of bundles part them.
const ADULT: i64 = models::guarantee::ADULT as i64;

impl Ages {
    /// Patient's Age, Patient's Birth Date, Study Date and Acquisition Date (PS3.3 C.7.2.2, C.7.1.1, C.7.2.1, C.7.6.1).
    pub(crate) fn of(data: &DataSet) -> Self {
        let day = |tag| data.text(tag).and_then(|text| parse_date(&text));
        let dates = [tags::STUDY_DATE, tags::ACQUISITION_DATE, tags::ACQUISITION_DATE_TIME];
        Self {
            stated: data.text(tags::PATIENT_AGE).and_then(|text| whole_age(&text)),
            birth: day(tags::PATIENT_BIRTH_DATE),
            dates: dates.into_iter().filter_map(day).collect(),
        }
    }
}

/// The age of the patient by the headers of all images of a study. `today`: a day number.
///
/// A year more or less agrees, for birth dates are rounded and a birthday may lie between two dates; not across the
/// border between children and adults, where it would decide whose limits hold.
pub(crate) fn age(headers: &[&Ages], today: i64) -> Age {
    let mut found: Vec<&str> = Vec::new();
    let mut tell = |words: &'static str| {
        if !found.contains(&words) {
            found.push(words);
        }
    };
    let stated: Vec<i64> = distinct(headers.iter().filter_map(|a| a.stated).map(i64::from));
    let births = distinct(headers.iter().filter_map(|a| a.birth));
    let dates = distinct(headers.iter().flat_map(|a| a.dates.iter().copied()));
    if stated.first().zip(stated.last()).is_some_and(|(least, most)| !agree(*least, *most)) {
        tell("Patient's Age differs between images");
    }
    if stated.iter().any(|years| *years > OLDEST) {
        tell("Patient's Age is more than anybody's");
    }
    if births.len() > 1 {
        tell("Patient's Birth Date differs between images");
    }
    // A day for the clocks of other time zones.
    if dates.iter().any(|date| *date > today.saturating_add(1)) {
        tell("The study is dated in the future");
    }
    // Dates between the first and the last agree where these do; several birth dates are a contradiction already.
    let births = births.first().filter(|_| births.len() == 1).into_iter();
    for (birth, date) in
        births.flat_map(|birth| dates.first().into_iter().chain(dates.last()).map(|date| (*birth, *date)))
    {
        let years = whole_years(birth, date);
        if birth > date {
            tell("Patient's Birth Date lies after the study");
        } else if years > OLDEST {
            tell("Patient's Birth Date is before anybody's");
        } else if stated.iter().any(|said| !agree(*said, years)) {
            tell("Patient's Age and Patient's Birth Date contradict each other");
        }
    }
    let years = stated.first().filter(|_| found.is_empty()).and_then(|years| u8::try_from(*years).ok());
    Age { years, contradictions: found.into_iter().map(str::to_owned).collect() }
}

fn agree(years: i64, other: i64) -> bool {
    (years - other).abs() <= 1 && (years < ADULT) == (other < ADULT)
}

fn distinct(values: impl Iterator<Item = i64>) -> Vec<i64> {
    values.collect::<std::collections::BTreeSet<i64>>().into_iter().collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use super::*;
    use dicom::vr_of;

    /// Patient's Age, birth date and study date, each perhaps empty.
    fn header([stated, birth, study]: [&str; 3]) -> Ages {
        let mut data = DataSet::new();
        let values =
            [(tags::PATIENT_AGE, stated), (tags::PATIENT_BIRTH_DATE, birth), (tags::STUDY_DATE, study)];
        for (tag, value) in values {
            data.put_text(tag, vr_of(tag), value);
        }
        Ages::of(&data)
    }

    fn of(headers: &[[&str; 3]]) -> Age {
        let headers: Vec<Ages> = headers.iter().map(|values| header(*values)).collect();
        age(&headers.iter().collect::<Vec<_>>(), parse_date("20260101").unwrap())
    }

    #[test]
    fn an_age_that_nothing_contradicts_counts() {
        for (header, years) in [
            (["045Y", "19790301", "20240517"], Some(45)),
            // A year of rounding.
            (["045Y", "19780101", "20240517"], Some(45)),
            (["045Y", "", "20240517"], Some(45)),
            (["018M", "20221110", "20240517"], Some(1)),
            (["006W", "20240401", "20240517"], Some(0)),
            (["012D", "20240505", "20240517"], Some(0)),
            (["017Y", "20060601", "20240517"], Some(17)),
            (["", "19790301", "20240517"], None),
            (["45", "19790301", "20240517"], None),
            (["", "", ""], None),
        ] {
            assert_eq!(of(&[header]), Age { years, contradictions: vec![] }, "{header:?}");
        }
        assert_eq!(of(&[["045Y", "", ""], ["046Y", "", ""], ["", "", ""]]).years, Some(45));
    }

    #[test]
    fn a_contradiction_is_told_and_picks_no_age() {
        for (headers, words) in [
            (
                vec![["045Y", "20210301", "20240517"]],
                "Patient's Age and Patient's Birth Date contradict each other",
            ),
            (
                vec![["045M", "19790301", "20240517"]],
                "Patient's Age and Patient's Birth Date contradict each other",
            ),
            // One year apart, on the two sides of the border between children and adults.
            (
                vec![["017Y", "20060501", "20240517"]],
                "Patient's Age and Patient's Birth Date contradict each other",
            ),
            (vec![["045Y", "20250301", "20240517"]], "Patient's Birth Date lies after the study"),
            (vec![["045Y", "18510101", "20240517"]], "Patient's Birth Date is before anybody's"),
            (vec![["200Y", "", "20240517"]], "Patient's Age is more than anybody's"),
            (vec![["045Y", "", "20310517"]], "The study is dated in the future"),
            (vec![["045Y", "", ""], ["003Y", "", ""]], "Patient's Age differs between images"),
            (vec![["", "19790301", ""], ["", "20210301", ""]], "Patient's Birth Date differs between images"),
        ] {
            let found = of(&headers);
            assert_eq!(found, Age { years: None, contradictions: vec![words.to_owned()] }, "{headers:?}");
        }
    }

    #[test]
    fn as_many_dates_as_a_study_may_hold_are_weighed_at_once() {
        let dates: Vec<String> =
            (0..10_000).map(|n| format!("{:04}{:02}{:02}", 1980 + n / 300, 1 + n % 12, 1 + n % 25)).collect();
        let of = |births: &[String]| {
            let pairs: Vec<[&str; 3]> =
                dates.iter().zip(births).map(|(d, b)| ["", b.as_str(), d.as_str()]).collect();
            of(&pairs).contradictions
        };
        assert_eq!(of(&dates), ["Patient's Birth Date differs between images"]);
        assert_eq!(of(&vec!["19790301".to_owned(); 10_000]), Vec::<String>::new());
        assert_eq!(of(&vec!["19850301".to_owned(); 10_000]), ["Patient's Birth Date lies after the study"]);
        let between = [["045Y", "19790301", "20240301"], ["", "", "20200301"], ["", "", "20250101"]];
        assert_eq!(
            self::of(&between).contradictions,
            ["Patient's Age and Patient's Birth Date contradict each other"]
        );
    }
}
