//! `validate-logs` against a small S3 and CloudTrail on the loopback interface: the words and the exit status of the AWS CLI.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use crate::program::{Program, Run, finish};

const ARN: &str = "arn:aws:cloudtrail:us-east-1:111122223333:trail/organization-trail";
const ACCOUNT: &str = "444455556666";

/// Objects, their signatures, and what CloudTrail answers.
struct World {
    objects: BTreeMap<String, Vec<u8>>,
    metadata: serde_json::Value,
    keys: String,
}

/// Answers each connection with a thread of its own, until the test ends.
fn serve(world: World) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let world = Arc::new(world);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let world = world.clone();
            // A client that goes away ends its thread.
            thread::spawn(move || while answer(&stream, &world).is_some() {});
        }
    });
    url
}

fn answer(stream: &TcpStream, world: &World) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).ok().filter(|length| *length > 0)?;
    let (mut length, mut operation) = (0, String::new());
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok()?,
            "x-amz-target" => operation = value.rsplit('.').next()?.to_owned(),
            _ => {}
        }
    }
    reader.take(length).read_to_end(&mut Vec::new()).ok()?;
    let target = first.split(' ').nth(1)?;
    let (status, headers, body) = if first.starts_with("POST") {
        ("200 OK", String::new(), cloudtrail(world, &operation).into_bytes())
    } else {
        s3(world, target)
    };
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
    let mut stream = stream;
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(&body).ok()
}

fn cloudtrail(world: &World, operation: &str) -> String {
    match operation {
        "ListPublicKeys" => world.keys.clone(),
        _ => format!(
            r#"{{"trailList":[{{"TrailARN":"{ARN}","S3BucketName":"{}","IsOrganizationTrail":true}}]}}"#,
            corpus::BUCKET
        ),
    }
}

fn s3(world: &World, target: &str) -> (&'static str, String, Vec<u8>) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let parameter = |name: &str| {
        let found = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        found.unwrap_or_default().replace("%2F", "/").replace("%3D", "=")
    };
    let dated = "ETag: \"x\"\r\nLast-Modified: Wed, 01 May 2024 00:00:00 GMT\r\n";
    let key = path.trim_start_matches('/').split_once('/').map_or("", |(_, key)| key);
    if key.is_empty() {
        return (
            "200 OK",
            String::new(),
            list(world, &parameter("prefix"), &parameter("start-after"), query).into_bytes(),
        );
    }
    let Some(bytes) = world.objects.get(key) else {
        return ("404 Not Found", String::new(), b"<Error><Code>NoSuchKey</Code></Error>".to_vec());
    };
    let signed = world.metadata.get(format!("{}/{key}", corpus::BUCKET)).and_then(|entry| entry["signature"].as_str());
    let signed = signed.map(|signature| {
        format!("x-amz-meta-signature: {signature}\r\nx-amz-meta-signature-algorithm: SHA256withRSA\r\n")
    });
    ("200 OK", format!("{dated}{}", signed.unwrap_or_default()), bytes.clone())
}

fn list(world: &World, prefix: &str, after: &str, query: &str) -> String {
    let mut rows = String::new();
    let mut folders = std::collections::BTreeSet::new();
    for key in world.objects.keys().filter(|key| key.starts_with(prefix) && key.as_str() > after) {
        let below = &key[prefix.len()..];
        match below.split_once('/').filter(|_| query.contains("delimiter=")) {
            Some((folder, _)) => {
                folders.insert(format!("<CommonPrefixes><Prefix>{prefix}{folder}/</Prefix></CommonPrefixes>"));
            }
            None => rows.push_str(&format!(
                "<Contents><Key>{key}</Key><LastModified>2024-05-01T00:00:00.000Z</LastModified><ETag>x</ETag><Size>1</Size>\
                 </Contents>"
            )),
        }
    }
    let folders: String = folders.into_iter().collect();
    format!("<ListBucketResult><IsTruncated>false</IsTruncated>{rows}{folders}</ListBucketResult>")
}

/// Makes a bucket with digests and serves it.
fn world(program: &Program) -> (World, corpus::Summary) {
    let digests = Some(corpus::Digests { beside: program.path(""), tampered: false });
    let config = corpus::Config { days: 1, digests, ..corpus::Config::new(7, 2_000_000) };
    let root = program.path("copy");
    let summary = corpus::generate(&config, &root).expect("a corpus");
    let mut objects = BTreeMap::new();
    gather(&root, &root, &mut objects);
    let read = |name: &str| std::fs::read_to_string(program.path(name)).expect("a file");
    let metadata = serde_json::from_str(&read("metadata.json")).expect("JSON");
    (World { objects, metadata, keys: read("keys.json") }, summary)
}

