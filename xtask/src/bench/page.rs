//! The page that a benchmark leaves behind: command, corpus, machine, date, versions, then the sections.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Zoned;
use jiff::civil::Date;

use super::corpus::Corpus;
use super::{Plan, machine};
use crate::checkout::Checkout;
use crate::error::{Error, Result};

/// What a page says.
pub struct Page<'a> {
    /// What was asked for.
    pub plan: &'a Plan,
    /// What every party collected.
    pub corpus: &'a Corpus,
    /// The versions of all that took part, as lines of Markdown.
    pub versions: &'a str,
    /// What was measured, as sections of Markdown.
    pub sections: &'a [String],
}

impl Page<'_> {
    /// Writes the page as `bench/runs/<date>-<what>.md` and returns its path. A page of the same day and kind is kept:
    /// the new one gets a number.
    ///
    /// # Errors
    /// When the page cannot be written.
    pub fn write(&self, checkout: &Checkout) -> Result<PathBuf> {
        let date = Zoned::now().date();
        let page = free_path(&checkout.root().join("bench/runs"), &format!("{date}-{}", self.plan.what));
        fs::write(&page, self.text(date)).map_err(|source| Error::file("write", &page, source))?;
        Ok(page)
    }

    fn text(&self, date: Date) -> String {
        let Plan { what, bytes, seed, .. } = self.plan;
        let size = self.corpus.size;
        format!(
            "# Benchmark: {what}, {date}\n\n\
             * command: `cargo xtask bench {what} --bytes {bytes} --seed {seed}`\n\
             * corpus: `{}`: {} bytes of JSON in {} gzip files of {} bytes\n\
             {}{}\n{}",
            self.corpus.command,
            size.bytes,
            size.files,
            size.gzip_bytes,
            machine::describe(),
            self.versions,
            self.sections.join("\n"),
        )
    }
}

/// Returns the page's path in a folder; the second one of a day gets a number.
pub(super) fn free_path(folder: &Path, name: &str) -> PathBuf {
    let numbered = (2..).map(|number| format!("{name}-{number}.md"));
    let names = std::iter::once(format!("{name}.md")).chain(numbered);
    names.map(|name| folder.join(name)).find(|path| !path.exists()).unwrap_or_else(|| folder.join(name))
}
