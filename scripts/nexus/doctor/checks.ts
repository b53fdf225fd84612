/** The checks of `nexus doctor`, in the order in which they run. Each resolves with what it found, or rejects with what is wrong. */
import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { z } from "zod";
import { requiredRole } from "../../../workers/domain/auth/permissions.ts";
import { MAX_WRITER_CONNECTIONS } from "../../../workers/runtime/constants.ts";
import { signIn, signOut } from "../../lib/sign-in.ts";
import { isLoopback } from "../administrator-key.ts";
import { readVersions } from "../version.ts";
import { type Context, Failure, Skipped } from "./context.ts";
import type { Received } from "./http.ts";

export interface Check {
  name: string;
  /** "client" includes the administrator's key: what was recorded is read by the API. */
  needs: "nothing" | "administrator" | "client";
  /** What to do when it fails. */
  advice: string;
  /** A new deployment may take minutes until it succeeds. */
  settles?: true;
  run(context: Context): Promise<string>;
}

const MAX_CLOCK_MS = 5_000;
/** A batch of ingest takes some twenty round trips. */
const MAX_ROUND_TRIP_MS = 250;
/** KV reads may be a minute old. */
const KV_TRIES = 18;
const KV_INTERVAL_MS = 5_000;
/** Cron runs each minute. */
const CRON_AGE_MS = 150_000;
const CRON_TRIES = 20;
const CRON_INTERVAL_MS = 5_000;
/** Shorter streams do not show whether they are buffered. */
const MIN_STREAM_MS = 300;
const HANG_UP_MS = 1_000;
/** Claude takes 32 MB. */
const TOO_LARGE_BYTES = 34_000_000;
const FIRST_BYTES = 1_000_000;
const NO_ID = "00000000-0000-7000-8000-000000000000";
const PARALLEL = 8;
const PAGE_TIMEOUT_MS = 10_000;
/** Share of a limit from which it is reported. */
const NEARLY = 0.8;

