//! Child processes: run one to its end, take its output, or measure what it costs.

use std::ffi::OsStr;
use std::io::Read;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use wait4::Wait4;

use crate::error::{Error, Kind, Result};

/// What a process used, its own children included once it waited for them.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    /// From start to end.
    pub wall: Duration,
    /// Time on a processor, in user mode and in the kernel, over all threads.
    pub cpu: Duration,
    /// Largest resident memory, in bytes.
    pub peak_bytes: u64,
}

/// Returns the cargo that runs us, so that a toolchain chosen for the outer call holds for the inner ones.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // Cargo tells a program that it runs about its package. Build scripts that look at these variables would run again,
    // and everything above them would be built again, at each change between `cargo xtask` and `cargo`.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_")
            || text.starts_with("CARGO_MANIFEST_")
            || text.starts_with("CARGO_BIN_")
            || text == "CARGO_CRATE_NAME"
        {
            command.env_remove(&name);
        }
    }
    command
}

/// Runs a command with our own input and output until it succeeds.
///
/// # Errors
/// When the program cannot be started or ends with another exit code than 0.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().map_err(|source| not_started(command, source))?;
    if status.success() {
        return Ok(());
    }
    Err(Error::new(Kind::Command, format!("`{}` ended with {status}", line(command))))
}

/// Runs a command and gives back its output whatever its exit code, for callers to whom the code is an answer.
///
/// # Errors
/// When the program cannot be started.
pub fn output(command: &mut Command) -> Result<Output> {
    command.stdin(Stdio::null()).output().map_err(|source| not_started(command, source))
}

/// Runs a command and gives back what it printed.
///
/// # Errors
/// When the program cannot be started or ends with another exit code than 0; the message ends with what it said.
pub fn capture(command: &mut Command) -> Result<Vec<u8>> {
    let output = output(command)?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let message = format!("`{}` ended with {}: {}", line(command), output.status, said.trim());
    Err(Error::new(Kind::Command, message))
}

/// Runs a command to its end and gives back what it used and what it printed on standard output.
///
/// # Errors
/// When the program cannot be started, cannot be followed or ends with an exit code not in `accepted`; the message ends
/// with what it said on standard error.
pub fn measure(command: &mut Command, accepted: &[i32]) -> Result<(Usage, String)> {
    let start = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|source| not_started(command, source))?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    // Both pipes are emptied at once: a child that fills the one nobody reads would wait for ever.
    let talk = std::thread::spawn(move || read_all(stderr));
    let printed = read_all(stdout).map_err(|source| not_followed(command, source))?;
    let ended = child.wait4().map_err(|source| not_followed(command, source))?;
    let usage =
        Usage { wall: start.elapsed(), cpu: ended.rusage.utime + ended.rusage.stime, peak_bytes: ended.rusage.maxrss };
    if ended.status.code().is_some_and(|code| accepted.contains(&code)) {
        return Ok((usage, printed));
    }
    let said = talk.join().ok().and_then(std::io::Result::ok).unwrap_or_default();
    let message = format!("`{}` ended with {}: {}", line(command), ended.status, said.trim());
    Err(Error::new(Kind::Command, message))
}

fn read_all(pipe: Option<impl Read>) -> std::io::Result<String> {
    let mut text = Vec::new();
    if let Some(mut pipe) = pipe {
        pipe.read_to_end(&mut text)?;
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Returns a command as one would type it, for headings and messages.
pub fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(quoted).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    if word.contains([' ', '"', '*', '(']) { format!("'{word}'") } else { word.into_owned() }
}

fn not_started(command: &Command, source: std::io::Error) -> Error {
    Error::new(Kind::Command, format!("could not start `{}`", line(command))).caused_by(source)
}

fn not_followed(command: &Command, source: std::io::Error) -> Error {
    Error::new(Kind::Command, format!("could not follow `{}` to its end", line(command))).caused_by(source)
}
