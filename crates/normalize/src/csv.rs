//! CSV as RFC 4180 has it, and safe to open in a spreadsheet.
//!
//! Text that begins with a character which spreadsheets take for a formula gets a `'` in front, which they show as text
//! (OWASP, "CSV Injection"): events hold what strangers chose. A missing value is an empty cell, empty text is `""`.

/// What a cell needs for a byte in it: nothing, or quotes.
const QUOTED: [bool; 256] = {
    let mut quoted = [false; 256];
    quoted[b',' as usize] = true;
    quoted[b'"' as usize] = true;
    quoted[b'\r' as usize] = true;
    quoted[b'\n' as usize] = true;
    quoted
};

/// Characters that begin a formula, those of full width among them.
const FORMULA: &[char] = &['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Appends a line of cells that are text, and its end. `None` is an empty cell.
pub fn write_line<'a>(cells: impl Iterator<Item = Option<&'a str>>, out: &mut Vec<u8>) {
    for (nth, cell) in cells.enumerate() {
        if nth > 0 {
            out.push(b',');
        }
        if let Some(text) = cell {
            write_cell(text, out);
        }
    }
    out.extend_from_slice(b"\r\n");
}

/// Appends a cell that holds text.
pub(crate) fn write_cell(text: &str, out: &mut Vec<u8>) {
    let guarded = text.starts_with(FORMULA);
    let bytes = text.as_bytes();
    let mut quotes = 0;
    let mut quoted = guarded || text.is_empty();
    for byte in bytes {
        quoted |= QUOTED[*byte as usize];
        quotes += usize::from(*byte == b'"');
    }
    if !quoted {
        out.extend_from_slice(bytes);
        return;
    }
    out.reserve(bytes.len() + quotes + 3);
    out.push(b'"');
    if guarded {
        out.push(b'\'');
    }
    let mut parts = bytes.split(|byte| *byte == b'"');
    out.extend_from_slice(parts.next().unwrap_or_default());
    for part in parts {
        out.extend_from_slice(b"\"\"");
        out.extend_from_slice(part);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells() {
        let cases: &[(&[Option<&str>], &str)] = &[
            (&[Some("a"), None, Some("")], "a,,\"\"\r\n"),
            (&[Some("a,b"), Some("say \"x\""), Some("two\nlines")], "\"a,b\",\"say \"\"x\"\"\",\"two\nlines\"\r\n"),
            (&[Some("=1+1"), Some("-"), Some("@x"), Some("a=b")], "\"'=1+1\",\"'-\",\"'@x\",a=b\r\n"),
            (&[Some("\"=x"), Some("＝x"), Some("+\"")], "\"\"\"=x\",\"'＝x\",\"'+\"\"\"\r\n"),
        ];
        for (cells, expect) in cases {
            let mut out = Vec::new();
            write_line(cells.iter().copied(), &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), *expect, "{cells:?}");
        }
    }
}
