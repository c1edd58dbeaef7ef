//! Local folders and files.
//!
//! A walk goes on whatever it meets: what cannot be read is reported with its place, links that lead back are skipped,
//! and names that are not UTF-8 are ordinary names.

use std::ffi::{OsStr, OsString};
use std::fs::{File, FileType, Metadata};
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use event::key::Key;
use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt};
use jiff::Timestamp;

use crate::chunk::{Body, WHOLE_BYTES_MAX};
use crate::error::{Error, ErrorKind, Result};
use crate::object::{Listed, Object, Place, identity};
use crate::uri::of_path;
use crate::walk::{Child, Entry, Level, Tree};

/// How many files are looked at in one go.
const LOOKS_AT_ONCE: usize = 1024;

/// A folder and all below it.
#[derive(Debug, Clone)]
pub(crate) struct Folders {
    root: Arc<Path>,
}

/// One folder on the way.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    path: PathBuf,
    /// The true places of the folders whose links led here. A link to one of them, or to a folder around it, would lead
    /// round in a circle.
    linked_from: Arc<[PathBuf]>,
}

impl Folders {
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: Arc::from(root) }
    }
}

#[async_trait]
impl Tree for Folders {
    type Folder = Folder;

    fn root(&self) -> (Folder, Vec<String>) {
        let folder = Folder { path: self.root.to_path_buf(), linked_from: Arc::from([]) };
        let absolute = std::path::absolute(&self.root).unwrap_or_else(|_| self.root.to_path_buf());
        (folder, absolute.components().map(|name| name.as_os_str().to_string_lossy().into_owned()).collect())
    }

    async fn level(&self, folder: Folder) -> Level<Folder> {
        let (root, uri) = (Arc::clone(&self.root), of_path(&folder.path));
        match tokio::task::spawn_blocking(move || read_folder(&root, &folder)).await {
            Ok(level) => level,
            Err(ended) => {
                let error = Error::new(ErrorKind::Io, "cannot list the folder: its thread ended").because(ended);
                failed(&uri, error)
            }
        }
    }

    fn flat(&self, _folder: Folder) -> Option<BoxStream<'static, Entry>> {
        None
    }

    async fn alone(&self) -> Option<Listed> {
        None
    }

    fn is_alone_first(&self) -> bool {
        false
    }
}

fn failed(uri: &str, error: Error) -> Level<Folder> {
    let listed = Listed::Failed { uri: uri.to_owned(), error };
    Level { folders: Vec::new(), entries: stream::iter([Entry { path: String::new(), listed }]).boxed() }
}

/// Reads one folder, sorted by name. Only what may be a folder is looked at here; files are when they are asked for.
fn read_folder(root: &Arc<Path>, folder: &Folder) -> Level<Folder> {
    let uri = of_path(&folder.path);
    let found = match std::fs::read_dir(&folder.path) {
        Ok(found) => found,
        Err(source) => return failed(&uri, Error::io("cannot list the folder", &uri, source)),
    };
    let (mut links, mut folders, mut files, mut broken) = (Vec::new(), Vec::new(), Vec::new(), None);
    for child in found {
        match child.and_then(|child| Ok((child.file_type()?, child.file_name()))) {
            Ok((kind, name)) if kind.is_symlink() => links.push(name),
            Ok((kind, name)) if kind.is_dir() => {
                folders.push((name, Arc::clone(&folder.linked_from)));
            }
            Ok((_, name)) => files.push(name),
            Err(source) => {
                let error = Error::io("cannot list all of the folder", &uri, source);
                broken = Some(Entry { path: String::new(), listed: Listed::Failed { uri: uri.clone(), error } });
                break;
            }
        }
    }
    for name in links {
        match follow(folder, &folder.path.join(&name)) {
            Link::Folder(linked_from) => folders.push((name, linked_from)),
            // What else there is to say about a link is said in its turn.
            Link::Circle | Link::NoFolder => files.push(name),
        }
    }
    folders.sort();
    files.sort();
    let child = |(name, linked_from): (OsString, Arc<[PathBuf]>)| {
        let path = folder.path.join(&name);
        Child { name: name.to_string_lossy().into_owned(), uri: of_path(&path), folder: Folder { path, linked_from } }
    };
    let folders = folders.into_iter().map(child).collect();
    Level { folders, entries: stream::iter(broken).chain(look_at(Arc::clone(root), folder.clone(), files)).boxed() }
}

/// Looks at the files of a folder, [`LOOKS_AT_ONCE`] at a time.
fn look_at(root: Arc<Path>, folder: Folder, names: Vec<OsString>) -> impl Stream<Item = Entry> + Send {
    let names = names.into_iter();
    stream::unfold(names, move |mut names| {
        let (root, folder) = (Arc::clone(&root), folder.clone());
        async move {
            let some: Vec<OsString> = names.by_ref().take(LOOKS_AT_ONCE).collect();
            if some.is_empty() {
                return None;
            }
            let uri = of_path(&folder.path);
            let work = move || some.iter().map(|name| look(&root, &folder, name)).collect::<Vec<Entry>>();
            let entries = tokio::task::spawn_blocking(work).await.unwrap_or_else(|ended| {
                let error = Error::new(ErrorKind::Io, "cannot look at files: the thread ended").because(ended);
                vec![Entry { path: String::new(), listed: Listed::Failed { uri, error } }]
            });
            Some((stream::iter(entries), names))
        }
    })
    .flatten()
}

