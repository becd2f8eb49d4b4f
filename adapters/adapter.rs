//! Lets retryspec drive a Rust client (1.63 or newer). It works as it is, with the standard library alone:
//!
//!     rustc -O adapter.rs && retryspec smoke -- ./adapter
//!
//! In a Cargo project make it src/bin/adapter.rs; build first (cargo build), then
//! retryspec smoke -- target/debug/adapter
//! What an adapter is told and what it answers: docs/adapters.md of retryspec.
use std::env::var;
use std::fs::OpenOptions;
use std::io::{Error, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

/// A value of the plan, such as plan("METHOD").
fn plan(key: &str) -> String {
    var(format!("RETRYSPEC_PLAN_{key}")).unwrap_or_else(|_| {
        eprintln!("start me with: retryspec smoke -- ./adapter");
        std::process::exit(1)
    })
}

fn count(key: &str) -> usize {
    plan(key).parse().expect(key)
}

/// A time of the plan; 0 is none.
fn time(key: &str) -> Option<Duration> {
    let ms: f64 = plan(key).parse().expect(key);
    (ms > 0.0).then(|| Duration::from_secs_f64(ms / 1000.0))
}

// ---- YOUR CLIENT ------------------------------------------------------------

/// Stands for one client object of your SDK.
struct Client {
    address: String,
    read_timeout: Duration,
}

struct Reply {
    status: u16,
    retry_after: Option<u64>,
    body: Vec<u8>,
}

impl Client {
    fn new(base_url: &str, read_timeout: Option<Duration>) -> Client {
        let address = base_url.trim_start_matches("http://").to_string();
        Client { address, read_timeout: read_timeout.unwrap_or(Duration::from_secs(60)) }
    }

    /// One logical call with all its retries. Replace this loop by one call of
    /// your SDK. `body` is None for GET; the caller loses patience at `deadline`.
    fn call(&self, method: &str, path: &str, body: Option<&str>, deadline: Option<Instant>) -> Result<Reply, Error> {
        let mut attempt = 0;
        loop {
            let mut wait = Duration::from_millis(500 << attempt);
            let result = self.attempt(method, path, body, deadline);
            if let Ok(reply) = &result {
                if reply.status < 500 && reply.status != 408 && reply.status != 429 {
                    return result;
                }
                wait = reply.retry_after.map(Duration::from_secs).unwrap_or(wait);
            }
            if attempt == 4 {
                return result;
            }
            if deadline.map_or(false, |end| Instant::now() + wait >= end) {
                return Err(Error::new(ErrorKind::TimedOut, "gave up"));
            }
            sleep(wait);
            attempt += 1;
        }
    }

    /// One request, as plain as HTTP/1.1 can be.
    fn attempt(&self, method: &str, path: &str, body: Option<&str>, deadline: Option<Instant>) -> Result<Reply, Error> {
        let mut socket = TcpStream::connect(&self.address)?;
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.address);
        if let Some(text) = body {
            head += &format!("Content-Type: application/json\r\nContent-Length: {}\r\n", text.len());
        }
        socket.write_all((head + "\r\n" + body.unwrap_or("")).as_bytes())?;
        let mut bytes = Vec::new();
        let mut is_over = false;
        loop {
            if let Some(reply) = parse(&bytes, method == "HEAD", is_over) {
                return Ok(reply);
            }
            if is_over {
                return Err(Error::new(ErrorKind::UnexpectedEof, "closed before the whole answer came"));
            }
            let left = deadline.map(|end| end.saturating_duration_since(Instant::now()));
            let limit = left.unwrap_or(self.read_timeout).min(self.read_timeout);
            socket.set_read_timeout(Some(limit.max(Duration::from_millis(1))))?;
            let mut part = [0; 65536];
            let size = socket.read(&mut part)?;
            bytes.extend_from_slice(&part[..size]);
            is_over = size == 0;
        }
    }
}

/// The answer once it is whole.
fn parse(bytes: &[u8], is_head: bool, is_over: bool) -> Option<Reply> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let (head, rest) = (String::from_utf8_lossy(&bytes[..end]), &bytes[end + 4..]);
    let header = |name: &str| {
        let mut lines = head.lines().skip(1).filter_map(|line| line.split_once(':'));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    };
    let body = match header("Content-Length") {
        _ if is_head => Vec::new(),
        Some(size) => rest.get(..size.parse().ok()?)?.to_vec(),
        None if header("Transfer-Encoding").is_some() => chunks(rest)?,
        None => is_over.then(|| rest.to_vec())?,
    };
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Reply { status, retry_after: header("Retry-After").and_then(|value| value.parse().ok()), body })
}

fn chunks(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).ok()?, 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(end + 2..end + 2 + size)?);
        rest = rest.get(end + 4 + size..)?;
    }
}

// -----------------------------------------------------------------------------

