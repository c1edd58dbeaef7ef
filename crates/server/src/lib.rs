//! CloudTrail's own API, and the ways to push events in.
