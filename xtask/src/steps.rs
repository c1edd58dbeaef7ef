//! A row of steps, each with a heading and its time, and the summary that closes them.

use std::fmt::Write;
use std::time::{Duration, Instant};

use crate::error::Result;

/// How a step that did not fail came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It ran and found nothing wrong.
    Passed,
    /// It could not run here, and that is no fault; with the line that says so.
    NotRun(String),
}

/// A step that has come to its end.
struct Done {
    name: &'static str,
    result: Result<Outcome>,
    took: Duration,
}

/// The steps of one run, in their order.
#[derive(Default)]
pub struct Steps {
    done: Vec<Done>,
}

impl Steps {
    /// Runs a step under its heading. A failure is printed and remembered; the next steps still run.
    pub fn run(&mut self, name: &'static str, step: impl FnOnce() -> Result<Outcome>) {
        println!("\n== {name}");
        let start = Instant::now();
        let result = step();
        let took = start.elapsed();
        match &result {
            Ok(Outcome::Passed) => println!("{name}: passed in {:.1} s", took.as_secs_f64()),
            Ok(Outcome::NotRun(line)) => println!("{line}"),
            Err(error) => println!("{name}: FAILED in {:.1} s: {error}", took.as_secs_f64()),
        }
        self.done.push(Done { name, result, took });
    }

    /// Returns whether each step that ran has passed.
    pub fn all_passed(&self) -> bool {
        self.done.iter().all(|done| done.result.is_ok())
    }

    /// Returns the closing table. Its last line is the plain count, `N passed, N failed`; what did not run is in neither.
    pub fn summary(&self) -> String {
        let (mut passed, mut failed) = (0, 0);
        let mut text = String::from("\n== summary\n");
        for done in &self.done {
            let word = match &done.result {
                Ok(Outcome::Passed) => {
                    passed += 1;
                    "passed"
                }
                Ok(Outcome::NotRun(_)) => "not run",
                Err(_) => {
                    failed += 1;
                    "FAILED"
                }
            };
            writeln!(text, "{word:8} {:7.1} s  {}", done.took.as_secs_f64(), done.name)
                .expect("a string takes whatever is written to it");
        }
        write!(text, "{passed} passed, {failed} failed").expect("a string takes whatever is written to it");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, Kind};

    #[test]
    fn the_last_line_counts_what_ran() {
        let mut steps = Steps::default();
        steps.run("one", || Ok(Outcome::Passed));
        steps.run("two", || Err(Error::new(Kind::Answer, "wrong")));
        steps.run("three", || Ok(Outcome::NotRun("three: not run".to_owned())));
        steps.run("four", || Ok(Outcome::Passed));
        assert_eq!(steps.summary().lines().last(), Some("2 passed, 1 failed"));
        assert!(!steps.all_passed());
    }
}
