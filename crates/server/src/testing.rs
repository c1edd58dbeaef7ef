//! What tests stand on: a service over a lake in a folder of its own, with a clock that is moved by hand.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use event::arn::{AccountId, Region};
use event::limits;
use event::open::{Content, Opened, Opener};
use event::time::EventTime;
use lake::location::Location;
use lake::{Batch, Chunk, Documents, Lake, Place, Writer};
use serde_json::{Value, json};
use source::push::{Push, PushReject, Pushed};
use tokio::sync::OnceCell;

use crate::call::{Call, Role};
use crate::clock::Clock;
use crate::fault::Result;
use crate::operation::Operation;
use crate::service::{Limits, Parts, Service};
use crate::world::{Found, World, WorldError};

/// The account that tests call as.
pub(crate) const ACCOUNT: &str = "111122223333";
/// The Region that tests call.
pub(crate) const REGION: &str = "us-east-1";
/// When tests begin.
pub(crate) const NOW: &str = "2026-06-01T12:00:00Z";

/// A service and its world.
pub(crate) struct Ground {
    pub service: Arc<Service>,
    pub world: Arc<FakeWorld>,
    pub clock: Arc<FakeClock>,
    pub push: Arc<FakePush>,
    /// Deleted with the ground.
    pub folder: tempfile::TempDir,
}

impl Ground {
    /// A service without anything. The bucket `logs` and the topic `notices` are there.
    pub(crate) fn new() -> Ground {
        let folder = tempfile::tempdir().unwrap();
        let world = Arc::new(FakeWorld::default());
        world.set("logs", Found::Usable);
        world.set(&format!("arn:aws:sns:{REGION}:{ACCOUNT}:notices"), Found::Usable);
        let clock = Arc::new(FakeClock(Mutex::new(EventTime::parse(NOW).unwrap())));
        let location = Location::local(folder.path());
        let push = Arc::new(FakePush::new(location.clone()));
        let parts = Parts {
            documents: Arc::new(Documents::open(folder.path()).unwrap()),
            location,
            session_options: Lake::session_options(None),
            push: push.clone(),
            world: world.clone(),
            clock: clock.clone(),
            limits: Limits::default(),
        };
        Ground { service: Arc::new(Service::new(parts).unwrap()), world, clock, push, folder }
    }

    /// The same, after the program has ended and begun again.
    pub(crate) fn restarted(self) -> Ground {
        self.with_limits(|_| ())
    }

    /// The same, after the program has begun again with other limits.
    pub(crate) fn with_limits(self, change: impl FnOnce(&mut Limits)) -> Ground {
        let mut limits = self.service.limits;
        change(&mut limits);
        let parts = Parts {
            documents: Arc::new(Documents::open(self.folder.path()).unwrap()),
            location: Location::local(self.folder.path()),
            session_options: Lake::session_options(None),
            push: self.push.clone(),
            world: self.world.clone(),
            clock: self.clock.clone(),
            limits,
        };
        Ground { service: Arc::new(Service::new(parts).unwrap()), ..self }
    }

    /// A call by an administrator of [`ACCOUNT`] in [`REGION`], now.
    pub(crate) fn call(&self) -> Call {
        self.call_of(ACCOUNT, REGION)
    }

    /// A call by an administrator of another account or in another Region.
    pub(crate) fn call_of(&self, account: &str, region: &str) -> Call {
        Call {
            key_id: "AKIAEXAMPLE".to_owned(),
            account: AccountId::parse(account).unwrap(),
            role: Role::Admin,
            sees_all: false,
            region: Region::parse(region).unwrap(),
            now: self.clock.now(),
            request_id: "00000000-0000-4000-8000-000000000000".to_owned(),
            source: IpAddr::V4(Ipv4Addr::LOCALHOST),
            user_agent: Some("tests".to_owned()),
            host: None,
        }
    }

    /// Carries a call out and returns its answer, or what the caller is told as `{"__type": .., "message": ..}`.
    pub(crate) async fn run(&self, operation: Operation, input: Value) -> Value {
        self.run_as(&self.call(), operation, input).await
    }

    /// As [`Ground::run`], with a call of one's own.
    pub(crate) async fn run_as(&self, call: &Call, operation: Operation, input: Value) -> Value {
        answer(operation.run(&self.service, call, input.to_string().as_bytes()).await)
    }

    /// Stores records.
    pub(crate) async fn store(&self, records: &[Value]) -> Pushed {
        let lines: Vec<String> = records.iter().map(Value::to_string).collect();
        self.push.push("test", Bytes::from(lines.join("\n"))).await.unwrap()
    }
}

