//! Origins of many events at once: each distinct credential is resolved once, until a new edge may change the answer.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use crate::credential::{Credential, Use};
use crate::origin::Origin;
use crate::sessions::Sessions;

/// Most credentials remembered. Beyond it the memory starts anew.
const CREDENTIALS_MAX: usize = 1 << 16;

/// A memory of what was resolved.
#[derive(Debug, Default)]
pub struct Origins {
    known: HashMap<u64, Vec<Known>>,
    credentials: usize,
    generation: u64,
    hasher: RandomState,
}

#[derive(Debug)]
struct Known {
    credential: Credential<String>,
    origin: Option<Arc<Origin>>,
}

impl Origins {
    /// Returns who stands behind a use, as [`Sessions::resolve`] does. One memory serves one store.
    pub fn of(&mut self, sessions: &Sessions, used: &Use<'_>) -> Option<Arc<Origin>> {
        if self.generation != sessions.generation() || self.credentials >= CREDENTIALS_MAX {
            self.known.clear();
            self.credentials = 0;
            self.generation = sessions.generation();
        }
        // A use is borrowed and what is remembered is owned: found by hash, then compared.
        let bucket = self.known.entry(self.hasher.hash_one(used)).or_default();
        if let Some(known) = bucket.iter().find(|known| known.credential.as_use() == *used) {
            return known.origin.clone();
        }
        let origin = sessions.resolve(used).map(Arc::new);
        bucket.push(Known { credential: used.to_owned(), origin: origin.clone() });
        self.credentials += 1;
        origin
    }
}
