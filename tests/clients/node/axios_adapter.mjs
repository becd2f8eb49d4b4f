// axios with axios-retry:
//     axios_adapter.mjs              its defaults
//     axios_adapter.mjs exponential  with the exponentialDelay that it brings along
import axios from 'axios';
import axiosRetry from 'axios-retry';
import { base, plan, run } from './contract.mjs';

const delay = process.argv[2] === 'exponential' ? { retryDelay: axiosRetry.exponentialDelay } : {};

function makeClient() {
  const client = axios.create({ baseURL: base, timeout: plan.read_timeout_ms });
  axiosRetry(client, { retries: 3, ...delay });
  return client;
}

await run(makeClient, async (client, { method, path, body, signal }) => {
  const headers = body === undefined ? {} : { 'content-type': 'application/json' };
  const reply = await client.request({ method, url: path, data: body, headers, signal, responseType: 'arraybuffer' });
  return { status: reply.status, body: reply.data };
});