/// An answer as a test compares it.
pub(crate) fn answer(outcome: Result<Vec<u8>>) -> Value {
    match outcome {
        Ok(body) => serde_json::from_slice(&body).unwrap(),
        Err(fault) => json!({ "__type": fault.code.as_str(), "message": fault.message }),
    }
}

/// The code of an error, or nothing for another answer.
pub(crate) fn code(answer: &Value) -> &str {
    answer["__type"].as_str().unwrap_or_default()
}

/// A clock that stands until it is moved.
pub(crate) struct FakeClock(Mutex<EventTime>);

impl FakeClock {
    /// Moves the clock by so many seconds.
    pub(crate) fn pass(&self, seconds: i64) {
        let mut now = self.0.lock().unwrap();
        *now = EventTime::from_micros(now.as_micros() + seconds * event::time::SECOND);
    }
}

impl Clock for FakeClock {
    fn now(&self) -> EventTime {
        *self.0.lock().unwrap()
    }
}

/// Buckets by name, topics and log groups by ARN. What was never set is missing.
#[derive(Default)]
pub(crate) struct FakeWorld {
    found: Mutex<BTreeMap<String, Found>>,
    /// What was put: by bucket and key.
    pub objects: Mutex<BTreeMap<(String, String), Bytes>>,
}

impl FakeWorld {
    /// Says how a thing is found.
    pub(crate) fn set(&self, name: &str, found: Found) {
        self.found.lock().unwrap().insert(name.to_owned(), found);
    }

    fn look_up(&self, name: &str) -> Found {
        self.found.lock().unwrap().get(name).copied().unwrap_or(Found::Missing)
    }
}

#[async_trait]
impl World for FakeWorld {
    async fn bucket(&self, name: &str) -> Result<Found, WorldError> {
        Ok(self.look_up(name))
    }

    async fn topic(&self, arn: &str) -> Result<Found, WorldError> {
        Ok(self.look_up(arn))
    }

    async fn log_group(&self, arn: &str) -> Result<Found, WorldError> {
        Ok(self.look_up(arn))
    }

    async fn put(&self, bucket: &str, key: &str, bytes: Bytes, _: &[(&str, &str)]) -> Result<(), WorldError> {
        if self.look_up(bucket) != Found::Usable {
            let message = format!("put `{key}` into `{bucket}`: there is no such bucket");
            return Err(WorldError { code: Some("NoSuchBucket".to_owned()), message });
        }
        self.objects.lock().unwrap().insert((bucket.to_owned(), key.to_owned()), bytes);
        Ok(())
    }
}

/// A push that stores what comes at once, one commit each.
pub(crate) struct FakePush {
    location: Location,
    writer: OnceCell<Writer>,
    /// Everything that was pushed: places and bodies.
    pub pushed: Mutex<Vec<(String, Bytes)>>,
}

impl FakePush {
    fn new(location: Location) -> FakePush {
        FakePush { location, writer: OnceCell::new(), pushed: Mutex::default() }
    }

    /// Returns the writer of the lake.
    pub(crate) async fn writer(&self) -> &Writer {
        let now = EventTime::parse(NOW).unwrap();
        self.writer.get_or_init(async || Writer::open(&self.location, now).await.unwrap()).await
    }
}

#[async_trait]
impl Push for FakePush {
    async fn push(&self, place: &str, body: Bytes) -> source::Result<Pushed> {
        self.pushed.lock().unwrap().push((place.to_owned(), body.clone()));
        let writer = self.writer().await;
        let mut batch = Batch::default();
        batch.places.push(Place { uri: place.to_owned(), etag: None });
        let mut opener = Opener::new(writer.fingerprint_key(), limits::Limits::default());
        let mut gather = |opened: Opened| {
            let events = opened.events.len();
            batch.chunks.push(Chunk::whole(opened.events, vec![(0, events)]));
            batch.rejects.extend(opened.rejects.into_iter().map(|reject| (0, reject)));
            Ok::<(), event::error::Error>(())
        };
        let summary = opener.open(Content::Bytes(&body), &mut gather).unwrap();
        let told = batch.rejects.iter().map(|(_, reject)| PushReject {
            offset: reject.range.start,
            reason: format!("{}: {}", reject.reason.as_str(), reject.message),
        });
        let rejects = told.collect();
        let prepared = writer.prepare(batch).unwrap();
        let last_seq = prepared.last_seq();
        writer.commit(prepared).await.unwrap();
        Ok(Pushed { events: summary.events, rejects, last_seq })
    }
}
