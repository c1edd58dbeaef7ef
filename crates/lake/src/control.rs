//! Control documents in SQLite: the ledger of objects that were read, and the intents of the commit protocol.
//!
//! The lake's truth is the Delta log; this file says what was meant. If it is lost, everything is read again and
//! de-duplication absorbs it. Its tables are described in `docs/format/control.md`.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{Context, SHA256};
use rusqlite::ffi::SQLITE_IOERR_SHMSIZE;
use rusqlite::{Connection, OptionalExtension, params};

use crate::error::{Error, ErrorKind, Result};
use crate::location;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS writer (id TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS read_object (key BLOB PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS intent (batch INTEGER PRIMARY KEY, files TEXT NOT NULL, objects BLOB NOT NULL DEFAULT x'');
    CREATE TABLE IF NOT EXISTS last_batch (batch INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS hold (name TEXT PRIMARY KEY, first_date INTEGER NOT NULL, last_date INTEGER NOT NULL, reason TEXT NOT NULL) WITHOUT ROWID;
";

/// Bytes of an object's key in the ledger: a URI is long and there are many, and nobody asks the ledger for one.
const KEY_BYTES: usize = 16;

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
        let failed = |error| failure(format!("open the control documents `{}`", path.display()), error);
        let connection = Connection::open(&path).map_err(failed)?;
        location::make_private_file(&path).map_err(|error| {
            Error::because(ErrorKind::Control, format!("close `{}` to others", path.display()), error)
        })?;
        // Others keep documents in the same file.
        connection.busy_timeout(std::time::Duration::from_secs(10)).map_err(failed)?;
        connection.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
        connection.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
        upgrade(&connection).map_err(failed)?;
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
        let failed = |error| failure("look objects up in the ledger", error);
        let connection = self.lock();
        let mut statement = connection.prepare_cached("SELECT 1 FROM read_object WHERE key = ?1").map_err(failed)?;
        objects.map(|(uri, identity)| statement.exists([key(uri, identity)]).map_err(failed)).collect()
    }

    /// Writes down what a batch is about to do, with the objects that it completes.
    pub(crate) fn begin(&self, intent: &Intent, objects: &[LedgerObject]) -> Result<()> {
        let failed = |error| failure(format!("write the intent of batch {}", intent.batch), error);
        let mut connection = self.lock();
        let transaction = connection.transaction().map_err(failed)?;
        let keys: Vec<_> = objects.iter().map(|object| key(&object.uri, &object.identity)).collect();
        let sql = "INSERT INTO intent (batch, files, objects) VALUES (?1, ?2, ?3)";
        transaction.execute(sql, params![intent.batch, intent.files.join("\n"), keys.concat()]).map_err(failed)?;
        insert_keys(&transaction, &keys).map_err(failed)?;
        transaction.execute("UPDATE last_batch SET batch = max(batch, ?1)", [intent.batch]).map_err(failed)?;
        transaction.commit().map_err(failed)
    }

    /// Strikes an intent off: its batch is in the lake.
    pub(crate) fn done(&self, batch: i64) -> Result<()> {
        let failed = |error| failure(format!("mark batch {batch} as done"), error);
        self.lock().execute("DELETE FROM intent WHERE batch = ?1", [batch]).map(drop).map_err(failed)
    }

    /// Forgets a batch that never reached the lake, and the objects it would have completed.
    pub(crate) fn undo(&self, batch: i64) -> Result<()> {
        let failed = |error| failure(format!("undo batch {batch}"), error);
        let mut connection = self.lock();
        let transaction = connection.transaction().map_err(failed)?;
        let sql = "SELECT objects FROM intent WHERE batch = ?1";
        let keys: Option<Vec<u8>> = transaction.query_row(sql, [batch], |row| row.get(0)).optional().map_err(failed)?;
        for key in keys.unwrap_or_default().chunks_exact(KEY_BYTES) {
            transaction.execute("DELETE FROM read_object WHERE key = ?1", [key]).map_err(failed)?;
        }
        transaction.execute("DELETE FROM intent WHERE batch = ?1", [batch]).map_err(failed)?;
        transaction.commit().map_err(failed)
    }

    /// Returns the intents of which it is not known what became of them.
    pub(crate) fn open_intents(&self) -> Result<Vec<Intent>> {
        let failed = |error| failure("read the open intents", error);
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
        let sql = "SELECT batch FROM last_batch";
        self.lock().query_row(sql, [], |row| row.get(0)).map_err(|error| failure("read the last batch", error))
    }

    /// Returns the holds that an older version kept here; today they lie beside the table.
    pub(crate) fn old_holds(&self) -> Result<Vec<crate::retention::Hold>> {
        let failed = |error| failure("read the holds", error);
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

    /// Forgets the holds of an older version, once they lie beside the table.
    pub(crate) fn forget_old_holds(&self) -> Result<()> {
        let result = self.lock().execute("DELETE FROM hold", []);
        result.map(drop).map_err(|error| failure("take over the holds of an older version", error))
    }
}

/// An error of SQLite, which tells of a full disk by a code of its own.
pub(crate) fn failure(message: impl Into<String>, error: rusqlite::Error) -> Error {
    // The file beside the log of SQLite is made as large as it must be before it is used.
    let no_room_for_index = error.sqlite_error().map(|error| error.extended_code) == Some(SQLITE_IOERR_SHMSIZE);
    if no_room_for_index || error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull) {
        return Error::because(ErrorKind::Full, format!("{}: no room for `control.db`", message.into()), error);
    }
    Error::because(ErrorKind::Control, message, error)
}

/// Returns an object's key in the ledger: the first half of the SHA-256 of its URI and identity.
fn key(uri: &str, identity: &str) -> [u8; KEY_BYTES] {
    let mut context = Context::new(&SHA256);
    context.update(uri.as_bytes());
    context.update(b"\n");
    context.update(identity.as_bytes());
    let mut key = [0; KEY_BYTES];
    key.iter_mut().zip(context.finish().as_ref()).for_each(|(byte, hash)| *byte = *hash);
    key
}

fn insert_keys(connection: &Connection, keys: &[[u8; KEY_BYTES]]) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached("INSERT OR IGNORE INTO read_object (key) VALUES (?1)")?;
    keys.iter().try_for_each(|key| statement.execute([key]).map(drop))
}

/// Makes the tables, and takes over what the first version kept: it had each object's URI and counts in a table
/// `object`. Those of a batch of which it is not known what became of it are left out, and read again.
fn upgrade(connection: &Connection) -> rusqlite::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    let has_objects = connection.table_exists(None, "object")?;
    if has_objects {
        transaction.execute("ALTER TABLE intent ADD COLUMN objects BLOB NOT NULL DEFAULT x''", [])?;
    }
    transaction.execute_batch(SCHEMA)?;
    transaction.execute("INSERT INTO last_batch SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM last_batch)", [])?;
    if has_objects {
        let mut old =
            transaction.prepare("SELECT uri, identity FROM object WHERE batch NOT IN (SELECT batch FROM intent)")?;
        let keys = old.query_map([], |row| {
            let (uri, identity): (String, String) = (row.get(0)?, row.get(1)?);
            Ok(key(&uri, &identity))
        })?;
        insert_keys(&transaction, &keys.collect::<Result<Vec<_>, _>>()?)?;
        drop(old);
        transaction.execute_batch(
            "UPDATE last_batch SET batch = max(coalesce((SELECT max(batch) FROM intent), 0), coalesce((SELECT max(batch) FROM object), 0));
             DROP TABLE object;",
        )?;
    }
    transaction.commit()
}
