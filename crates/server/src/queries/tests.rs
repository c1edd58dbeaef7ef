//! Queries against a service over a small lake.
