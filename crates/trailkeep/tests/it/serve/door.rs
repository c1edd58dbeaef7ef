//! Who may come in, and what is left when it ends.

use aws_sdk_cloudtrail::error::{ProvideErrorMetadata, SdkError};

use super::serving::Serving;
use crate::program::Program;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

fn add_key(program: &Program, id: &str, role: &str) {
    let words = ["keys", "add", "--access-key-id", id, "--secret-access-key", SECRET, "--account", "111122223333"];
    let run = program.run(words.into_iter().chain(["--role", role]));
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(!run.out.contains(SECRET), "{run:?}");
}

fn code<T: ProvideErrorMetadata, R>(error: &SdkError<T, R>) -> String {
    error.code().unwrap_or("no code").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_start_makes_a_key_that_works() {
    let program = Program::new();
    let serving = Serving::start(&program, &[]);
    let profile = std::fs::read_to_string(program.path("data/aws-profile")).expect("the profile");
    let value = |name: &str| {
        let line = profile.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "));
        line.unwrap_or_else(|| panic!("no `{name}` in {profile}")).to_owned()
    };
    let (id, secret) = (value("aws_access_key_id"), value("aws_secret_access_key"));
    assert_eq!(value("endpoint_url"), serving.url);
    assert!(!serving.said.contains(&secret), "{}", serving.said);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(program.path("data/aws-profile")).expect("the profile").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let trails = serving.client((&id, &secret), "us-east-1").await.list_trails().send().await.expect("an answer");
    assert!(trails.trails().is_empty());
    let (exit, rest) = serving.end();
    assert_eq!(exit, Some(0), "{rest}");
    let kept = program.query(&["--output", "csv", "SELECT eventname, useridentity.accesskeyid FROM events"]);
    let kept = String::from_utf8(kept).expect("UTF-8");
    assert!(kept.contains(&format!("ListTrails,{id}")), "the call itself is an event: {kept}");
    let again = Serving::start(&program, &[]);
    assert!(!again.said.contains("made the first key"), "{}", again.said);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_open_the_door_as_far_as_their_role_goes() {
    let program = Program::new();
    add_key(&program, "ADMINKEY", "admin");
    add_key(&program, "READERKEY", "reader");
    let serving = Serving::start(&program, &[]);
    assert!(!program.path("data/aws-profile").exists(), "there are keys already");
    let start = async |key: &'static str, secret: &'static str| {
        let client = serving.client((key, secret), "eu-west-1").await;
        client.start_logging().name("no-such-trail").send().await.err().map(|error| code(&error))
    };
    let cases = [
        ("ADMINKEY", SECRET, "TrailNotFoundException"),
        ("READERKEY", SECRET, "AccessDeniedException"),
        ("ADMINKEY", "another secret", "InvalidSignatureException"),
        ("NOBODY", SECRET, "UnrecognizedClientException"),
    ];
    for (key, secret, expected) in cases {
        assert_eq!(start(key, secret).await.as_deref(), Some(expected), "{key}");
    }
    let run = program.run(["keys", "revoke", "ADMINKEY"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(start("ADMINKEY", SECRET).await.as_deref(), Some("UnrecognizedClientException"), "at once");
}
