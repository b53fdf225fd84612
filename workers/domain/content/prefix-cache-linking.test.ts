/** The prefix cache changes neither split bodies nor link evidence. */
import { describe, expect, it } from "vitest";
import { splitBody } from "./split-body.ts";
import { PrefixCache } from "./prefix-cache.ts";
import { newExchangeId } from "../exchange-id.ts";
import { linkableRequest, requestEvidence } from "../linking/evidence/linkable-request.ts";
import { conversationTurn } from "../../../test/support/conversation.ts";
import { NOON } from "../../../test/support/exchanges.ts";
import { random } from "../../../test/support/prose.ts";
import { loadRecordings } from "../../../test/support/recordings.ts";

/** Another order: MEMORY_SEED=7 npx vitest run workers/domain/content/prefix-cache-linking.test.ts */
const seed = Number(process.env.MEMORY_SEED ?? 20_261_123);

interface Sent {
  body: Uint8Array;
  headers: Record<string, string>;
}

const bytesOf = (body: unknown) => new TextEncoder().encode(JSON.stringify(body));

const recorded: Sent[] = loadRecordings().map(({ request }) => ({
  body: bytesOf(request.body),
  headers: Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value]),
  ),
}));

/** Conversations with tools, moving cache markers, and turns where the user went back and sent another message. */
const made: Sent[] = Array.from({ length: 90 }, (_, n) => {
  const { body } = conversationTurn(n % 30, {
    seed: 1 + Math.floor(n / 30),
    newText: 300,
    toolText: 4_000,
  });
  const last = body.messages.at(-1)!;
  const messages =
    n % 7 === 3 ? [...body.messages.slice(0, -1), { ...last, content: `Another way, ${n}.` }] : body.messages;
  return { body: bytesOf({ ...body, messages }), headers: { "user-agent": "claude-cli/2.1.330" } };
});

/** The split body and evidence of a request, as one text. */
function describeRequest({ body, headers }: Sent, cache?: PrefixCache): string {
  const split = splitBody(body, cache);
  const id = newExchangeId(NOON, new Uint8Array(10));
  const evidence = requestEvidence(id, linkableRequest(headers, split), {
    message: null,
    outcome: "complete",
  });
  const plain = (value: unknown): unknown => {
    if (value instanceof Uint8Array) return Buffer.from(value).toString("latin1");
    if (Array.isArray(value)) return value.map(plain);
    if (typeof value === "bigint") return `${value}n`;
    if (typeof value !== "object" || value === null) return value;
    return Object.entries(value).map(([name, member]) => [name, plain(member)]);
  };
  return JSON.stringify(plain([split, evidence]));
}

describe.each([
  ["recorded requests", recorded],
  ["generated conversations", made],
])("%s", (_, requests) => {
  const truth = requests.map((request) => describeRequest(request));

  it.each([
    ["a cache for all", 64_000_000],
    ["a cache for few", 600_000],
  ])(`are the same in any order, twice, with %s (seed ${seed})`, (_size, maxBytes) => {
    const cache = new PrefixCache(maxBytes);
    const next = random(seed);
    const order = [...requests.keys(), ...requests.keys()]
      .map((n) => ({ n, at: next() }))
      .sort((a, b) => a.at - b.at);
    for (const { n } of order)
      expect(describeRequest(requests[n]!, cache) === truth[n], `request ${n}`).toBe(true);
    for (const n of requests.keys())
      expect(describeRequest(requests[n]!, cache) === truth[n], `request ${n}`).toBe(true);
  });
});
