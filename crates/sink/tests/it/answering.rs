//! A handler that is one function.

use std::sync::Arc;

use crate::server::{Handler, Reply, Request};

/// Answers by a function, and keeps what it was asked.
pub(crate) struct Answering<F> {
    answer: F,
    requests: std::sync::Mutex<Vec<Request>>,
}

impl<F: Fn(usize, &Request) -> Reply + Send + Sync + 'static> Answering<F> {
    /// The function is told how many requests came before.
    pub(crate) fn by(answer: F) -> Arc<Self> {
        Arc::new(Self { answer, requests: std::sync::Mutex::default() })
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

impl<F: Fn(usize, &Request) -> Reply + Send + Sync + 'static> Handler for Answering<F> {
    fn answer(&self, request: Request) -> Reply {
        let mut requests = self.requests.lock().unwrap();
        let reply = (self.answer)(requests.len(), &request);
        requests.push(request);
        reply
    }
}
