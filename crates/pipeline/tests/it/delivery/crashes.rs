//! The program ends at any step of a delivery, and nothing is lost, doubled or unproven.

use std::sync::Mutex;

use pipeline::delivery::Step;

use super::*;

/// Ends the round when a step is made for the nth time.
fn at_nth(step: Step, nth: u32) -> (Interrupt, Arc<Mutex<u32>>) {
    let made = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&made);
    let interrupt = Interrupt::new(move |found| {
        let mut made = counted.lock().unwrap();
        *made += u32::from(found == step);
        found == step && *made == nth
    });
    (interrupt, made)
}

/// When something happens, and what: events are stored, or not, or the trail is stopped.
const MOMENTS: [(&str, Happens); 5] = [
    ("10:01", Happens::Stored),
    ("10:05", Happens::Nothing),
    ("11:01", Happens::Stored),
    ("11:10", Happens::Nothing),
    ("11:20", Happens::Stopped),
];

#[derive(Clone, Copy, PartialEq)]
enum Happens {
    Stored,
    Nothing,
    Stopped,
}

/// What is the same in all lives: the tables after each moment, and the keys.
struct World {
    tables: tempfile::TempDir,
    keys: Vec<RegionKey>,
}

impl World {
    async fn new() -> World {
        let (ground, tables) = (Ground::new(), tempfile::tempdir().unwrap());
        for (nth, (moment, happens)) in (0_u64..).zip(MOMENTS) {
            if happens == Happens::Stored {
                ground.store(&of_moment(nth)).await;
                ground.save_tables(&tables.path().join(moment));
            }
        }
        let key = |region: &str| RegionKey::generate(event::arn::Region::parse(region).unwrap(), at("09:00")).unwrap();
        World { tables, keys: ["eu-west-1", "us-east-1"].map(key).into() }
    }

    /// Events of two Regions, two hours, an end. Returns the ground, and whether the interrupt came.
    async fn live(&self, interrupt: Option<Interrupt>) -> (Ground, bool) {
        let ground = Ground::new();
        ground.put_keys(&self.keys);
        ground.start(&trail(), at("10:00")).await;
        let mut deliveries = match interrupt {
            Some(interrupt) => ground.interrupted(interrupt),
            None => ground.deliveries(),
        };
        let mut was_interrupted = false;
        for (moment, happens) in MOMENTS {
            match happens {
                Happens::Stored => ground.take_tables(&self.tables.path().join(moment)),
                Happens::Nothing => {}
                Happens::Stopped => ground.stop(at(moment)).await,
            }
            loop {
                match deliveries.step(at(moment)).await {
                    Ok(done) => {
                        assert_eq!(done.failures, Vec::<String>::new());
                        if !done.is_behind {
                            break;
                        }
                    }
                    Err(error) => {
                        assert_eq!(error.kind(), pipeline::error::ErrorKind::Ended, "{error}");
                        was_interrupted = true;
                        deliveries = ground.deliveries();
                    }
                }
            }
        }
        assert!(ground.delivered(BUCKET) == stored());
        ground.assert_proven(BUCKET, at("11:30")).await;
        (ground, was_interrupted)
    }
}

fn of_moment(nth: u64) -> [String; 2] {
    [record(2 * nth, SAID), record(2 * nth + 1, Said { region: "us-east-1", ..SAID })]
}

fn stored() -> Vec<String> {
    let moments = (0..).zip(MOMENTS).filter(|(_, (_, happens))| *happens == Happens::Stored);
    let mut all: Vec<String> = moments.flat_map(|(nth, _)| of_moment(nth)).collect();
    all.sort();
    all
}

#[tokio::test]
async fn every_step_may_be_the_last() {
    let world = World::new().await;
    let (_, was_interrupted) = world.live(None).await;
    assert!(!was_interrupted);
    for step in Step::ALL {
        // The first time, and one in the middle, as far as there are so many.
        for nth in [1, 3] {
            let (interrupt, made) = at_nth(step, nth);
            let (_, was_interrupted) = world.live(Some(interrupt)).await;
            assert_eq!(was_interrupted, *made.lock().unwrap() >= nth, "{step:?} {nth}");
            assert!(was_interrupted || nth > 1, "{step:?} is made");
        }
    }
}

#[tokio::test]
async fn a_plan_makes_the_same_bytes_again() {
    let ground = Ground::new();
    ground.start(&trail(), at("10:00")).await;
    ground.store(&records(0..50)).await;
    let (interrupt, _) = at_nth(Step::LogFilesPut, 1);
    let deliveries = ground.interrupted(interrupt);
    deliveries.step(at("10:01")).await.unwrap();
    assert!(deliveries.step(at("10:05")).await.is_err());
    let keys = ground.keys(BUCKET);
    let [key] = &keys[..] else { panic!("{keys:?}") };
    let path = ground.bucket(BUCKET).join(key);
    let before = fs::read(&path).unwrap();
    fs::write(&path, "torn").unwrap();
    // What came meanwhile is not in it.
    ground.store(&records(50..60)).await;
    settle(&ground.deliveries(), at("10:07")).await;
    assert_eq!(ground.keys(BUCKET), keys);
    assert_eq!(fs::read(&path).unwrap(), before);
}
