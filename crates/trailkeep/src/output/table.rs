//! Tables for people: as wide as the terminal, cut where they must be, turned on their side where columns are too many.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Row, TableComponent, Width};

use super::Printer;
use super::value::{Column, resolved};
use crate::fault::Result;
use crate::terminal::{WIDTH_DEFAULT, visible};
use crate::units;

/// Rows by which the widths are chosen. Later rows get the same columns.
const ROWS_FIRST: usize = 1_000;
/// Characters of a value that are looked at; the rest could not be shown anyway.
const CELL_CHARS_MAX: usize = 2_000;
/// Narrower than this a column tells nothing.
const COLUMN_MIN: u16 = 9;
/// Blanks between columns.
const GAP: u16 = 2;
/// Stands for what was cut off.
const CUT: &str = "…";

/// A table in the making.
pub(super) struct Table {
    width: Option<u16>,
    has_footer: bool,
    names: Vec<String>,
    is_number: Vec<bool>,
    /// Rows not yet printed.
    rows: Vec<Vec<String>>,
    layout: Option<Layout>,
    rows_printed: u64,
    is_cut: bool,
}

/// How rows are laid out, once that is known.
#[derive(Clone)]
enum Layout {
    /// One line a row, columns of these widths.
    Across(Vec<u16>),
    /// One line a value.
    Down,
}

impl Table {
    pub(super) fn new(width: Option<u16>, has_footer: bool) -> Self {
        let (names, is_number, rows) = (Vec::new(), Vec::new(), Vec::new());
        Self { width, has_footer, names, is_number, rows, layout: None, rows_printed: 0, is_cut: false }
    }
}

impl Printer for Table {
    fn begin(&mut self, schema: &SchemaRef, _: &mut dyn Write) -> Result<()> {
        self.names = schema.fields().iter().map(|field| visible(field.name()).into_owned()).collect();
        self.is_number = schema.fields().iter().map(|field| field.data_type().is_numeric()).collect();
        Ok(())
    }

    fn batch(&mut self, batch: &RecordBatch, out: &mut dyn Write) -> Result<()> {
        let arrays = resolved(batch)?;
        let columns = arrays.iter().map(|array| Column::new(array.as_ref())).collect::<Result<Vec<_>>>()?;
        let mut value = Vec::new();
        for row in 0..batch.num_rows() {
            let cells = columns.iter().map(|column| {
                value.clear();
                column.brief(row, &mut value);
                let text = String::from_utf8_lossy(&value);
                let text: String = text.chars().take(CELL_CHARS_MAX).collect();
                visible(&text).into_owned()
            });
            self.rows.push(cells.collect());
            if self.rows.len() >= ROWS_FIRST {
                self.flush(out)?;
            }
        }
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write) -> Result<()> {
        self.flush(out)?;
        if !self.has_footer {
            return Ok(());
        }
        writeln!(out, "\n{}", units::counted(self.rows_printed, "row"))?;
        if self.is_cut {
            writeln!(out, "`{CUT}` marks what was cut; `--output jsonl` has it whole")?;
        }
        Ok(())
    }
}

impl Table {
    fn flush(&mut self, out: &mut dyn Write) -> Result<()> {
        let rows = std::mem::take(&mut self.rows);
        let is_first = self.layout.is_none();
        let layout = self.layout.get_or_insert_with(|| layout(&self.names, &rows, self.width)).clone();
        match layout {
            Layout::Across(widths) => self.across(&rows, &widths, is_first, out)?,
            Layout::Down => self.down(&rows, out)?,
        }
        self.rows_printed += rows.len() as u64;
        Ok(())
    }

    fn across(&mut self, rows: &[Vec<String>], widths: &[u16], is_first: bool, out: &mut dyn Write) -> Result<()> {
        let mut table = plain();
        // The blanks between columns count as part of a column.
        let constraints =
            widths.iter().map(|width| ColumnConstraint::Absolute(Width::Fixed(width.saturating_add(GAP))));
        if is_first {
            table.set_header(one_line(self.names.iter().cloned()));
        }
        for row in rows {
            table.add_row(one_line(row.iter().cloned()));
        }
        if !self.names.is_empty() {
            table.set_constraints(constraints);
        }
        for (nth, column) in table.column_iter_mut().enumerate() {
            column.set_padding((0, GAP));
            if self.is_number.get(nth).copied().unwrap_or(false) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        let text = table.trim_fmt();
        self.is_cut |= text.contains(CUT);
        if !text.is_empty() {
            writeln!(out, "{text}")?;
        }
        Ok(())
    }

    /// Prints name and value, a line each. Columns without a value are left out.
    fn down(&self, rows: &[Vec<String>], out: &mut dyn Write) -> Result<()> {
        let longest = self.names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        for (nth, row) in rows.iter().enumerate() {
            let title = format!("── row {} ", self.rows_printed + nth as u64 + 1);
            writeln!(out, "{title:─<width$}", width = longest + 20)?;
            for (name, value) in self.names.iter().zip(row).filter(|(_, value)| !value.is_empty()) {
                writeln!(out, "{name:<longest$}  {value}")?;
            }
        }
        Ok(())
    }
}

/// A table without borders, with a line below its header.
fn plain() -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_preset(comfy_table::presets::NOTHING);
    table.set_style(TableComponent::HeaderLines, '─');
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_truncation_indicator(CUT);
    // Cut at the width, not at the last blank before it.
    table.set_delimiter('\u{1}');
    table
}

fn one_line(cells: impl Iterator<Item = String>) -> Row {
    let mut row = Row::from(cells.collect::<Vec<_>>());
    row.max_height(1);
    row
}

/// Chooses the layout by the first rows.
fn layout(names: &[String], rows: &[Vec<String>], width: Option<u16>) -> Layout {
    let mut table = plain();
    table.set_header(names.to_vec());
    for row in rows {
        table.add_row(row.clone());
    }
    let natural = table.column_max_content_widths();
    let columns = u16::try_from(natural.len()).unwrap_or(u16::MAX);
    let Some(width) = width else {
        // Nobody says how wide a line may be. A few columns fit any width; many would be unreadable.
        let is_narrow = natural.iter().map(|width| usize::from(*width)).sum::<usize>() < usize::from(WIDTH_DEFAULT) * 3;
        return if is_narrow { Layout::Across(natural) } else { fitted(&natural, WIDTH_DEFAULT * 2) };
    };
    fitted(&natural, width.saturating_sub(columns.saturating_mul(GAP)))
}

/// Shares the room out: narrow columns get what they want, the others share the rest evenly.
fn fitted(natural: &[u16], room: u16) -> Layout {
    let mut order: Vec<usize> = (0..natural.len()).collect();
    order.sort_by_key(|nth| natural[*nth]);
    let mut widths = natural.to_vec();
    let mut left = room;
    for (done, nth) in order.iter().enumerate() {
        let share = left / u16::try_from(order.len() - done).unwrap_or(u16::MAX);
        widths[*nth] = natural[*nth].min(share);
        left = left.saturating_sub(widths[*nth]);
    }
    let is_readable = natural.iter().zip(&widths).all(|(wanted, width)| *width >= (*wanted).min(COLUMN_MIN));
    if is_readable { Layout::Across(widths) } else { Layout::Down }
}
