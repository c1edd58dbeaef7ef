//! A program that serves, and clients of it.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_sdk_cloudtrail::Client;

use crate::program::Program;

/// A program that serves on a port of its own.
pub(super) struct Serving {
    child: Child,
    says: BufReader<std::process::ChildStderr>,
    /// What it said before it was ready.
    pub(super) said: String,
    /// Where it serves.
    pub(super) url: String,
}

impl Serving {
    /// Starts it, and waits until it is ready.
    pub(super) fn start(program: &Program, more: &[&str]) -> Serving {
        let words = [&["serve", "--listen", "127.0.0.1:0", "--commit-interval", "5ms"], more].concat();
        let mut child =
            program.command(words).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the binary");
        let says = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut serving = Serving { child, says, said: String::new(), url: String::new() };
        while serving.url.is_empty() {
            let before = serving.said.len();
            serving.says.read_line(&mut serving.said).expect("a line");
            assert!(serving.said.len() > before, "it ended before it served: {}", serving.said);
            let line = serving.said.lines().next_back();
            let ready = line.and_then(|line| line.strip_prefix("serving CloudTrail's API on "));
            if let Some(url) = ready.and_then(|rest| rest.split(';').next()).map(str::to_owned) {
                serving.url = url;
            }
        }
        serving
    }

    /// Asks it to end, and returns its exit code and what it said since it was ready.
    pub(super) fn end(mut self) -> (Option<i32>, String) {
        let sent = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(sent.expect("a signal").success());
        let mut rest = String::new();
        self.says.read_to_string(&mut rest).expect("UTF-8");
        (self.child.wait().expect("an end").code(), rest)
    }

    /// Ends it at once, as a crash would.
    pub(super) fn kill(mut self) {
        self.child.kill().expect("a signal");
        self.child.wait().expect("an end");
    }

    /// Returns a client that signs by a key.
    pub(super) async fn client(&self, key: (&str, &str), region: &'static str) -> Client {
        let credentials = Credentials::new(key.0, key.1, None, None, "test");
        let config = aws_config::defaults(BehaviorVersion::latest())
            .credentials_provider(credentials)
            .region(Region::new(region))
            .endpoint_url(&self.url)
            .retry_config(aws_config::retry::RetryConfig::disabled())
            .load()
            .await;
        Client::new(&config)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // A test that fails leaves nothing running; one that has ended it already has nothing to kill.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
