/** Alerts reach their Slack channel once, and a slow, failing or wrong Slack affects nothing else. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, inject, it, vi } from "vitest";
import { alert } from "../../workers/runtime/raise-alert.ts";
import { AlertSender } from "../../workers/alerts/sender.ts";
import type { AlertEvent, ErrorEvent } from "../../workers/schemas/alert.ts";
import type { PendingAlerts } from "../../workers/schemas/api/settings.ts";
import { watchBacklog } from "../../workers/scheduled/backlog.ts";
import { loadConfig } from "../../workers/runtime/config.ts";
import { errorEvent, messageEvent } from "../support/alert-events.ts";
import type { SeenBySlack } from "../support/fake-slack.ts";
import {
  messageStream,
  type ExchangeOptions,
  makeExchange,
  messageRequest,
  jsonResponse,
  errorResponse,
} from "../support/exchanges.ts";
import { apiJson, call, store, testEnv, VIEWER_KEY } from "../support/worker-api.ts";
import { deliver, resetStorage, journal, messageOf } from "../support/worker-ingest.ts";
import { waitUntil } from "../support/wait.ts";

declare module "vitest" {
  interface ProvidedContext {
    fakeSlack: string;
  }
}

const SLACK = `http://${inject("fakeSlack")}`;
const seen = async (wanted?: string) => {
  const all = await (await fetch(`${SLACK}/seen`)).json<SeenBySlack[]>();
  return wanted === undefined ? all : all.filter(({ channel }) => channel === wanted);
};

let made = 0;
/** A new domain whose webhook behaves as `how` says. */
async function newDomain(how: string, slack: Record<string, unknown> = {}) {
  const domain = `alerts-${++made}.example`;
  const channel = `channel-${made}`;
  const webhook_url = `https://hooks.slack.com/services/${channel}/${how}`;
  const body = {
    accountId: `acc-${made}`,
    credential: { type: "api_key", api_key: "k" },
    slack: { webhook_url, ...slack },
  };
  await apiJson(`/api/domains/${domain}`, { method: "PUT", body });
  const texts = async () =>
    (await seen(channel))
      .filter(({ status }) => status === 200)
      .map(({ payload }) => (payload as { text: string }).text);
  return {
    domain,
    accountId: body.accountId,
    outbox: env.ALERT_OUTBOX.getByName(`domain:${domain}`),
    received: () => seen(channel),
    /** The texts that Slack accepted, once it has accepted this many. */
    texts: async (count: number) => {
      await waitUntil(async () => (await texts()).length === count);
      return texts();
    },
  };
}
const waitingIn = (stub: DurableObjectStub) =>
  runInDurableObject(stub, (_, { storage }) =>
    storage.sql.exec<{ attempts: number; due_at: number }>("SELECT attempts, due_at FROM waiting").toArray(),
  );
/** Makes what a statement changed due now. */
const runDue = (stub: DurableObjectStub, statement: string) =>
  runInDurableObject(stub, async (_, { storage }) => {
    storage.sql.exec(statement);
    await storage.setAlarm(Date.now());
  });
const FAILED = jsonResponse("{}", { status: 500, headers: {} });
const error = (domain: string, more: Partial<ErrorEvent> = {}): ErrorEvent =>
  errorEvent({ domain, at: Date.now(), model: null, accountId: null, ...more });
const system = [
  { type: "text", text: "You are Claude Code" },
  { type: "text", text: "Be short" },
];
const asked = (domain: string, text: string, more: ExchangeOptions = {}): ExchangeOptions => ({
  domain,
  startedAt: Date.now(),
  requestBody: messageRequest(text, { system }),
  responseBody: messageStream("It is done."),
  ...more,
});

beforeEach(async () => {
  await resetStorage();
  await fetch(`${SLACK}/seen`, { method: "DELETE" });
});

it("messages streamed and not, are sent once per conversation", async () => {
  const { domain, texts } = await newDomain("ok");
  const plain = jsonResponse({
    type: "message",
    role: "assistant",
    content: [{ type: "text", text: "Plainly." }],
    usage: { input_tokens: 1, output_tokens: 2 },
  });
  // The same text again is a retry only within one session.
  const build = () =>
    asked(domain, "Fix the build", {
      requestMetadata: { headers: { "x-claude-code-session-id": "0c1d4f5e-6a7b-4c8d-9e0f-1a2b3c4d5e6f" } },
    });
  await store(build(), asked(domain, "Plain, please", plain));
  expect((await texts(2)).sort()).toEqual([
    ":bust_in_silhouette: User: Fix the build\n:robot_face: Claude: It is done.",
    ":bust_in_silhouette: User: Plain, please\n:robot_face: Claude: Plainly.",
  ]);
  await store(build(), asked(domain, "Something else"));
  expect((await texts(3))[2]).toContain("Something else");
});

