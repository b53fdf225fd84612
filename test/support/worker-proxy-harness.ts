/**
 * The Worker of the proxy harness (bundled by test/support/proxy-harness.ts): the real fetch handler and Recorder, fault-injecting
 * bindings, a queue consumer that records messages instead of ingesting them, and under the host `control.test`
 * a control interface for tests in Node.
 */
import { z } from "zod";
import { handleFetch } from "../../workers/app.ts";
import { loadConfig } from "../../workers/runtime/config.ts";
import { Recorder as RealRecorder } from "../../workers/proxy/record/recorder-entrypoint.ts";
import { QueueMessage } from "../../workers/schemas/exchange.ts";
import { ClientKeyRecord, DomainRecord } from "../../workers/schemas/tenant.ts";
import { TokenPair } from "../../workers/schemas/oauth.ts";
import { seal } from "../../workers/runtime/seal.ts";
import { projectClientKey, projectDomain, removeClientKey } from "../../workers/store/tenants/kv-read.ts";
import { faultInjectingEnv } from "./worker-fault-injecting-env.ts";
import { unbundledMessages, entryIds, findEntry } from "./worker-journal.ts";
import { alertsRaised, evictAt, OAuthAccount, setClock } from "./worker-proxy-account.ts";

const BINDINGS = ["JOURNAL", "EXCHANGES", "TENANTS", "OAUTH_ACCOUNT"] as const;
/** Current faults: `fail` rejects at once, `hang` never resolves, for `failures` calls or all. */
const Faults = z.partialRecord(
  z.enum(BINDINGS),
  z.object({ how: z.enum(["fail", "hang"]), failures: z.number().default(Infinity) }),
);
const Setup = z.discriminatedUnion("do", [
  z.object({ do: z.literal("faults"), faults: Faults }),
  z.object({ do: z.literal("domain"), record: DomainRecord, apiKey: z.string().nullable() }),
  z.object({ do: z.literal("key"), hash: z.string(), record: ClientKeyRecord }),
  z.object({ do: z.literal("revoke"), hash: z.string() }),
  z.object({ do: z.literal("journal"), id: z.string() }),
  z.object({ do: z.literal("body"), id: z.string(), part: z.enum(["request", "response"]) }),
  z.object({ do: z.literal("journals") }),
  z.object({ do: z.literal("notifications") }),
  z.object({ do: z.literal("calls"), binding: z.enum(BINDINGS) }),
  z.object({ do: z.literal("clock"), offsetMs: z.number() }),
  z.object({ do: z.literal("login"), accountId: z.string(), pair: TokenPair, force: z.boolean() }),
  z.object({ do: z.literal("account"), accountId: z.string() }),
  z.object({ do: z.literal("alarm"), accountId: z.string() }),
  z.object({ do: z.literal("evict"), at: z.number() }),
  z.object({ do: z.literal("alerts") }),
]);

const calls: Partial<Record<(typeof BINDINGS)[number], number>> = {};
let faults: z.infer<typeof Faults> = {};
const withFaults = faultInjectingEnv(BINDINGS, (name) => {
  calls[name] = (calls[name] ?? 0) + 1;
  const fault = faults[name];
  if (!fault || fault.failures-- <= 0) return null;
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
    if (request.headers.get("host") === "control.test")
      return control(Setup.parse(await request.json()), env);
    return handleFetch(request, withFaults(env), ctx);
  },
  async queue(batch: MessageBatch, env: Env): Promise<void> {
    for (const { body, id } of batch.messages)
      await env.TENANTS.put(`notification:${id}`, JSON.stringify(body));
  },
} satisfies ExportedHandler<Env>;

async function control(setup: z.infer<typeof Setup>, env: Env): Promise<Response> {
  switch (setup.do) {
    case "faults":
      faults = setup.faults;
      return Response.json(null);
    case "domain": {
      const { record, apiKey } = setup;
      const context = { domain: record.domain, accountId: record.accountId ?? "" };
      const credential = apiKey === null ? null : seal(loadConfig(env), apiKey, context);
      await projectDomain(env, { ...record, credential });
      return Response.json(null);
    }
    case "key":
      await projectClientKey(env, setup.hash, setup.record);
      return Response.json(null);
    case "revoke":
      await removeClientKey(env, setup.hash);
      return Response.json(null);
    case "journal": {
      const { request, response } = await findEntry(env.JOURNAL, setup.id);
      return Response.json({ request: request?.metadata ?? null, response: response?.metadata ?? null });
    }
    case "body":
      return new Response((await findEntry(env.JOURNAL, setup.id))[setup.part]?.body);
    case "journals":
      return Response.json(await entryIds(env.JOURNAL));
    case "notifications": {
      const { keys } = await env.TENANTS.list({ prefix: "notification:" });
      const enqueued = await Promise.all(
        keys.map(async ({ name }) => QueueMessage.parse(await env.TENANTS.get(name, "json"))),
      );
      return Response.json(
        (await Promise.all(enqueued.map((each) => unbundledMessages(env.JOURNAL, each)))).flat(),
      );
    }
    case "calls":
      return Response.json(calls[setup.binding] ?? 0);
    case "clock":
      setClock(setup.offsetMs);
      return Response.json(null);
    case "login":
      return Response.json(await account(env, setup.accountId).put(setup.pair, setup.force));
    case "account":
      return Response.json(await account(env, setup.accountId).status());
    case "alarm":
      await account(env, setup.accountId).fireAlarm();
      return Response.json(null);
    case "evict":
      return Response.json(evictAt(setup.at));
    case "alerts":
      return Response.json(alertsRaised);
  }
}

function account(env: Env, accountId: string) {
  const accounts = env.OAUTH_ACCOUNT as unknown as DurableObjectNamespace<OAuthAccount>;
  return accounts.getByName(accountId);
}
