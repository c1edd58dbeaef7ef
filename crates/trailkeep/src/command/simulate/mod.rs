//! `trailkeep simulate`: what a trail would record of the stored events, what it would cost, and what rules would miss.

mod json;
mod report;

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use detect::Placeholders;
use detect::ruleset::RuleSet;
use event::arn::Region;
use inquiry::lookup::Lookup;
use inquiry::simulate::{Insights, Prices, Pricing, Question, Regions, Simulation, Trial, simulate};
use jiff::Timestamp;
use trail::selectors::Selectors;

use crate::cli::Format;
use crate::command::detect::moment;
use crate::command::rules::load::{self, RuleArgs};
use crate::exit::Exit;
use crate::fault::{Fault, Result};
use crate::settings::Settings;
use crate::{open, output};

/// Bytes of a file of selectors at most.
const SELECTORS_BYTES_MAX: u64 = 4 << 20;

/// Say what a trail would record of the stored events, what that would cost, and which rules would go blind
///
/// The selectors are those of `aws cloudtrail put-event-selectors`: a list of basic or of advanced ones, or an object with
/// `EventSelectors` or `AdvancedEventSelectors`, such as `get-event-selectors` gives. Every account is thought to have such a
/// trail. Events that no trail of yours has recorded so far are not in the lake and not in the answer.
///
/// Costs are those of the events looked at, at AWS's list prices. The first copy of management events of an account and
/// Region is free, each further one is not: `--first-copy` says which this would be.
///
/// Rules are those that ship with Trailkeep and Sigma's of `--rules`. They run on all events and on what would be recorded;
/// `blind` is a rule that matches now and would not any more, `never` one that looks for what is never recorded.
///
/// Exit codes: 0 success, 2 error, also where a rule was refused, since then not everything was looked at.
#[derive(Debug, Args)]
#[command(name = "simulate")]
pub(crate) struct Simulate {
    /// The trail's selectors: a file of JSON, or `-`
    #[arg(long, value_name = "FILE")]
    selectors: PathBuf,

    /// Other selectors, to be shown beside
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,

    /// The Region in which the trail is made
    #[arg(long, value_name = "REGION", default_value = "us-east-1")]
    trail_region: Region,

    /// The trail records its own Region only
    #[arg(long)]
    single_region: bool,

    /// The trail leaves out events of global services such as IAM
    #[arg(long, requires = "single_region")]
    no_global_service_events: bool,

    /// The trail has the first copy of management events in its accounts and Regions, which is free
    #[arg(long)]
    first_copy: bool,

    /// Insights that the trail looks for; repeat for several
    #[arg(long, value_name = "KIND", value_enum)]
    insights: Vec<InsightKind>,

    /// Only events of this account, by ID or name; repeat for several
    #[arg(long, value_name = "ACCOUNT")]
    account: Vec<String>,

    /// Only events of this Region; repeat for several
    #[arg(long, value_name = "REGION")]
    region: Vec<Region>,

    /// Only events since then: `24h`, `7d`, `2026-03-05`, `2026-03-05T10:00:00Z`
    #[arg(long, value_name = "TIME")]
    since: Option<String>,

    /// Only events before then
    #[arg(long, value_name = "TIME")]
    until: Option<String>,

    #[command(flatten)]
    rules: RuleArgs,

    /// Most lines of each kind in a table; 0 for all
    #[arg(short = 'n', long = "limit", value_name = "N", default_value_t = 20)]
    limit: usize,
}

/// Unusual rates that a trail can look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum InsightKind {
    /// Of calls
    CallRate,
    /// Of errors
    ErrorRate,
}

/// What is shown, and how.
struct Shown<'a> {
    found: &'a Simulation,
    pricing: &'a Pricing,
    /// What the trails are called, in the order of the answer.
    trails: &'a [String],
}

