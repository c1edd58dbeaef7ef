//! JSON fragments with gaps: the catalogue's request parameters, responses and resources, compiled once, filled for
//! each record.
//!
//! Gaps in angle brackets:
//!
//! | gap | filled with |
//! |---|---|
//! | `<account>` `<region>` `<caller>` | account ID, Region, ARN of the caller |
//! | `<time>` `<text time>` `<ms>` `<date>` | time of the event: ISO 8601, AWS's English form, epoch milliseconds, day |
//! | `<bucket>` `<key>` | a bucket of the account in the Region, a key of an object |
//! | `<id:vol>` | an ID such as `vol-0…` out of the account's pool |
//! | `<name:queue>` | a resource's name out of the pool of that kind |
//! | `<uid:kms>` | a GUID out of the pool of that kind |
//! | `<address>` | a private IPv4 address |
//! | `<guid>` `<GUID>` `<hex:N>` `<base64:N>` `<base32:N>` `<number:A-B>` `<one:a\|b\|c>` | fresh chance |
//!
//! `bucket`, `key`, `id`, `name`, `uid`, `address` have one value throughout a record: the object in
//! `requestParameters` is the object in `resources`.

use crate::dice::{Dice, label, mix, push_base32, push_guid, push_hex, scale, scale_skewed};
use crate::organisation::{
    ACCOUNTS, BUCKETS_PER_CELL, NAMES_MAX, REGIONS, push_bucket, push_name, push_private_address,
};
use crate::record::{iso, text_time};

/// The most different pooled values one record can hold.
pub(crate) const DRAWS: usize = 8;
const IDS_PER_POOL: u32 = 400;
const GUIDS_PER_POOL: u32 = 60;

/// What the gaps of one record are filled from.
pub(crate) struct Scene<'a> {
    pub(crate) seed: u64,
    pub(crate) account: usize,
    pub(crate) region: usize,
    /// Seconds since 1970.
    pub(crate) at: i64,
    pub(crate) caller: &'a str,
    /// One draw for each pooled value.
    pub(crate) draws: [u64; DRAWS],
}

/// A compiled fragment; an empty one stands for an absent member.
#[derive(Debug, Default)]
pub(crate) struct Template {
    pieces: Vec<Piece>,
}

#[derive(Debug)]
enum Piece {
    Text(&'static str),
    Account,
    Region,
    Caller,
    Time,
    TextTime,
    Milliseconds,
    Date,
    Bucket(usize),
    Key(usize),
    Id(&'static str, usize),
    Name(u64, usize),
    Uid(u64, usize),
    Address(usize),
    Guid,
    UpperGuid,
    Hex(usize),
    Base64(usize),
    Base32(usize),
    Number(u32, u32),
    One(Vec<&'static str>),
}

/// Compiles the fragments of one action; they share its pooled values.
#[derive(Default)]
pub(crate) struct Compiler {
    pooled: Vec<&'static str>,
}

impl Compiler {
    /// Returns the compiled fragment.
    ///
    /// # Panics
    ///
    /// On a gap of unknown name: a mistake in the catalogue, found by the first test that opens it.
    pub(crate) fn compile(&mut self, text: &'static str) -> Template {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find('<') {
            let close = rest[open..].find('>').map(|offset| open + offset).expect("each gap is closed");
            if open > 0 {
                pieces.push(Piece::Text(&rest[..open]));
            }
            pieces.push(self.gap(&rest[open + 1..close]));
            rest = &rest[close + 1..];
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest));
        }
        Template { pieces }
    }

    fn gap(&mut self, gap: &'static str) -> Piece {
        let (name, argument) = gap.split_once(':').unwrap_or((gap, ""));
        let length = || argument.parse().expect("the length of a gap is a number");
        match name {
            "account" => Piece::Account,
            "region" => Piece::Region,
            "caller" => Piece::Caller,
            "time" => Piece::Time,
            "text time" => Piece::TextTime,
            "ms" => Piece::Milliseconds,
            "date" => Piece::Date,
            "bucket" => Piece::Bucket(self.draw(gap)),
            "key" => Piece::Key(self.draw(gap)),
            "id" => Piece::Id(argument, self.draw(gap)),
            "name" => Piece::Name(label(argument), self.draw(gap)),
            "uid" => Piece::Uid(label(argument), self.draw(gap)),
            "address" => Piece::Address(self.draw(gap)),
            "guid" => Piece::Guid,
            "GUID" => Piece::UpperGuid,
            "hex" => Piece::Hex(length()),
            "base64" => Piece::Base64(length()),
            "base32" => Piece::Base32(length()),
            "number" => {
                let (low, high) = argument.split_once('-').expect("a number's gap has two bounds");
                Piece::Number(low.parse().expect("a lower bound"), high.parse().expect("an upper bound"))
            }
            "one" => Piece::One(argument.split('|').collect()),
            _ => panic!("catalogue: no gap is called `{gap}`"),
        }
    }

