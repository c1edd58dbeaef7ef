//! `trailkeep serve` and `trailkeep keys`, called by AWS's own client.

mod door;
mod serving;
