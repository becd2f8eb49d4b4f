// Lets retryspec drive a JavaScript client (Node 20 or newer). It works as it is:
//     retryspec smoke -- node adapter.mjs
// What an adapter is told and what it answers: docs/adapters.md of retryspec.
import { createHash } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const { env } = process;
if (!env.RETRYSPEC_PLAN) {
  console.error('start me with: retryspec smoke -- node adapter.mjs');
  process.exit(1);
}
const plan = JSON.parse(env.RETRYSPEC_PLAN);
const readTimeout = plan.read_timeout_ms || 60_000;

// ---- YOUR CLIENT ------------------------------------------------------------
// Stands for one client object of your SDK.
class Client {
  // One logical call with all its retries: {status, body} or an error thrown.
  // Replace this loop by one call of your SDK. `body` is undefined for GET;
  // `signal` fires when the caller loses patience.
  async call(method, path, body, signal) {
    const headers = body ? { 'Content-Type': 'application/json' } : {};
    for (let attempt = 0; ; attempt++) {
      let result, wait = 500 * 2 ** attempt;
      try {
        const limit = AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(readTimeout))]);
        const reply = await fetch(env.RETRYSPEC_BASE_URL + path, { method, headers, body, signal: limit });
        result = { status: reply.status, body: Buffer.from(await reply.arrayBuffer()) };
        if (reply.status < 500 && ![408, 429].includes(reply.status)) return result;
        const header = reply.headers.get('Retry-After') ?? '';
        if (/^\d+$/.test(header)) wait = 1000 * header;
      } catch (error) {
        if (signal.aborted) throw error;
        result = error;
      }
      if (attempt === 4) {
        if (result instanceof Error) throw result;
        return result;
      }
      await sleep(wait, undefined, { signal });
    }
  }
}
// -----------------------------------------------------------------------------

// To skip a scenario that your client can't do: say why and exit 77.
// if (env.RETRYSPEC_SCENARIO === 'body/reset') { console.error('no streaming'); process.exit(77); }

// One call, one line of results.
async function runCall(client, token) {
  // The token tells retryspec which call a request belongs to. GET has no body.
  let { method, path } = plan, body;
  if (['GET', 'HEAD', 'DELETE'].includes(method)) {
    path += `${path.includes('?') ? '&' : '?'}token=${token}`;
  } else {
    body = JSON.stringify(plan.payload ?? { token: '<token>' }).replaceAll('<token>', token);
  }
  const patience = new AbortController();
  const timer = plan.give_up_ms && setTimeout(() => patience.abort(), plan.give_up_ms);
  const line = { call: token, outcome: 'error' };
  try {
    const reply = await client.call(method, path, body, patience.signal);
    line.outcome = reply.status < 400 ? 'ok' : 'error';
    line.status = reply.status;
    line.error = reply.status < 400 ? '' : `HTTP ${reply.status}`;
    line.sha256 = createHash('sha256').update(reply.body).digest('hex');
  } catch (error) { // your SDK's errors: their names go to the report
    line.error = `${error.name}: ${error.cause?.code ?? error.message}`;
  } finally {
    clearTimeout(timer);
  }
  appendFileSync(env.RETRYSPEC_RESULTS, JSON.stringify(line) + '\n');
}

// All calls of one client, `concurrency` of them at a time.
async function runClient(index) {
  await sleep((plan.start_spread_ms * index) / plan.clients);
  const client = new Client();
  let next = 0;
  const worker = async () => {
    while (next < plan.calls) await runCall(client, `rs-${index}-${next++}`);
  };
  await Promise.all(Array.from({ length: plan.concurrency }, worker));
}

await Promise.all(Array.from({ length: plan.clients }, (_, index) => runClient(index)));
process.exit(0); // do not wait for connections that are kept alive
