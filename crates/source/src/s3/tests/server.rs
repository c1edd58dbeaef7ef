//! A server on the loopback interface that answers each request with the next of its prepared replies.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What the server says to one request.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
    /// After how many bytes of the body the connection breaks off.
    pub(super) cut: Option<usize>,
}

impl Reply {
    pub(super) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), cut: None }
    }

    /// An object's content, with the headers S3 sends along.
    pub(super) fn object(body: &[u8], etag: &str) -> Self {
        let headers = vec![("ETag", etag.to_owned()), ("Last-Modified", "Tue, 07 May 2024 13:05:10 GMT".to_owned())];
        Self { headers, ..Self::new(200, body) }
    }

    /// One of S3's errors.
    pub(super) fn error(status: u16, code: &str) -> Self {
        Self::new(status, format!("<Error><Code>{code}</Code><Message>about {code}</Message></Error>"))
    }

    pub(super) fn cut(self, bytes: usize) -> Self {
        Self { cut: Some(bytes), ..self }
    }

    pub(super) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

/// A running server. It stops when it is dropped.
pub(super) struct Server {
    pub(super) endpoint: String,
    state: Arc<Mutex<State>>,
    serving: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    /// Replies by `METHOD target`, target being path and query. The last reply is given again and again.
    replies: HashMap<String, VecDeque<Reply>>,
    heads: Vec<String>,
}

impl Server {
    /// Starts a server with these replies.
    pub(super) async fn start(replies: Vec<(&str, Vec<Reply>)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let replies = replies.into_iter().map(|(request, replies)| (request.to_owned(), replies.into())).collect();
        let state = Arc::new(Mutex::new(State { replies, heads: Vec::new() }));
        let serving = tokio::spawn(accept(listener, Arc::clone(&state)));
        Self { endpoint, state, serving }
    }

    /// Returns the requests so far: request line and headers, as they came.
    pub(super) fn heads(&self) -> Vec<String> {
        self.state.lock().unwrap().heads.clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn accept(listener: TcpListener, state: Arc<Mutex<State>>) {
    while let Ok((connection, _)) = listener.accept().await {
        // A client may hang up at any time; what it then makes of it is what the test looks at.
        answer(connection, &state).await.ok();
    }
}

/// Answers one request and closes the connection.
async fn answer(mut connection: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(connection.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let length = head.to_ascii_lowercase().split_once("content-length: ").and_then(|(_, rest)| {
        let digits = rest.split("\r\n").next()?;
        digits.parse().ok()
    });
    // What is not read would cut the answer short.
    connection.read_exact(&mut vec![0; length.unwrap_or(0)]).await?;
    let reply = {
        let mut state = state.lock().unwrap();
        let request = head.split(" HTTP/").next().unwrap_or_default().to_owned();
        state.heads.push(head.clone());
        match state.replies.get_mut(&request) {
            Some(replies) if replies.len() > 1 => replies.pop_front().unwrap(),
            Some(replies) => replies[0].clone(),
            None => Reply::new(400, format!("<Error><Code>NotPrepared</Code><Message>{request}</Message></Error>")),
        }
    };
    let mut answer = format!("HTTP/1.1 {} x\r\nConnection: close\r\n", reply.status);
    for (name, value) in &reply.headers {
        answer += &format!("{name}: {value}\r\n");
    }
    answer += &format!("Content-Length: {}\r\n\r\n", reply.body.len());
    connection.write_all(answer.as_bytes()).await?;
    if !head.starts_with("HEAD ") {
        connection.write_all(&reply.body[..reply.cut.unwrap_or(reply.body.len())]).await?;
    }
    connection.shutdown().await
}
