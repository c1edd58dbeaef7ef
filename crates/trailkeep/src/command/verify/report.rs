//! What a verification found, for people and for programs.

use std::io::{self, Write};

use jiff::Timestamp;
use pipeline::verify::Verified;
use serde::Serialize;
use trail::audit::{Counts, Findings, GroupName, Problem, ProblemKind, Subject};

use crate::settings::Accounts;
use crate::terminal::visible;
use crate::units::{bytes, count, counted, seconds};

/// Files shown of each kind that is no problem; programs get all by `--output json`.
const SHOWN: usize = 10;
/// Problems of one kind that are shown.
const PROBLEMS_SHOWN: usize = 1_000;

/// Prints the summary by account and Region, then all that is wrong.
pub(super) fn for_people(verified: &Verified, took: f64, names: &Accounts, out: &mut dyn Write) -> io::Result<()> {
    let findings = &verified.findings;
    let (files, size) = (counted(verified.files, "file"), bytes(verified.bytes));
    writeln!(out, "Looked at {files} ({size}) in {}.\n", seconds(took))?;
    table(findings, names, out)?;
    let total = findings.total();
    if total.log_files_unsigned > 0 || total.digests_unsigned > 0 {
        let digests = counted(total.digests_unsigned, "digest");
        writeln!(out, "\n{digests} unsigned: no signature is to be had, and nothing speaks against the content")?;
        list(findings.unsigned.iter().map(String::as_str), out)?;
    }
    if total.log_files_repacked > 0 {
        let repacked = counted(total.log_files_repacked, "log file");
        writeln!(out, "\n{repacked} packed anew, with the content that was delivered")?;
        list(findings.repacked.iter().map(String::as_str), out)?;
    }
    if total.log_files_renamed > 0 {
        writeln!(out, "\n{} under another name", counted(total.log_files_renamed, "log file"))?;
        list(findings.renamed.iter().map(|(uri, _)| uri.as_str()), out)?;
    }
    if total.log_files_uncovered > 0 {
        let uncovered = counted(total.log_files_uncovered, "log file");
        writeln!(out, "\n{uncovered} of hours without a digest: nothing is known of them")?;
    }
    if total.log_files_disowned > 0 {
        let disowned = counted(total.log_files_disowned, "log file");
        writeln!(out, "\n{disowned} named only by a digest that counts for nothing")?;
    }
    for gap in &findings.gaps {
        let (place, trail) = (place(&gap.group, names), visible(&gap.trail));
        writeln!(out, "\nNo digests from {} to {}: {place}, trail {trail}", shown(gap.from), shown(gap.until))?;
    }
    problems(findings, out)?;
    for failed in &verified.failed {
        writeln!(out, "\ncould not read {}: {}", visible(&failed.uri), visible(&failed.message))?;
    }
    let verdict = match (findings.problems.len() as u64, verified.failed_total) {
        (0, 0) if total.digests() == 0 => "There is nothing to verify by.".to_owned(),
        (0, 0) => "All is as it was delivered.".to_owned(),
        (0, failed) => format!("{} could not be read.", counted(failed, "place")),
        (problems, _) => format!("{} found.", counted(problems, "problem")),
    };
    writeln!(out, "\n{verdict}")
}

const HEADS: [&str; 10] =
    ["account", "Region", "digests", "unsigned", "invalid", "missing", "log files", "changed", "missing", "extra"];

/// One line an account and Region; counts of nothing are left blank.
fn table(findings: &Findings, names: &Accounts, out: &mut dyn Write) -> io::Result<()> {
    let mut rows: Vec<[String; 10]> = vec![HEADS.map(str::to_owned)];
    let cells = |name: [String; 2], counts: &Counts| {
        let blank = |number: u64| if number == 0 { String::new() } else { count(number) };
        let [account, region] = name;
        let changed = counts.log_files_changed + counts.log_files_damaged;
        [
            account,
            region,
            count(counts.digests_valid),
            blank(counts.digests_unsigned),
            blank(counts.digests_invalid),
            blank(counts.digests_missing),
            count(counts.log_files_valid),
            blank(changed),
            blank(counts.log_files_missing),
            blank(counts.log_files_extra),
        ]
    };
    for group in &findings.groups {
        let account = names.name(&group.name.account).unwrap_or(&group.name.account);
        let named = [account, &group.name.region].map(|text| if text.is_empty() { "-" } else { text });
        rows.push(cells(named.map(|text| visible(text).into_owned()), &group.counts));
    }
    rows.push(cells(["total".to_owned(), String::new()], &findings.total()));
    let mut widths = [0; HEADS.len()];
    for row in &rows {
        widths.iter_mut().zip(row).for_each(|(width, text)| *width = text.chars().count().max(*width));
    }
    for row in &rows {
        let padded = row
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(at, (text, width))| if at < 2 { format!("{text:<width$}") } else { format!("{text:>width$}") });
        writeln!(out, "{}", padded.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

/// Names all that is wrong, kind by kind.
fn problems(findings: &Findings, out: &mut dyn Write) -> io::Result<()> {
    for subject in [Subject::Digest, Subject::LogFile] {
        for kind in [ProblemKind::Missing, ProblemKind::Invalid, ProblemKind::Changed, ProblemKind::Extra] {
            let found: Vec<&Problem> =
                findings.problems.iter().filter(|problem| (problem.subject, problem.kind) == (subject, kind)).collect();
            if found.is_empty() {
                continue;
            }
            writeln!(out, "\n{} {}", counted(found.len() as u64, noun(subject)), word(kind))?;
            for problem in found.iter().take(PROBLEMS_SHOWN) {
                writeln!(out, "  {}: {}", visible(&problem.uri), visible(&problem.detail))?;
            }
            if found.len() > PROBLEMS_SHOWN {
                writeln!(out, "  and {} more; see --output json", count((found.len() - PROBLEMS_SHOWN) as u64))?;
            }
        }
    }
    Ok(())
}

fn list<'a>(uris: impl ExactSizeIterator<Item = &'a str>, out: &mut dyn Write) -> io::Result<()> {
    let more = uris.len().saturating_sub(SHOWN);
    for uri in uris.take(SHOWN) {
        writeln!(out, "  {}", visible(uri))?;
    }
    if more > 0 { writeln!(out, "  and {} more", count(more as u64)) } else { Ok(()) }
}

fn place(group: &GroupName, names: &Accounts) -> String {
    let account = names.name(&group.account).unwrap_or(&group.account);
    format!("{} {}", visible(account), visible(&group.region))
}

fn noun(subject: Subject) -> &'static str {
    match subject {
        Subject::Digest => "digest",
        Subject::LogFile => "log file",
    }
}

