//! Buckets that are folders on this machine, for those who have no S3: an object is a file, its metadata lie beside.
//!
//! `ROOT/NAME/KEY` is the object, `ROOT/.metadata/NAME/KEY.json` an object of JSON with its user metadata, if it has any.
//! Both are written whole or not at all. No bucket has a name that begins with a full stop.

use std::collections::HashMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};

use crate::aws::Standing;
use crate::error::{Error, ErrorKind, Result};
use crate::put::Object;

/// The folder beside the buckets that holds the metadata of their objects.
const METADATA: &str = ".metadata";
/// The folder beside the buckets that holds what is being written.
const PARTIAL: &str = ".partial";
/// How many folders around an object are looked at for its bucket.
const FOLDERS_MAX: usize = 32;
/// How large a file with metadata may be.
const METADATA_BYTES_MAX: u64 = 64 << 10;

/// Buckets below a folder. Cheap to clone.
#[derive(Debug, Clone)]
pub struct FolderBuckets {
    root: Arc<Path>,
}

impl FolderBuckets {
    /// Takes a folder, which is made when the first bucket is.
    pub fn new(root: impl Into<PathBuf>) -> FolderBuckets {
        FolderBuckets { root: Arc::from(root.into()) }
    }

    /// Returns the folder that holds the metadata of a bucket's objects.
    pub fn metadata_folder(&self, bucket: &str) -> PathBuf {
        self.root.join(METADATA).join(bucket)
    }

    /// Makes a bucket if there is none, and says whether it can be used.
    ///
    /// # Errors
    /// If the folder cannot be made.
    pub fn make(&self, bucket: &str) -> Result<Standing> {
        if !is_bucket_name(bucket) {
            return Ok(Standing::Missing);
        }
        let path = self.root.join(bucket);
        match make_folder(&path) {
            Ok(()) => Ok(Standing::Usable),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(Standing::Forbidden),
            Err(error) => Err(Error::io("cannot make the bucket", &path, error)),
        }
    }

    /// Puts an object into a bucket, first its metadata, then its bytes. Blocks the thread until both are on disk.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] with the code `NoSuchBucket` if the bucket's folder is not there; it is not made.
    pub fn put(&self, bucket: &str, object: &Object) -> Result<()> {
        let folder = self.root.join(bucket);
        if !is_bucket_name(bucket) || !folder.is_dir() {
            let message =
                format!("cannot put `s3://{bucket}/{}`: there is no folder `{}`", object.key, folder.display());
            return Err(Error::new(ErrorKind::NotFound, message)
                .with("code", "NoSuchBucket")
                .advise("make the folder again, or name another bucket"));
        }
        if !is_plain_key(&object.key) {
            let message = format!("cannot put an object with the key `{}`", object.key.escape_debug());
            return Err(Error::new(ErrorKind::Configuration, message)
                .with("code", "InvalidArgument")
                .advise("leave out empty parts, `.`, `..` and control characters"));
        }
        if !object.metadata.is_empty() {
            let members = object.metadata.iter().map(|(name, value)| (name.clone(), value.clone().into()));
            let text = serde_json::Value::Object(members.collect()).to_string();
            let path = self.metadata_folder(bucket).join(format!("{}.json", object.key));
            self.write(&path, text.as_bytes()).map_err(|error| failed(&path, error))?;
        }
        let path = folder.join(&object.key);
        self.write(&path, &object.bytes).map_err(|error| failed(&path, error))
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let folder = path.parent().unwrap_or(&self.root);
        make_folder(folder)?;
        let partial = self.root.join(PARTIAL);
        make_folder(&partial)?;
        // The same object has the same name here: what a crash leaves behind is written over.
        let name = digest(&SHA256, path.as_os_str().as_encoded_bytes());
        let name: String = name.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let partial = partial.join(name);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&partial)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        drop(file);
        fs::rename(&partial, path)?;
        if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
    }
}