it("messages of a domain that opted out, of an old exchange, or without user text are not sent", async () => {
  const quiet = await newDomain("ok", { enabled: false });
  const { domain, texts } = await newDomain("ok");
  const title = { requestBody: messageRequest("Write a title") };
  await store(
    asked(quiet.domain, "Nobody's business"),
    asked(domain, "Yesterday's news", { startedAt: Date.now() - 2 * 3_600_000 }),
    asked(domain, "quota"),
    asked(domain, "", title),
    asked(domain, "The only one"),
  );
  expect(await texts(1)).toEqual([expect.stringContaining("The only one")]);
  expect(await quiet.received()).toEqual([]);
});

describe("errors", () => {
  it("are sent for a domain that opted out of messages", async () => {
    const { domain, texts } = await newDomain("ok", { messages: false });
    await store(asked(domain, "Not for the channel"), asked(domain, "This failed", FAILED));
    expect((await texts(1))[0]).not.toContain("Not for the channel");
  });

  it("are sent once with details, then counted", async () => {
    const { domain, texts, received, outbox } = await newDomain("ok", { channel: "#alerts" });
    const failing = (n: number): ExchangeOptions => ({
      domain,
      startedAt: Date.now() - n,
      ...errorResponse(529, "overloaded_error", "busy <now>"),
    });
    await store(failing(1), failing(2), failing(3));
    await texts(1);
    const [first] = await received();
    expect(first?.payload).toMatchObject({
      channel: "#alerts",
      attachments: [
        {
          fields: expect.arrayContaining([
            { title: "Message", value: "busy &lt;now&gt;", short: false },
          ]) as object[],
        },
      ],
    });
    const suppressed = await runInDurableObject(outbox, (_, { storage }) =>
      storage.sql.exec<{ n: number }>("SELECT sum(suppressed) AS n FROM told").one(),
    );
    expect(suppressed.n).toBe(2);
  });

  it("that were suppressed are summarised after the quiet period", async () => {
    const { domain, texts, outbox } = await newDomain("ok");
    for (let n = 0; n < 4; n++) await alert(env, error(domain));
    await texts(1);
    await runDue(outbox, "UPDATE told SET sum_at = 1");
    expect((await texts(2))[1]).toMatch(/^:rotating_light: 3 more on /);
  });
});

describe("Slack", () => {
  it("slow or down: exchanges are stored at once, alerts are queued", async () => {
    for (const how of ["slow", "down"]) {
      const { domain, outbox } = await newDomain(how);
      const exchange = await journal(makeExchange(asked(domain, "Hello")));
      const began = Date.now();
      expect((await deliver([messageOf(exchange)])).acks).toEqual([0]);
      expect(Date.now() - began).toBeLessThan(5_000);
      await waitUntil(async () => (await waitingIn(outbox)).length === 1);
    }
  });

  it("down: the alert is retried later, through an eviction", async () => {
    const { domain, received, outbox } = await newDomain("down");
    await alert(env, error(domain));
    await waitUntil(async () => (await waitingIn(outbox))[0]?.attempts === 1);
    await evictDurableObject(outbox);
    const [waiting] = await waitingIn(outbox);
    expect(waiting!.due_at).toBeGreaterThan(Date.now() + 5_000);
    expect(await received()).toHaveLength(1);
  });

  it("limiting the rate: the alert is retried when its header says so", async () => {
    const { domain, texts, outbox } = await newDomain("limited");
    await alert(env, error(domain));
    await waitUntil(async () => (await waitingIn(outbox))[0]?.attempts === 1);
    await runDue(outbox, "UPDATE waiting SET due_at = 1");
    await texts(1);
    expect(await waitingIn(outbox)).toEqual([]);
  });

  it("gone or redirecting: the alert is dropped and sent nowhere else", async () => {
    for (const how of ["gone", "moved"]) {
      const { domain, received, outbox } = await newDomain(how);
      await alert(env, error(domain));
      await waitUntil(async () => (await received()).length === 1);
      await waitUntil(async () => (await waitingIn(outbox)).length === 0);
    }
    expect(await seen("elsewhere")).toEqual([]);
  });
});

