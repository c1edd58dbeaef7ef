//! A server on the loopback interface: as much of HTTP/1.1 as our clients speak, and ways to break it.
//!
//! With `cluster` beside it, it is part of two test programs: this crate's, and that of the binary.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query, as they came.
    pub(crate) target: String,
    /// By their names in lower case.
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }
}

/// What is said to a request.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    /// How much of the answer, in hundredths, goes out before the connection is closed.
    pub(crate) cut_percent: Option<usize>,
}

impl Reply {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), cut_percent: None }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    pub(crate) fn cut(self, percent: usize) -> Self {
        Self { cut_percent: Some(percent), ..self }
    }
}

/// What answers requests.
pub(crate) trait Handler: Send + Sync + 'static {
    /// Returns whether the connection is closed in the middle of this request's body, which is empty so far.
    fn hangs_up(&self, _: &Request) -> bool {
        false
    }

    fn answer(&self, request: Request) -> Reply;
}

/// A running server. It stops when it is dropped.
pub(crate) struct Server {
    pub(crate) url: String,
    serving: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(handler: Arc<impl Handler>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        Self { url, serving: tokio::spawn(accept(listener, handler)) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn accept(listener: TcpListener, handler: Arc<impl Handler>) {
    // Dropped with this task, which ends all that are left.
    let mut connections = JoinSet::new();
    while let Ok((connection, _)) = listener.accept().await {
        let handler = Arc::clone(&handler);
        // A client may hang up at any time; what it then makes of it is what the test looks at.
        connections.spawn(async move { serve(connection, &*handler).await.ok() });
        while connections.try_join_next().is_some() {}
    }
}

/// Answers the requests of one connection until either side has had enough.
async fn serve(connection: TcpStream, handler: &impl Handler) -> io::Result<()> {
    let mut connection = BufReader::new(connection);
    while let Some(mut request) = read_head(&mut connection).await? {
        let length: usize = request.header("content-length").parse().unwrap_or(0);
        if handler.hangs_up(&request) {
            request.body.resize(length / 2, 0);
            connection.read_exact(&mut request.body).await?;
            return Ok(());
        }
        request.body.resize(length, 0);
        connection.read_exact(&mut request.body).await?;
        let is_head = request.method == "HEAD";
        let reply = handler.answer(request);
        let mut answer = format!("HTTP/1.1 {} x\r\nContent-Length: {}\r\n", reply.status, reply.body.len());
        for (name, value) in &reply.headers {
            answer += &format!("{name}: {value}\r\n");
        }
        let mut answer = (answer + "\r\n").into_bytes();
        if !is_head {
            answer.extend_from_slice(&reply.body);
        }
        if let Some(percent) = reply.cut_percent {
            answer.truncate(answer.len() * percent / 100);
        }
        connection.get_mut().write_all(&answer).await?;
        if reply.cut_percent.is_some() {
            return connection.get_mut().shutdown().await;
        }
    }
    Ok(())
}

async fn read_head(connection: &mut BufReader<TcpStream>) -> io::Result<Option<Request>> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if connection.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        match line.trim_end() {
            "" if lines.is_empty() => {}
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let mut words = lines[0].split(' ');
    let (method, target) = (words.next().unwrap().to_owned(), words.next().unwrap().to_owned());
    let header = |line: &String| {
        let (name, value) = line.split_once(':').unwrap();
        (name.to_ascii_lowercase(), value.trim().to_owned())
    };
    Ok(Some(Request { method, target, headers: lines[1..].iter().map(header).collect(), body: Vec::new() }))
}
