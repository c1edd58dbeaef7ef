//! The binary on a data folder of its own, free of the settings of whoever runs the tests.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The binary and a temporary folder.
pub(crate) struct Program {
    folder: tempfile::TempDir,
}

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Program {
    /// Makes an empty folder; there is no lake yet.
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    /// Makes a lake of the four events of `events.jsonl`.
    pub(crate) fn with_events() -> Self {
        let program = Self::new();
        let run = program.run(["collect", &testdata("events.jsonl")]);
        assert_eq!(run.code, Some(0), "{run:?}");
        program
    }

    /// Returns a path in the temporary folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns a command with `--data` and without the environment of the tests.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> Command {
        let mut command = self.bare(["--data"]);
        command.arg(self.path("data")).args(words);
        command
    }

    /// Returns a command without `--data`.
    pub(crate) fn bare<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trailkeep"));
        command.args(words).env_clear().env("HOME", self.folder.path()).current_dir(self.folder.path());
        command
    }

    /// Runs to the end.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> Run {
        finish(&mut self.command(words), b"")
    }

    /// Runs with something on standard input.
    pub(crate) fn run_with<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>, input: &str) -> Run {
        finish(&mut self.command(words), input.as_bytes())
    }

    /// Returns what a query that must succeed prints, as bytes.
    pub(crate) fn query(&self, words: &[&str]) -> Vec<u8> {
        let done = output(&mut self.command([&["query"], words].concat()), b"");
        assert_eq!(done.status.code(), Some(0), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
        done.stdout
    }
}

/// Runs a command to its end.
pub(crate) fn finish(command: &mut Command, input: &[u8]) -> Run {
    let done = output(command, input);
    Run {
        code: done.status.code(),
        out: String::from_utf8(done.stdout).expect("UTF-8 on standard output"),
        err: String::from_utf8(done.stderr).expect("UTF-8 on standard error"),
    }
}

/// Runs a command to its end and returns what it wrote, whatever it is.
pub(crate) fn output(command: &mut Command, input: &[u8]) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(input).expect("little input");
    drop(stdin);
    child.wait_with_output().expect("the binary ends")
}

/// Returns the path of a file in `testdata`.
pub(crate) fn testdata(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name).display().to_string()
}

/// Returns the records of `events.jsonl`, byte for byte.
pub(crate) fn records() -> Vec<String> {
    let text = std::fs::read_to_string(testdata("events.jsonl")).expect("the file");
    text.lines().map(str::to_owned).collect()
}