fn gather(root: &Path, folder: &Path, objects: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            gather(root, &path, objects);
        } else {
            let key = path.strip_prefix(root).expect("below").to_string_lossy().replace('\\', "/");
            objects.insert(key, std::fs::read(&path).expect("a file"));
        }
    }
}

fn validate(program: &Program, url: &str, words: &[&str]) -> Run {
    let mut command = program.bare(["validate-logs", "--endpoint-url", url, "--trail-arn", ARN]);
    command.args(words).env("AWS_ENDPOINT_URL_S3", url).env("AWS_REGION", "us-east-1").env("AWS_ACCESS_KEY_ID", "x");
    command.env("AWS_SECRET_ACCESS_KEY", "x").env("AWS_EC2_METADATA_DISABLED", "true");
    finish(&mut command, b"")
}

const TIMES: [&str; 4] = ["--start-time", "2026-03-02", "--end-time", "March 4 2026"];

#[test]
fn a_chain_is_validated_as_the_aws_cli_does_it() {
    let program = Program::new();
    let (mut world, _) = world(&program);
    let is_ours = |key: &str, folder: &str| key.contains(&format!("/{ACCOUNT}/{folder}/us-east-1/"));
    let logs: Vec<String> = world.objects.keys().filter(|key| is_ours(key, "CloudTrail")).cloned().collect();
    let digests: Vec<String> = world.objects.keys().filter(|key| is_ours(key, "CloudTrail-Digest")).cloned().collect();
    let (changed, gone, lost) = (logs[0].clone(), logs[1].clone(), digests[5].clone());
    world.objects.insert(changed.clone(), b"gone".to_vec());
    world.objects.remove(&gone);
    world.objects.remove(&lost);
    let url = serve(world);
    let run = validate(&program, &url, &[&TIMES[..], &["--account-id", ACCOUNT, "--verbose"]].concat());
    assert_eq!(run.code, Some(1), "{run:?}");
    let place = |key: &str| format!("s3://{}/{key}", corpus::BUCKET);
    for (what, key, why) in [
        ("Log file", &changed, "invalid format"),
        ("Log file", &gone, "not found"),
        ("Digest file", &lost, "not found"),
    ] {
        assert!(run.err.contains(&format!("{what}\t{}\tINVALID: {why}\n\n", place(key))), "{key}: {}", run.err);
    }
    assert!(run.out.contains(&format!("Digest file\t{}\tvalid\n", place(&digests[0]))), "{}", run.out);
    let first =
        format!("Validating log files for trail {ARN} between 2026-03-02T00:00:00Z and 2026-03-04T00:00:00Z\n\n");
    assert!(run.out.starts_with(&first), "{}", run.out);
    let valid = digests.len() - 1;
    let expect = format!("{valid}/{0} digest files valid, 1/{0} digest files INVALID\n", digests.len());
    assert!(run.out.contains(&expect), "{expect}: {}", run.out);
    let quiet = validate(&program, &url, &[&TIMES[..], &["--account-id", ACCOUNT]].concat());
    assert!(quiet.code == Some(1) && quiet.err.trim() == run.err.trim().replace("\n\n\n", "\n\n"), "{quiet:?}");
}

#[test]
fn what_cannot_be_validated_ends_as_the_aws_cli_ends() {
    let program = Program::new();
    let (world, _) = world(&program);
    let url = serve(World { keys: r#"{"PublicKeyList": []}"#.to_owned(), ..world });
    let account: &[&str] = &["--account-id", ACCOUNT];
    let cases: [(&[&str], &str); 5] = [
        (&["--start-time", "someday"], "\nUnable to parse date value: someday\n"),
        (
            &["--start-time", "2026-03-04", "--end-time", "2026-03-02"],
            "\nInvalid time range specified: start-time must occur before end-time\n",
        ),
        (&TIMES, "\nMissing required parameter for organization trail: '--account-id'\n"),
        (
            &[&TIMES[..], account].concat(),
            "\nNo public keys found between 2026-03-02T00:00:00Z and 2026-03-04T02:00:00Z\n",
        ),
        (
            &[&TIMES[..], &["--account-id", "000000000000"]].concat(),
            "no organization's log files of account 000000000000",
        ),
    ];
    for (words, expect) in cases {
        let run = validate(&program, &url, words);
        assert!(run.code == Some(255) && run.err.contains(expect), "{words:?}: {run:?}");
    }
}
