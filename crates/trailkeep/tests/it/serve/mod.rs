//! `trailkeep serve` and `trailkeep keys`, called by AWS's own client.

mod collect;
mod door;
mod serving;