export const CHECKS: readonly Check[] = [
  {
    name: "reachable",
    needs: "nothing",
    settles: true,
    advice: "Check the address and its DNS record; `npx wrangler tail` shows the Worker's errors.",
    async run(context) {
      const { status, body } = await context.anonymous("/health");
      if (status !== 200 || !body.includes('"ok"')) throw new Failure(`/health responds with ${status}`);
      return "the Worker responds";
    },
  },
  {
    name: "database",
    needs: "nothing",
    advice:
      "Check DATABASE_URL (`npx wrangler secret put DATABASE_URL`) and that the Neon project is not suspended.",
    async run(context) {
      const { body } = await context.anonymous("/health/ready");
      if (!body.includes('"up"')) throw new Failure("the Worker does not reach its database");
      return "the Worker reaches it";
    },
  },
  {
    name: "clock",
    needs: "administrator",
    advice: "Set the clock of this machine; times of requests and of sessions are Cloudflare's.",
    async run(context) {
      const { offsetMs, roundTripMs } = await context.diagnosis();
      const apart = `${(Math.abs(offsetMs) / 1000).toFixed(1)} s apart`;
      if (Math.abs(offsetMs) > MAX_CLOCK_MS + roundTripMs / 2) throw new Failure(apart);
      return apart;
    },
  },
  {
    name: "versions",
    needs: "administrator",
    settles: true,
    advice: "Deploy again from one version: `npm run deploy`.",
    async run({ api }) {
      const parts = await readVersions(api);
      const different = parts.filter(({ problem }) => problem !== null);
      if (different.length > 0)
        throw new Failure(
          different
            .map(({ part, deployed, expected }) => `${part} ${deployed}, expected ${expected}`)
            .join("; "),
        );
      return parts.map(({ part, deployed }) => `${part} ${deployed ?? "unknown"}`).join(", ");
    },
  },
  {
    name: "secrets",
    needs: "administrator",
    advice: "Set them with `npx wrangler secret put NAME`; add an old key of CREDENTIAL_KEYS again.",
    async run(context) {
      const variables = await context.environment();
      const missing = ["DATABASE_URL", "CREDENTIAL_KEYS", "DASHBOARD_API_KEY"].filter(
        (name) => !variables.get(name)?.isSet,
      );
      if (missing.length > 0) throw new Failure(`not set: ${missing.join(", ")}`);
      const { sealing } = await context.status();
      const keys = sealing?.keys.filter(({ state }) => state === "missing").map(({ id }) => id) ?? [];
      if (keys.length > 0)
        throw new Failure(`CREDENTIAL_KEYS lacks ${keys.join(", ")}, which sealed secrets`);
      return "all are set, and open what is stored";
    },
  },
  {
    name: "Postgres round trip",
    needs: "administrator",
    advice: "Use a database in a region near the Worker's, or look at its load.",
    async run(context) {
      const { roundTripMs } = await part(context, "database");
      if (roundTripMs! > MAX_ROUND_TRIP_MS) throw new Failure(`${roundTripMs} ms`);
      return `${roundTripMs} ms`;
    },
  },
  {
    name: "role rights",
    needs: "administrator",
    advice: "As the owner of the tables: npm run migrate -- --writer ROLE --reader ROLE",
    async run(context) {
      const { missingRights: missing } = await part(context, "database", Skipped);
      if (missing!.length > 0) throw new Failure(`missing: ${missing!.slice(0, 5).join(", ")}`);
      return "the roles may do what the Worker needs";
    },
  },
  {
    name: "R2",
    needs: "administrator",
    advice: "Check the bucket of the binding JOURNAL in wrangler.toml, and Cloudflare's status page.",
    async run(context) {
      await part(context, "journal");
      return "an object was written, read and deleted";
    },
  },
  {
    name: "KV",
    needs: "administrator",
    advice: "Check the namespace of the binding TENANTS; `npx nexus project` writes domains and keys again.",
    async run(context) {
      const started = performance.now();
      await part(context, "kv");
      const read = await context.poll(KV_TRIES, KV_INTERVAL_MS, async () =>
        (await context.diagnose()).kv.isRead ? true : null,
      );
      if (read === null) throw new Failure("a value that was written is not read after 90 s");
      return `a value that was written is read after ${((performance.now() - started) / 1000).toFixed(1)} s`;
    },
  },
  {
    name: "cron",
    needs: "administrator",
    advice:
      "Check the cron triggers of the Worker under Settings in Cloudflare's dashboard; a deployment sets them.",
    async run(context) {
      const tries = context.target.isNew ? 1 : CRON_TRIES;
      const age = await context.poll(tries, CRON_INTERVAL_MS, async () => {
        const { cron, now } = await context.diagnose();
        if (cron.problem !== null) throw new Failure(cron.problem);
        const age = cron.ranAt === null ? Infinity : Date.parse(now) - Date.parse(cron.ranAt);
        return age < CRON_AGE_MS ? age : null;
      });
      if (age === null && context.target.isNew) throw new Skipped("a new trigger may take 15 minutes to run");
      if (age === null) throw new Failure("it has not run for minutes, although there may be work");
      return `it ran ${Math.max(0, Math.round(age / 1000))} s ago`;
    },
  },
  {
    name: "recording",
    needs: "administrator",
    advice: "See `npx nexus status`, or Health in the dashboard.",
    async run(context) {
      const { state, journal } = await context.status();
      if (state === "failing") throw new Failure("the state is failing");
      return `${state}, ${journal.ended ?? 0} exchanges wait to be stored`;
    },
  },
  {
    name: "authentication",
    needs: "administrator",
    advice: "Do not let traffic in. Deploy an unchanged version, and check what stands before the Worker.",
    run: checkAuthentication,
  },
  {
    name: "dashboard",
    needs: "administrator",
    settles: true,
    advice:
      "Deploy it (`npm run deploy`); its service binding API must name the Worker, DASHBOARD_URL its address.",
    run: checkDashboard,
  },
  {
    name: "plan limits",
    needs: "administrator",
    advice: "Change the plan (docs/deploying.md), or move old rows out of the database.",
    run: checkPlan,
  },
  {
    name: "early 413",
    needs: "client",
    advice: "Something before the Worker limits or collects request bodies; let it pass 32 MB as they come.",
    async run(context) {
      const received = await context.asClient("/v1/messages", {
        body: `{"model":"${"x".repeat(FIRST_BYTES)}`,
        declaredBytes: TOO_LARGE_BYTES,
      });
      const type = /"type":\s*"request_too_large"/.test(received.body.toString());
      if (received.status !== 413 || !type)
        throw new Failure(
          `a body of ${TOO_LARGE_BYTES / 1e6} MB gets ${received.status}${type ? "" : ", not in Claude's format"}`,
        );
      return received.isEarly ? "before the body was sent" : "after the whole body was sent";
    },
  },
  {
    name: "gzip",
    needs: "client",
    advice: "Something before the Worker changes compressed responses; turn its compression off.",
    async run(context) {
      const { status, headers, body } = await context.asClient("/v1/models", {
        headers: { "accept-encoding": "gzip" },
      });
      const isCompressed = headers["content-encoding"] === "gzip";
      const text = decoded(body, isCompressed);
      if (text === null)
        throw new Failure(`the response is not ${isCompressed ? "gzip as its header says" : "JSON"}`);
      if (status !== 200) throw new Failure(`GET /v1/models gets ${status}: ${text.slice(0, 200)}`);
      return isCompressed ? "a compressed response passes" : "Claude sent the response uncompressed";
    },
  },
  {
    name: "streaming",
    needs: "client",
    advice: "Something before the Worker collects the response; turn buffering off for this address.",
    async run(context) {
      const { firstChunkMs, endMs } = await context.exchange();
      const { durationMs, timeToFirstByteMs } = (await storedRow(context)).row;
      const sentMs = (durationMs ?? 0) - (timeToFirstByteMs ?? 0);
      if (sentMs < MIN_STREAM_MS)
        throw new Skipped(`the response took only ${Math.round(sentMs)} ms: try again`);
      const seenMs = endMs - firstChunkMs;
      const took = `the stream of ${Math.round(sentMs)} ms arrived within ${Math.round(seenMs)} ms`;
      if (seenMs < sentMs / 2) throw new Failure(took);
      return took;
    },
  },
  {
    name: "pings",
    needs: "client",
    advice: "Something before the Worker filters the stream's events.",
    async run(context) {
      const [received, stored] = [
        pings((await context.exchange()).body),
        pings(await storedResponse(context)),
      ];
      if (received !== stored) throw new Failure(`${received} of ${stored} arrived`);
      if (stored === 0) throw new Skipped("Claude sent none");
      return `${received} of ${stored} arrived`;
    },
  },
  {
    name: "identical bytes",
    needs: "client",
    advice: "Something before the Worker changes responses.",
    async run(context) {
      const [received, stored] = [
        sha256((await context.exchange()).body),
        sha256(await storedResponse(context)),
      ];
      if (received !== stored) throw new Failure(`SHA-256 ${received}, of what Claude sent ${stored}`);
      return `SHA-256 ${received}`;
    },
  },
  {
    name: "queue",
    needs: "client",
    advice:
      "See `npx nexus status`; check the consumer of the queue nexus-exchanges in Cloudflare's dashboard.",
    run: async (context) =>
      `the exchange was stored after ${((await context.row()).waitedMs / 1000).toFixed(1)} s`,
  },
  {
    name: "hang-up",
    needs: "client",
    advice: "Something before the Worker keeps reading when a client leaves: Claude goes on, and bills it.",
    async run(context) {
      const left = await context.asClient("/v1/messages", { body: context.message(), until: "chunk" });
      if (left.status !== 200)
        throw new Failure(`status ${left.status}: ${left.body.toString().slice(0, 200)}`);
      const { row } = await context.stored(left);
      const lateMs = Math.round((row.durationMs ?? Infinity) - left.endMs);
      if (row.outcome !== "client_gone") throw new Failure(`the exchange ended as ${row.outcome}`);
      if (lateMs > HANG_UP_MS) throw new Failure(`it ended ${lateMs} ms after the client left`);
      return `it ended ${Math.max(0, lateMs)} ms after the client left`;
    },
  },
];

