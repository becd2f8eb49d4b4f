//! reqwest with reqwest-retry: at most three retries, everything else as the
//! crates have it by default. What an adapter reads and writes: docs/adapters.md.
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::Duration;

use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use reqwest_retry::{policies::ExponentialBackoff, RetryTransientMiddleware};
use serde_json::{json, Value};
use sha2::{Digest, Sha256};

struct Plan {
    text: Value,
    base: String,
    results: String,
}

impl Plan {
    fn count(&self, key: &str) -> u64 {
        self.text[key].as_u64().expect("a count")
    }

    fn time(&self, key: &str) -> Duration {
        Duration::from_secs_f64(self.text[key].as_f64().expect("milliseconds") / 1000.0)
    }

    fn client(&self) -> ClientWithMiddleware {
        let limit = self.time("read_timeout_ms");
        let mut client = reqwest::Client::builder();
        if !limit.is_zero() {
            client = client.timeout(limit);
        }
        let policy = ExponentialBackoff::builder().build_with_max_retries(3);
        ClientBuilder::new(client.build().expect("a client"))
            .with(RetryTransientMiddleware::new_with_policy(policy))
            .build()
    }

    /// The request of a call; without a body it has its token in the query.
    async fn ask(&self, client: &ClientWithMiddleware, token: &str) -> Result<(u16, Vec<u8>), String> {
        let method = self.text["method"].as_str().expect("a method");
        let mut url = format!("{}{}", self.base, self.text["path"].as_str().expect("a path"));
        let mut body = None;
        if let "GET" | "HEAD" | "DELETE" = method {
            let separator = if url.contains('?') { '&' } else { '?' };
            url = format!("{url}{separator}token={token}");
        } else {
            let payload = match &self.text["payload"] {
                Value::Null => json!({ "token": "<token>" }),
                payload => payload.clone(),
            };
            body = Some(payload.to_string().replace("<token>", token));
        }
        let mut request = client.request(method.parse().expect("a method"), url);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        let reply = request.send().await.map_err(|error| error.to_string())?;
        let status = reply.status().as_u16();
        let data = reply.bytes().await.map_err(|error| error.to_string())?;
        Ok((status, data.to_vec()))
    }

    async fn call(&self, client: &ClientWithMiddleware, token: &str) {
        let patience = match self.time("give_up_ms") {
            Duration::ZERO => Duration::MAX,
            some => some,
        };
        let said = tokio::time::timeout(patience, self.ask(client, token)).await;
        let line = match said {
            Err(_) => json!({ "call": token, "outcome": "error", "error": "given up" }),
            Ok(Err(error)) => json!({ "call": token, "outcome": "error", "error": error }),
            Ok(Ok((status, _))) if status >= 400 => {
                json!({ "call": token, "outcome": "error", "status": status })
            }
            Ok(Ok((status, data))) => {
                let hash = format!("{:x}", Sha256::digest(&data));
                json!({ "call": token, "outcome": "ok", "status": status, "sha256": hash })
            }
        };
        std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(&self.results)
            .and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()))
            .expect("results can be written");
    }
}

/// All calls of one client, `concurrency` of them at a time.
async fn run_client(plan: Arc<Plan>, index: u64) {
    let spread = plan.time("start_spread_ms") * index as u32 / plan.count("clients") as u32;
    tokio::time::sleep(spread).await;
    let client = plan.client();
    let next = Arc::new(AtomicU64::new(0));
    let workers: Vec<_> = (0..plan.count("concurrency"))
        .map(|_| {
            let (plan, client, next) = (plan.clone(), client.clone(), next.clone());
            tokio::spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= plan.count("calls") {
                        break;
                    }
                    plan.call(&client, &format!("rs-{index}-{number}")).await;
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.expect("no call panics");
    }
}

async fn run(plan: Plan) {
    let plan = Arc::new(plan);
    let clients: Vec<_> = (0..plan.count("clients"))
        .map(|index| tokio::spawn(run_client(plan.clone(), index)))
        .collect();
    for client in clients {
        client.await.expect("no client panics");
    }
}

fn main() {
    let read = |name| std::env::var(name).expect(name);
    let plan = Plan {
        text: serde_json::from_str(&read("RETRYSPEC_PLAN")).expect("a plan"),
        base: read("RETRYSPEC_BASE_URL"),
        results: read("RETRYSPEC_RESULTS"),
    };
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(run(plan));
}
