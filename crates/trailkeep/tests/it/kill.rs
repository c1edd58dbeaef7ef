//! Collections that are killed: collected again, the lake holds what an undisturbed collection stores, and nothing twice.
//!
//! `TRAILKEEP_SOAK=N` makes it N kills at random moments; `cargo xtask soak` sets it to a thousand.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use crate::program::{Program, testdata};

const SEED: u64 = 20_260_301;
const KILLS: usize = 20;
/// Kills between two words about how far it has come.
const TOLD_EVERY: usize = 50;
/// Several workers make several batches of few log files.
const WORKERS: &str = "3";

/// Log files of one event and one reject.
const BROKEN: usize = 6;

/// The log files, and what an undisturbed collection makes of them.
pub(crate) struct Truth {
    pub(crate) logs: PathBuf,
    pub(crate) lake: String,
    duration: Duration,
    _folder: tempfile::TempDir,
}

pub(crate) fn truth() -> &'static Truth {
    static TRUTH: OnceLock<Truth> = OnceLock::new();
    TRUTH.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let logs = folder.path().join("logs");
        corpus::generate(&corpus::Config::new(SEED, 1_000_000), &logs).expect("log files");
        for nth in 0..BROKEN {
            let text = std::fs::read_to_string(testdata("broken.jsonl")).expect("the file");
            let text = text.replace("\"eventID\":\"e\"", &format!("\"eventID\":\"broken-{nth}\""));
            std::fs::write(logs.join(format!("broken-{nth}.jsonl")), text).expect("a file");
        }
        let program = Program::new();
        let started = Instant::now();
        assert_eq!(collect(&program, &logs), Some(1), "the broken files are rejects");
        let duration = started.elapsed();
        let lake = content(&program);
        let counts: Vec<&str> = lake.lines().take(3).collect();
        assert!(counts[0] == counts[1] && counts[2] == BROKEN.to_string(), "the corpus has IDs of its own: {counts:?}");
        Truth { logs, lake, duration, _folder: folder }
    })
}

fn start(program: &Program, logs: &Path, failpoint: Option<&str>) -> Child {
    let mut command = program.command(["collect", "--workers", WORKERS]);
    command.arg(logs).stdout(Stdio::null()).stderr(Stdio::null());
    if let Some(name) = failpoint {
        command.env("TRAILKEEP_FAILPOINT", name);
    }
    command.spawn().expect("the binary starts")
}

fn collect(program: &Program, logs: &Path) -> Option<i32> {
    start(program, logs, None).wait().expect("an end").code()
}

/// Queries for what must be the same whatever happened on the way: how many there are, and every one of them.
pub(crate) const QUERIES: &str = "\
    SELECT count(*) FROM events;
    SELECT count(DISTINCT eventid) FROM events;
    SELECT count(*) FROM rejects;
    SELECT count(*) FROM conflicts;
    SELECT record FROM events ORDER BY eventid;
    SELECT log_file || ' ' || log_number || ' ' || eventid FROM events ORDER BY eventid;
    SELECT log_file || ' ' || message FROM rejects ORDER BY log_file, range_start;
    SELECT kind || ' ' || uri || ' ' || sha256 FROM log_files ORDER BY 1;
    SELECT event_name || ' ' || coalesce(event_id, '') || ' ' || coalesce(child_key, '') FROM sessions ORDER BY 1;";

fn content(program: &Program) -> String {
    let run = program.run_with(["query", "--output", "raw"], QUERIES);
    assert_eq!(run.code, Some(0), "{}", run.err);
    run.out
}

fn check(program: &Program, truth: &Truth, what: &str) {
    let code = collect(program, &truth.logs);
    assert!(matches!(code, Some(0 | 1)), "{what}: the second collection ended with {code:?}");
    let found = content(program);
    let differing = found.lines().zip(truth.lake.lines()).position(|(found, expect)| found != expect);
    assert!(
        found == truth.lake,
        "{what}: line {differing:?} differs, after {:?}",
        found.lines().take(4).collect::<Vec<_>>()
    );
}

#[test]
fn every_step_of_the_commit_may_be_the_last() {
    let truth = truth();
    for name in lake::failpoint::FAILPOINTS {
        for point in [(*name).to_owned(), format!("{name}:2")] {
            let program = Program::new();
            let status = start(&program, &truth.logs, Some(&point)).wait().expect("an end");
            // A second time may not come: then the collection ends well.
            assert!(is_aborted(status) || point.ends_with(":2"), "{point}: ended with {status}");
            check(&program, truth, &point);
        }
    }
}

#[test]
fn any_moment_may_be_the_last() {
    let truth = truth();
    let soak = std::env::var("TRAILKEEP_SOAK").ok();
    let kills = soak.map_or(KILLS, |kills| kills.parse().expect("a number of kills"));
    let mut random = SmallRng::seed_from_u64(SEED);
    for nth in 0..kills {
        let mut after =
            Duration::from_millis(random.random_range(0..=u64::try_from(truth.duration.as_millis()).expect("short")));
        // One that had ended before tells nothing: then it is killed earlier.
        let program = loop {
            let program = Program::new();
            if kill_after(start(&program, &truth.logs, None), after) {
                break program;
            }
            after /= 2;
        };
        check(&program, truth, &format!("kill {nth} after {after:?}"));
        if (nth + 1) % TOLD_EVERY == 0 {
            writeln!(std::io::stderr(), "{} of {kills} kills survived", nth + 1).ok();
        }
    }
}

/// Kills a process after a while, as abruptly as can be; returns false if it had ended before.
fn kill_after(mut child: Child, after: Duration) -> bool {
    // Nobody sends: this only lets time pass.
    let (_sender, receiver) = mpsc::channel::<()>();
    receiver.recv_timeout(after).expect_err("only time passes");
    child.kill().expect("a process to kill");
    is_aborted(child.wait().expect("an end"))
}

#[cfg(unix)]
fn is_aborted(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt;
    status.signal().is_some()
}

#[cfg(not(unix))]
fn is_aborted(status: ExitStatus) -> bool {
    !matches!(status.code(), Some(0..=2))
}
