//! Folders as they are found: odd names, links, pipes, things that vanish or may not be read.

use std::io::Read;
use std::path::Path;

use futures::StreamExt;
use source::{AwsOptions, Body, ErrorKind, Listed, Object, Selection, Source, Uri, WHOLE_BYTES_MAX};

async fn open(path: &Path) -> Source {
    Source::open(Uri::Path(path.to_owned()), &AwsOptions::default()).await.unwrap()
}

async fn list(source: &Source) -> Vec<Listed> {
    source.list(&Selection::default()).collect().await
}

async fn only(source: &Source) -> Object {
    match list(source).await.pop() {
        Some(Listed::Object(object)) => object,
        other => panic!("not an object: {other:?}"),
    }
}

/// Prints a listing below a folder: one line an outcome.
async fn listing(root: &Path) -> Vec<String> {
    let top = format!("{}/", Uri::Path(root.to_owned()));
    let short = |uri: &str| uri.strip_prefix(&top).unwrap_or(uri).to_owned();
    let line = |listed| match listed {
        Listed::Object(object) => short(&object.uri),
        Listed::Skipped { uri, why } => format!("skipped {}: {why}", short(&uri)),
        Listed::Failed { uri, error } => format!("failed {}: {:?}", short(&uri), error.kind()),
    };
    list(&open(root).await).await.into_iter().map(line).collect()
}

#[tokio::test]
async fn files_come_in_path_order() {
    let folder = tempfile::tempdir().unwrap();
    for path in ["b/2.json", "b/a/1.json", "a/3.json", ".x.json.tmp", "c d%/ü.json", "z.json"] {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "{}").unwrap();
    }
    let expect = [".x.json.tmp", "z.json", "a/3.json", "b/2.json", "b/a/1.json", "c%20d%25/%C3%BC.json"];
    assert_eq!(listing(folder.path()).await, expect);
}

#[cfg(unix)]
#[tokio::test]
async fn a_walk_survives_what_it_meets() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| folder.path().join(path);
    std::fs::create_dir_all(at("a/b")).unwrap();
    std::fs::create_dir_all(at("c")).unwrap();
    std::fs::write(at("a/1.json"), "{}").unwrap();
    symlink("1.json", at("a/2.json")).unwrap();
    symlink("missing", at("a/3.json")).unwrap();
    symlink("4.json", at("a/4.json")).unwrap();
    symlink(at("a"), at("a/b/up")).unwrap();
    symlink(at("c"), at("a/c")).unwrap();
    symlink(at("a"), at("c/a")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(at("a/5.sock")).unwrap();
    let expect = [
        "a/1.json",
        "a/2.json",
        "failed a/3.json: NotFound",
        "failed a/4.json: Io",
        "skipped a/5.sock: a socket",
        "skipped a/b/up: a symbolic link to a folder around it",
        "skipped a/c/a: a symbolic link to a folder around it",
        // `c` holds `a`, which holds a link to `c`.
        "c/a/1.json",
        "c/a/2.json",
        "failed c/a/3.json: NotFound",
        "failed c/a/4.json: Io",
        "skipped c/a/5.sock: a socket",
        "skipped c/a/c: a symbolic link to a folder around it",
        "skipped c/a/b/up: a symbolic link to a folder around it",
    ];
    assert_eq!(listing(folder.path()).await, expect);
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_that_may_not_be_read_fails_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let closed = folder.path().join("closed");
    std::fs::create_dir(&closed).unwrap();
    std::fs::write(folder.path().join("1.json"), "{}").unwrap();
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o000)).unwrap();
    // A superuser reads everything.
    let expect: &[&str] =
        if std::fs::read_dir(&closed).is_ok() { &["1.json"] } else { &["1.json", "failed closed: PermissionDenied"] };
    assert_eq!(listing(folder.path()).await, expect);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn names_that_are_not_utf_8_are_listed_and_read() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    let path =
        folder.path().join(std::ffi::OsStr::from_bytes(b"d\xff")).join(std::ffi::OsStr::from_bytes(b"\xfe.json"));
    std::fs::create_dir(path.parent().unwrap()).unwrap();
    std::fs::write(&path, "odd").unwrap();
    let source = open(folder.path()).await;
    let object = only(&source).await;
    assert!(object.uri.ends_with("/d%FF/%FE.json"), "{}", object.uri);
    assert!(matches!(source.read(&object).await.unwrap().body, Body::Whole(bytes) if bytes == "odd"));
    // The URI leads back to the file.
    let again = Source::open(Uri::parse(object.uri.as_ref()).unwrap(), &AwsOptions::default()).await.unwrap();
    assert_eq!(only(&again).await.identity, object.identity);
}

#[tokio::test]
async fn a_file_is_listed_by_itself_and_changes_its_identity() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("1.json");
    std::fs::write(&path, "{}").unwrap();
    let before = only(&open(&path).await).await;
    assert_eq!((before.bytes, &before.identity), (2, &only(&open(&path).await).await.identity));
    std::fs::write(&path, "{} ").unwrap();
    let after = only(&open(&path).await).await;
    assert_eq!(before.uri, after.uri);
    assert_ne!(before.identity, after.identity);
}

#[tokio::test]
async fn the_size_decides_how_a_file_comes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("1.json");
    for (bytes, is_whole) in [(0, true), (5, true), (WHOLE_BYTES_MAX, true), (WHOLE_BYTES_MAX + 1, false)] {
        std::fs::File::create(&path).unwrap().set_len(bytes).unwrap();
        let source = open(&path).await;
        let found = match source.read(&only(&source).await).await.unwrap().body {
            Body::Whole(found) => (true, found.len() as u64),
            Body::Stream(stream) => (false, std::io::copy(&mut stream.take(u64::MAX), &mut std::io::sink()).unwrap()),
        };
        assert_eq!(found, (is_whole, bytes));
    }
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("1.json");
    let error = Source::open(Uri::Path(path.clone()), &AwsOptions::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("1.json"), "{error}");
    // It goes away after it was listed.
    std::fs::write(&path, "{}").unwrap();
    let source = open(&path).await;
    let object = only(&source).await;
    std::fs::remove_file(&path).unwrap();
    assert_eq!(source.read(&object).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert!(matches!(list(&source).await.as_slice(), [Listed::Failed { uri, .. }] if *uri == object.uri));
    // So does a folder.
    let source = open(folder.path()).await;
    drop(folder);
    assert!(
        matches!(list(&source).await.as_slice(), [Listed::Failed { error, .. }] if error.kind() == ErrorKind::NotFound)
    );
}

#[tokio::test]
async fn a_copy_keeps_its_keys() {
    let name = "111122223333_CloudTrail_eu-west-1_20240507T0005Z_a.json.gz";
    let below = format!("AWSLogs/111122223333/CloudTrail/eu-west-1/2024/05/07/{name}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("prefix").join(&below);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, "{}").unwrap();
    // From the bucket's root the key is complete; from further down, or by itself, the prefix is not known.
    let day = path.parent().unwrap();
    let cases = [(folder.path(), format!("prefix/{below}")), (day, below.clone()), (&path, below.clone())];
    for (root, expect) in cases {
        let object = only(&open(root).await).await;
        assert_eq!(object.key.map(|key| key.to_string()), Some(expect), "{}", root.display());
    }
}

#[tokio::test]
async fn each_standard_input_is_new() {
    let source = Source::open(Uri::Stdin, &AwsOptions::default()).await.unwrap();
    let (first, second) = (only(&source).await, only(&source).await);
    assert_eq!(first.uri, "-");
    assert_ne!(first.identity, second.identity);
}
