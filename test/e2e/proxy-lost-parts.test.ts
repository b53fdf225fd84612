/** R2 and the queue fail at different moments of one exchange, or together. Over real sockets. */
import { expect, it } from "vitest";
import type { Reply } from "../../scripts/local/fake-claude/server.ts";
import { proxyHarnessOfFile } from "../support/proxy-harness-of-file.ts";
import {
  startProxyHarness,
  type ProxyHarness,
  type SendOptions,
  type Sent,
  type Tenant,
} from "../support/proxy-harness.ts";
import { waitFor, waitUntil } from "../support/wait.ts";

let harness: ProxyHarness;
let tenant: Tenant;
proxyHarnessOfFile((started) => ({ harness, tenant } = started));

/** Longer than three attempts of a put: a response this long ends after the put of its request has failed. */
const TRIES_MS = 3_000;
const TRIES = 3;
const EVENT = "event: ping\ndata: {}\n\n";
const stream = (ms: number): Reply => ({
  kind: "raw",
  status: 200,
  headers: { "content-type": "text/event-stream" },
  chunks: [0, ms].map((delayMs) => ({ delayMs, bytes: Buffer.from(EVENT) })),
});
const send = (options: SendOptions = {}) =>
  tenant.send({
    path: "/v1/things?beta=true",
    body: '{"hello":1}',
    headers: { "user-agent": "tester/1" },
    ...options,
  });
const untilResponded = (sent: Sent) =>
  waitFor(async () => {
    const { request, response } = await harness.journal(sent.id);
    if (!response) throw new Error("not yet");
    return { request, response };
  });

it("a request that R2 did not take is stored after its response, if R2 is back", async () => {
  harness.respondWith(stream(TRIES_MS));
  await harness.break({
    JOURNAL: { how: "fail", failures: TRIES },
    EXCHANGES: { how: "fail" },
  });
  const sent = await send();
  const { request, response } = await harness.recorded(sent.id);
  expect(request.body.toString()).toBe('{"hello":1}');
  expect(request.metadata).toMatchObject({ domain: tenant.domain, query: "?beta=true" });
  expect(response.metadata.outcome).toBe("complete");
});

it("a request too large to be kept in memory has its metadata in the response part", async () => {
  harness.respondWith(stream(TRIES_MS));
  await harness.break({
    JOURNAL: { how: "fail", failures: TRIES },
    EXCHANGES: { how: "fail" },
  });
  const { request, response } = await untilResponded(await send({ body: Buffer.alloc(1_500_000, "x") }));
  expect(request).toBeNull();
  expect(response.metadata.asked).toMatchObject({
    domain: tenant.domain,
    accountId: "account-of-the-test",
    credentialType: "api_key",
    clientKeyId: tenant.clientKeyId,
    method: "POST",
    path: "/v1/things",
    query: "?beta=true",
    headers: { "user-agent": "tester/1" },
    body: { recorded: "none", bytes: 1_500_000 },
  });
});

it("a response part always carries the summary of its request", async () => {
  harness.respondWith(stream(10));
  const { response } = await untilResponded(await send());
  expect(response.metadata.asked).toEqual({
    domain: tenant.domain,
    accountId: "account-of-the-test",
    credentialType: "api_key",
    clientKeyId: tenant.clientKeyId,
    method: "POST",
    path: "/v1/things",
  });
});

it("metadata that neither R2 nor the queue took is sent when the queue is back", async () => {
  const quiet = await startProxyHarness();
  try {
    const { domain, send } = await quiet.tenant();
    quiet.respondWith(stream(10));
    await quiet.break({
      JOURNAL: { how: "fail" },
      EXCHANGES: { how: "fail" },
    });
    const sent = await send({ path: "/v1/things", body: '{"hello":1}' });
    expect(sent.isComplete).toBe(true);
    // The message's attempts, and the first flush of the counters after it.
    await waitUntil(async () => (await quiet.calls("EXCHANGES")) > TRIES);
    await quiet.break({});
    const notification = await quiet.notification(sent.id);
    expect(notification.request).toMatchObject({ domain, body: { recorded: "none", bytes: 11 } });
    expect(notification.response).toMatchObject({ outcome: "unrecorded", status: 200 });
    expect(await quiet.counted("unrecorded")).toBe(1);
    expect(await quiet.counted("facts_lost")).toBe(0);
  } finally {
    await quiet.stop();
  }
});