/// One call; its answer is one line of results.
fn run_call(client: &Client, token: &str) -> String {
    // The token tells retryspec which call a request belongs to. GET has no body.
    let (method, mut path, mut body) = (plan("METHOD"), plan("PATH"), None);
    if ["GET", "HEAD", "DELETE"].contains(&method.as_str()) {
        path += &format!("{}token={token}", if path.contains('?') { '&' } else { '?' });
    } else {
        body = Some(plan("PAYLOAD").replace("<token>", token));
    }
    let deadline = time("GIVE_UP_MS").map(|patience| Instant::now() + patience);
    match client.call(&method, &path, body.as_deref(), deadline) {
        Ok(Reply { status, body, .. }) => {
            let (outcome, error) =
                if status < 400 { ("ok", String::new()) } else { ("error", format!("HTTP {status}")) };
            let sha256 = sha256(&body);
            format!(r#"{{"call":"{token}","outcome":"{outcome}","status":{status},"error":"{error}","sha256":"{sha256}"}}"#)
        }
        // Your SDK's errors: their names go to the report.
        Err(error) => {
            let name = error.to_string().replace(['"', '\\', '\n'], "'");
            format!(r#"{{"call":"{token}","outcome":"error","error":"{name}"}}"#)
        }
    }
}

fn main() {
    // To skip a scenario that your client can't do: say why and exit 77.
    // if var("RETRYSPEC_SCENARIO").unwrap() == "body/reset" { eprintln!("no streaming"); std::process::exit(77) }
    let (clients, calls, concurrency) = (count("CLIENTS"), count("CALLS"), count("CONCURRENCY"));
    let base_url = var("RETRYSPEC_BASE_URL").unwrap();
    let results = var("RETRYSPEC_RESULTS").unwrap();
    let results = OpenOptions::new().append(true).create(true).open(results).unwrap();
    let all: Vec<_> = (0..clients)
        .map(|_| (Client::new(&base_url, time("READ_TIMEOUT_MS")), AtomicUsize::new(0)))
        .collect();
    // Every client at once, each with its calls, `concurrency` of them at a time.
    scope(|threads| {
        for (index, (client, next)) in all.iter().enumerate() {
            let delay = time("START_SPREAD_MS").unwrap_or_default() * index as u32 / clients as u32;
            for _ in 0..concurrency.min(calls) {
                let mut results = &results;
                threads.spawn(move || {
                    sleep(delay);
                    loop {
                        let call = next.fetch_add(1, Ordering::SeqCst);
                        if call >= calls {
                            return;
                        }
                        let line = run_call(client, &format!("rs-{index}-{call}"));
                        results.write_all(format!("{line}\n").as_bytes()).unwrap();
                    }
                });
            }
        }
    });
}

/// FIPS 180-4, since the standard library has none: the first 32 bits of the
/// fractions of roots of primes are its constants.
fn sha256(bytes: &[u8]) -> String {
    let primes = (2u32..).filter(|n| (2..*n).all(|d| n % d != 0));
    let fraction = |root: f64| (root.fract() * 4294967296.0) as u32;
    let k: Vec<u32> = primes.clone().take(64).map(|p| fraction((p as f64).cbrt())).collect();
    let mut hash: Vec<u32> = primes.take(8).map(|p| fraction((p as f64).sqrt())).collect();
    let mut text = bytes.to_vec();
    text.push(0x80);
    text.resize((text.len() + 8 + 63) / 64 * 64 - 8, 0);
    text.extend((bytes.len() as u64 * 8).to_be_bytes());
    for block in text.chunks(64) {
        let mut w: Vec<u32> = block.chunks(4).map(|four| u32::from_be_bytes([four[0], four[1], four[2], four[3]])).collect();
        for i in 16..64 {
            let (a, b) = (w[i - 15], w[i - 2]);
            let s0 = a.rotate_right(7) ^ a.rotate_right(18) ^ (a >> 3);
            let s1 = b.rotate_right(17) ^ b.rotate_right(19) ^ (b >> 10);
            w.push(w[i - 16].wrapping_add(s0).wrapping_add(w[i - 7]).wrapping_add(s1));
        }
        let mut v = hash.clone(); // a to h
        for i in 0..64 {
            let (a, e) = (v[0], v[4]);
            let s1 = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
            let choice = (e & v[5]) ^ (!e & v[6]);
            let t1 = v[7].wrapping_add(s1).wrapping_add(choice).wrapping_add(k[i]).wrapping_add(w[i]);
            let s0 = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
            let majority = (a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]);
            v.rotate_right(1);
            v[0] = t1.wrapping_add(s0).wrapping_add(majority);
            v[4] = v[4].wrapping_add(t1);
        }
        hash = hash.iter().zip(v).map(|(h, x)| h.wrapping_add(x)).collect();
    }
    hash.iter().map(|word| format!("{word:08x}")).collect()
}
