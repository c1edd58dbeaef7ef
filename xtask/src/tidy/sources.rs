//! The rules that look at one file at a time: its length, its opening, its name and the words in it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Longest a Rust file may be, tests and tables aside.
const LINES_MAX: usize = 1_000;

/// Folders that hold nothing of ours.
const SKIPPED_FOLDERS: &[&str] = &[".git", "target", "node_modules", "trailkeep-demo", "__pycache__"];

/// Names that say nothing of what a room holds.
const EMPTY_NAMES: &[&str] =
    &["common", "shared", "core", "util", "utils", "helpers", "constants", "types", "manager", "misc"];

/// Marks of unfinished work; each needs the number of an issue behind it. In pieces, so that this file has none itself.
const UNFINISHED: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME")];

/// Folders that exist on one machine only; nothing in the project may name what lies in them.
const MACHINE_FOLDERS: &[&str] = &[concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/tm", "p/")];

/// Endings of the files whose words are checked.
const TEXT_ENDINGS: &[&str] = &["rs", "toml", "md", "py", "sql", "in", "txt", "json", "yml", "sh"];

/// A text file of the project.
#[derive(Debug)]
pub struct Source {
    /// Where it lies in the checkout, with `/` between the names.
    pub path: String,
    /// All of its text.
    pub text: String,
}

/// The text files of the project.
#[derive(Debug, Default)]
pub struct Sources {
    /// In the order of their paths.
    pub files: Vec<Source>,
}

impl Sources {
    /// Reads every text file of the checkout, what cargo and git keep there aside.
    ///
    /// # Errors
    /// When a folder or a file cannot be read.
    pub fn read(root: &Path) -> Result<Self> {
        let mut files = Vec::new();
        let mut folders = vec![root.to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).map_err(|source| Error::file("list", &folder, source))? {
                let entry = entry.map_err(|source| Error::file("list", &folder, source))?;
                let name = entry.file_name().to_string_lossy().into_owned();
                let kind = entry.file_type().map_err(|source| Error::file("list", &entry.path(), source))?;
                if kind.is_dir() && !SKIPPED_FOLDERS.contains(&name.as_str()) {
                    folders.push(entry.path());
                } else if kind.is_file() && is_text(&entry.path()) {
                    files.extend(read_text(root, &entry.path())?);
                }
            }
        }
        files.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(Self { files })
    }

    /// Returns the Rust sources.
    pub fn rust(&self) -> impl Iterator<Item = &Source> {
        self.files.iter().filter(|source| source.path.ends_with(".rs"))
    }
}

fn is_text(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    // A script without an ending, such as the one of continuous integration, counts too.
    ending.is_none_or(|ending| TEXT_ENDINGS.contains(&ending))
}

/// Reads a file; bytes that are no UTF-8, such as a test's broken input, are passed over.
fn read_text(root: &Path, path: &Path) -> Result<Option<Source>> {
    let bytes = fs::read(path).map_err(|source| Error::file("read", path, source))?;
    let parts: PathBuf = path.strip_prefix(root).unwrap_or(path).into();
    let path = parts.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/");
    Ok(String::from_utf8(bytes).ok().map(|text| Source { path, text }))
}

/// Runs the rules on every file.
pub fn check(sources: &Sources) -> Vec<String> {
    sources.files.iter().flat_map(check_file).collect()
}

fn check_file(source: &Source) -> Vec<String> {
    let mut problems = machine_folders(source);
    if source.path.ends_with(".rs") {
        problems.extend(length(source));
        problems.extend(opening(source));
        problems.extend(empty_name(source));
    }
    // Prose may speak of the rule itself.
    if !source.path.ends_with(".md") {
        problems.extend(unfinished(source));
    }
    problems
}

fn length(source: &Source) -> Option<String> {
    let lines = source.text.lines().count();
    let is_excepted =
        source.path.split('/').any(|part| matches!(part.trim_end_matches(".rs"), "tests" | "table" | "tables"));
    (lines > LINES_MAX && !is_excepted)
        .then(|| format!("{}: {lines} lines, {LINES_MAX} at most: give a part of it a file", source.path))
}

fn opening(source: &Source) -> Option<String> {
    (!source.text.starts_with("//!"))
        .then(|| format!("{}: does not open with `//!`: say what the file knows", source.path))
}

fn empty_name(source: &Source) -> Option<String> {
    let name =
        source.path.split('/').map(|part| part.trim_end_matches(".rs")).find(|part| EMPTY_NAMES.contains(part))?;
    Some(format!("{}: `{name}` says nothing: name what it holds", source.path))
}

fn machine_folders(source: &Source) -> Vec<String> {
    let found = |(number, line): (usize, &str)| {
        let folder = MACHINE_FOLDERS.iter().find(|folder| line.contains(**folder))?;
        Some(format!("{}:{}: `{folder}` is a folder of one machine", source.path, number + 1))
    };
    source.text.lines().enumerate().filter_map(found).collect()
}

fn unfinished(source: &Source) -> Vec<String> {
    let found = |(number, line): (usize, &str)| {
        let (mark, rest) = UNFINISHED.iter().find_map(|mark| line.split_once(mark).map(|(_, rest)| (mark, rest)))?;
        let is_word = !rest.starts_with(|letter: char| letter.is_alphanumeric() || letter == '_');
        let has_issue =
            rest.strip_prefix("(#").is_some_and(|rest| rest.starts_with(|digit: char| digit.is_ascii_digit()));
        (is_word && !has_issue)
            .then(|| format!("{}:{}: `{mark}` without an issue: write `{mark}(#123)`", source.path, number + 1))
    };
    source.text.lines().enumerate().filter_map(found).collect()
}
