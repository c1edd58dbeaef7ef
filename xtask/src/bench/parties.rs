//! Who takes part in a benchmark: ours, DuckDB and ClickHouse, each behind the same few commands.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::corpus::Corpus;
use super::machine;
use crate::checkout::{Checkout, Profile};
use crate::error::{Error, Result};
use crate::setup::Peers;

/// How often each query runs in one process: once cold, then hot.
pub const RUNS: usize = 6;

/// One of the programs measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Party {
    /// `trailkeep` itself, from a release build.
    Ours,
    /// DuckDB 1.5: JSON to Parquet, queried in place.
    DuckDb,
    /// ClickHouse, through chdb: JSON to a MergeTree table.
    ClickHouse,
}

/// All of them, in the order in which they run.
pub const ALL: [Party; 3] = [Party::Ours, Party::DuckDb, Party::ClickHouse];

impl Party {
    /// Returns the name on the page.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ours => "trailkeep",
            Self::DuckDb => "DuckDB",
            Self::ClickHouse => "ClickHouse",
        }
    }

    /// Returns the folder of its queries in `bench/queries`.
    pub fn queries(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::DuckDb => "duckdb",
            Self::ClickHouse => "clickhouse",
        }
    }
}

/// The parties of one run, with their folders.
pub struct Parties {
    peers: Peers,
    scripts: PathBuf,
    trailkeep: PathBuf,
    corpus: PathBuf,
    folder: PathBuf,
    threads: String,
}

impl Parties {
    /// Gives each party an empty folder below `folder`.
    ///
    /// # Errors
    /// When what an earlier run left cannot be removed.
    pub fn new(checkout: &Checkout, peers: &Peers, corpus: &Corpus, folder: &Path) -> Result<Self> {
        let parties = Self {
            peers: peers.clone(),
            scripts: checkout.root().join("bench/peers"),
            trailkeep: checkout.binary("trailkeep", Profile::Release),
            corpus: corpus.folder.clone(),
            folder: folder.to_path_buf(),
            threads: std::thread::available_parallelism().map_or(1, usize::from).to_string(),
        };
        for party in ALL {
            let stored = parties.stored(party);
            if stored.exists() {
                std::fs::remove_dir_all(&stored).map_err(|source| Error::file("remove", &stored, source))?;
            }
        }
        Ok(parties)
    }

    /// Returns the folder in which a party keeps what it stores.
    pub fn stored(&self, party: Party) -> PathBuf {
        self.folder.join(format!("stored-{}", party.queries()))
    }

    /// Returns the command that collects the corpus into the party's folder.
    pub fn ingest(&self, party: Party) -> Command {
        let mut command = match party {
            Party::Ours => {
                let mut command = Command::new(&self.trailkeep);
                command.arg("--data").arg(self.stored(party)).args(["collect", "--output", "json"]).arg(&self.corpus);
                return command;
            }
            Party::DuckDb => self.script("ingest_duckdb.py"),
            Party::ClickHouse => self.script("ingest_clickhouse.py"),
        };
        command.arg(self.corpus.join("**/*.json.gz")).arg(self.stored(party));
        command
    }

    /// Returns the command that runs a query [`RUNS`] times in one process and prints a line of JSON for each run on
    /// standard error.
    pub fn query(&self, party: Party, sql: &str) -> Command {
        let runs = RUNS.to_string();
        let mut command = match party {
            Party::Ours => {
                let mut command = Command::new(&self.trailkeep);
                command.arg("--data").arg(self.stored(party));
                command.args(["query", "--output", "jsonl", "--repeat", &runs, "--timings"]);
                command
            }
            Party::DuckDb | Party::ClickHouse => {
                let mut command = self.script(&format!("query_{}.py", party.queries()));
                command.arg(self.stored(party)).arg(&runs);
                command
            }
        };
        command.arg(sql);
        command
    }

    /// Returns the command that prints the parameters of the queries, chosen from what DuckDB has stored.
    pub fn parameters(&self) -> Command {
        let mut command = self.script("parameters.py");
        command.arg(self.stored(Party::DuckDb));
        command
    }

    /// Returns the command that takes a party's files out of the page cache.
    pub fn drop_cache(&self, party: Party) -> Command {
        let mut command = self.script("drop_cache.py");
        command.arg(self.stored(party));
        command
    }

    /// Returns the versions of all that takes part, as lines of Markdown.
    ///
    /// # Errors
    /// When an outside tool does not say its version.
    pub fn versions(&self) -> Result<String> {
        let ours = machine::said(Command::new(&self.trailkeep).arg("--version"));
        let rustc = machine::said(Command::new("rustc").arg("--version"));
        let printed = crate::command::capture(&mut self.script("versions.py"))?;
        Ok(format!("* {ours} ({rustc})\n{}", String::from_utf8_lossy(&printed)))
    }

    fn script(&self, name: &str) -> Command {
        let mut command = self.peers.program("python");
        command.arg(self.scripts.join(name)).env("BENCH_THREADS", &self.threads);
        command
    }
}
