//! The heat map: a line for each account and Region, a mark for each stretch of hours, the worst of a stretch standing
//! for it.

use std::io::{self, Write};

use inquiry::coverage::{Cell, Coverage, Group};
use jiff::Timestamp;

use crate::settings::Accounts;
use crate::terminal;

const HOUR: i64 = 3_600;
/// Stretches of hours that a mark may stand for; more than the last are cut into weeks.
const STRETCHES: [i64; 9] = [1, 2, 3, 4, 6, 8, 12, 24, 48];
const WEEK: i64 = 168;
/// Fewest marks of a line, however narrow the terminal is.
const MARKS_MIN: usize = 8;

/// How marks look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    /// Width of lines.
    pub(crate) width: usize,
    /// Whether colours are understood.
    pub(crate) is_colored: bool,
    /// Whether blocks are.
    pub(crate) has_blocks: bool,
}

impl Look {
    /// ASCII without colours.
    pub(crate) const PLAIN: Look =
        Look { width: terminal::WIDTH_DEFAULT as usize, is_colored: false, has_blocks: false };

    /// Returns how marks look on standard output: plain where it is no terminal, or where somebody wants no colours.
    pub(crate) fn of_terminal() -> Look {
        let width = terminal::width().map_or(Self::PLAIN.width, usize::from);
        let is_dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
        let wants_none = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let is_terminal = terminal::is_stdout() && !is_dumb;
        Look { width, is_colored: is_terminal && !wants_none, has_blocks: is_terminal }
    }
}

/// What a mark says, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mark {
    /// Nothing is known.
    Nothing,
    /// A digest says that nothing was delivered.
    Quiet,
    /// Log files are here that no digest lists.
    Unpromised,
    /// All that was promised is here.
    Whole,
    /// A part of what was promised is missing or has other content.
    Part,
    /// Nothing of what was promised is here, or nobody knows what was promised.
    Hole,
}

impl Mark {
    fn of(cell: &Cell) -> Mark {
        match cell {
            cell if cell.digest_holes > 0 => Mark::Hole,
            cell if cell.missing + cell.changed > 0 && cell.stored == 0 => Mark::Hole,
            cell if !cell.is_whole() => Mark::Part,
            cell if cell.promised > 0 => Mark::Whole,
            cell if cell.unpromised > 0 => Mark::Unpromised,
            cell if cell.digests > 0 => Mark::Quiet,
            _ => Mark::Nothing,
        }
    }

    /// The mark, in ASCII and as a block, and its colour (ECMA-48, SGR).
    fn signs(self) -> (char, char, &'static str) {
        match self {
            Mark::Nothing => ('.', '·', "2"),
            Mark::Quiet => ('-', '─', "2;32"),
            Mark::Unpromised => ('?', '░', "36"),
            Mark::Whole => ('#', '█', "32"),
            Mark::Part => ('o', '▒', "33"),
            Mark::Hole => ('X', 'X', "1;31"),
        }
    }

    fn print(self, look: Look, out: &mut String) {
        let (plain, block, color) = self.signs();
        let sign = if look.has_blocks { block } else { plain };
        match look.is_colored {
            true => out.push_str(&format!("\u{1b}[{color}m{sign}\u{1b}[0m")),
            false => out.push(sign),
        }
    }
}

/// Draws the map, its time line and its legend.
pub(crate) fn draw(coverage: &Coverage, names: &Accounts, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let hours = || coverage.groups.iter().flat_map(|group| &group.hours).map(|hour| hour.hour.as_second());
    let (Some(first), Some(last)) = (hours().min(), hours().max()) else { return Ok(()) };
    let labels: Vec<String> = coverage.groups.iter().map(|group| label(group, names)).collect();
    // On a narrow terminal the names are cut before the marks are.
    let room = look.width.saturating_sub(MARKS_MIN + 1).max(MARKS_MIN);
    let label_width = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0).min(room);
    let stretch = stretch((last - first) / HOUR + 1, look.width.saturating_sub(label_width + 1).max(MARKS_MIN));
    let begin = first.div_euclid(stretch * HOUR) * stretch * HOUR;
    let marks = usize::try_from((last - begin) / (stretch * HOUR) + 1).unwrap_or(MARKS_MIN);
    for (group, label) in coverage.groups.iter().zip(&labels) {
        let mut line = vec![Mark::Nothing; marks];
        for hour in &group.hours {
            let at = usize::try_from((hour.hour.as_second() - begin) / (stretch * HOUR)).unwrap_or(0);
            if let Some(mark) = line.get_mut(at) {
                *mark = (*mark).max(Mark::of(&hour.cell));
            }
        }
        let mut text: String = label.chars().take(label_width).collect();
        text.extend(std::iter::repeat_n(' ', label_width + 1 - text.chars().count()));
        line.into_iter().for_each(|mark| mark.print(look, &mut text));
        writeln!(out, "{text}")?;
    }
    axis((begin, last), (label_width + 1, marks), look.width).iter().try_for_each(|line| writeln!(out, "{line}"))?;
    let unit = if stretch == 1 { "an hour".to_owned() } else { format!("{stretch} hours") };
    writeln!(out, "\n{}", wrapped(&legend(&unit, look), look.width))
}

fn label(group: &Group, names: &Accounts) -> String {
    let account = names.name(&group.account).unwrap_or(&group.account);
    let [account, region] = [account, &group.region].map(|text| if text.is_empty() { "-" } else { text });
    terminal::visible(&format!("{account} {region}")).into_owned()
}

