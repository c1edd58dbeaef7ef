//! Control documents in SQLite: the ledger of objects that were read, and the intents of the commit protocol.
//!
//! The lake's truth is the Delta log; this file says what was meant. If it is lost, everything is read again and
//! de-duplication absorbs it. Its tables are described in `docs/format/control.md`.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, params};

use crate::error::{Error, ErrorKind, Result};
use crate::location;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS writer (id TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS object (
        uri TEXT NOT NULL, identity TEXT NOT NULL, batch INTEGER NOT NULL, outcome TEXT NOT NULL,
        bytes INTEGER NOT NULL, events INTEGER NOT NULL, rejects INTEGER NOT NULL,
        PRIMARY KEY (uri, identity)) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS object_by_batch ON object (batch);
    CREATE TABLE IF NOT EXISTS intent (batch INTEGER PRIMARY KEY, files TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS hold (name TEXT PRIMARY KEY, first_date INTEGER NOT NULL, last_date INTEGER NOT NULL, reason TEXT NOT NULL) WITHOUT ROWID;
";

/// An object that was read to its end: what the ledger keeps of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerObject {
    /// URI of the object.
    pub uri: String,
    /// What changes when the object is overwritten.
    pub identity: String,
    /// What became of it: `stored`, `digest`, or why it was skipped.
    pub outcome: String,
    /// Bytes as they lie at the source.
    pub bytes: u64,
    /// Events in it, duplicates counted.
    pub events: u64,
    /// Rejects in it.
    pub rejects: u64,
}

/// What a batch was about to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Intent {
    pub batch: i64,
    /// Planned files, each with its table in front: `events/eventdate=.../part-...parquet`.
    pub files: Vec<String>,
}

/// The control documents of a lake.
pub(crate) struct Control {
    connection: Mutex<Connection>,
    /// Part of the name of every file that is written with these documents.
    pub writer: String,
}

impl Control {
    pub(crate) fn open(data: &Path) -> Result<Control> {
        location::make_private_folder(data)?;
        let path = data.join("control.db");
        let failed = |error| {
            Error::because(ErrorKind::Control, format!("open the control documents `{}`", path.display()), error)
        };
        let connection = Connection::open(&path).map_err(failed)?;
        location::make_private_file(&path).map_err(|error| {
            Error::because(ErrorKind::Control, format!("close `{}` to others", path.display()), error)
        })?;
        connection.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
        connection.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
        connection.execute_batch(SCHEMA).map_err(failed)?;
        // Two data folders may write to one lake in turn: the names of their files must never be the same.
        let sql = "INSERT INTO writer (id) SELECT lower(hex(randomblob(4))) WHERE NOT EXISTS (SELECT 1 FROM writer)";
        connection.execute(sql, []).map_err(failed)?;
        let writer = connection.query_row("SELECT id FROM writer", [], |row| row.get(0)).map_err(failed)?;
        Ok(Control { connection: Mutex::new(connection), writer })
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns which of these objects, by URI and identity, were read before.
    pub(crate) fn known<'o>(&self, objects: impl Iterator<Item = (&'o str, &'o str)>) -> Result<Vec<bool>> {
        let failed = |error| Error::because(ErrorKind::Control, "look objects up in the ledger", error);
        let connection = self.lock();
        let mut statement =
            connection.prepare_cached("SELECT 1 FROM object WHERE uri = ?1 AND identity = ?2").map_err(failed)?;
        objects.map(|(uri, identity)| statement.exists([uri, identity]).map_err(failed)).collect()
    }

    /// Writes down what a batch is about to do, with the objects that it completes.
    pub(crate) fn begin(&self, intent: &Intent, objects: &[LedgerObject]) -> Result<()> {
        let failed =
            |error| Error::because(ErrorKind::Control, format!("write the intent of batch {}", intent.batch), error);
        let mut connection = self.lock();
        let transaction = connection.transaction().map_err(failed)?;
        transaction
            .execute(
                "INSERT INTO intent (batch, files) VALUES (?1, ?2)",
                params![intent.batch, intent.files.join("\n")],
            )
            .map_err(failed)?;
        insert_objects(&transaction, intent.batch, objects).map_err(failed)?;
        transaction.commit().map_err(failed)
    }

