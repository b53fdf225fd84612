/** How exchanges end when something breaks or somebody leaves. Over real sockets: a unit test cannot hang up. */
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { headerOf, type Received, type Reply } from "../../scripts/local/fake-claude.ts";
import { claimPort } from "../../scripts/local/ports.ts";
import { startEdge, type Edge, type Journalled, type SendOptions } from "../support/edge.ts";

const TIMEOUT_MS = 600;
const STREAM_MAX_MS = 1_500;
/** Promised to whoever pays for tokens: upstream hears of a hang-up this soon. */
const HANG_UP_MS = 200;

let edge: Edge;
let tenant: { domain: string; key: string };
beforeAll(async () => {
  edge = await startEdge({ CLAUDE_API_TIMEOUT: String(TIMEOUT_MS), STREAM_MAX_MS: String(STREAM_MAX_MS) });
  tenant = await edge.tenant();
});
afterAll(() => edge.stop());
afterEach(() => edge.claude.reset());

const send = (options: SendOptions = {}) =>
  edge.send({
    host: tenant.domain,
    path: "/v1/things",
    body: "{}",
    ...options,
    headers: { "x-api-key": tenant.key, ...options.headers },
  });
const event = (delayMs: number) => ({ delayMs, bytes: Buffer.from("event: ping\ndata: {}\n\n") });
const stream = (given: Partial<Extract<Reply, { kind: "raw" }>>): Reply => ({
  kind: "raw",
  status: 200,
  headers: { "content-type": "text/event-stream" },
  chunks: [event(0), event(50), event(50)],
  ...given,
});
const endless = stream({ chunks: Array.from({ length: 200 }, () => event(40)) });

/** The only exchange since the last test, once its response half is in the journal and its bell has rung. */
async function recordedBy(received: Received | undefined): Promise<{
  [P in keyof Journalled]: NonNullable<Journalled[P]>;
}> {
  const id = await vi.waitFor(
    async () => {
      const marker = headerOf(received ?? { headers: [] }, "x-marker");
      const ids = await edge.exchangeIds();
      for (const each of ids) {
        const { request } = await edge.journal(each);
        if (request?.facts.headers["x-stainless-marker"] === marker) return each;
      }
      throw new Error("not there yet");
    },
    { timeout: 5_000 },
  );
  return vi.waitFor(
    async () => {
      const { request, response } = await edge.journal(id);
      if (!request || !response || !(await edge.bell(id))) throw new Error("not there yet");
      return { request, response };
    },
    { timeout: 5_000 },
  );
}
