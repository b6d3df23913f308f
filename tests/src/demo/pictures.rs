//! `make screenshots`: acts 1 and 2 of the demonstration with a browser in the audience; draws both pages.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use fixtures::scanner::Outgoing;
use fixtures::study::{StudyKind, StudySpec};

use super::screen::say;
use super::{acts, both_sides, schedule, table};
use crate::support::{Browser, LIMIT, Row, Tab, project, until};
use crate::{Error, Result};

/// The size of a common small screen.
const SIZE: (u32, u32) = (1366, 768);
const NARROW: (u32, u32) = (1000, 768);

/// Draws the pages into tests/screenshots/.
#[derive(Debug, Clone, Parser)]
#[command(name = "screenshots", about, max_term_width = 100)]
struct Args {
    /// Draw every other state of both pages as well, into this folder.
    #[arg(long, value_name = "DIR")]
    more: Option<PathBuf>,
}

/// Plays and draws.
pub fn main() -> ExitCode {
    match play(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("screenshots: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Where pictures go.
struct Album {
    kept: PathBuf,
    more: Option<PathBuf>,
}

impl Album {
    fn open(args: &Args) -> Result<Self> {
        let album = Self { kept: project().join("tests/screenshots"), more: args.more.clone() };
        for folder in [Some(&album.kept), album.more.as_ref()].into_iter().flatten() {
            std::fs::create_dir_all(folder).map_err(Error::io("a folder for pictures"))?;
        }
        Ok(album)
    }

    /// A picture of the project.
    fn keep(&self, tab: &Tab, name: &str) -> Result<()> {
        let file = self.kept.join(name).with_extension("png");
        tab.draw(&file)?;
        let bytes = std::fs::metadata(&file).map_err(Error::io("a picture"))?.len();
        say(&format!("drew {} ({} kB)", file.display(), bytes / 1000));
        Ok(())
    }

    /// A picture of one more state, when they are asked for.
    fn more(&self, tab: &Tab, name: &str) -> Result<()> {
        match &self.more {
            Some(folder) => tab.draw(&folder.join(name).with_extension("png")),
            None => Ok(()),
        }
    }
}

fn play(args: &Args) -> Result<()> {
    let album = Album::open(args)?;
    let folder = tempfile::tempdir().map_err(Error::io("a folder for the play"))?;
    let schedule = schedule::ours(&project().join("target/pydicom"))?;
    let mut sides = both_sides::BothSides::set(&folder.path().join("sides"), false)?;
    let browser = Browser::start(folder.path())?;
    let (technician, reader) = first_looks(&album, &sides, &browser)?;
    let mut table = table::Table::default();
    let record = sides.folder.join("scanner.record");
    acts::link_up(&mut sides, &schedule, &mut table, &record, in_the_cloud)?;
    queue(&album, &sides, &reader)?;
    after_act_1(&album, &mut sides, &technician)?;
    acts::cloud_stopped(&mut sides, &schedule, &mut table, &record)?;
    let broken = broken(&mut sides, folder.path())?;
    while_away(&album, &mut sides, &technician, &broken)?;
    browser.stop()?;
    sides.end()
}

/// Which row of the list is wanted.
type Wanted = fn(&Row) -> bool;

/// Answered here, and its case, if it has one, is at rest or waits in the cloud for a person.
fn in_the_cloud(row: &Row) -> bool {
    row.at_rest() || row.answered() && row.state.as_deref() == Some("received")
}

/// Signing in, and both pages before anything came.
fn first_looks(album: &Album, sides: &both_sides::BothSides, browser: &Browser) -> Result<(Tab, Tab)> {
    let outside = browser.open(&format!("http://{}/", sides.appliance.page), SIZE)?;
    outside.until("the page to sign in", "!document.querySelector('#enter').hidden")?;
    album.more(&outside, "technician-sign-in")?;
    outside.go(&format!("http://{}/sign-in", sides.cloud.page))?;
    album.more(&outside, "queue-sign-in")?;
    let technician = browser.open(&sides.appliance.login, SIZE)?;
    technician.until("the page", "document.querySelectorAll('#lights li').length > 3")?;
    album.more(&technician, "technician-empty")?;
    let reader = browser.open(&sides.cloud.login, SIZE)?;
    reader.until(
        "the welcome",
        "document.querySelector('form[action=\"/welcome\"] button')?.offsetParent !== null",
    )?;
    album.more(&reader, "queue-welcome")?;
    reader.press("form[action='/welcome'] button")?;
    reader.until("the queue", "document.querySelector('#live') !== null")?;
    album.more(&reader, "queue-empty")?;
    Ok((technician, reader))
}

/// The queue, a case with its draft, and what one looks like that was signed.
fn queue(album: &Album, sides: &both_sides::BothSides, reader: &Tab) -> Result<()> {
    until("the cloud has drafted its cases", LIMIT, || {
        let cases = sides.cloud.cases()?;
        Ok((!cases.is_empty()
            && cases.iter().all(|case| case["state"] != "ready" && case["state"] != "leased"))
        .then_some(()))
    })?;
    reader.go(&format!("http://{}/", sides.cloud.page))?;
    reader.until("cases", "document.querySelector('a[href^=\"/case/\"]') !== null")?;
    album.keep(reader, "queue-list")?;
    let head =
        "[...document.querySelectorAll('a[href^=\"/case/\"]')].find((a) => a.innerText.includes('HEAD'))";
    let address: String = reader.said(&format!("{head}.href"))?;
    reader.go(&address)?;
    album.more(reader, "queue-offer")?;
    reader.press("form[action$='/lease'] button")?;
    reader.until("the draft", "document.querySelector('form[action$=\"/sign\"]') !== null")?;
    reader.until("the image", "document.querySelector('#canvas').width > 0")?;
    album.keep(reader, "queue")?;
    reader.resize(NARROW)?;
    album.more(reader, "queue-narrow")?;
    reader.resize(SIZE)?;
    reader.press("form[action$='/sign'] button")?;
    reader.until("the queue again", "document.querySelector('#live') !== null")
}

/// Opens the first study of the list that fits.
fn open(sides: &mut both_sides::BothSides, tab: &Tab, fits: Wanted) -> Result<()> {
    let rows = sides.rows()?;
    let row = rows.iter().find(|row| fits(row)).ok_or_else(|| Error::other("no such study was played"))?;
    show(sides, tab, &row.id)
}

fn show(sides: &both_sides::BothSides, tab: &Tab, id: &str) -> Result<()> {
    tab.go(&format!("http://{}/study/{id}", sides.appliance.page))?;
    tab.until("the study", "document.querySelectorAll('#facts .verdict').length === 1")?;
    tab.until(
        "its image or why there is none",
        "document.querySelector('#cap-window').textContent !== '' || !document.querySelector('#image-empty').hidden",
    )
}

fn after_act_1(album: &Album, sides: &mut both_sides::BothSides, technician: &Tab) -> Result<()> {
    if album.more.is_none() {
        return Ok(());
    }
    until("the signed report is home", LIMIT, || {
        Ok(sides.rows()?.iter().any(|row| row.report.is_some()).then_some(()))
    })?;
    technician.go(&format!("http://{}/", sides.appliance.page))?;
    technician.until("rows", "document.querySelectorAll('#rows a.row').length > 5")?;
    album.more(technician, "technician-list")?;
    let states: [(&str, Wanted); 4] = [
        ("technician-held", |row| row.state.as_deref() == Some("held")),
        ("technician-not-analysed", |row| {
            row.disposition.as_deref() == Some("not-analysed") && row.state.is_none()
        }),
        ("technician-report", |row| row.report.is_some()),
        ("technician-no-flag", |row| row.disposition.as_deref() == Some("no-flag")),
    ];
    for (name, fits) in states {
        open(sides, technician, fits)?;
        album.more(technician, name)?;
    }
    technician.press(".attributes summary")?;
    technician.until("attributes", "document.querySelectorAll('.attributes tr').length > 10")?;
    technician.said::<bool>("document.querySelector('.attributes').scrollIntoView() === undefined")?;
    album.more(technician, "technician-attributes")
}

/// Sends a film whose pixel data is shorter than its rows and columns ask for: nobody can read it.
fn broken(sides: &mut both_sides::BothSides, folder: &Path) -> Result<String> {
    let film = StudySpec::new(StudyKind::Cr, 401).build()?;
    let mut instance =
        film.instances.first().cloned().ok_or_else(|| Error::other("a phantom without an instance"))?;
    // Rows (0028,0010), explicit little endian, its value at the end.
    let rows = [0x28, 0x00, 0x10, 0x00, b'U', b'S', 2, 0];
    let at = instance.file.windows(rows.len()).position(|w| w == rows);
    let value = at.and_then(|at| instance.file.get_mut(at + rows.len()..at + rows.len() + 2));
    value.ok_or_else(|| Error::other("a phantom without Rows"))?.copy_from_slice(&[0x00, 0x1f]);
    sides
        .appliance
        .scanner()
        .send_recorded(&[Outgoing::from(&instance)], &folder.join("broken.record"))
        .complete()?;
    let answered = |row: &&Row| row.uid == film.study_uid && row.answered();
    until("it is answered", LIMIT, || Ok(sides.rows()?.iter().find(answered).map(|row| row.id.clone())))
}

fn while_away(
    album: &Album,
    sides: &mut both_sides::BothSides,
    technician: &Tab,
    broken: &str,
) -> Result<()> {
    if album.more.is_some() {
        show(sides, technician, broken)?;
        album.more(technician, "technician-unreadable")?;
    }
    let film = |row: &Row| {
        ["CR", "DX"].contains(&row.modality.as_str())
            && row.cloud_up == Some(0)
            && row.disposition.as_deref() == Some("flag")
    };
    open(sides, technician, film)?;
    technician.until("the amber line", "document.querySelector('#line').innerText.includes('Cloud away')")?;
    album.keep(technician, "technician")?;
    technician.resize(NARROW)?;
    album.more(technician, "technician-narrow")?;
    technician.go(&format!("http://{}/", sides.appliance.page))?;
    technician.until("rows", "document.querySelectorAll('#rows a.row').length > 5")?;
    album.more(technician, "technician-list-narrow")?;
    technician.resize(SIZE)?;
    album.more(technician, "technician-list-away")
}
