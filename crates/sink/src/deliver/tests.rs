//! The loop against a destination that says what it is told to say.

use std::collections::VecDeque;
use std::sync::Mutex;

use futures::executor::block_on;
use futures::future::BoxFuture;
use jiff::Timestamp;

use super::*;

/// Gives its replies in turn, and takes everything once they are used up.
struct Scripted {
    replies: Mutex<VecDeque<Reply>>,
    /// The offsets of each request.
    requests: Mutex<Vec<Vec<u64>>>,
    knows_payloads: bool,
}

impl Destination for Scripted {
    fn name(&self) -> &str {
        "scripted"
    }

    fn weight(&self, payload: &Payload) -> usize {
        payload.bytes.len()
    }

    fn objection(&self, payload: &Payload) -> Option<String> {
        payload.bytes.is_empty().then(|| "empty".to_owned())
    }

    fn knows_payloads(&self) -> bool {
        self.knows_payloads
    }

    async fn post(&self, payloads: &[&Payload]) -> Result<Reply> {
        self.requests.lock().unwrap().push(payloads.iter().map(|payload| payload.offset).collect());
        let accepted = || Reply::Each(vec![Verdict::Accepted; payloads.len()]);
        match self.replies.lock().unwrap().pop_front() {
            Some(Reply::Spoilt(reason)) if reason == "fatal" => Err(Error::new(ErrorKind::NotFound, "gone")),
            reply => Ok(reply.unwrap_or_else(accepted)),
        }
    }
}

#[derive(Debug)]
struct NoWait;

impl Clock for NoWait {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }
}

/// What is expected of four payloads of ten bytes, at most three in a request, and three attempts.
struct Expect {
    requests: &'static [&'static [u64]],
    /// Accepted, already there, and the offsets of the refused.
    outcome: (u64, u64, &'static [u64]),
    position: Option<u64>,
    error: Option<ErrorKind>,
}

fn check(replies: Vec<Reply>, expect: Expect) {
    let destination =
        Scripted { replies: Mutex::new(replies.clone().into()), requests: Mutex::default(), knows_payloads: true };
    let batch = BatchLimits { batch_bytes_max: 1000, batch_payloads_max: 3 };
    let retry = RetryLimits { attempts_max: 3, ..RetryLimits::default() };
    let mut pace = Pace { batch, retry, clock: Arc::new(NoWait) };
    let payload = |offset: u64| Payload { id: offset.to_string(), offset, bytes: "0123456789".into() };
    let payloads: Vec<_> = (1..=4).map(payload).collect();
    let mut position = Position::default();
    let delivered = block_on(deliver(&destination, &mut pace, &payloads, &mut position));
    let (outcome, error) = match &delivered {
        Ok(outcome) => (outcome, None),
        Err(error) => (error.settled(), Some(error.kind())),
    };
    let refused: Vec<_> = outcome.refused.iter().map(|refusal| refusal.offset).collect();
    assert_eq!(*destination.requests.lock().unwrap(), expect.requests, "{replies:?}");
    assert_eq!((outcome.accepted, outcome.already_there, &refused[..]), expect.outcome, "{replies:?}");
    assert_eq!((position.offset, error), (expect.position, expect.error), "{replies:?}");
}

fn each(verdicts: &str) -> Reply {
    let text = || "so".to_owned();
    let verdict = |letter| match letter {
        'a' => Verdict::Accepted,
        't' => Verdict::AlreadyThere,
        'r' => Verdict::Refused(text()),
        'l' => Verdict::Later(text()),
        _ => Verdict::Failed(text()),
    };
    Reply::Each(verdicts.chars().map(verdict).collect())
}

fn later(after_s: u64) -> Reply {
    Reply::Later { reason: "busy".to_owned(), after: Some(Duration::from_secs(after_s)) }
}