/// Returns the user metadata of an object in a bucket of this kind, by the path of its file; none for any other file, and
/// where what lies beside cannot be read.
pub fn metadata_beside(path: &Path) -> Vec<(String, String)> {
    let Ok(path) = std::path::absolute(path) else { return Vec::new() };
    // The bucket is one of the folders around the file, which one the path does not say.
    for bucket in path.ancestors().skip(1).take(FOLDERS_MAX) {
        let (Some(root), Some(name), Ok(key)) = (bucket.parent(), bucket.file_name(), path.strip_prefix(bucket)) else {
            break;
        };
        let mut beside = root.join(METADATA).join(name).join(key).into_os_string();
        beside.push(".json");
        let is_small = fs::metadata(&beside).is_ok_and(|found| found.is_file() && found.len() <= METADATA_BYTES_MAX);
        if is_small && let Ok(text) = fs::read_to_string(&beside) {
            let members: HashMap<String, String> = serde_json::from_str(&text).unwrap_or_default();
            return members.into_iter().collect();
        }
    }
    Vec::new()
}

fn failed(path: &Path, error: io::Error) -> Error {
    let code = match error.kind() {
        io::ErrorKind::PermissionDenied => "AccessDenied",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "InsufficientStorage",
        _ => "InternalError",
    };
    Error::io("cannot write the object", path, error).with("code", code)
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Amazon S3 User Guide, "General purpose bucket naming rules", as far as it keeps a name from being another path.
fn is_bucket_name(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
    let is_end = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    (3..=63).contains(&name.len())
        && name.bytes().all(is_allowed)
        && is_end(name.bytes().next())
        && is_end(name.bytes().next_back())
        && !name.contains("..")
}

fn is_plain_key(key: &str) -> bool {
    !key.is_empty()
        && !key.contains('\\')
        && !key.chars().any(char::is_control)
        && key.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_below_the_folder() {
        for (name, expect) in [
            ("trail-logs", true),
            ("a.b", true),
            ("ab", false),
            ("..", false),
            (".metadata", false),
            ("a/b", false),
            ("A-b", false),
            ("a..b", false),
        ] {
            assert_eq!(is_bucket_name(name), expect, "{name}");
        }
        for (key, expect) in [
            ("a/b.gz", true),
            ("", false),
            ("/a", false),
            ("a//b", false),
            ("a/../b", false),
            ("a\\b", false),
            ("a\u{0}", false),
        ] {
            assert_eq!(is_plain_key(key), expect, "{key:?}");
        }
    }

    #[test]
    fn objects_lie_with_their_metadata_beside() {
        let root = tempfile::tempdir().unwrap();
        let buckets = FolderBuckets::new(root.path().join("buckets"));
        let mut object = Object::gzipped_json("AWSLogs/a.json.gz", &b"bytes"[..]);
        let error = buckets.put("trail-logs", &object).unwrap_err();
        assert_eq!(error.context().collect::<Vec<_>>(), [("code", "NoSuchBucket")]);
        assert_eq!(buckets.make("trail-logs").unwrap(), Standing::Usable);
        assert_eq!(buckets.make("../x").unwrap(), Standing::Missing);
        buckets.put("trail-logs", &object).unwrap();
        object.metadata = vec![("signature".to_owned(), "00ff".to_owned())];
        object.bytes = (&b"others"[..]).into();
        buckets.put("trail-logs", &object).unwrap();
        let read = |path: &str| fs::read_to_string(root.path().join("buckets").join(path)).unwrap();
        assert_eq!(read("trail-logs/AWSLogs/a.json.gz"), "others");
        assert_eq!(read(".metadata/trail-logs/AWSLogs/a.json.gz.json"), r#"{"signature":"00ff"}"#);
        let path = root.path().join("buckets/trail-logs/AWSLogs/a.json.gz");
        assert_eq!(metadata_beside(&path), [("signature".to_owned(), "00ff".to_owned())]);
        assert_eq!(metadata_beside(&path.with_file_name("b.json.gz")), []);
        assert_eq!(fs::read_dir(root.path().join("buckets/.partial")).unwrap().count(), 0);
        object.key = "../../x".to_owned();
        assert_eq!(buckets.put("trail-logs", &object).unwrap_err().kind(), ErrorKind::Configuration);
    }
}