/** Whether somebody without a key may read. */
const isReadable = async (context: Context) =>
  (await context.environment()).get("DASHBOARD_READ_ONLY")?.value === "true";

/** Every route of the product, as its own document lists them, without a key. Bodies are of a type that every write refuses. */
async function checkAuthentication(context: Context): Promise<string> {
  const { paths } = await context.api.call("/api/openapi.json", ApiDocument);
  const isReading = await isReadable(context);
  const isOpen =
    (await context.environment()).get("ENABLE_CLIENT_AUTH")?.value === "false" ||
    isLoopback(context.target.url);
  const listed = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method): Route => [method.toUpperCase(), path]),
  );
  const ofApi = [...listed, ["GET", "/api/openapi.json"] satisfies Route].filter(
    ([method = "", path = ""]) => !isReading || requiredRole(method, path) !== "viewer",
  );
  const routes = [...ofApi, ...(isOpen ? [] : CLIENT_ROUTES)];
  const waiting = [...routes];
  const open: string[] = [];
  const ask = async () => {
    for (let route = waiting.pop(); route; route = waiting.pop()) {
      const [method, path] = route;
      const { status } = await context.anonymous(path.replaceAll(/\{\w+\}/g, NO_ID), {
        method,
        body: method === "GET" || method === "DELETE" ? "" : "-",
        headers: { "content-type": "text/plain" },
        // A stream that is open would not end.
        until: "head",
      });
      // 403: where reading is open, writing is not.
      if (status !== 401 && status !== 403) open.push(`${method} ${path}: ${status}`);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, ask));
  if (open.length > 0) throw new Failure(`without a key: ${open.slice(0, 5).join(", ")}`);
  return `${routes.length} routes want a key${isReading ? "; reading is open (DASHBOARD_READ_ONLY)" : ""}${isOpen ? "; clients need none here" : ""}`;
}

