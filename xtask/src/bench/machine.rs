//! The machine a measurement was taken on, without its name.

use std::fs;
use std::process::Command;
use std::thread;

use crate::command;

/// Returns the machine as lines of Markdown: processor, cores, memory, kernel.
pub fn describe() -> String {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let cpu = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned());
    let memory = field("/proc/meminfo", "MemTotal").unwrap_or_else(|| "unknown".to_owned());
    let kernel = said(Command::new("uname").arg("-srm"));
    format!("* processor: {cpu}, {cores} cores\n* memory: {memory}\n* kernel: {kernel}\n")
}

/// Returns what a program prints, or that it is unknown: a page without a version is still a page.
pub fn said(command: &mut Command) -> String {
    match command::capture(command) {
        Ok(printed) => String::from_utf8_lossy(&printed).trim().to_owned(),
        Err(_) => "unknown".to_owned(),
    }
}

/// Returns the value of the first line `name : value` of a file, where the system has such a file.
fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.split_once(':'))?.1;
    Some(value.split_whitespace().collect::<Vec<_>>().join(" "))
}
