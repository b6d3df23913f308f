//! Behaviour: README's set-up of a site, followed line by line from an empty folder, ends with a case that was drafted.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use domain::decision::Decision;
use fixtures::study::{StudyKind, StudySpec};
use scanside_tests::support::{Appliance, LIMIT, Process, binary, free_port, project, until};

/// What the scanner's block is that README asks the reader to write.
const CALLER: &str = "[[intake.callers]]\nae_title = \"CT1\"\naddress = \"127.0.0.1\"\n";

/// The commands of README under `## Set up a site`, a line each.
fn commands() -> Vec<String> {
    let readme = std::fs::read_to_string(project().join("README.md")).unwrap();
    let section = readme.split("\n## Set up a site\n").nth(1).unwrap();
    let block = section.split("```sh\n").nth(1).unwrap().split("```").next().unwrap();
    block.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect()
}

/// A reader of README with nothing but an installed product and an empty folder.
struct Reader {
    folder: PathBuf,
    ports: [u16; 4],
    /// What `site add` showed.
    token: String,
    running: Vec<Process>,
}

impl Reader {
    fn new(folder: &Path) -> Self {
        for name in ["empty", "srv"] {
            std::fs::create_dir(folder.join(name)).unwrap();
        }
        let editor = folder.join("editor");
        std::fs::write(&editor, format!("#!/bin/sh\ncat >> \"$1\" <<'EOF'\n{CALLER}EOF\n")).unwrap();
        std::fs::set_permissions(&editor, std::fs::Permissions::from_mode(0o755)).unwrap();
        let ports = [(); 4].map(|()| free_port().unwrap());
        let reader = Self { folder: folder.to_owned(), ports, token: String::new(), running: Vec::new() };
        // `make install` without the release build: what it puts where is its script's.
        let built = binary("appliance").unwrap().parent().unwrap().to_owned();
        let install =
            Command::new(project().join("tests/install")).arg(built).arg(folder.join("usr")).status();
        assert!(install.unwrap().success());
        reader
    }

    /// The line with what must differ on a machine where tests run side by side: `/srv`, ports, the name of the host,
    /// and for the appliance the form of its ready line.
    fn here(&self, line: &str) -> String {
        let [service, page, intake, review] = self.ports;
        let mut line = line.split(" #").next().unwrap().trim().trim_end_matches('&').to_owned();
        for (there, here) in [
            ("/srv/", format!("{}/srv/", self.folder.display())),
            ("0.0.0.0:8443", format!("127.0.0.1:{service}")),
            ("cloud.example:8443", format!("localhost:{service}")),
            ("cloud.example", "localhost".to_owned()),
            ("0.0.0.0:11112", format!("127.0.0.1:{intake}")),
        ] {
            line = line.replace(there, &here);
        }
        for (command, more) in [
            ("cloud-service init", format!(" --page 127.0.0.1:{page}")),
            ("appliance init", format!(" --page 127.0.0.1:{review}")),
            ("appliance run", " --json".to_owned()),
        ] {
            if line.starts_with(command) {
                line.push_str(&more);
            }
        }
        line
    }

    fn shell(&self, line: &str) -> Command {
        let path = format!("{}/usr/bin:{}", self.folder.display(), std::env::var("PATH").unwrap());
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "bash", "-c", line]).current_dir(self.folder.join("empty"));
        command.env("PATH", path).env("HOME", &self.folder).env("EDITOR", self.folder.join("editor"));
        // Nothing of the build's surroundings helps.
        command.env_remove("ORT_DYLIB_PATH").env_remove("ORT_DISABLE_TELEMETRY");
        command
    }

    /// One command to its end; what it wrote.
    fn does(&self, line: &str) -> String {
        let mut child = self.shell(line);
        let mut child =
            child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // Only `enrol` reads it; the others end without.
        let _ = writeln!(child.stdin.take().unwrap(), "{}", self.token);
        let output = child.wait_with_output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{line}: {out}{err}");
        out.into_owned()
    }

    fn starts(&mut self, line: &str) {
        let log = self.folder.join(format!("{}.log", self.running.len()));
        let process = Process::start(line, self.shell(&format!("exec {line}")), &log).unwrap();
        assert_eq!(process.ready["ready"], true, "{line}: {}", process.ready);
        self.running.push(process);
    }

    fn follows(&mut self, line: &str) {
        let here = self.here(line);
        if line.starts_with("make install") {
            return;
        }
        if here.contains(" run ") {
            return self.starts(&here);
        }
        let said = self.does(&here);
        if here.starts_with("cloud-service site add") {
            self.token = said.lines().next().unwrap().to_owned();
        }
    }
}

#[test]
fn readmes_set_up_followed_from_an_empty_folder_ends_with_a_draft() {
    let folder = tempfile::tempdir().unwrap();
    let mut reader = Reader::new(folder.path());
    let commands = commands();
    for needed in
        ["cloud-service init", "cloud-service run", "appliance init", "appliance enrol", "appliance run"]
    {
        assert!(commands.iter().any(|c| c.starts_with(needed)), "{needed}: {commands:?}");
    }
    for command in &commands {
        reader.follows(command);
    }
    let cloud = format!("--config {}/srv/cloud/cloud.toml", folder.path().display());
    reader.does(&format!("cloud-service check {cloud}"));
    let site = Appliance::of(&folder.path().join("srv/scanside"), &folder.path().join("1.log")).unwrap();
    reader.does(&format!("appliance check --config {}", site.config.display()));
    assert_eq!(std::fs::read_dir(folder.path().join("empty")).unwrap().count(), 0, "nothing was left there");

    let film = StudySpec::new(StudyKind::Cr, 51).with_size(880, 1070).build().unwrap();
    assert!(site.scanner().send(&film.instances).unwrap().iter().all(|outcome| outcome.acknowledged()));
    let row = until("the film is answered", LIMIT, || {
        Ok(site.ledger()?.rows()?.into_iter().find(|row| row.answered()))
    })
    .unwrap();
    assert!(row.disposition.is_some_and(|d| d != "not-analysed"), "the bundle took it");
    let decision = match row.case {
        Some(case) => Decision::Send { case },
        None => Decision::Escalate { study: row.id, reason: "a second look".into() },
    };
    site.decide("technician", decision).unwrap();
    until("a draft", LIMIT, || {
        let cases = reader.does(&format!("cloud-service case list --json {cloud}"));
        Ok(cases.contains("\"state\":\"drafted\"").then_some(()))
    })
    .unwrap();
    for process in reader.running.drain(..).rev() {
        process.stop().unwrap();
    }
}
