//! Outside tools: a Python environment below the target folder, filled from a lock file. The only step with network.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::checkout::Checkout;
use crate::command;
use crate::error::{Error, Kind, Result};

/// A set of outside tools with a lock file of its own in `xtask/peers`.
#[derive(Debug, Clone, Copy)]
pub enum Tools {
    /// What the peers' tests need.
    Peers,
    /// What only the benchmark needs, on top of the peers' tests.
    Bench,
}

impl Tools {
    fn lock(self) -> &'static str {
        match self {
            Self::Peers => "requirements.txt",
            Self::Bench => "bench-requirements.txt",
        }
    }
}

/// The Python environment with the outside tools in it.
#[derive(Debug, Clone)]
pub struct Peers {
    folder: PathBuf,
}

impl Peers {
    /// Returns a command that runs one of the environment's programs, such as `python` or `pip`.
    pub fn program(&self, name: &str) -> Command {
        let folder = if cfg!(windows) { "Scripts" } else { "bin" };
        let mut command = Command::new(self.folder.join(folder).join(name));
        // Compiled files would land beside the scripts, in the checkout.
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }
}

/// Makes the outside tools ready; costs nothing when the lock file is the one installed last.
///
/// # Errors
/// [`Kind::NotAvailable`] when Python or the network is missing and nothing is installed yet.
pub fn setup(checkout: &Checkout, tools: Tools) -> Result<Peers> {
    let peers = Peers { folder: checkout.target("peers") };
    let lock = checkout.root().join("xtask/peers").join(tools.lock());
    let wanted = fs::read_to_string(&lock).map_err(|source| Error::file("read", &lock, source))?;
    let stamp = peers.folder.join(format!("{}.installed", tools.lock()));
    // A stamp that cannot be read is a stamp that is not there: what it vouches for is installed again.
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(peers);
    }
    println!("installing outside tools from xtask/peers/{}", tools.lock());
    let python = python()?;
    make_environment(&python, &peers)?;
    install(&peers, &lock)?;
    if matches!(tools, Tools::Peers) {
        fetch_moto_tests(checkout, &peers, &lock)?;
    }
    fs::write(&stamp, wanted).map_err(|source| Error::file("write", &stamp, source))?;
    Ok(peers)
}

/// Returns whether continuous integration runs us: there, what is not available is an error.
pub fn is_ci() -> bool {
    env::var("CI").is_ok_and(|value| value == "true" || value == "1")
}

fn python() -> Result<String> {
    let asked = env::var("PYTHON").ok();
    let candidates = asked.iter().map(String::as_str).chain(["python3", "python"]);
    for candidate in candidates {
        // The lock file holds wheels for 3.11 and up.
        let recent = "import sys, venv; sys.exit(sys.version_info < (3, 11))";
        let answer = command::output(Command::new(candidate).args(["-c", recent]));
        if answer.is_ok_and(|output| output.status.success()) {
            return Ok(candidate.to_owned());
        }
    }
    Err(Error::new(Kind::NotAvailable, "found no Python 3.11 or newer with `venv`: install it or name it in `PYTHON`"))
}

fn make_environment(python: &str, peers: &Peers) -> Result<()> {
    // An environment of another Python, or a half-made one, cannot be mended by pip.
    if command::output(peers.program("python").args(["-m", "pip", "--version"])).is_ok_and(|out| out.status.success()) {
        return Ok(());
    }
    if peers.folder.exists() {
        fs::remove_dir_all(&peers.folder).map_err(|source| Error::file("remove", &peers.folder, source))?;
    }
    let mut venv = Command::new(python);
    venv.args(["-m", "venv"]).arg(&peers.folder);
    command::run(&mut venv)
        .map_err(|source| Error::new(Kind::NotAvailable, "could not make a Python environment").caused_by(source))
}

fn install(peers: &Peers, lock: &Path) -> Result<()> {
    let mut pip = peers.program("python");
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--retries", "2"])
        .args(["--require-hashes", "--only-binary", ":all:", "--requirement"])
        .arg(lock);
    command::run(&mut pip)
        .map_err(|source| Error::new(Kind::NotAvailable, "could not install the outside tools").caused_by(source))
}

/// Puts moto's own tests, which no wheel has, into the environment's folder `moto`.
fn fetch_moto_tests(checkout: &Checkout, peers: &Peers, lock: &Path) -> Result<()> {
    let mut fetch = peers.program("python");
    fetch.arg(checkout.root().join("xtask/peers/moto_source.py"));
    fetch.arg("--lock").arg(lock).arg("--into").arg(peers.folder.join("moto"));
    command::run(&mut fetch)
        .map_err(|source| Error::new(Kind::NotAvailable, "could not fetch moto's tests").caused_by(source))
}
