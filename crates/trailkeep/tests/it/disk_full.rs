//! Disks that fill up while events are stored: once there is room again, the same collection gives the same rows.
//!
//! The disk is a small file system in memory, mounted in a namespace of the test's own, so that the error is the
//! system's. Where the machine gives no such namespace the test says that it was not run.

use std::io::Write;
use std::process::Command;

use crate::kill::{QUERIES, truth};
use crate::program::{Program, finish};

/// Room on the disk, in KiB: none for the control documents, for the tables, for a data file, for the last of them, and
/// perhaps enough.
const ROOM: &[u32] = &[24, 80, 128, 200, 240, 320, 400];

/// Mounts a disk of `$1` KiB, collects, makes room, and prints what a second collection makes of it.
const SCRIPT: &str = r#"
    mkdir disk && mount -t tmpfs -o "size=$1k,mode=700" tmpfs disk || exit 99
    "$2" --data disk/data collect --workers 3 "$3" >first.out 2>first.err
    printf %s $? >first.code
    mount -o remount,size=256m disk || exit 99
    "$2" --data disk/data collect --workers 3 "$3" >second.out 2>second.err
    printf %s $? >second.code
    exec "$2" --data disk/data query --output raw
"#;

fn namespaces(program: &Program) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount"]).current_dir(program.path(""));
    command.env_clear().env("HOME", program.path("")).env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

fn can_mount() -> bool {
    let program = Program::new();
    let mount = "mkdir disk && mount -t tmpfs -o size=64k tmpfs disk";
    namespaces(&program).args(["sh", "-c", mount]).output().is_ok_and(|done| done.status.success())
}

#[test]
fn a_full_disk_loses_nothing_and_doubles_nothing() {
    if !can_mount() {
        writeln!(std::io::stderr(), "disk full: not run, no namespace with a file system of its own to be had").ok();
        return;
    }
    let truth = truth();
    let mut files_named = 0;
    for kib in ROOM {
        let program = Program::new();
        let read = |name: &str| std::fs::read_to_string(program.path(name)).expect(name);
        let mut command = namespaces(&program);
        command.args(["sh", "-c", SCRIPT, "sh", &kib.to_string(), env!("CARGO_BIN_EXE_trailkeep")]).arg(&truth.logs);
        let run = finish(&mut command, QUERIES.as_bytes());
        assert_eq!(run.code, Some(0), "{kib} KiB: {run:?}\n{}", read("second.err"));
        let (said, code) = (read("first.err"), read("first.code"));
        if code == "2" {
            assert!(said.contains("make room on the disk"), "{kib} KiB, what to do: {said}");
            assert!(said.contains("/data") || said.contains("the file `"), "{kib} KiB, where: {said}");
            files_named += usize::from(said.contains("write the file `eventdate="));
        } else {
            assert_eq!(code, "1", "{kib} KiB was enough, and the broken files are rejects: {said}");
        }
        // Nothing is left to be read where there was room, or where the disk filled up behind the last commit.
        let second = read("second.code");
        let fits = matches!((&*code, &*second), ("2", "1" | "0") | ("1", "0"));
        assert!(fits, "{kib} KiB, ended with {code} and then {second}: {}", read("second.err"));
        assert!(run.out == truth.lake, "{kib} KiB: {:?}", run.out.lines().take(4).collect::<Vec<_>>());
    }
    assert!(files_named > 0, "a disk that fills up under a data file is among them");
}
