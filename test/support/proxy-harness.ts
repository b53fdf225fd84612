/**
 * The proxy on real sockets for tests in Node: the bundled Worker in Miniflare, a fake Claude behind it, and a raw client in front,
 * because `fetch` hides what matters here (the request line, the Host, how a stream ended).
 */
import { createHash, randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import {
  send as sendOverHttp,
  type SendOptions as SendOverHttp,
  type Sent as SentOverHttp,
} from "../../scripts/local/demo/send.ts";
import { startFakeClaude, type Reply } from "../../scripts/local/fake-claude/server.ts";
import { claimPort } from "../../scripts/local/network/ports.ts";
import type {
  CountersMessage,
  ExchangeMessage,
  RequestMetadata,
  ResponseMetadata,
} from "../../workers/schemas/exchange.ts";
import type { OAuthStatus, TokenPair } from "../../workers/schemas/oauth.ts";
import { waitFor } from "./wait.ts";

export interface Sent extends SentOverHttp {
  /** `x-nexus-request-id`. */
  id: string;
  /** False when the connection broke before the body's end. */
  isComplete: boolean;
}

export interface SendOptions extends Partial<Omit<SendOverHttp, "baseUrl" | "agent" | "write">> {
  /** Without `content-length`. */
  chunked?: boolean;
  /** Resets the socket when this resolves. (workerd does not notice a close before the response: no write fails yet.) */
  resetWhen?: Promise<unknown>;
  /** Sends only this many bytes of the body. */
  stopAfter?: number;
}

type Binding = "JOURNAL" | "EXCHANGES" | "TENANTS" | "OAUTH_ACCOUNT";

export interface JournalledPart<M = RequestMetadata | ResponseMetadata> {
  metadata: M;
  body: Buffer;
}
/** A journal entry with both parts. */
export interface CompleteEntry {
  request: JournalledPart<RequestMetadata>;
  response: JournalledPart<ResponseMetadata>;
}
export type Journalled = { [P in keyof CompleteEntry]: CompleteEntry[P] | null };

export type ProxyHarness = Awaited<ReturnType<typeof startProxyHarness>>;
/** A domain with a client key; `send` sends to the domain with the key. */
export type Tenant = Awaited<ReturnType<ProxyHarness["tenant"]>>;

/** API key sent upstream for every tenant. */
export const UPSTREAM_KEY = "sk-ant-api03-of-the-account";

/** Starts it on a free port with these variables of workers/runtime/config.ts. */
export async function startProxyHarness(variables: Record<string, string> = {}) {
  let clockOffsetMs = 0;
  const claude = await startFakeClaude({ seed: "edge", now: () => Date.now() + clockOffsetMs });
  const port = await claimPort(0, "PORT");
  const runtime = new Miniflare(
    convertV4MiniflareOptions({
      host: "127.0.0.1",
      cf: false,
      // Warnings are what most of these tests provoke.
      handleStructuredLogs: ({ level, message }) => {
        if (level === "error") console.error(message);
      },
      workers: [
        {
          name: "nexus",
          modules: [{ type: "ESModule", path: "edge.js", contents: await bundle() }],
          compatibilityDate: "2026-10-15",
          compatibilityFlags: ["nodejs_compat", "enable_request_signal"],
          bindings: {
            CLAUDE_API_BASE_URL: claude.url,
            CLAUDE_OAUTH_TOKEN_URL: `${claude.url}/v1/oauth/token`,
            CLAUDE_OAUTH_AUTHORIZE_URL: `${claude.url}/oauth/authorize`,
            DATABASE_URL: "postgres://none@127.0.0.1:1/none",
            CREDENTIAL_KEYS: `test:${Buffer.alloc(32, "t").toString("base64")}`,
            ...variables,
          },
          // Miniflare's stripping also adds a header `cf-worker` of its own to what goes upstream.
          stripCfConnectingIp: false,
          durableObjects: {
            ACCOUNT_WINDOW: { className: "AccountWindow", useSQLite: true },
            LIVE_FEED: { className: "LiveFeed", useSQLite: true },
            OAUTH_ACCOUNT: { className: "OAuthAccount", useSQLite: true },
          },
          kvNamespaces: ["TENANTS"],
          r2Buckets: ["JOURNAL"],
          queueProducers: { EXCHANGES: "exchanges" },
          queueConsumers: { exchanges: { maxBatchTimeout: 0.02 } },
          unsafeDirectSockets: [{ host: "127.0.0.1", port }],
        },
      ],
    }),
  );
  await runtime.ready;

  const controlBytes = async (...call: unknown[]): Promise<Buffer> => {
    const options = { host: "control.test", body: JSON.stringify(call) };
    const { body, status } = await send(port, options);
    if (status !== 200) throw new Error(body.toString());
    return body;
  };
  /** Calls a function of worker-proxy-harness.ts. */
  const control = async <T>(...call: unknown[]): Promise<T> =>
    JSON.parse((await controlBytes(...call)).toString()) as T;
  const journalIds = () => control<string[]>("journalIds");
  const journal = async (id: string): Promise<Journalled> => {
    type Metadata = { [P in keyof Journalled]: CompleteEntry[P]["metadata"] | null };
    const { request, response } = await control<Metadata>("journal", id);
    const body = (part: keyof Journalled) => controlBytes("body", id, part);
    return {
      request: request && { metadata: request, body: await body("request") },
      response: response && { metadata: response, body: await body("response") },
    };
  };
  const messages = () => control<(ExchangeMessage | CountersMessage)[]>("messages");
  const notifications = async () =>
    (await messages()).filter((notification) => notification.kind === "exchange");

  return {
    port,
    claude,
    /** Rejects only when there was no response at all. */
    send: (options: SendOptions) => send(port, options),
    /** Makes the fake Claude respond to everything with `reply`; returns a function that undoes it. */
    respondWith: (reply: Reply) => claude.script(() => true, reply),
    /** Configures a domain of this name, without a key. */
    configure: (given: { domain: string; credentialType: "passthrough" }) =>
      control("setDomain", { v: 1, accountId: null, credential: null, endpoints: null, ...given }, null),
    /** A domain of its own name with a credential and a client key. `accountId` is unique for an OAuth tenant. */
    async tenant({
      credentialType = "api_key",
      endpoints = null,
    }: { credentialType?: "api_key" | "passthrough" | "oauth"; endpoints?: string[] | null } = {}) {
      const domain = `${randomUUID()}.example`;
      const key = `cnp_live_${randomUUID()}`;
      const clientKeyId = randomUUID();
      const hash = createHash("sha256").update(key).digest("hex");
      const accountIds = { api_key: "account-of-the-test", oauth: `acc_${randomUUID()}`, passthrough: null };
      const accountId = accountIds[credentialType];
      const record = { v: 1, domain, accountId, credentialType, credential: null, endpoints };
      await control("setDomain", record, credentialType === "api_key" ? UPSTREAM_KEY : null);
      await control("setKey", hash, { v: 1, id: clientKeyId, domain });
      const revoke = () => control("revoke", hash);
      const sendAsTenant = (options: SendOptions) =>
        send(port, { host: domain, ...options, headers: { "x-api-key": key, ...options.headers } });
      return { domain, key, clientKeyId, accountId, revoke, send: sendAsTenant };
    },
    /** Makes bindings fail, for a number of calls if given. */
    break: (faults: Partial<Record<Binding, { how: "fail" | "hang"; failures?: number }>>) =>
      control("setFaults", faults),
    journal,
    /** Ids of all journalled exchanges, oldest first. */
    journalIds,
    /** Both recorded parts of this exchange, once they are in the journal. */
    recorded: (id: string) =>
      waitFor(async (): Promise<CompleteEntry> => {
        const { request, response } = await journal(id);
        return request && response ? { request, response } : notYet();
      }),
    /** The id of the first exchange in the journal that is not in `known`, once there is one. */
    newJournalId: (known: ReadonlySet<string>) =>
      waitFor(async () => (await journalIds()).find((id) => !known.has(id)) ?? notYet()),
    /** The queue message of this exchange, once it was sent. */
    notification: (id: string) =>
      waitFor(async () => (await notifications()).find((one) => one.id === id) ?? notYet()),
    /** All queue messages of exchanges. */
    notifications,
    async counted(name: string) {
      const counts = (await messages()).map((message) => (message.kind === "counters" ? message.counts : {}));
      return counts.reduce((sum, count) => sum + (count[name] ?? 0), 0);
    },
    /** How often a binding has been called. */
    calls: (binding: Binding) => control<number>("calls", binding),
    /** Stores a pair of tokens for an account; returns its object's result. */
    login: (accountId: string, pair: TokenPair, force = false) =>
      control<string>("login", accountId, pair, force),
    account: (accountId: string) => control<OAuthStatus>("account", accountId),
    /** Fires the alarm of the account's object. */
    fireAlarm: (accountId: string) => control("fireAlarm", accountId),
    /** Evicts the account's object at its nth await from now on; 0: not. Resolves with the number of awaits before. */
    evictAt: (n: number) => control<number>("evictAt", n),
    /** Accounts about which an alert was raised. */
    alerts: () => control<string[]>("alerts"),
    /** Offsets the clock of Worker and fake. */
    setClock(offsetMs: number) {
      clockOffsetMs = offsetMs;
      return control("setClock", offsetMs);
    },
    async stop() {
      await runtime.dispose();
      await claude.stop();
    },
  };
}

function notYet(): never {
  throw new Error("not there yet");
}

/** Bundled once per test file. */
let bundled: Promise<string> | undefined;
function bundle(): Promise<string> {
  bundled ??= build({
    entryPoints: [fileURLToPath(new URL("worker-proxy-harness.ts", import.meta.url))],
    bundle: true,
    format: "esm",
    write: false,
    target: "es2024",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
  }).then(({ outputFiles }) => outputFiles[0]?.text ?? "");
  return bundled;
}

async function send(
  port: number,
  { chunked, resetWhen, stopAfter, headers = {}, ...options }: SendOptions,
): Promise<Sent> {
  const body = options.body === undefined ? undefined : Buffer.from(options.body);
  const length: Record<string, string> = body && !chunked ? { "content-length": String(body.length) } : {};
  const sent = await sendOverHttp({
    baseUrl: `http://127.0.0.1:${port}`,
    method: "POST",
    path: "/v1/messages",
    host: "localhost",
    timeoutMs: 600_000,
    ...options,
    headers: { "anthropic-version": "2023-06-01", ...length, ...headers },
    agent: false,
    write(request) {
      void resetWhen?.then(() => request.socket?.resetAndDestroy());
      if (body && stopAfter !== undefined) request.write(body.subarray(0, stopAfter));
      else if (chunked && body) {
        // At least two chunks, so that no layer can compute a length.
        request.write(body.subarray(0, body.length / 2));
        setTimeout(() => request.end(body.subarray(body.length / 2)), 20);
      } else request.end(body);
    },
  });
  const isComplete = !sent.broken && !sent.hungUp;
  return { ...sent, id: String(sent.headers["x-nexus-request-id"]), isComplete };
}
