//! What a terminal needs: its width, and text that cannot command it.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::IsTerminal;

/// Width of lines where nothing says how wide they may be.
pub(crate) const WIDTH_DEFAULT: u16 = 100;

/// Returns whether standard output goes to a person.
pub(crate) fn is_stdout() -> bool {
    std::io::stdout().is_terminal()
}

/// Returns whether standard error goes to a person.
pub(crate) fn is_stderr() -> bool {
    std::io::stderr().is_terminal()
}

/// Returns how wide a table may be: as the terminal, or as `COLUMNS` says; `None` for as wide as it wants to be.
pub(crate) fn width() -> Option<u16> {
    let told = || std::env::var("COLUMNS").ok()?.parse().ok();
    let terminal = if is_stdout() { comfy_table::Table::new().width() } else { None };
    terminal.or_else(told).filter(|width| *width > 0)
}

/// Returns text in which control characters, and those that turn the writing direction, are spelled out.
///
/// Events hold what strangers chose, such as user agents; a terminal would obey it.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_command) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_command(c) => write!(out, "\\u{{{:x}}}", u32::from(c)).expect("a string takes what is written"),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Returns whether a terminal may do something else than show the character.
pub(crate) fn is_command(c: char) -> bool {
    let turns_direction = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let breaks_line = matches!(c, '\u{2028}' | '\u{2029}');
    c.is_control() || turns_direction || breaks_line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_what_would_command() {
        let cases = [
            ("plain äöü 漢字", "plain äöü 漢字"),
            ("a\u{1b}[2Jb", "a\\u{1b}[2Jb"),
            ("line\nnext\tcell\r", "line\\nnext\\tcell\\r"),
            ("\u{9b}31m\u{7f}\u{0}", "\\u{9b}31m\\u{7f}\\u{0}"),
            ("\u{202e}gnp.exe", "\\u{202e}gnp.exe"),
        ];
        for (text, expect) in cases {
            assert_eq!(visible(text), expect);
        }
    }
}
