//! The proof: the sample organisation's log files held against their digests. Somebody has changed one and deleted one.

use std::io::Write;
use std::path::Path;

use jiff::Timestamp;

use crate::command::demo::tour::{program, quoted};
use crate::command::verify;
use crate::fault::Result;
use crate::terminal::visible;
use crate::units::{counted, seconds};

/// File with the public keys, beside the bucket.
pub(super) const KEYS: &str = "keys.json";
/// File with the signatures, beside the bucket.
pub(super) const METADATA: &str = "metadata.json";

/// Verifies and names what is not as it was delivered; says nothing where an older demo has no digests.
pub(super) async fn show(dir: &Path, data: &Path, out: &mut dyn Write) -> Result<()> {
    let (logs, keys, metadata) = (dir.join("logs"), dir.join(KEYS), dir.join(METADATA));
    if !keys.is_file() {
        return Ok(());
    }
    let started = std::time::Instant::now();
    let verified = verify::folder(&logs, &keys, &metadata, Timestamp::now()).await?;
    let total = verified.findings.total();
    writeln!(
        out,
        "Verified {} by {} in {}.",
        counted(total.log_files_valid, "log file"),
        counted(total.digests_valid, "digest"),
        seconds(started.elapsed().as_secs_f64())
    )?;
    if !verified.findings.is_clean() {
        writeln!(out, "Somebody was at the others. Their digests tell:")?;
    }
    for problem in &verified.findings.problems {
        let name = problem.uri.rsplit('/').next().unwrap_or(&problem.uri);
        writeln!(out, "  {}\n    {}", visible(name), visible(&problem.detail))?;
    }
    let [data, logs, keys, metadata] = [data, &logs, &keys, &metadata].map(|path| quoted(&path.display().to_string()));
    let program = quoted(&program());
    writeln!(out, "  {program} --data {data} verify {logs} --keys {keys} --metadata {metadata}")?;
    Ok(())
}
