//! A bucket of S3 on the loopback interface: lists and gives objects, and fails as it is told to. It answers CloudTrail's
//! ListPublicKeys as well.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

pub(crate) const BUCKET: &str = "amzn-s3-demo-bucket";

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// An error of S3: status and code.
    Refuses(u16, &'static str),
    /// The connection breaks off after so many bytes of the answer's body.
    BreaksOff(usize),
    /// The answer comes a few bytes at a time.
    Drips,
    /// No answer ever comes; the connection stays open.
    Hangs,
}

/// The name by which faults of listings are planned; those of objects are planned by key.
pub(crate) const LISTING: &str = "?list";

/// A running server. It stops when it is dropped.
pub(crate) struct Server {
    pub(crate) endpoint: String,
    state: Arc<State>,
    accepting: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    objects: Mutex<BTreeMap<String, Vec<u8>>>,
    /// What goes wrong by key, and how often.
    faults: Mutex<HashMap<String, Vec<(Fault, usize)>>>,
    /// The answer to ListPublicKeys; refused without one.
    public_keys: Mutex<Option<Vec<u8>>>,
    /// Regions that ListPublicKeys was asked in.
    asked: Mutex<BTreeSet<String>>,
    is_ended: AtomicBool,
}

impl Server {
    pub(crate) fn start(objects: BTreeMap<String, Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let state = Arc::new(State { objects: Mutex::new(objects), ..State::default() });
        let accepting = std::thread::spawn({
            let state = Arc::clone(&state);
            move || accept(&listener, &state)
        });
        Self { endpoint, state, accepting: Some(accepting) }
    }

    /// Plans faults for a key, one after the other, each so many times; then all is well.
    pub(crate) fn plan(&self, key: &str, faults: &[(Fault, usize)]) {
        self.state.faults.lock().expect("a plan").insert(key.to_owned(), faults.to_vec());
    }

    /// Answers ListPublicKeys from now on.
    pub(crate) fn give_keys(&self, answer: Vec<u8>) {
        *self.state.public_keys.lock().expect("keys") = Some(answer);
    }

    /// The Regions in which CloudTrail was asked for keys.
    pub(crate) fn asked_for_keys(&self) -> BTreeSet<String> {
        self.state.asked.lock().expect("Regions").clone()
    }

    pub(crate) fn forget_faults(&self) {
        self.state.faults.lock().expect("a plan").clear();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.state.is_ended.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for the next connection.
        TcpStream::connect(self.endpoint.trim_start_matches("http://")).ok();
        if let Some(accepting) = self.accepting.take() {
            accepting.join().expect("the server ends well");
        }
    }
}

fn accept(listener: &TcpListener, state: &Arc<State>) {
    for connection in listener.incoming() {
        if state.is_ended.load(Ordering::SeqCst) {
            return;
        }
        let state = Arc::clone(state);
        // A client may hang up at any time; what it then makes of it is what the test looks at.
        std::thread::spawn(move || connection.and_then(|connection| answer(connection, &state)).ok());
    }
}

/// A request as far as it matters here.
struct Request {
    method: String,
    key: String,
    query: HashMap<String, String>,
    range: Option<(usize, Option<usize>)>,
    /// The Region that a call of CloudTrail's API is signed for.
    region: Option<String>,
}

fn read_request(connection: &TcpStream) -> std::io::Result<Request> {
    let mut reader = BufReader::new(connection);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let (mut range, mut region, mut length) = (None, None, 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(bytes) = line.strip_prefix("content-length:") {
            length = bytes.trim().parse().unwrap_or_default();
        }
        if line.starts_with("authorization:") {
            // `Credential=KEY/DATE/REGION/SERVICE/aws4_request`.
            let signed = line.split_once("/cloudtrail/").and_then(|(scope, _)| scope.rsplit('/').next());
            region = signed.map(str::to_owned);
        }
        if let Some((from, to)) = line.strip_prefix("range: bytes=").and_then(|range| range.split_once('-')) {
            range = from.parse().ok().map(|from| (from, to.parse().ok()));
        }
    }
    // An answer to a request that is not read to its end would reach nobody.
    std::io::copy(&mut reader.take(length), &mut std::io::sink())?;
    let mut words = first.split_whitespace();
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let key = path.trim_start_matches('/').strip_prefix(BUCKET).unwrap_or_default().trim_start_matches('/');
    let query = query.split('&').filter_map(|pair| pair.split_once('=')).map(|(n, v)| (n.to_owned(), decoded(v)));
    Ok(Request { method: method.to_owned(), key: decoded(key), query: query.collect(), range, region })
}

