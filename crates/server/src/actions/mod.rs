//! What the operations do, one file each.