    /// Strikes an intent off: its batch is in the lake.
    pub(crate) fn done(&self, batch: i64) -> Result<()> {
        let failed = |error| Error::because(ErrorKind::Control, format!("mark batch {batch} as done"), error);
        self.lock().execute("DELETE FROM intent WHERE batch = ?1", [batch]).map(drop).map_err(failed)
    }

    /// Forgets a batch that never reached the lake, and the objects it would have completed.
    pub(crate) fn undo(&self, batch: i64) -> Result<()> {
        let failed = |error| Error::because(ErrorKind::Control, format!("undo batch {batch}"), error);
        let mut connection = self.lock();
        let transaction = connection.transaction().map_err(failed)?;
        transaction.execute("DELETE FROM object WHERE batch = ?1", [batch]).map_err(failed)?;
        transaction.execute("DELETE FROM intent WHERE batch = ?1", [batch]).map_err(failed)?;
        transaction.commit().map_err(failed)
    }

    /// Returns the intents of which it is not known what became of them.
    pub(crate) fn open_intents(&self) -> Result<Vec<Intent>> {
        let failed = |error| Error::because(ErrorKind::Control, "read the open intents", error);
        let connection = self.lock();
        let mut statement = connection.prepare("SELECT batch, files FROM intent ORDER BY batch").map_err(failed)?;
        let rows = statement
            .query_map([], |row| {
                let files: String = row.get(1)?;
                Ok(Intent { batch: row.get(0)?, files: files.lines().map(str::to_owned).collect() })
            })
            .map_err(failed)?;
        rows.collect::<Result<_, _>>().map_err(failed)
    }

    /// Returns the greatest batch number that was ever meant.
    pub(crate) fn last_batch(&self) -> Result<i64> {
        let sql =
            "SELECT max(coalesce((SELECT max(batch) FROM intent), 0), coalesce((SELECT max(batch) FROM object), 0))";
        self.lock()
            .query_row(sql, [], |row| row.get(0))
            .map_err(|error| Error::because(ErrorKind::Control, "read the last batch", error))
    }

    /// Puts a hold on dates, or replaces the hold of that name.
    pub(crate) fn put_hold(&self, hold: &crate::retention::Hold) -> Result<()> {
        let sql = "INSERT OR REPLACE INTO hold (name, first_date, last_date, reason) VALUES (?1, ?2, ?3, ?4)";
        let values = params![hold.name, hold.first_date, hold.last_date, hold.reason];
        self.lock()
            .execute(sql, values)
            .map(drop)
            .map_err(|error| Error::because(ErrorKind::Control, "write a hold", error))
    }

    /// Lifts a hold; returns false if there is none of that name.
    pub(crate) fn lift_hold(&self, name: &str) -> Result<bool> {
        let result = self.lock().execute("DELETE FROM hold WHERE name = ?1", [name]);
        result
            .map(|rows| rows > 0)
            .map_err(|error| Error::because(ErrorKind::Control, format!("lift the hold `{name}`"), error))
    }

    /// Returns all holds, by name.
    pub(crate) fn holds(&self) -> Result<Vec<crate::retention::Hold>> {
        let failed = |error| Error::because(ErrorKind::Control, "read the holds", error);
        let connection = self.lock();
        let mut statement =
            connection.prepare("SELECT name, first_date, last_date, reason FROM hold ORDER BY name").map_err(failed)?;
        let rows = statement
            .query_map([], |row| {
                Ok(crate::retention::Hold {
                    name: row.get(0)?,
                    first_date: row.get(1)?,
                    last_date: row.get(2)?,
                    reason: row.get(3)?,
                })
            })
            .map_err(failed)?;
        rows.collect::<Result<_, _>>().map_err(failed)
    }
}

fn insert_objects(connection: &Connection, batch: i64, objects: &[LedgerObject]) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO object (uri, identity, batch, outcome, bytes, events, rejects) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let mut statement = connection.prepare_cached(sql)?;
    for object in objects {
        let counts = (object.bytes as i64, object.events as i64, object.rejects as i64);
        statement.execute(params![object.uri, object.identity, batch, object.outcome, counts.0, counts.1, counts.2])?;
    }
    Ok(())
}