/// Says what a name in a folder stands for that is no folder itself, following links.
fn look(root: &Path, folder: &Folder, name: &OsStr) -> Entry {
    let path = folder.path.join(name);
    let uri = of_path(&path);
    let skipped = |uri, why: &str| Listed::Skipped { uri, why: why.to_owned() };
    let listed = match std::fs::metadata(&path) {
        Ok(metadata) if metadata.is_file() => Listed::Object(object(path, &metadata, Some(root))),
        Ok(metadata) if metadata.is_dir() => match follow(folder, &path) {
            Link::Circle => skipped(uri, "a symbolic link to a folder around it"),
            Link::Folder(_) | Link::NoFolder => skipped(uri, "it became a folder while it was looked at"),
        },
        Ok(metadata) => skipped(uri, kind_of(metadata.file_type())),
        Err(source) => {
            let error = Error::io("cannot look at", &uri, source);
            Listed::Failed { uri, error }
        }
    };
    Entry { path: name.to_string_lossy().into_owned(), listed }
}

/// What a symbolic link leads to.
enum Link {
    /// A folder, and the places it is reached from.
    Folder(Arc<[PathBuf]>),
    /// A folder that holds the link.
    Circle,
    /// A file or nothing.
    NoFolder,
}

fn follow(folder: &Folder, link: &Path) -> Link {
    let (Ok(here), Ok(target)) = (std::fs::canonicalize(&folder.path), std::fs::canonicalize(link)) else {
        return Link::NoFolder;
    };
    if !target.is_dir() {
        return Link::NoFolder;
    }
    let linked_from: Arc<[PathBuf]> = folder.linked_from.iter().cloned().chain([here]).collect();
    let is_circle = linked_from.iter().any(|place| place.starts_with(&target));
    if is_circle { Link::Circle } else { Link::Folder(linked_from) }
}

#[cfg(unix)]
fn kind_of(kind: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    match kind {
        kind if kind.is_fifo() => "a named pipe; give it by name to have it read",
        kind if kind.is_socket() => "a socket",
        _ => "a device",
    }
}

#[cfg(not(unix))]
fn kind_of(_kind: FileType) -> &'static str {
    "not a regular file"
}

/// Returns what a path means by itself: a file, or a pipe or device that is read like one.
pub(crate) fn object_at(path: &Path) -> Result<Object> {
    let metadata = std::fs::metadata(path).map_err(|source| Error::io("cannot look at", &of_path(path), source))?;
    let mut object = object(path.to_owned(), &metadata, None);
    if !metadata.is_file() {
        object = crate::stream::object(object.uri, Place::Pipe(path.to_owned()));
    }
    Ok(object)
}

fn object(path: PathBuf, metadata: &Metadata, root: Option<&Path>) -> Object {
    let modified = metadata.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
    let (uri, bytes) = (of_path(&path), metadata.len());
    Object {
        identity: identity(&uri, bytes, None, None, modified),
        uri,
        bytes,
        etag: None,
        version: None,
        modified,
        key: key_of(&path, root),
        place: Place::Path(path),
    }
}

/// Returns the key of a file in a copy of a trail's bucket. If the copy's root stands for the bucket, this is the key in
/// the bucket; if the root lies further down, the prefix is not known and left empty.
fn key_of(path: &Path, root: Option<&Path>) -> Option<Key> {
    let below = root.and_then(|root| path.strip_prefix(root).ok()).and_then(Path::to_str);
    if let Some(key) = below.and_then(Key::parse) {
        return Some(key);
    }
    let absolute = std::path::absolute(path).ok()?;
    let key = Key::parse(absolute.to_str()?.trim_start_matches('/'))?;
    Some(Key { prefix: String::new(), ..key })
}

/// Reads a file: whole, or as a stream if it is large or grows while it is read.
pub(crate) fn read(path: &Path) -> Result<Body> {
    let fail = |source| Error::io("cannot read", &of_path(path), source);
    let file = File::open(path).map_err(fail)?;
    let bytes = file.metadata().map_err(fail)?.len();
    if bytes > WHOLE_BYTES_MAX {
        return Ok(Body::Stream(Box::new(file)));
    }
    let mut head = Vec::with_capacity(usize::try_from(bytes).unwrap_or(0) + 1);
    let mut limited = file.take(WHOLE_BYTES_MAX + 1);
    limited.read_to_end(&mut head).map_err(fail)?;
    if head.len() as u64 > WHOLE_BYTES_MAX {
        return Ok(Body::Stream(Box::new(Cursor::new(head).chain(limited.into_inner()))));
    }
    Ok(Body::Whole(head.into()))
}
