/**
 * The Worker of the proxy harness (bundled by test/support/proxy-harness.ts): the real fetch handler and Recorder, fault-injecting
 * bindings, a queue consumer that records messages instead of ingesting them, and under the host `control.test`
 * a control interface for tests in Node.
 */
import { handleFetch } from "../../workers/app.ts";
import { loadConfig } from "../../workers/runtime/config.ts";
import { Recorder as RealRecorder } from "../../workers/proxy/record/recorder-entrypoint.ts";
import { QueueMessage } from "../../workers/schemas/exchange.ts";
import type { ClientKeyRecord, DomainRecord } from "../../workers/schemas/tenant.ts";
import type { TokenPair } from "../../workers/schemas/oauth.ts";
import { seal, SEALED_FIELDS } from "../../workers/runtime/seal.ts";
import { projectClientKey, projectDomain, removeClientKey } from "../../workers/store/tenants/kv-read.ts";
import { faultInjectingEnv } from "./worker-fault-injecting-env.ts";
import { unbundledMessages, entryIds, findEntry } from "./worker-journal.ts";
import { alertsRaised, evictAt, OAuthAccount, setClock } from "./worker-proxy-account.ts";

const BINDINGS = ["JOURNAL", "EXCHANGES", "TENANTS", "OAUTH_ACCOUNT"] as const;
type Binding = (typeof BINDINGS)[number];

const calls: Partial<Record<Binding, number>> = {};
/** Current faults: `fail` rejects at once, `hang` never resolves, for `failures` calls or all. */
let faults: Partial<Record<Binding, { how: "fail" | "hang"; failures?: number }>> = {};
const withFaults = faultInjectingEnv(BINDINGS, (name) => {
  calls[name] = (calls[name] ?? 0) + 1;
  const fault = faults[name];
  if (!fault || fault.failures === 0) return null;
  if (fault.failures !== undefined) fault.failures--;
  return fault.how === "hang" ? new Promise(() => undefined) : Promise.reject(new Error(`${name} is down`));
});

export class Recorder extends RealRecorder {
  constructor(ctx: ExecutionContext, env: Env) {
    super(ctx, withFaults(env));
  }
}

export { OAuthAccount };
export { AccountWindow } from "../../durable-objects/account-window.ts";
export { LiveFeed } from "../../durable-objects/live-feed.ts";

export default {
  async fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
    if (request.headers.get("host") !== "control.test") return handleFetch(request, withFaults(env), ctx);
    const [name, ...given] = await request.json<[keyof typeof controls, ...never[]]>();
    const result = await (controls[name] as Control)(env, ...given);
    return result instanceof Response ? result : Response.json(result ?? null);
  },
  async queue(batch: MessageBatch, env: Env): Promise<void> {
    for (const { body, id } of batch.messages)
      await env.TENANTS.put(`notification:${id}`, JSON.stringify(body));
  },
} satisfies ExportedHandler<Env>;

type Control = (env: Env, ...given: never[]) => unknown;

/** What the control interface can do: called by name with the members of a JSON list. */
const controls = {
  setFaults: (_env: Env, given: typeof faults) => void (faults = given),
  setDomain(env: Env, record: DomainRecord, apiKey: string | null) {
    const context = SEALED_FIELDS["TENANTS.domain"](record.domain, record.accountId ?? "");
    const credential = apiKey === null ? null : seal(loadConfig(env), apiKey, context);
    return projectDomain(env, { ...record, credential });
  },
  setKey: (env: Env, hash: string, record: ClientKeyRecord) => projectClientKey(env, hash, record),
  revoke: (env: Env, hash: string) => removeClientKey(env, hash),
  async journal(env: Env, id: string) {
    const { request, response } = await findEntry(env.JOURNAL, id);
    return { request: request?.metadata ?? null, response: response?.metadata ?? null };
  },
  body: async (env: Env, id: string, part: "request" | "response") =>
    new Response((await findEntry(env.JOURNAL, id))[part]?.body),
  journalIds: (env: Env) => entryIds(env.JOURNAL),
  async messages(env: Env) {
    const { keys } = await env.TENANTS.list({ prefix: "notification:" });
    const unbundled = keys.map(async ({ name }) =>
      unbundledMessages(env.JOURNAL, QueueMessage.parse(await env.TENANTS.get(name, "json"))),
    );
    return (await Promise.all(unbundled)).flat();
  },
  calls: (_env: Env, binding: Binding) => calls[binding] ?? 0,
  setClock: (_env: Env, offsetMs: number) => setClock(offsetMs),
  login: (env: Env, accountId: string, pair: TokenPair, force: boolean) =>
    account(env, accountId).put(pair, force),
  account: (env: Env, accountId: string) => account(env, accountId).status(),
  fireAlarm: (env: Env, accountId: string) => account(env, accountId).fireAlarm(),
  evictAt: (_env: Env, n: number) => evictAt(n),
  alerts: () => alertsRaised,
} satisfies Record<string, Control>;

function account(env: Env, accountId: string) {
  const accounts = env.OAUTH_ACCOUNT as unknown as DurableObjectNamespace<OAuthAccount>;
  return accounts.getByName(accountId);
}
