//! `trailkeep rules`: the rules that are looked by, what they say, whether they hold their cases, and how often one would
//! have found something.

mod explain;
pub(crate) mod load;
pub(crate) mod pack;
mod test;
mod try_rule;

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use clap::Subcommand;
use detect::Level;
use detect::ruleset::Rule;

use crate::exit::Exit;
use crate::fault::Result;
use crate::output::{self, Style};
use crate::settings::Settings;

/// List, explain, test and try rules
#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// List the rules, those that ship and those of the settings
    List(load::RuleArgs),
    Explain(explain::Explain),
    Test(test::Test),
    Try(try_rule::Try),
}

/// Does what is asked for.
pub(crate) async fn run(command: RulesCommand, settings: &Settings) -> Result<Exit> {
    match command {
        RulesCommand::List(args) => list(&args, settings),
        RulesCommand::Explain(command) => explain::run(&command, settings),
        RulesCommand::Test(command) => test::run(&command, settings),
        RulesCommand::Try(command) => try_rule::run(command, settings).await,
    }
}

fn list(args: &load::RuleArgs, settings: &Settings) -> Result<Exit> {
    let rules = load::rules(args, settings)?;
    // What only serves correlations finds nothing itself.
    let mut listed: Vec<&Arc<Rule>> = rules.set.rules().filter(|rule| rule.emits).collect();
    listed.sort_by_key(|rule| (std::cmp::Reverse(rule.meta.level), rule.meta.title.clone()));
    let column = |value: &dyn Fn(&Rule) -> String| -> ArrayRef {
        Arc::new(listed.iter().map(|rule| Some(value(rule))).collect::<StringArray>())
    };
    let batch = RecordBatch::try_from_iter([
        ("level", column(&|rule| rule.meta.level.map_or(String::new(), |level: Level| level.as_str().to_owned()))),
        ("title", column(&|rule| rule.meta.title.clone())),
        ("id", column(&|rule| rule.meta.id.clone())),
        ("techniques", column(&|rule| techniques(rule).join(" "))),
        ("file", column(&|rule| rule.meta.file.clone())),
    ])?;
    let style = Style::stdout(settings.format, settings.null);
    output::print_batches(&batch.schema(), &[batch], style, &mut output::stdout())?;
    Ok(if rules.is_partial { Exit::Error } else { Exit::Success })
}

/// Returns the techniques of ATT&CK that a rule names.
pub(crate) fn techniques(rule: &Rule) -> Vec<String> {
    let tags = rule.meta.tags.iter().filter_map(|tag| tag.strip_prefix("attack.t"));
    tags.filter(|tag| tag.starts_with(|first: char| first.is_ascii_digit())).map(|tag| format!("T{tag}")).collect()
}