describe("the receiver", () => {
  const login = (accountId: string): AlertEvent => ({
    kind: "needs_login",
    accountId,
    reason: "invalid_grant",
    at: Date.now(),
  });
  const sender = (bindings: Record<string, unknown>) => {
    const ctx = { waitUntil: () => undefined, passThroughOnException: () => undefined, props: {} };
    return new AlertSender(ctx as unknown as ExecutionContext, testEnv(bindings));
  };
  const DEFAULT = { SLACK_WEBHOOK_URL: "https://hooks.slack.com/services/default/ok", SLACK_CHANNEL: "#all" };
  const once = { repeats: { count: 0, isSummary: false }, done: [] };

  it("of an account's alert is each channel of its domains once, also when one of them fails", async () => {
    const { accountId, received } = await newDomain("ok");
    const other = await newDomain("down");
    const body = { accountId };
    await apiJson(`/api/domains/${other.domain}`, { method: "PUT", body });
    const target = { kind: "account" as const, accountId };
    const first = await sender({}).deliver({ target, event: login(accountId), ...once });
    expect(first.result).toBe("retry");
    const again = await sender({}).deliver({ target, event: login(accountId), ...once, done: first.done });
    expect(again.result).toBe("retry");
    expect([(await received()).length, (await other.received()).length]).toEqual([1, 2]);
  });

  it("of a domain without a channel is the default one, unless it is personal or switched off", async () => {
    const send = (event: AlertEvent, target: Parameters<AlertSender["deliver"]>[0]["target"], more = {}) =>
      sender({ ...DEFAULT, ...more }).deliver({ target, event, ...once });
    const domain = (name: string) => ({ kind: "domain" as const, domain: name });
    const message = messageEvent({ at: Date.now(), userText: "Hi" });
    expect((await send(error("new.example"), domain("new.example"))).result).toBe("sent");
    expect((await send(login("unknown"), { kind: "account", accountId: "unknown" })).result).toBe("sent");
    expect((await send(message, domain("my-personal.example"))).result).toBe("dropped");
    expect((await send(message, domain("work.example"), { SLACK_MESSAGES: "off" })).result).toBe("dropped");
    expect((await send(message, domain("work.example"), { SLACK_MESSAGES: "masked" })).result).toBe("sent");
    expect((await send(error("e"), domain("e"), { SLACK_ENABLED: "false" })).result).toBe("dropped");
    const received = await seen("default");
    expect(received).toMatchObject(Array(3).fill({ payload: { channel: "#all" } }));
    expect(JSON.stringify(received[2]?.payload)).not.toContain("Hi");
  });

  it("is never an address that is not allowed", async () => {
    for (const SLACK_WEBHOOK_URL of [
      "http://hooks.slack.com/services/default/ok",
      "https://evil.example/x",
      "http://127.0.0.1:1/x",
    ]) {
      const delivery = { target: { kind: "deployment" as const }, event: error("d"), ...once };
      // Permanent: not retried.
      expect(await sender({ SLACK_WEBHOOK_URL }).deliver(delivery)).toMatchObject({
        result: "dropped",
        reason: "its address is not https on a host in SLACK_WEBHOOK_HOSTS",
      });
    }
    expect(await seen()).toEqual([]);
  });
});

