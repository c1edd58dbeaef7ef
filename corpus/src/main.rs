//! `corpus DIR [--bytes N] [--seed N] [--start YYYY-MM-DD] [--days N] [--threads N] [--digests DIR]
//! [--tampered]`: writes a corpus, says what it holds.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use corpus::{Config, Digests, Stage, Summary, generate};

const USAGE: &str = "usage: corpus DIR [--bytes N|NMB|NGB] [--seed N] [--start YYYY-MM-DD] [--days N] [--threads N] \
     [--digests DIR [--tampered]]";
const BYTES_DEFAULT: u64 = 20_000_000;

fn main() -> ExitCode {
    match run(std::env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            // A closed stderr leaves nobody to tell; the exit code still says it.
            writeln!(io::stderr(), "corpus: {message}").ok();
            ExitCode::from(2)
        }
    }
}

fn run(args: impl Iterator<Item = String>) -> Result<(), String> {
    let (dir, config) = parse(args)?;
    let begun = Instant::now();
    let summary = generate(&config, &dir).map_err(|error| error.to_string())?;
    let seconds = begun.elapsed().as_secs_f64();
    match report(&mut io::stdout().lock(), &summary, seconds) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(format!("cannot write the report: {error}")),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn parse(mut args: impl Iterator<Item = String>) -> Result<(PathBuf, Config), String> {
    let mut dir = None;
    let (mut bytes, mut seed) = (BYTES_DEFAULT, 1);
    let (mut start, mut days, mut threads) = (None, None, None);
    let (mut beside, mut tampered) = (None, false);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("`{arg}` needs a value; {USAGE}"));
        match arg.as_str() {
            "--bytes" => bytes = parse_bytes(&value()?)?,
            "--seed" => seed = number(&arg, &value()?)?,
            "--days" => days = Some(number(&arg, &value()?)?),
            "--digests" => beside = Some(PathBuf::from(value()?)),
            "--tampered" => tampered = true,
            "--threads" => threads = Some(number(&arg, &value()?)?),
            "--start" => {
                let text = value()?;
                let date = text.parse().map_err(|error| format!("`--start {text}` is not a date: {error}"))?;
                start = Some(date);
            }
            _ if arg.starts_with('-') || dir.is_some() => return Err(format!("`{arg}` is not understood; {USAGE}")),
            _ => dir = Some(PathBuf::from(arg)),
        }
    }
    let dir = dir.ok_or(USAGE)?;
    let mut config = Config::new(seed, bytes);
    config.start = start.unwrap_or(config.start);
    config.days = days.unwrap_or(config.days);
    config.threads = threads.unwrap_or(config.threads);
    config.digests = beside.map(|beside| Digests { beside, tampered });
    if tampered && config.digests.is_none() {
        return Err(format!("`--tampered` needs `--digests`; {USAGE}"));
    }
    Ok((dir, config))
}

fn number<T: std::str::FromStr>(flag: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("`{flag} {text}` is not a number in range"))
}

fn parse_bytes(text: &str) -> Result<u64, String> {
    let (digits, unit) = match (text.strip_suffix("MB"), text.strip_suffix("GB")) {
        (Some(digits), _) => (digits, 1_000_000),
        (_, Some(digits)) => (digits, 1_000_000_000),
        _ => (text, 1),
    };
    number::<u64>("--bytes", digits)?.checked_mul(unit).ok_or_else(|| format!("`--bytes {text}` is too large"))
}

fn report(out: &mut impl Write, summary: &Summary, seconds: f64) -> io::Result<()> {
    let Summary { files, records, bytes, gz_bytes, digests, tampered, story } = summary;
    writeln!(out, "{records} records in {files} files, {bytes} bytes of JSON, {gz_bytes} after gzip, {seconds:.1} s")?;
    if *digests > 0 {
        writeln!(out, "digests     {digests}")?;
    }
    if let Some(tampered) = tampered {
        writeln!(out, "changed     {}\ndeleted     {}", tampered.changed, tampered.deleted)?;
    }
    writeln!(out, "attack      {} to {} in {}", story.started(), story.ended(), story.region)?;
    writeln!(out, "leaked key  {} of {}", story.leaked_key, story.user_arn)?;
    writeln!(out, "addresses   {}", story.addresses.join(", "))?;
    for hop in &story.chain {
        writeln!(out, "role        {} as {} ({})", hop.role_arn, hop.access_key, hop.event_ids.join(", "))?;
    }
    writeln!(out, "backdoor    {} with {}", story.backdoor_user_arn, story.backdoor_key)?;
    for step in story.stage(Stage::Evasion) {
        writeln!(out, "evasion     {} on {} at {} ({})", step.event_name, story.trail_arn, step.time, step.event_id)?;
    }
    writeln!(out, "bucket      {}: {} read, {} deleted", story.bucket, story.objects_read, story.objects_deleted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<(PathBuf, Config), String> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn flags_become_a_configuration() {
        let (dir, config) =
            parsed("out --bytes 3MB --seed 9 --days 2 --threads 1 --start 2025-06-01").expect("a valid line");
        assert_eq!(dir, PathBuf::from("out"));
        let start = jiff::civil::date(2025, 6, 1);
        assert_eq!(config, Config { seed: 9, bytes: 3_000_000, start, days: 2, threads: 1, digests: None });
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (line, named) in [
            ("", "usage"),
            ("out more", "`more`"),
            ("out --loud", "`--loud`"),
            ("out --seed", "`--seed` needs"),
            ("out --seed x", "`--seed x`"),
            ("out --bytes 99999999999999GB", "too large"),
            ("out --start today", "`--start today`"),
            ("out --tampered", "needs `--digests`"),
        ] {
            let message = parsed(line).expect_err(line);
            assert!(message.contains(named), "{line}: {message}");
        }
    }
}