fn word(kind: ProblemKind) -> &'static str {
    match kind {
        ProblemKind::Missing => "missing",
        ProblemKind::Changed => "changed",
        ProblemKind::Invalid => "invalid",
        ProblemKind::Extra => "too many",
    }
}

fn shown(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The findings as an object of JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Object<'a> {
    files: u64,
    bytes: u64,
    is_clean: bool,
    total: Numbers,
    groups: Vec<Group<'a>>,
    problems: Vec<ProblemObject<'a>>,
    gaps: Vec<GapObject<'a>>,
    unsigned: &'a [String],
    repacked: &'a [String],
    renamed: Vec<Renamed<'a>>,
    other_files: u64,
    unread: Vec<Unread<'a>>,
    unread_total: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Group<'a> {
    account: &'a str,
    region: &'a str,
    first: Option<String>,
    last: Option<String>,
    #[serde(flatten)]
    numbers: Numbers,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Numbers {
    digests: Digests,
    log_files: LogFiles,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Digests {
    valid: u64,
    unsigned: u64,
    invalid: u64,
    missing: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogFiles {
    valid: u64,
    unsigned: u64,
    renamed: u64,
    repacked: u64,
    changed: u64,
    damaged: u64,
    missing: u64,
    extra: u64,
    disowned: u64,
    uncovered: u64,
    copies: u64,
    content_bytes: u64,
}

impl Numbers {
    fn of(counts: &Counts) -> Numbers {
        Numbers {
            digests: Digests {
                valid: counts.digests_valid,
                unsigned: counts.digests_unsigned,
                invalid: counts.digests_invalid,
                missing: counts.digests_missing,
            },
            log_files: LogFiles {
                valid: counts.log_files_valid,
                unsigned: counts.log_files_unsigned,
                renamed: counts.log_files_renamed,
                repacked: counts.log_files_repacked,
                changed: counts.log_files_changed,
                damaged: counts.log_files_damaged,
                missing: counts.log_files_missing,
                extra: counts.log_files_extra,
                disowned: counts.log_files_disowned,
                uncovered: counts.log_files_uncovered,
                copies: counts.copies,
                content_bytes: counts.content_bytes,
            },
        }
    }
}

#[derive(Serialize)]
struct ProblemObject<'a> {
    subject: &'static str,
    kind: &'static str,
    code: &'a str,
    uri: &'a str,
    account: &'a str,
    region: &'a str,
    detail: &'a str,
}

#[derive(Serialize)]
struct GapObject<'a> {
    account: &'a str,
    region: &'a str,
    trail: &'a str,
    from: String,
    until: String,
}

#[derive(Serialize)]
struct Renamed<'a> {
    uri: &'a str,
    was: &'a str,
}

#[derive(Serialize)]
struct Unread<'a> {
    uri: &'a str,
    why: &'a str,
}

/// Prints the findings as one line of JSON.
pub(super) fn for_programs(verified: &Verified, out: &mut dyn Write) -> io::Result<()> {
    let findings = &verified.findings;
    let object = Object {
        files: verified.files,
        bytes: verified.bytes,
        is_clean: findings.is_clean() && verified.failed_total == 0,
        total: Numbers::of(&findings.total()),
        groups: findings.groups.iter().map(group).collect(),
        problems: findings.problems.iter().map(problem).collect(),
        gaps: findings.gaps.iter().map(gap).collect(),
        unsigned: &findings.unsigned,
        repacked: &findings.repacked,
        renamed: findings.renamed.iter().map(|(uri, was)| Renamed { uri, was }).collect(),
        other_files: findings.other_files,
        unread: verified.failed.iter().map(|failed| Unread { uri: &failed.uri, why: &failed.message }).collect(),
        unread_total: verified.failed_total,
    };
    serde_json::to_writer(&mut *out, &object).map_err(io::Error::from)?;
    writeln!(out)
}

fn group(group: &trail::audit::Group) -> Group<'_> {
    Group {
        account: &group.name.account,
        region: &group.name.region,
        first: group.covered.map(|(first, _)| shown(first)),
        last: group.covered.map(|(_, last)| shown(last)),
        numbers: Numbers::of(&group.counts),
    }
}

fn problem(problem: &Problem) -> ProblemObject<'_> {
    ProblemObject {
        subject: noun(problem.subject),
        kind: word(problem.kind),
        code: problem.code,
        uri: &problem.uri,
        account: &problem.group.account,
        region: &problem.group.region,
        detail: &problem.detail,
    }
}

fn gap(gap: &trail::audit::Gap) -> GapObject<'_> {
    GapObject {
        account: &gap.group.account,
        region: &gap.group.region,
        trail: &gap.trail,
        from: shown(gap.from),
        until: shown(gap.until),
    }
}