it("GET /api/alerts lists queued alerts with the delivery error, and nothing after delivery", async () => {
  const down = await newDomain("down");
  const gone = await newDomain("gone");
  const fine = await newDomain("ok");
  await store(
    asked(down.domain, "a", FAILED),
    asked(gone.domain, "b", FAILED),
    asked(fine.domain, "c", FAILED),
  );
  const of = async (domain: string) =>
    (await apiJson<PendingAlerts>("/api/alerts")).outboxes.find(({ name }) => name === domain);
  await waitUntil(async () => ((await of(down.domain))?.attempts ?? 0) > 0);
  expect(await of(down.domain)).toEqual({
    kind: "domain",
    name: down.domain,
    waiting: 1,
    attempts: 1,
    lastProblem: "Slack responded 500",
  });
  await waitUntil(async () => (await of(gone.domain)) !== undefined);
  await waitUntil(async () => (await of(gone.domain))?.waiting === 0);
  expect(await of(gone.domain)).toMatchObject({ lastProblem: "Slack responded 404: no_service" });
  await waitUntil(async () => (await fine.received()).length === 1);
  await waitUntil(async () => (await of(fine.domain)) === undefined);
  const all = await apiJson<PendingAlerts>("/api/alerts");
  expect(all).toMatchObject({ unanswered: 0, isMore: false });
  expect(all.waiting).toBeGreaterThanOrEqual(1);
  expect(Date.parse(all.oldestAt ?? "")).toBeLessThanOrEqual(Date.now());
  expect(Date.parse(all.nextAt ?? "")).toBeGreaterThan(Date.now());
  expect(JSON.stringify(all)).not.toContain("hooks.slack.com");
});

/** Outboxes that record what is raised in the deployment's. */
function outboxes() {
  const raised = vi.fn();
  const getByName = (name: string) => ({ raise: name === "deployment" ? raised : expect.unreachable });
  return { raised, bindings: { ALERT_OUTBOX: { getByName } as unknown as Env["ALERT_OUTBOX"] } };
}

it("a backlog raises an alert only when the oldest exchange waits too long", async () => {
  const fake = outboxes();
  const { raised } = fake;
  const bindings = testEnv(fake.bindings);
  await watchBacklog(bindings, loadConfig(bindings), Date.now());
  await journal(makeExchange());
  await watchBacklog(bindings, loadConfig(bindings), Date.now());
  expect(raised).not.toHaveBeenCalled();
  await watchBacklog(bindings, loadConfig(bindings), Date.now() + 600_000);
  const backlog = { kind: "ingest_backlog", entries: 1, databaseReachable: true };
  expect(raised).toHaveBeenCalledWith({ kind: "deployment" }, [expect.objectContaining(backlog)]);
});

it("an exchange that R2 did not take raises an alert in the deployment's channel, once per row however often its message is delivered", async () => {
  const { raised, bindings } = outboxes();
  const lost = makeExchange({ startedAt: Date.now() });
  const recorded = await journal(makeExchange({ startedAt: Date.now() }));
  const { request, response } = lost;
  const notification = messageOf(lost, { request: request.metadata, response: response.metadata });
  for (let n = 0; n < 2; n++) await deliver([notification, messageOf(recorded)], { bindings });
  const at = expect.any(Number) as number;
  const event = { kind: "unrecorded", domain: "team.example", requestId: lost.id, at };
  expect(raised.mock.calls).toEqual([[{ kind: "deployment" }, [event]]]);
});

it("an exchange that R2 did not take raises an alert with a count where not even metadata is known", async () => {
  const { raised, bindings } = outboxes();
  const counters = (counts: Record<string, number>) => ({
    body: { v: 1, kind: "counters", id: crypto.randomUUID(), at: Date.now(), counts },
  });
  await deliver([counters({ facts_lost: 2 }), counters({ unrecorded: 9 }), counters({ facts_lost: 1 })], {
    bindings,
  });
  await deliver([counters({ refused_path: 1 })], { bindings });
  expect(raised.mock.calls).toEqual([
    [{ kind: "deployment" }, [{ kind: "facts_lost", exchanges: 3, at: expect.any(Number) as number }]],
  ]);
});

describe("POST /api/domains/:domain/slack-test", () => {
  const test = (domain: string, options = {}) =>
    call(`/api/domains/${domain}/slack-test`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      ...options,
    });

  it("sends a message at once and returns the result", async () => {
    const { domain, texts } = await newDomain("ok");
    expect((await test(domain)).json).toEqual({
      delivered: true,
      message: "Slack accepted the message. It is in the channel now.",
    });
    expect(await texts(1)).toEqual([`:wave: Test alert for ${domain}: alerts of Claude Nexus arrive here.`]);
    const gone = await newDomain("gone");
    expect((await test(gone.domain)).json).toEqual({
      delivered: false,
      message: "Slack rejected the message: Slack responded 404: no_service. Check the webhook URL.",
    });
    expect((await test("unknown.example")).json).toMatchObject({ delivered: false });
    expect((await test(domain, { key: VIEWER_KEY })).status).toBe(403);
  });
});
