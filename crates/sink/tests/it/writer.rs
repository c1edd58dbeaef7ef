//! Any writer: lines in their order, and a reader that goes away.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use sink::{ErrorKind, Position, Settings, Sink};

use crate::payloads;
use crate::time::StoppedClock;

/// Keeps what is written, and breaks after some bytes.
#[derive(Clone)]
struct Pipe {
    kept: Arc<Mutex<Vec<u8>>>,
    bytes_max: usize,
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut kept = self.kept.lock().unwrap();
        if kept.len() + bytes.len() > self.bytes_max {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        kept.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn lines_come_in_order_until_the_reader_goes() {
    let sent = payloads(2_000);
    let all: Vec<u8> = sent.iter().flat_map(|payload| [&payload.bytes[..], b"\n"].concat()).collect();
    for (bytes_max, is_whole) in [(usize::MAX, true), (100_000, false), (0, false)] {
        let pipe = Pipe { kept: Arc::default(), bytes_max };
        let settings = Settings::Writer(Box::new(pipe.clone()));
        let mut sink = Sink::open(settings, None, StoppedClock::new()).await.unwrap();
        let sending = sink.send(&sent).await;
        let settled = match &sending {
            Ok(outcome) => outcome.accepted,
            Err(error) => error.settled().accepted,
        };
        assert_eq!(sending.as_ref().err().map(sink::Error::kind), (!is_whole).then_some(ErrorKind::Closed));
        let kept = pipe.kept.lock().unwrap().clone();
        assert!(all.starts_with(&kept));
        assert_eq!(kept.iter().filter(|byte| **byte == b'\n').count() as u64, settled);
        let last = settled.checked_sub(1).map(|nth| sent[nth as usize].offset);
        assert_eq!(sink.position(), Position { offset: last, parts: 0 });
        assert_eq!(kept.len() == all.len(), is_whole);
    }
}
