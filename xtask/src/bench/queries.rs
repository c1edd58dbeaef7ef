//! The second half of a benchmark: seven questions, the same to each party, cold and hot.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;

use serde::Deserialize;

use super::parties::{ALL, Parties, Party, RUNS};
use crate::checkout::Checkout;
use crate::command;
use crate::error::{Error, Kind, Result};

/// The questions; each party has a file of this name in its own dialect.
const QUESTIONS: &[(&str, &str)] = &[
    ("q1", "calls made, and how often they failed"),
    ("q2", "all that one access key did on one day"),
    ("q3", "one event by its ID"),
    ("q4", "addresses and error rate of each principal"),
    ("q5", "a bucket's name anywhere in the request"),
    ("q6", "errors by hour and code"),
    ("q7", "who was given a temporary key, and its uses"),
];

/// One run of a query, as each party prints it.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct Run {
    wall_ms: f64,
    cpu_ms: f64,
    rows: u64,
}

/// What a query took one party.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Times {
    /// First run of a new process, its files out of the page cache.
    cold_ms: f64,
    /// Median of the runs after it.
    hot_ms: f64,
    /// The same of the time on a processor.
    hot_cpu_ms: f64,
    /// Rows of the answer.
    rows: u64,
}

/// A question with each party's times, in the order of [`ALL`].
pub struct Asked {
    name: &'static str,
    what: &'static str,
    times: Vec<(Party, Times)>,
}

/// Puts each question to each party.
///
/// # Errors
/// When a query fails, or what a party prints cannot be read.
pub fn measure(checkout: &Checkout, parties: &Parties) -> Result<Vec<Asked>> {
    let parameters: BTreeMap<String, String> = json(&command::capture(&mut parties.parameters())?)?;
    let mut asked = Vec::new();
    for (name, what) in QUESTIONS {
        let mut times = Vec::new();
        for party in ALL {
            println!("{name}: {}", party.name());
            let path = checkout.root().join("bench/queries").join(party.queries()).join(format!("{name}.sql"));
            let sql = fs::read_to_string(&path).map_err(|source| Error::file("read", &path, source))?;
            command::run(&mut parties.drop_cache(party))?;
            let mut query = parties.query(party, &filled_in(&sql, &parameters));
            times.push((party, ask(&mut query)?));
        }
        asked.push(Asked { name, what, times });
    }
    Ok(asked)
}

/// Puts the parameters in the places of their names in braces.
fn filled_in(sql: &str, parameters: &BTreeMap<String, String>) -> String {
    parameters.iter().fold(sql.to_owned(), |sql, (name, value)| sql.replace(&format!("{{{name}}}"), value))
}

fn ask(query: &mut std::process::Command) -> Result<Times> {
    let output = command::output(query)?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        let message = format!("`{}` ended with {}: {}", command::line(query), output.status, said.trim());
        return Err(Error::new(Kind::Command, message));
    }
    let runs = said.lines().filter(|line| line.starts_with('{')).map(|line| json(line.as_bytes()));
    times(&runs.collect::<Result<Vec<Run>>>()?)
        .ok_or_else(|| Error::new(Kind::Answer, format!("`{}` printed less than {RUNS} runs", command::line(query))))
}

/// Returns what the runs come to, if there are all of them.
fn times(runs: &[Run]) -> Option<Times> {
    let (cold, hot) = runs.split_first().filter(|_| runs.len() == RUNS)?;
    Some(Times {
        cold_ms: cold.wall_ms,
        hot_ms: median(hot.iter().map(|run| run.wall_ms))?,
        hot_cpu_ms: median(hot.iter().map(|run| run.cpu_ms))?,
        rows: cold.rows,
    })
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

fn json<T: for<'a> Deserialize<'a>>(text: &[u8]) -> Result<T> {
    serde_json::from_slice(text).map_err(|source| {
        let message = format!("could not read `{}` as JSON of the benchmark", String::from_utf8_lossy(text).trim());
        Error::new(Kind::Answer, message).caused_by(source)
    })
}

/// Returns the section of the page.
pub fn section(asked: &[Asked]) -> String {
    let mut text = String::from(
        "## Queries\n\nMilliseconds. Cold: first run of a new process, its files out of the page cache, from opening what is stored to the \
         last row. Hot: median of the five runs after it in the same process. The ratio is trailkeep's time by the best peer's; \
         below 1 we are faster.\n",
    );
    text.push_str(&table("Cold, wall", asked, |times| times.cold_ms));
    text.push_str(&table("Hot, wall", asked, |times| times.hot_ms));
    text.push_str(&table("Hot, CPU", asked, |times| times.hot_cpu_ms));
    text.push_str(&rows_table(asked));
    text
}

/// A party that answers with other rows has not answered the same question: its times mean nothing.
fn rows_table(asked: &[Asked]) -> String {
    let mut text = table_head("Rows of the answer", "the same");
    for question in asked {
        let rows: Vec<u64> = question.times.iter().map(|(_, times)| times.rows).collect();
        let is_same = rows.iter().min() == rows.iter().max();
        let cells: Vec<String> = rows.iter().map(u64::to_string).collect();
        let verdict = if is_same { "yes" } else { "NO" };
        writeln!(text, "| {} | {} | {} | {verdict} |", question.name, question.what, cells.join(" | "))
            .expect("a string takes whatever is written to it");
    }
    text
}

fn table_head(heading: &str, last: &str) -> String {
    let names: Vec<&str> = ALL.iter().map(|party| party.name()).collect();
    let rule = "---|".repeat(names.len());
    format!("\n### {heading}\n\n| | | {} | {last} |\n|---|---|{rule}---|\n", names.join(" | "))
}

fn table(heading: &str, asked: &[Asked], value: impl Fn(&Times) -> f64) -> String {
    let mut text = table_head(heading, "ratio");
    for question in asked {
        let cells: Vec<String> = question.times.iter().map(|(_, times)| number(value(times))).collect();
        let of = |is_ours: bool| {
            let chosen = question.times.iter().filter(move |(party, _)| (*party == Party::Ours) == is_ours);
            chosen.map(|(_, times)| value(times)).fold(f64::INFINITY, f64::min)
        };
        writeln!(
            text,
            "| {} | {} | {} | {:.2} |",
            question.name,
            question.what,
            cells.join(" | "),
            of(true) / of(false)
        )
        .expect("a string takes whatever is written to it");
    }
    text
}

fn number(value: f64) -> String {
    if value.fract() == 0.0 || value >= 100.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(wall_ms: f64) -> Run {
        Run { wall_ms, cpu_ms: wall_ms * 2.0, rows: 3 }
    }

    #[test]
    fn cold_is_the_first_run_and_hot_the_median_of_the_rest() {
        let runs = [90.0, 5.0, 1.0, 4.0, 2.0, 3.0].map(run);
        assert_eq!(times(&runs), Some(Times { cold_ms: 90.0, hot_ms: 3.0, hot_cpu_ms: 6.0, rows: 3 }));
        assert_eq!(times(&runs[..5]), None);
    }

    #[test]
    fn parameters_stand_where_their_names_stood() {
        let parameters =
            BTreeMap::from([("key".to_owned(), "AKIA".to_owned()), ("day".to_owned(), "2026-03-02".to_owned())]);
        assert_eq!(
            filled_in("k = '{key}' and d = '{day}' and {other}", &parameters),
            "k = 'AKIA' and d = '2026-03-02' and {other}"
        );
    }
}
