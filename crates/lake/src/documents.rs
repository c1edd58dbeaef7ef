//! Documents that a lake keeps for others beside its tables: trails, channels, keys, jobs. What they mean is not known here.
//!
//! A document is a text with a kind and an id, in `control.db`. Several processes may hold them open at once. A change
//! is all or nothing and can demand that what it replaces is still what its author has read, so that two who change one
//! document at a time do not undo each other's work.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::control::failure;
use crate::error::{Error, ErrorKind, Result};
use crate::location;

/// Ids are numbers that SQLite gives once: the order of creation.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS document (
        number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id TEXT NOT NULL,
        revision INTEGER NOT NULL, body TEXT NOT NULL, UNIQUE (kind, id));
    CREATE TABLE IF NOT EXISTS document_clock (changes INTEGER NOT NULL);
    INSERT INTO document_clock SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM document_clock);
";

/// How long a change waits for one of another process.
const BUSY_WAIT: Duration = Duration::from_secs(10);

/// The documents of a lake. Calls are short and block the thread.
pub struct Documents {
    connection: Mutex<Connection>,
}

/// A document as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its name among those of its kind.
    pub id: String,
    /// Grows with each change of any document, so that a document that was deleted and made anew is not mistaken.
    pub revision: i64,
    /// Its text.
    pub body: String,
}

/// A document that was read as a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept<T> {
    /// Its revision.
    pub revision: i64,
    /// What it says.
    pub value: T,
}

/// Writes a value as the text of a document, in JSON.
///
/// # Errors
/// [`ErrorKind::Control`] for a value that JSON has no form for.
pub fn to_body(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::because(ErrorKind::Control, "write a document as JSON", error))
}

/// What a change demands of the document that it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// Nothing.
    Any,
    /// That there is none.
    Absent,
    /// That it is there, with this revision.
    Revision(i64),
}

/// One part of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change<'a> {
    /// Makes or replaces a document.
    Put {
        /// Kind of the document.
        kind: &'a str,
        /// Its id.
        id: &'a str,
        /// Its text from now on.
        body: &'a str,
        /// What is demanded of the one before.
        expect: Expect,
    },
    /// Deletes a document; without effect where there is none and none is demanded.
    Delete {
        /// Kind of the document.
        kind: &'a str,
        /// Its id.
        id: &'a str,
        /// What is demanded of it.
        expect: Expect,
    },
}

impl Documents {
    /// Opens the documents in a data folder, making the folder if there is none.
    ///
    /// # Errors
    /// [`ErrorKind::Control`] if they cannot be read or made.
    pub fn open(data: &Path) -> Result<Documents> {
        location::make_private_folder(data)?;
        let path = data.join("control.db");
        let failed = |error| failure(format!("open the documents in `{}`", path.display()), error);
        let connection = Connection::open(&path).map_err(failed)?;
        location::make_private_file(&path).map_err(|error| {
            Error::because(ErrorKind::Control, format!("close `{}` to others", path.display()), error)
        })?;
        connection.busy_timeout(BUSY_WAIT).map_err(failed)?;
        connection.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
        connection.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
        connection.execute_batch(SCHEMA).map_err(failed)?;
        Ok(Documents { connection: Mutex::new(connection) })
    }

    /// Returns a document, if it is there.
    ///
    /// # Errors
    /// [`ErrorKind::Control`] if the documents cannot be read.
    pub fn get(&self, kind: &str, id: &str) -> Result<Option<Document>> {
        let failed = |error| failure(format!("read the {kind} `{id}`"), error);
        let connection = self.lock();
        let sql = "SELECT id, revision, body FROM document WHERE kind = ?1 AND id = ?2";
        let mut statement = connection.prepare_cached(sql).map_err(failed)?;
        statement.query_row([kind, id], document).optional().map_err(failed)
    }

    /// Returns all documents of a kind, in the order in which they were made.
    ///
    /// # Errors
    /// [`ErrorKind::Control`] if the documents cannot be read.
    pub fn list(&self, kind: &str) -> Result<Vec<Document>> {
        let failed = |error| failure(format!("list documents of the kind {kind}"), error);
        let connection = self.lock();
        let sql = "SELECT id, revision, body FROM document WHERE kind = ?1 ORDER BY number";
        let mut statement = connection.prepare_cached(sql).map_err(failed)?;
        let rows = statement.query_map([kind], document).map_err(failed)?;
        rows.collect::<rusqlite::Result<_>>().map_err(failed)
    }

    /// Returns a document as a value, if it is there.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] if its text is no such value, and those of [`Documents::get`].
    pub fn read<T: DeserializeOwned>(&self, kind: &str, id: &str) -> Result<Option<Kept<T>>> {
        self.get(kind, id)?.map(|document| kept(kind, &document)).transpose()
    }

    /// Returns all documents of a kind as values, in the order in which they were made.
    ///
    /// # Errors
    /// As [`Documents::read`].
    pub fn read_all<T: DeserializeOwned>(&self, kind: &str) -> Result<Vec<Kept<T>>> {
        self.list(kind)?.iter().map(|document| kept(kind, document)).collect()
    }