type Route = [method: string, path: string];
const CLIENT_ROUTES: readonly Route[] = [
  ["POST", "/v1/messages"],
  ["POST", "/mcp"],
];
const ApiDocument = z.object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) });

async function checkDashboard(context: Context): Promise<string> {
  const variables = await context.environment();
  const url = URL.parse(variables.get("DASHBOARD_URL")?.value ?? "");
  if (!url) throw new Failure("DASHBOARD_URL is not set");
  if (url.protocol !== "https:" && !isLoopback(url)) throw new Failure(`${url.origin} is not https`);
  if (variables.get("ACCESS_TEAM_DOMAIN")?.isSet && variables.get("ACCESS_ALLOW_KEY")?.value !== "true")
    throw new Skipped("Cloudflare Access stands before it");
  const statusOf = async (cookie: string) => {
    const headers = { cookie, accept: "text/html" };
    const signal = AbortSignal.timeout(PAGE_TIMEOUT_MS);
    return (await fetch(`${url.origin}/settings`, { headers, redirect: "manual", signal })).status;
  };
  const before = await statusOf("");
  if (before !== 302 && !(await isReadable(context)))
    throw new Failure(`a page responds with ${before} to somebody who has not signed in`);
  const cookie = await signIn(url.origin, context.api.key);
  const status = await statusOf(cookie);
  await signOut(url.origin, cookie);
  if (status !== 200) throw new Failure(`signed in, a page responds with ${status}`);
  return `${url.origin}, signed in`;
}

/** `max_concurrency` of the exchanges' consumer in wrangler.toml. */
export const CONSUMERS = 10;
/** Three are written and deleted. */
const ROWS_PER_EXCHANGE = 6;

/** Limits that stop a plan's services; what only costs more is in docs/deploying.md. */
async function checkPlan(context: Context): Promise<string> {
  const { exchangesOfDay, bytes, maxConnections } = await part(context, "database", Skipped);
  const { plan } = context.target;
  const exchanges = exchangesOfDay ?? 0;
  const free: [what: string, amount: number, limit: number][] = [
    ["requests a day", exchanges, 100_000],
    ["Durable Object rows a day", exchanges * ROWS_PER_EXCHANGE, 100_000],
    ["R2 writes a month", exchanges * 30 * 2, 1_000_000],
    ["MB in Neon", Math.round((bytes ?? 0) / 1e6), 500],
  ];
  const used: typeof free = [
    ["connections of the consumers", CONSUMERS * MAX_WRITER_CONNECTIONS, maxConnections ?? Infinity],
    ...(plan === "free" ? free : []),
  ];
  const texts = (of: typeof used) =>
    of.map(([what, amount, limit]) => `${amount} of ${limit} ${what}`).join(", ");
  const over = used.filter(([, amount, limit]) => amount > limit * NEARLY);
  if (over.length > 0) throw new Failure(texts(over));
  return `${plan}: ${texts(used)}`;
}

/** What the Worker found of this part. */
async function part<P extends "database" | "journal" | "kv">(
  context: Context,
  name: P,
  Thrown: typeof Failure | typeof Skipped = Failure,
) {
  const found = (await context.diagnosis())[name];
  if (found.problem !== null) throw new Thrown(found.problem);
  return found;
}

/** The row of the exchange, for checks that compare with it. */
async function storedRow(context: Context) {
  return context.row().catch((thrown: Error) => {
    throw new Skipped(`nothing to compare with: ${thrown.message}`);
  });
}

async function storedResponse(context: Context): Promise<Buffer> {
  const { row } = await storedRow(context);
  const { status, body }: Received = await context.anonymous(`/api/requests/${row.requestId}/response`, {
    headers: { "x-dashboard-key": context.api.key },
  });
  if (status !== 200) throw new Skipped(`the stored response cannot be read: ${status}`);
  return body;
}

const pings = (body: Buffer) => body.toString("latin1").split("event: ping").length - 1;
const sha256 = (body: Buffer) => createHash("sha256").update(body).digest("hex");

/** The JSON text; null where it is none, or not gzip. */
function decoded(body: Buffer, isCompressed: boolean): string | null {
  try {
    const text = (isCompressed ? gunzipSync(body) : body).toString();
    JSON.parse(text);
    return text;
  } catch {
    return null;
  }
}
