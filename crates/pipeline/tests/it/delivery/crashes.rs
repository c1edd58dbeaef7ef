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

/// What happens to a trail in these tests: events of two Regions, two hours, an end.
async fn live(ground: &Ground, interrupt: Option<Interrupt>) -> bool {
    let mut deliveries = match interrupt {
        Some(interrupt) => ground.interrupted(interrupt),
        None => ground.deliveries(),
    };
    let mut was_interrupted = false;
    let moments = ["10:01", "10:05", "10:11", "10:20", "11:01", "11:07", "11:10", "12:30", "12:40"];
    for (nth, moment) in (0_u64..).zip(moments) {
        match moment {
            "12:40" => ground.stop(at(moment)).await,
            _ => {
                let stored = [record(2 * nth, SAID), record(2 * nth + 1, Said { region: "us-east-1", ..SAID })];
                ground.store(&stored).await;
            }
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
    was_interrupted
}

fn stored() -> Vec<String> {
    let all = (0..8).flat_map(|nth| [record(2 * nth, SAID), record(2 * nth + 1, Said { region: "us-east-1", ..SAID })]);
    let mut all: Vec<String> = all.collect();
    all.sort();
    all
}

#[tokio::test]
async fn every_step_may_be_the_last() {
    let ground = Ground::new();
    ground.start(&trail(), at("10:00")).await;
    assert!(!live(&ground, None).await);
    assert_eq!(ground.delivered(BUCKET), stored());
    ground.assert_proven(BUCKET, at("12:50")).await;
    for step in Step::ALL {
        // The first time, one in the middle, and a late one, as far as there are so many.
        for nth in [1, 2, 5] {
            let ground = Ground::new();
            ground.start(&trail(), at("10:00")).await;
            let (interrupt, made) = at_nth(step, nth);
            let was_interrupted = live(&ground, Some(interrupt)).await;
            assert_eq!(was_interrupted, *made.lock().unwrap() >= nth, "{step:?} {nth}");
            assert!(was_interrupted || nth > 1, "{step:?} is made");
            assert_eq!(ground.delivered(BUCKET), stored(), "{step:?} {nth}");
            ground.assert_proven(BUCKET, at("12:50")).await;
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
