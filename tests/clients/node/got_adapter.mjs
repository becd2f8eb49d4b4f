// got with its defaults.
import got from 'got';
import { base, plan, run } from './contract.mjs';

const options = plan.read_timeout_ms ? { timeout: { request: plan.read_timeout_ms } } : {};

await run(() => got.extend(options), async (client, { method, path, body, signal }) => {
  const headers = body === undefined ? {} : { 'content-type': 'application/json' };
  const reply = await client(base + path, { method, body, headers, signal, responseType: 'buffer' });
  return { status: reply.statusCode, body: reply.body };
});