/// Replays and shows.
pub(crate) async fn run(command: Simulate, settings: &Settings) -> Result<Exit> {
    let now = Timestamp::now();
    let files: Vec<&Path> =
        [Some(&command.selectors), command.compare.as_ref()].into_iter().flatten().map(PathBuf::as_path).collect();
    let trials = trials(&files, &command)?;
    let events = events(&command, settings, now)?;
    let (rules, is_partial) = rules(&command.rules, settings)?;
    let insights = Insights {
        call_rate: command.insights.contains(&InsightKind::CallRate),
        error_rate: command.insights.contains(&InsightKind::ErrorRate),
    };
    let pricing = Pricing { prices: Prices::of_this_version(), is_first_copy: command.first_copy, insights };
    let question = Question { events, trials, rules, pricing, now: moment(now) };
    let (lake, _) = open::session(settings).await?;
    let found = simulate(&lake, &settings.session_options(), &question).await?;
    let trails: Vec<String> = question.trials.iter().map(|trial| trial.name.clone()).collect();
    show(&Shown { found: &found, pricing: &question.pricing, trails: &trails }, command.limit, settings)?;
    Ok(if is_partial { Exit::Error } else { Exit::Success })
}

fn trials(files: &[&Path], command: &Simulate) -> Result<Vec<Trial>> {
    if files.iter().filter(|file| **file == Path::new("-")).count() > 1 {
        return Err(Fault::new("standard input can be read only once").help("name a file by `--compare FILE`"));
    }
    let regions = Regions {
        home: command.trail_region.clone(),
        is_multi_region: !command.single_region,
        includes_global_services: !command.no_global_service_events,
    };
    let trial = |file: &&Path| Ok(Trial::new(file.display().to_string(), selectors(file)?, &regions)?);
    files.iter().map(trial).collect()
}

/// Reads and checks selectors.
fn selectors(file: &Path) -> Result<Selectors> {
    let unread = |error: std::io::Error| {
        Fault::new(format!("could not read selectors from `{}`", file.display())).because(error)
    };
    let mut bytes = Vec::new();
    let source: Box<dyn Read> = if file == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(fs::File::open(file).map_err(unread)?)
    };
    source.take(SELECTORS_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unread)?;
    let wrong = |why: String| {
        Fault::new(format!("the selectors of `{}` cannot be used", file.display()))
            .because(why)
            .help("write them as `aws cloudtrail put-event-selectors` takes them")
    };
    if bytes.len() as u64 > SELECTORS_BYTES_MAX {
        return Err(wrong(format!("the file has more than {SELECTORS_BYTES_MAX} bytes")));
    }
    let text = String::from_utf8(bytes).map_err(|_| wrong("the file is not UTF-8".to_owned()))?;
    Selectors::parse(&text).map_err(|error| wrong(error.to_string()))
}

fn events(command: &Simulate, settings: &Settings, now: Timestamp) -> Result<Lookup> {
    let time = |text: &Option<String>| text.as_ref().map(|text| inquiry::time::parse(text, now)).transpose();
    Ok(Lookup {
        accounts: command.account.iter().map(|text| settings.accounts.find(text)).collect::<Result<_>>()?,
        regions: command.region.clone(),
        since: time(&command.since)?,
        until: time(&command.until)?,
        ..Lookup::default()
    })
}

/// Loads the rules; who leaves out those that ship and names no others wants none.
fn rules(args: &RuleArgs, settings: &Settings) -> Result<(Arc<RuleSet>, bool)> {
    if args.no_builtin && args.rules.is_empty() && settings.detect.rules.is_empty() {
        return Ok((Arc::new(RuleSet::load(&[], &Placeholders::default()).rules), false));
    }
    let rules = load::rules(args, settings)?;
    Ok((rules.set, rules.is_partial))
}

fn show(shown: &Shown<'_>, limit: usize, settings: &Settings) -> Result<()> {
    let mut stdout = output::stdout();
    match settings.format {
        Format::Table => report::for_people(shown, limit, settings, &mut stdout)?,
        Format::Json | Format::Jsonl => json::print(shown, &mut stdout)?,
        Format::Csv | Format::Raw => report::for_programs(shown, settings, &mut stdout)?,
    }
    Ok(stdout.flush()?)
}
