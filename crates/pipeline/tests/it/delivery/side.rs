//! Side channels.
