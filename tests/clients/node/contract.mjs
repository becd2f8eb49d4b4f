// What an adapter reads and writes (docs/adapters.md), for the adapters here.
import { createHash } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export const plan = JSON.parse(process.env.RETRYSPEC_PLAN);
export const base = process.env.RETRYSPEC_BASE_URL;

// The request of a call; without a body it has its token in the query.
function request(token) {
  const { method, path } = plan;
  if (['GET', 'HEAD', 'DELETE'].includes(method)) {
    return { method, path: `${path}${path.includes('?') ? '&' : '?'}token=${token}` };
  }
  const payload = JSON.stringify(plan.payload ?? { token: '<token>' });
  return { method, path, body: payload.replaceAll('<token>', token) };
}

async function outcome(client, call, token) {
  const signal = plan.give_up_ms ? AbortSignal.timeout(plan.give_up_ms) : undefined;
  try {
    const { status, body } = await call(client, { ...request(token), signal });
    return { outcome: 'ok', status, sha256: createHash('sha256').update(body).digest('hex') };
  } catch (error) {
    const status = error.response?.statusCode ?? error.response?.status ?? 0;
    return { outcome: 'error', status, error: `${error.name} ${error.code}` };
  }
}

// All calls of one client, `concurrency` of them at a time.
async function runClient(client, call, index) {
  await sleep((plan.start_spread_ms * index) / plan.clients);
  let next = 0;
  const worker = async () => {
    while (next < plan.calls) {
      const token = `rs-${index}-${next++}`;
      const line = { call: token, ...(await outcome(client, call, token)) };
      appendFileSync(process.env.RETRYSPEC_RESULTS, `${JSON.stringify(line)}\n`);
    }
  };
  await Promise.all(Array.from({ length: plan.concurrency }, worker));
}

// The whole plan. `call(client, {method, path, body, signal})` gives {status, body} or throws.
export async function run(makeClient, call) {
  await Promise.all(Array.from({ length: plan.clients }, (_, index) => runClient(makeClient(), call, index)));
  process.exit(0); // does not wait for connections that are kept alive
}