    /// Returns a number that grows with every change, by whichever process: as long as it stays, nothing changed.
    ///
    /// # Errors
    /// [`ErrorKind::Control`] if the documents cannot be read.
    pub fn changes(&self) -> Result<i64> {
        let failed = |error| failure("read how often documents changed", error);
        let connection = self.lock();
        let mut statement = connection.prepare_cached("SELECT changes FROM document_clock").map_err(failed)?;
        statement.query_row([], |row| row.get(0)).map_err(failed)
    }

    /// Makes all parts of a change, or none, and returns the revision of the documents that were put. When it returns,
    /// they are on disk.
    ///
    /// # Errors
    /// [`ErrorKind::Changed`] if a document is not as demanded: read it again. [`ErrorKind::Control`] or
    /// [`ErrorKind::Full`] if the documents cannot be written.
    pub fn apply(&self, change: &[Change<'_>]) -> Result<i64> {
        let failed = |error| failure("change documents", error);
        let mut connection = self.lock();
        let transaction =
            connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(failed)?;
        let sql = "UPDATE document_clock SET changes = changes + 1 RETURNING changes";
        let revision: i64 = transaction.query_row(sql, [], |row| row.get(0)).map_err(failed)?;
        for part in change {
            apply(&transaction, part, revision)?;
        }
        transaction.commit().map_err(failed)?;
        Ok(revision)
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Documents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Documents").finish_non_exhaustive()
    }
}

fn apply(transaction: &Transaction<'_>, part: &Change<'_>, revision: i64) -> Result<()> {
    let (Change::Put { kind, id, expect, .. } | Change::Delete { kind, id, expect }) = part;
    let failed = |error| failure(format!("change the {kind} `{id}`"), error);
    let sql = "SELECT revision FROM document WHERE kind = ?1 AND id = ?2";
    let mut statement = transaction.prepare_cached(sql).map_err(failed)?;
    let found: Option<i64> = statement.query_row([kind, id], |row| row.get(0)).optional().map_err(failed)?;
    let is_as_demanded = match expect {
        Expect::Any => true,
        Expect::Absent => found.is_none(),
        Expect::Revision(demanded) => found == Some(*demanded),
    };
    if !is_as_demanded {
        let message = match found {
            Some(_) => format!("the {kind} `{id}` was changed or made by somebody else: read it again"),
            None => format!("the {kind} `{id}` was deleted by somebody else"),
        };
        return Err(Error::new(ErrorKind::Changed, message));
    }
    match part {
        Change::Put { body, .. } => {
            let sql = "INSERT INTO document (kind, id, revision, body) VALUES (?1, ?2, ?3, ?4)
                       ON CONFLICT (kind, id) DO UPDATE SET revision = excluded.revision, body = excluded.body";
            let mut statement = transaction.prepare_cached(sql).map_err(failed)?;
            statement.execute(params![kind, id, revision, body]).map(drop).map_err(failed)
        }
        Change::Delete { .. } => {
            let mut statement =
                transaction.prepare_cached("DELETE FROM document WHERE kind = ?1 AND id = ?2").map_err(failed)?;
            statement.execute([kind, id]).map(drop).map_err(failed)
        }
    }
}

fn kept<T: DeserializeOwned>(kind: &str, document: &Document) -> Result<Kept<T>> {
    let failed = |error| {
        let message = format!("understand the {kind} `{}`, which a newer version may have written", document.id);
        Error::because(ErrorKind::Corrupt, message, error)
    };
    let value = serde_json::from_str(&document.body).map_err(failed)?;
    Ok(Kept { revision: document.revision, value })
}

fn document(row: &Row<'_>) -> rusqlite::Result<Document> {
    Ok(Document { id: row.get(0)?, revision: row.get(1)?, body: row.get(2)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put<'a>(id: &'a str, body: &'a str, expect: Expect) -> Change<'a> {
        Change::Put { kind: "trail", id, body, expect }
    }

    fn ids(documents: &Documents) -> Vec<(String, String)> {
        documents.list("trail").unwrap().into_iter().map(|document| (document.id, document.body)).collect()
    }

    #[test]
    fn a_change_is_made_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let documents = Documents::open(folder.path()).unwrap();
        let first = documents.apply(&[put("b", "1", Expect::Absent), put("a", "2", Expect::Absent)]).unwrap();
        let refused = documents.apply(&[put("b", "3", Expect::Any), put("a", "4", Expect::Revision(first + 1))]);
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Changed);
        assert_eq!(ids(&documents), [("b".into(), "1".into()), ("a".into(), "2".into())], "in order of creation");
        let other = Documents::open(folder.path()).unwrap();
        let second = other.apply(&[put("b", "3", Expect::Revision(first))]).unwrap();
        assert!(second > first && documents.changes().unwrap() == second);
        assert_eq!(documents.get("trail", "b").unwrap().unwrap().revision, second);
        let gone = Change::Delete { kind: "trail", id: "b", expect: Expect::Revision(second) };
        documents.apply(std::slice::from_ref(&gone)).unwrap();
        assert_eq!(documents.apply(&[gone]).unwrap_err().kind(), ErrorKind::Changed);
        assert_eq!(ids(&other), [("a".into(), "2".into())]);
    }
}