    fn draw(&mut self, gap: &'static str) -> usize {
        if let Some(index) = self.pooled.iter().position(|known| *known == gap) {
            return index;
        }
        self.pooled.push(gap);
        assert!(self.pooled.len() <= DRAWS, "catalogue: more than {DRAWS} pooled values, the last is `{gap}`");
        self.pooled.len() - 1
    }
}

impl Template {
    /// Appends the fragment with its gaps filled.
    pub(crate) fn fill(&self, out: &mut String, scene: &Scene<'_>, dice: &mut Dice) {
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Account => out.push_str(ACCOUNTS[scene.account].id),
                Piece::Region => out.push_str(REGIONS[scene.region].name),
                Piece::Caller => out.push_str(scene.caller),
                Piece::Guid => dice.guid(out),
                Piece::Hex(n) => dice.hex(out, *n),
                Piece::Base64(n) => dice.base64(out, *n),
                Piece::Base32(n) => dice.base32(out, *n),
                Piece::Number(low, high) => out.push_str(&dice.between(*low, *high).to_string()),
                Piece::One(choices) => out.push_str(dice.pick::<&str>(choices)),
                Piece::UpperGuid => {
                    let start = out.len();
                    dice.guid(out);
                    out[start..].make_ascii_uppercase();
                }
                Piece::Time => iso(out, scene.at),
                Piece::TextTime => text_time(out, scene.at),
                Piece::Milliseconds => out.push_str(&(scene.at * 1000 + i64::from(dice.below(1000))).to_string()),
                Piece::Date => {
                    iso(out, scene.at);
                    out.truncate(out.len() - "T00:00:00Z".len());
                }
                Piece::Bucket(_)
                | Piece::Key(_)
                | Piece::Id(..)
                | Piece::Name(..)
                | Piece::Uid(..)
                | Piece::Address(_) => {
                    piece.fill_pooled(out, scene);
                }
            }
        }
    }
}

impl Piece {
    fn fill_pooled(&self, out: &mut String, scene: &Scene<'_>) {
        let place = [scene.account as u64, scene.region as u64];
        match self {
            Piece::Bucket(draw) => {
                let index = scale_skewed(scene.draws[*draw], BUCKETS_PER_CELL);
                push_bucket(out, scene.seed, scene.account, scene.region, index);
            }
            Piece::Key(draw) => push_key(out, scene.draws[*draw], scene.at),
            Piece::Id(prefix, draw) => {
                let index = u64::from(scale_skewed(scene.draws[*draw], IDS_PER_POOL));
                out.push_str(prefix);
                out.push_str("-0");
                push_hex(out, mix(scene.seed, &[label(prefix), place[0], place[1], index]), 16);
            }
            Piece::Name(kind, draw) => push_name(out, *kind, scale_skewed(scene.draws[*draw], NAMES_MAX)),
            Piece::Uid(kind, draw) => {
                let index = u64::from(scale_skewed(scene.draws[*draw], GUIDS_PER_POOL));
                let high = mix(scene.seed, &[*kind, place[0], place[1], index]);
                push_guid(out, high, mix(high, &[*kind]));
            }
            Piece::Address(draw) => push_private_address(out, scene.account, scene.draws[*draw]),
            _ => unreachable!("only pooled pieces come here"),
        }
    }
}

/// Appends the key of an object: the common layouts of data lakes, uploads, exports, artifacts.
pub(crate) fn push_key(out: &mut String, draw: u64, at: i64) {
    let mut day = String::new();
    iso(&mut day, at - 86_400 * i64::from(scale((draw >> 32) as u32, 3)));
    let (year, month, date, hour) = (&day[..4], &day[5..7], &day[8..10], &day[11..13]);
    let mut topic = String::new();
    push_name(&mut topic, label("dataset"), scale_skewed(draw, 40));
    let more = mix(draw, &[1]);
    match draw % 16 {
        0..5 => {
            out.push_str(&format!("lake/{topic}/year={year}/month={month}/day={date}/hour={hour}/part-"));
            out.push_str(&format!("{:05}-", draw >> 8 & 0x3ff));
            push_guid(out, draw, more);
            out.push_str("-c000.snappy.parquet");
        }
        5..9 => {
            out.push_str("uploads/");
            push_guid(out, draw, more);
            out.push_str(if draw & 32 == 0 { "/original.jpg" } else { "/thumbnail_640.webp" });
        }
        9..11 => {
            out.push_str(&format!("exports/{year}/{month}/{date}/{topic}-"));
            push_hex(out, more, 12);
            out.push_str(".csv.gz");
        }
        11..13 => {
            out.push_str(&format!("artifacts/{topic}/"));
            push_hex(out, draw, 16);
            push_hex(out, more, 16);
            push_hex(out, mix(more, &[2]), 8);
            out.push_str("/bundle.zip");
        }
        13..15 => {
            out.push_str(&format!("logs/{topic}/{year}-{month}-{date}-{hour}-"));
            push_base32(out, more, 16);
            out.push_str(".log.gz");
        }
        _ => {
            out.push_str(&format!("config/{topic}/settings.json"));
        }
    }
}