#[test]
fn each_payload_is_settled_once() {
    let large = || Reply::TooLarge("large".to_owned());
    let spoilt = || Reply::Spoilt("spoilt".to_owned());
    let ok = |requests, outcome| Expect { requests, outcome, position: Some(4), error: None };
    check(vec![], ok(&[&[1, 2, 3], &[4]], (4, 0, &[])));
    check(vec![each("atr"), each("t")], ok(&[&[1, 2, 3], &[4]], (1, 2, &[2 + 1])));
    check(vec![each("all"), each("tl"), each("r")], ok(&[&[1, 2, 3], &[2, 3], &[3], &[4]], (2, 1, &[3])));
    // Too large: halves, the first one first, and smaller batches from then on.
    check(vec![large()], ok(&[&[1, 2, 3], &[1], &[2, 3], &[4]], (4, 0, &[])));
    check(vec![large(), large(), large()], ok(&[&[1, 2, 3], &[1], &[2, 3], &[2], &[3], &[4]], (3, 0, &[1])));
    check(
        vec![spoilt(), each("a"), spoilt(), spoilt()],
        ok(&[&[1, 2, 3], &[1], &[2, 3], &[2], &[3], &[4]], (3, 0, &[2])),
    );
    check(vec![later(300), later(0)], ok(&[&[1, 2, 3], &[1, 2, 3], &[1, 2, 3], &[4]], (4, 0, &[])));
    check(vec![Reply::Broken(String::new())], ok(&[&[1, 2, 3], &[1, 2, 3], &[4]], (4, 0, &[])));
    // A payload that brings the destination down is refused in the end.
    check(vec![each("afa"), each("f")], ok(&[&[1, 2, 3], &[2], &[2], &[4]], (4, 0, &[])));
    check(vec![each("afa"), each("f"), each("f")], ok(&[&[1, 2, 3], &[2], &[2], &[4]], (3, 0, &[2])));
    // Progress renews patience.
    let slowly = vec![each("lll"), each("lll"), each("all"), each("ll"), each("al")];
    check(slowly, ok(&[&[1, 2, 3], &[1, 2, 3], &[1, 2, 3], &[2, 3], &[2, 3], &[3], &[4]], (4, 0, &[])));
}

#[test]
fn giving_up_keeps_what_is_settled() {
    let end = |requests, error| Expect { requests, outcome: (0, 0, &[]), position: None, error: Some(error) };
    let broken = || Reply::Broken(String::new());
    let thrice: &[&[u64]] = &[&[1, 2, 3], &[1, 2, 3], &[1, 2, 3]];
    check(vec![later(0), broken(), later(0)], end(thrice, ErrorKind::Unavailable));
    check(vec![later(301)], end(&[&[1, 2, 3]], ErrorKind::Unavailable));
    check(vec![each("lll"), each("fff"), each("fff")], end(thrice, ErrorKind::Unavailable));
    check(vec![Reply::Spoilt("fatal".to_owned())], end(&[&[1, 2, 3]], ErrorKind::NotFound));
    let second = vec![each("ara"), Reply::Spoilt("fatal".to_owned())];
    let expect = Expect {
        requests: &[&[1, 2, 3], &[4]],
        outcome: (2, 0, &[2]),
        position: Some(3),
        error: Some(ErrorKind::NotFound),
    };
    check(second, expect);
}

#[test]
fn requests_change_only_where_each_payload_is_known() {
    let broken = || Reply::Broken(String::new());
    let large = || Reply::TooLarge(String::new());
    // What is said first, whether payloads are known, and the offsets of each request. The second of six is empty.
    type Case = (Vec<Reply>, bool, &'static [&'static [u64]]);
    let cases: [Case; 4] = [
        (vec![broken(), broken(), broken()], true, &[&[1, 3], &[1, 3], &[1, 3], &[1], &[3], &[4, 5, 6]]),
        (vec![broken(), broken(), broken()], false, &[&[1, 3], &[1, 3], &[1, 3], &[1, 3], &[4, 5, 6]]),
        (vec![large()], true, &[&[1, 3], &[1], &[3], &[4], &[5], &[6]]),
        (vec![large()], false, &[&[1, 3], &[1], &[3], &[4, 5, 6]]),
    ];
    for (replies, knows_payloads, requests) in cases {
        let shown = format!("{replies:?} {knows_payloads}");
        let destination = Scripted { replies: Mutex::new(replies.into()), requests: Mutex::default(), knows_payloads };
        let batch = BatchLimits { batch_bytes_max: 1000, batch_payloads_max: 3 };
        let mut pace = Pace { batch, retry: RetryLimits::default(), clock: Arc::new(NoWait) };
        let payload = |offset: u64| Payload {
            id: offset.to_string(),
            offset,
            bytes: if offset == 2 { "".into() } else { "x".into() },
        };
        let payloads: Vec<_> = (1..=6).map(payload).collect();
        let outcome = block_on(deliver(&destination, &mut pace, &payloads, &mut Position::default())).unwrap();
        assert_eq!((outcome.accepted, outcome.refused.len(), outcome.payloads()), (5, 1, 6), "{shown}");
        assert_eq!(*destination.requests.lock().unwrap(), requests, "{shown}");
    }
}