/// Returns how many hours a mark stands for, so that all marks fit a line.
fn stretch(hours: i64, room: usize) -> i64 {
    let room = i64::try_from(room).unwrap_or(i64::MAX);
    // The first stretch may begin before the first hour.
    let fits = |stretch: &i64| hours / stretch + 2 <= room || hours <= room && *stretch == 1;
    let weeks = || (hours / WEEK / (room - 2).max(1) + 1) * WEEK;
    STRETCHES.into_iter().find(fits).unwrap_or_else(weeks)
}

/// The first hour below the first mark and the last below the last, or as it fits.
fn axis((first, last): (i64, i64), (indent, marks): (usize, usize), width: usize) -> Vec<String> {
    let print = |second: i64| {
        Timestamp::from_second(second).map_or_else(|_| String::new(), |time| time.strftime("%Y-%m-%d %Hh").to_string())
    };
    let (first, last) = (print(first), print(last));
    if let Some(between) = marks.checked_sub(first.len() + last.len() + 1) {
        return vec![format!("{:indent$}{first}{}{last}", "", " ".repeat(between + 1))];
    }
    let line = format!("{first} to {last}");
    if line.len() <= width { vec![line] } else { vec![first, last] }
}

fn legend(unit: &str, look: Look) -> Vec<String> {
    let says = [
        (Mark::Whole, "all that was promised is here"),
        (Mark::Part, "a part is not, or was changed"),
        (Mark::Hole, "nothing is, or the digest is missing"),
        (Mark::Unpromised, "no digest lists what is here"),
        (Mark::Quiet, "nothing was delivered"),
        (Mark::Nothing, "nothing is known"),
    ];
    let mut parts = vec![format!("A mark is {unit} of delivery (UTC).")];
    parts.extend(says.map(|(mark, says)| {
        let mut text = String::new();
        mark.print(Look { is_colored: false, ..look }, &mut text);
        format!("{text} {says}{}", if mark == Mark::Nothing { "." } else { ";" })
    }));
    parts
}

fn wrapped(parts: &[String], width: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        match lines.last_mut().filter(|line| line.chars().count() + 1 + part.chars().count() <= width) {
            Some(line) => {
                line.push(' ');
                line.push_str(part);
            }
            None => lines.push(part.clone()),
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use inquiry::coverage::Hour;

    use super::*;

    fn cell(promised: u64, missing: u64, changed: u64, unpromised: u64, digest_holes: u64) -> Cell {
        let stored = promised - missing - changed;
        Cell { promised, stored, missing, changed, unpromised, digest_holes, digests: 1 }
    }

    /// A map of one account and Region, an hour a cell.
    fn map(cells: &[Option<Cell>], look: Look) -> Vec<String> {
        let first = "2026-03-02T00:00:00Z".parse::<Timestamp>().expect("a time").as_second();
        let hour = |nth: usize| Timestamp::from_second(first + nth as i64 * HOUR).expect("a time");
        let hours = cells.iter().enumerate().filter_map(|(nth, cell)| Some(Hour { hour: hour(nth), cell: (*cell)? }));
        let group =
            Group { account: "111122223333".to_owned(), region: "us-east-1".to_owned(), hours: hours.collect() };
        let coverage = Coverage { groups: vec![group], ..Coverage::default() };
        let mut out = Vec::new();
        draw(&coverage, &Accounts::default(), look, &mut out).expect("a string takes what is written");
        String::from_utf8(out).expect("text").lines().map(str::to_owned).collect()
    }

    #[test]
    fn each_cell_has_its_mark() {
        let cells = [
            Some(cell(3, 0, 0, 0, 0)),
            Some(cell(3, 1, 0, 0, 0)),
            Some(cell(3, 0, 1, 2, 0)),
            Some(cell(1, 1, 0, 0, 0)),
            Some(cell(0, 0, 0, 0, 1)),
            Some(cell(3, 0, 0, 0, 1)),
            Some(cell(0, 0, 0, 2, 0)),
            None,
            Some(cell(2, 0, 0, 9, 0)),
            Some(cell(0, 0, 0, 0, 0)),
        ];
        assert_eq!(map(&cells, Look::PLAIN)[0], "111122223333 us-east-1 #ooXXX?.#-");
        let look = Look { is_colored: true, has_blocks: true, ..Look::PLAIN };
        let colored = &map(&cells, look)[0];
        assert!(
            colored.contains("\u{1b}[32m█\u{1b}[0m\u{1b}[33m▒\u{1b}[0m") && colored.ends_with("─\u{1b}[0m"),
            "{colored}"
        );
    }

    #[test]
    fn the_worst_of_a_stretch_stands_for_it_and_lines_fit() {
        let mut cells = vec![Some(cell(2, 0, 0, 0, 0)); 24 * 30];
        cells[500] = Some(cell(2, 1, 0, 0, 0));
        for width in [20, 40, 80, 100, 200, 1_000] {
            let lines = map(&cells, Look { width, ..Look::PLAIN });
            assert!(lines[0].chars().count() <= width, "{width}: {}", lines[0]);
            assert_eq!(lines[0].matches('o').count(), 1, "{width}: {}", lines[0]);
            assert!(lines.iter().take(3).all(|line| line.chars().count() <= width), "{width}: {lines:?}");
            assert!(lines[0].matches('#').count() >= 4, "{width}: {}", lines[0]);
        }
        let years = vec![Some(cell(1, 0, 0, 0, 0)); 24 * 365 * 10];
        assert!(map(&years, Look { width: 60, ..Look::PLAIN })[0].chars().count() <= 60);
    }
}
