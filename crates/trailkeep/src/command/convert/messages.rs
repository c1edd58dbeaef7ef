//! The messages of a file: its lines or records as they stand, or what its envelopes hold.

use std::borrow::Cow;
use std::ffi::OsStr;

use arrow::array::{Array, AsArray};
use arrow::datatypes::TimestampMicrosecondType;
use event::limits::Limits;
use event::schema::added;
use event::time::EventTime;
use normalize::message::{Form, HEAD_BYTES, Messages, Step, form};

use super::input::{self, Input, Window};
use super::opened::{Part, in_order, open, opener};
use super::{Out, ReadAt, Tally, unreadable};
use crate::fault::Result;

/// A record, or whatever stands in its place.
pub(super) struct Message<'m> {
    pub(super) text: &'m str,
    /// When CloudWatch Logs got it, if it came that way.
    pub(super) cloudwatch: Option<EventTime>,
    pub(super) read_at: &'m ReadAt,
}

/// What is done with a message.
pub(super) type Take<'t> = dyn FnMut(Message<'_>, &mut Out<'_>, &mut Tally) -> Result<()> + 't;

/// Hands out the messages of a file in their order; `read_at` is the time of reading, if it was given.
pub(super) fn messages(
    file: &OsStr,
    read_at: Option<&ReadAt>,
    out: &mut Out<'_>,
    tally: &mut Tally,
    take: &mut Take<'_>,
) -> Result<()> {
    let name = input::name(file);
    let mut window = input::open(file)?.inflated().map_err(|error| unreadable(&name, error))?;
    while window.bytes().len() < HEAD_BYTES && !window.is_read {
        read(&mut window, &name, tally);
    }
    let now = read_at.cloned().unwrap_or_else(ReadAt::now);
    match form(window.bytes()) {
        Form::Envelopes => enveloped(&name, Input::Stream(window.into_reader()), &now, out, tally, take),
        Form::Messages => lines(&name, window, read_at, out, tally, take),
    }
}

fn lines(
    name: &str,
    mut window: Window,
    given: Option<&ReadAt>,
    out: &mut Out<'_>,
    tally: &mut Tally,
    take: &mut Take<'_>,
) -> Result<()> {
    let bytes_max = Limits::default().record_bytes_max;
    let mut messages = Messages::new(bytes_max);
    let mut read_at = given.cloned().unwrap_or_else(ReadAt::now);
    loop {
        match messages.step(window.bytes(), window.is_read) {
            Step::Message { text, is_cut, used } => {
                if is_cut {
                    tally.leave_out(name, &format!("what is behind byte {bytes_max} of a record (`record_bytes_max`)"));
                }
                // What is not UTF-8 becomes U+FFFD, as collectors do it.
                let text = str::from_utf8(text).map_or_else(|_| String::from_utf8_lossy(text), Cow::Borrowed);
                take(Message { text: &text, cloudwatch: None, read_at: &read_at }, out, tally)?;
                out.pass_on()?;
                window.skip(used);
            }
            Step::Skip(used) => window.skip(used),
            Step::More => {
                // Who waits at the other end of a pipe is to see what there is.
                out.flush()?;
                read(&mut window, name, tally);
                if given.is_none() {
                    read_at = ReadAt::now();
                }
            }
            Step::End => return Ok(()),
        }
    }
}

/// Reads on; what came before a failure is good.
fn read(window: &mut Window, name: &str, tally: &mut Tally) {
    if let Err(error) = window.read() {
        tally.damage(name, &error.to_string());
    }
}

fn enveloped(
    name: &str,
    input: Input,
    read_at: &ReadAt,
    out: &mut Out<'_>,
    tally: &mut Tally,
    take: &mut Take<'_>,
) -> Result<()> {
    open(&mut opener(), name, input, tally, &mut |opened, tally| {
        let times = opened.events.columns.column_by_name(added::CWL_TIME);
        let times = times.and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>());
        in_order(opened, &mut |part| {
            let (text, cloudwatch) = match part {
                Part::Event(text, row) => {
                    let time = times.filter(|times| times.is_valid(row)).map(|times| times.value(row));
                    (Cow::Borrowed(text), time.map(EventTime::from_micros))
                }
                Part::Reject(reject) => (String::from_utf8_lossy(&reject.bytes), None),
            };
            take(Message { text: &text, cloudwatch, read_at }, out, tally)?;
            out.pass_on()
        })
    })
}