fn decoded(text: &str) -> String {
    let (mut out, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, tail @ ..] = rest {
        let hex = std::str::from_utf8(tail.get(..2).unwrap_or_default()).ok();
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| *first == b'%') {
            Some(byte) => (out.push(byte), rest = &tail[2..]).1,
            None => (out.push(*first), rest = tail).1,
        }
    }
    String::from_utf8(out).expect("keys are UTF-8")
}

fn answer(mut connection: TcpStream, state: &State) -> std::io::Result<()> {
    let request = read_request(&connection)?;
    let planned = if request.query.contains_key("list-type") { LISTING } else { &request.key };
    let fault = next_fault(&mut state.faults.lock().expect("a plan"), planned);
    let objects = state.objects.lock().expect("objects").clone();
    let (status, headers, body) = match fault {
        Some(Fault::Hangs) => {
            // Until the other side gives up.
            connection.read_to_end(&mut Vec::new())?;
            return Ok(());
        }
        Some(Fault::Refuses(status, code)) => (status, String::new(), error(code)),
        _ if request.region.is_some() => public_keys(&request, state),
        _ if planned == LISTING => (200, String::new(), listing(&objects, &request.query)),
        _ => object(&objects, &request),
    };
    let head = format!("HTTP/1.1 {status} x\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
    connection.set_nodelay(true)?;
    connection.write_all(head.as_bytes())?;
    if request.method != "HEAD" {
        match fault {
            Some(Fault::BreaksOff(bytes)) => connection.write_all(&body[..bytes.min(body.len())])?,
            Some(Fault::Drips) => body.chunks(3).try_for_each(|part| connection.write_all(part))?,
            _ => connection.write_all(&body)?,
        }
    }
    connection.shutdown(std::net::Shutdown::Both)
}

fn public_keys(request: &Request, state: &State) -> (u16, String, Vec<u8>) {
    state.asked.lock().expect("Regions").extend(request.region.clone());
    match &*state.public_keys.lock().expect("keys") {
        Some(answer) => (200, "Content-Type: application/x-amz-json-1.1\r\n".to_owned(), answer.clone()),
        None => (400, String::new(), br#"{"__type":"AccessDeniedException","message":"not allowed"}"#.to_vec()),
    }
}

fn next_fault(plan: &mut HashMap<String, Vec<(Fault, usize)>>, key: &str) -> Option<Fault> {
    let faults = plan.get_mut(key)?;
    faults.retain(|(_, times)| *times > 0);
    let (fault, times) = faults.first_mut()?;
    *times -= 1;
    Some(*fault)
}

fn error(code: &str) -> Vec<u8> {
    format!("<Error><Code>{code}</Code><Message>about {code}</Message></Error>").into_bytes()
}

fn object(objects: &BTreeMap<String, Vec<u8>>, request: &Request) -> (u16, String, Vec<u8>) {
    let Some(body) = objects.get(&request.key) else { return (404, String::new(), error("NoSuchKey")) };
    let headers = format!("ETag: {}\r\nLast-Modified: Tue, 07 May 2024 13:05:10 GMT\r\n", etag(body));
    let Some((from, to)) = request.range else { return (200, headers, body.clone()) };
    let to = to.map_or(body.len(), |to| to + 1).min(body.len());
    let range = format!("{headers}Content-Range: bytes {from}-{}/{}\r\n", to - 1, body.len());
    (206, range, body[from.min(to)..to].to_vec())
}

/// Not S3's, but it changes with the bytes.
fn etag(body: &[u8]) -> String {
    let sum = body.iter().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)));
    format!("\"{sum:016x}\"")
}

fn listing(objects: &BTreeMap<String, Vec<u8>>, query: &HashMap<String, String>) -> Vec<u8> {
    let prefix = query.get("prefix").map_or("", String::as_str);
    let after = query.get("start-after").map_or("", String::as_str);
    let (mut contents, mut folders) = (String::new(), BTreeSet::new());
    for (key, body) in objects.iter().filter(|(key, _)| key.starts_with(prefix) && key.as_str() > after) {
        let below = &key[prefix.len()..];
        match below.split_once('/').filter(|_| query.contains_key("delimiter")) {
            Some((folder, _)) => _ = folders.insert(format!("{prefix}{folder}/")),
            None => {
                contents += &format!(
                    "<Contents><Key>{key}</Key><LastModified>2024-05-07T13:05:10.000Z</LastModified>\
                     <ETag>{}</ETag><Size>{}</Size></Contents>",
                    etag(body),
                    body.len()
                );
            }
        }
    }
    let folders: String =
        folders.iter().map(|folder| format!("<CommonPrefixes><Prefix>{folder}</Prefix></CommonPrefixes>")).collect();
    format!("<ListBucketResult>{contents}{folders}</ListBucketResult>").into_bytes()
}
