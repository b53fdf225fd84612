/** Accounts, domain setup, Slack and the audit log as forms without a script: requests sent to the API and pages shown. */
import { describe, expect, it } from "vitest";
import type { AccountView } from "../../workers/schemas/api/accounts.ts";
import type { PendingAlerts } from "../../workers/schemas/api/settings.ts";
import { visit as visitDashboard } from "../../test/support/dashboard-pages.ts";
import {
  respondWith,
  ANYBODY,
  apiError,
  recordedBody,
  type ReplayOptions,
  VIEWER,
} from "../../test/support/replayed-api.ts";

const DOMAIN = "checkout.claude.example";
const account = (id: string) => recordedBody<AccountView>(`/api/accounts/${id}`);
const invalid = (parameter: string, problem: string) =>
  apiError(400, "invalid_request", `${parameter}: ${problem}.`, [
    { in: "body", parameter, problem, allowed: "another value" },
  ]);
/** Responses to what the forms send. */
const WRITES = {
  "PUT /api/accounts/acc_checkout": account("acc_checkout"),
  "PUT /api/windows/acc_checkout": {},
  "POST /api/accounts/acc_maya/oauth/refresh": { accountId: "acc_maya", ...account("acc_maya").login },
  "POST /api/accounts/acc_maya/oauth/login": recordedBody("/api/accounts/acc_old-login/oauth/login"),
  "POST /api/accounts/acc_old-login/oauth/login/code": {
    accountId: "acc_maya",
    ...account("acc_maya").login,
  },
  [`PUT /api/domains/${DOMAIN}`]: recordedBody(`/api/domains/${DOMAIN}`),
  "GET /api/domains/new.example": apiError(404, "not_found", "The domain is not configured."),
  "PUT /api/domains/new.example": respondWith(201, recordedBody(`/api/domains/${DOMAIN}`)),
  [`POST /api/domains/${DOMAIN}/client-keys`]: respondWith(201, {
    id: "019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6072",
    name: "ann",
    key: `cnp_live_${"k".repeat(43)}`,
  }),
};

const visit = (options: ReplayOptions = {}) =>
  visitDashboard({ ...options, overrides: { ...WRITES, ...options.overrides } });

/** Names of the fields marked as invalid. */
const wrongFields = (html: string) =>
  [...html.matchAll(/<input name="([^"]+)"[^>]*aria-invalid="true"/g)].map(([, name]) => name);

describe("accounts", () => {
  it("list accounts that need attention first, each with its credential, domains and windows", async () => {
    const { text } = await visit().ask("/accounts");
    const order = [...text.matchAll(/<h2><span><a href="\/accounts\/([^"?]+)/g)].map(([, id]) => id);
    expect(order.slice(0, 4)).toEqual(["acc_old-login", "acc_checkout", "acc_maya", "acc_platform"]);
    expect(text).toContain("Login required: clients get 401 until someone logs in");
    expect(text).toContain('href="/accounts/acc_old-login/login"');
    expect(text).toContain("Log in again");
  });

  it("show the expiry, last renewal, scopes and last error of a login", async () => {
    const ended = account("acc_old-login");
    const failing = { ...ended, login: { ...ended.login!, failures: 3 } };
    const { ask } = visit({ overrides: { "GET /api/accounts/acc_old-login": failing } });
    const { text } = await ask("/accounts/acc_old-login");
    for (const words of [
      "Access token expires",
      "Last renewed",
      "user:inference",
      "the login server returned 400 invalid_grant",
      "3 in a row",
      "Log in again",
    ])
      expect(text).toContain(words);
  });

  it.each([
    ["a viewer", VIEWER],
    ["anybody in read-only mode", ANYBODY],
  ])("show %s their state and no way to change it", async (_who, caller) => {
    const { ask } = visit({ caller });
    for (const path of ["/accounts", "/accounts/acc_old-login", "/accounts/acc_checkout"]) {
      const { status, text } = await ask(path);
      expect(status).toBe(200);
      expect(text).toMatch(/Login required|API key/);
      expect(text).not.toMatch(/action="\/(accounts|domains)|href="[^"]*\/login"|href="\/domains\/new"/);
    }
    for (const path of ["/accounts/acc_old-login/login", "/domains/new", "/audit"])
      expect((await ask(path)).status).toBe(403);
  });

  it("store another API key and show the problem of a wrong one at its field", async () => {
    const { api, post } = visit();
    const stored = await post("/accounts/acc_checkout", "/accounts/acc_checkout/key", {
      api_key: " sk-ant-x ",
    });
    expect([stored.status, stored.location]).toEqual([303, "/accounts/acc_checkout?done=key"]);
    expect(api.sent).toEqual([{ credential: { type: "api_key", api_key: "sk-ant-x" } }]);
    api.overrides["PUT /api/accounts/acc_checkout"] = invalid("credential.api_key", "is empty");
    const refused = await post("/accounts/acc_checkout", "/accounts/acc_checkout/key", { api_key: "" });
    expect(refused.status).toBe(400);
    expect(wrongFields(refused.text)).toEqual(["api_key"]);
    expect(refused.text).toContain("is empty");
  });

  it("confirm a token renewal that was requested", async () => {
    const { api, ask, post } = visit();
    const { location } = await post("/accounts/acc_maya", "/accounts/acc_maya/refresh", {});
    expect(api.requested).toContain("POST /api/accounts/acc_maya/oauth/refresh");
    expect((await ask(location ?? "")).text).toContain("Renewal requested");
    expect((await ask("/accounts/acc_maya?done=__proto__")).text).not.toContain("callout good");
  });

  it("accept limits and thresholds with separators and percent signs", async () => {
    const { api, post } = visit();
    const save = (fields: Record<string, string>) =>
      post("/accounts/acc_checkout", "/accounts/acc_checkout/limits", fields);
    const saved = await save({ tokenLimit: "250,000", alerts: "own", thresholds: "75 %, 90" });
    expect(saved.location).toBe("/accounts/acc_checkout?done=limits");
    await save({ tokenLimit: "", alerts: "default", thresholds: "50" });
    await save({ tokenLimit: "", alerts: "never", thresholds: "50" });
    await save({ tokenLimit: "many", alerts: "own", thresholds: "x" });
    expect(api.sent).toEqual([
      { tokenLimit: 250_000, thresholds: [0.75, 0.9] },
      { tokenLimit: null, thresholds: null },
      { tokenLimit: null, thresholds: [] },
      { tokenLimit: 0, thresholds: [0] },
    ]);
  });

  it("require the typed name for deletion and passthrough and explain a rejected deletion", async () => {
    const { api, post } = visit();
    for (const action of ["delete", "passthrough"])
      expect(
        (await post("/accounts/acc_checkout", `/accounts/acc_checkout/${action}`, { confirm: "acc" })).status,
      ).toBe(400);
    expect(api.requested.filter((one) => /^(DELETE|PUT)/.test(one))).toEqual([]);
    const remove = "DELETE /api/accounts/acc_checkout";
    api.overrides[remove] = apiError(409, "conflict", `The account acc_checkout is used by ${DOMAIN}.`);
    const used = await post("/accounts/acc_checkout", "/accounts/acc_checkout/delete", {
      confirm: "acc_checkout",
    });
    expect(used.status).toBe(400);
    expect(used.text).toContain("is used by checkout.claude.example");
    api.overrides[remove] = respondWith(204, null);
    const gone = await post("/accounts/acc_checkout", "/accounts/acc_checkout/delete", {
      confirm: " acc_checkout ",
    });
    expect([gone.status, gone.location]).toEqual([303, "/accounts"]);
    const changed = await post("/accounts/acc_checkout", "/accounts/acc_checkout/passthrough", {
      confirm: "acc_checkout",
    });
    expect(changed.location).toBe("/accounts/acc_checkout?done=passthrough");
    expect(api.sent).toEqual([{ credential: { type: "passthrough" } }]);
  });
});

it("a login shows the terms, links to the login page of Claude and takes the code", async () => {
  const { api, ask, post } = visit();
  const first = await ask("/accounts/acc_maya/login");
  expect(first.text).toContain("For a team, use API keys, or passthrough");
  expect(first.text).not.toContain("Open login page");
  const begun = await post("/accounts/acc_maya/login", "/accounts/acc_maya/login", {});
  expect([begun.status, begun.location]).toEqual([303, "/accounts/acc_maya/login"]);
  const second = await ask("/accounts/acc_old-login/login");
  expect(second.text).toMatch(
    /href="http:\/\/127\.0\.0\.1:\d+\/oauth\/authorize[^"]*" target="_blank" rel="noopener noreferrer"/,
  );
  const path = "/accounts/acc_old-login/login";
  const code = "POST /api/accounts/acc_old-login/oauth/login/code";
  const login = api.overrides[code];
  api.overrides[code] = invalid("code", "is no code of this login");
  const wrong = await post(path, `${path}/code`, { code: "abc" });
  api.overrides[code] = login;
  expect(wrong.status).toBe(400);
  expect(wrongFields(wrong.text)).toEqual(["code"]);
  const done = await post(path, `${path}/code`, { code: " abc#def " });
  expect([done.status, done.location]).toEqual([303, "/accounts/acc_old-login?done=login"]);
  expect(api.sent.at(-1)).toEqual({ code: "abc#def" });
});

it("a login started from the setup of a domain assigns the account and returns to the setup", async () => {
  const { api, post } = visit();
  const path = "/accounts/acc_old-login/login";
  const done = await post(`${path}?domain=new.example`, `${path}/code`, {
    code: "a#b",
    domain: "new.example",
  });
  expect(done.location).toBe("/domains/new?step=slack&domain=new.example");
  expect(api.requested).toContain("PUT /api/domains/new.example");
  expect(api.sent.at(-1)).toEqual({ accountId: "acc_old-login" });
});

it("the setup of a domain normalizes a pasted host and rejects a configured or invalid one", async () => {
  const { api, ask } = visit();
  expect((await ask("/domains/new")).text).toContain("Domain name");
  const next = await ask("/domains/new?domain=https%3A%2F%2FNew.Example%2Fv1");
  expect(next.text).toContain("How should requests authenticate");
  expect(api.requested).toContain("GET /api/domains/new.example");
  const taken = await ask("/domains/new?domain=checkout.claude.example");
  expect([taken.status, wrongFields(taken.text)]).toEqual([400, ["domain"]]);
  expect(taken.text).toContain("is already configured");
  api.overrides["GET /api/domains/a b"] = invalid("domain", "is not allowed");
  const none = await ask("/domains/new?domain=a+b");
  expect([none.status, wrongFields(none.text)]).toEqual([400, ["domain"]]);
  expect(none.text).toContain('value="a b"');
});

it("the setup of a domain leads from account to Slack to the first key, which is shown once with its commands", async () => {
  const { api, ask, post } = visit();
  const account = (fields: Record<string, string>) =>
    post("/domains/new?domain=new.example", "/domains/new/account", { domain: "new.example", ...fields });
  const keyed = await account({ credential: "api_key", api_key: " sk-ant-1 ", accountId: "team" });
  expect(keyed.status).toBe(303);
  expect(keyed.location).toMatch(/^\/domains\/new\?step=slack&domain=/);
  await account({ credential: "existing", existing: "acc_maya", accountId: "team" });
  await account({ credential: "passthrough", accountId: "team" });
  expect(api.sent).toEqual([
    { accountId: "team", credential: { type: "api_key", api_key: "sk-ant-1" } },
    { accountId: "acc_maya" },
    { accountId: "team", credential: { type: "passthrough" } },
  ]);
  const login = await account({ credential: "oauth", accountId: "acc_maya" });
  expect(login.location).toBe("/accounts/acc_maya/login?domain=new.example");

  const domain = "checkout.claude.example";
  const slack = await post(`/domains/new?step=slack&domain=${domain}`, "/domains/new/slack", {
    domain,
    webhook_url: "https://hooks.slack.com/x",
    enabled: "1",
  });
  expect(slack.location).toBe(`/domains/new?step=key&domain=${domain}`);
  expect((await ask(slack.location ?? "")).text).toContain("First client key");
  const made = await post(`/domains/new?step=key&domain=${domain}`, "/domains/new/key", {
    domain,
    name: "ann",
  });
  expect(made.status).toBe(200);
  for (const words of [
    "Copy this key now",
    `export ANTHROPIC_BASE_URL=https://${domain}`,
    `export ANTHROPIC_AUTH_TOKEN=cnp_live_`,
  ])
    expect(made.text).toContain(words);
});

describe("Slack of a domain", () => {
  const domain = "/domains/checkout.claude.example";

  it("keeps fields left empty and sends disabled options", async () => {
    const { api, post } = visit();
    const saved = await post(domain, `${domain}/slack`, {
      webhook_url: "",
      channel: " #a ",
      username: "",
      enabled: "1",
    });
    expect(saved.location).toBe(`${domain}?saved=1`);
    await post(domain, `${domain}/slack`, { remove_webhook: "1", messages: "1" });
    expect(api.sent).toEqual([
      { accountId: "acc_checkout", slack: { enabled: true, messages: false, channel: "#a" } },
      { accountId: "acc_checkout", slack: { enabled: false, messages: true, webhook_url: null } },
    ]);
    const { text } = await visit().ask(domain);
    expect(text).toContain("Uses its own webhook for #claude-team-a.");
    expect(text).not.toContain("hooks.slack.com/services/T");
  });

  it("sends a test message and shows its result", async () => {
    const { api, post } = visit();
    const message =
      "The message was not taken: Slack responded 404: no_service. Check the webhook's address.";
    api.overrides[`POST /api/domains/${DOMAIN}/slack-test`] = { delivered: false, message };
    const tried = await post(domain, `${domain}/slack-test`, {});
    expect(tried.status).toBe(200);
    expect(api.requested).toContain("POST /api/domains/checkout.claude.example/slack-test");
    expect(tried.text).toContain("Slack responded 404: no_service");
  });
});

it("the audit log is filtered and paged by its URL", async () => {
  const recorded = recordedBody<{ entries: { action: string }[] }>("/api/audit?limit=50");
  const entries = recorded.entries.filter(({ action }) => action === "domain.put");
  const { api, ask } = visit({ overrides: { "GET /api/audit": { entries, nextCursor: "2" } } });
  const { text } = await ask("/audit?action=domain.put&actor=session%3A1a2b3c4d");
  expect(api.requested).toContain("GET /api/audit?actor=session%3A1a2b3c4d&action=domain.put&limit=50");
  expect(text).toContain("credentialType: api_key");
  expect(text).toContain('href="/audit?actor=session%3A1a2b3c4d&amp;action=domain.put&amp;cursor=2"');
  api.overrides["GET /api/audit"] = { entries: [], nextCursor: null };
  expect((await ask("/audit?target=nothing")).text).toContain("No entries match these filters.");
  expect((await visit({ variant: "empty" }).ask("/audit")).text).toContain("No entries yet");
});

it("health describes every check and shows the configuration to administrators", async () => {
  const { text } = await visit().ask("/settings");
  for (const words of [
    "Pending alerts",
    "Missing bodies",
    "Conversation linking",
    "Search index",
    "set (hidden)",
  ])
    expect(text).toContain(words);
  expect(text).not.toContain("python-requests/2.32.5");
  const asked = await visit().ask("/settings?show=linking");
  expect(asked.text).toContain("python-requests/2.32.5");
  const seen = (await visit({ caller: VIEWER }).ask("/settings")).text;
  expect(seen).toContain("Pending alerts");
  expect(seen).not.toContain("DASHBOARD_API_KEY");
  const waiting: PendingAlerts = {
    ...recordedBody<PendingAlerts>("/api/alerts"),
    waiting: 3,
    outboxes: [
      {
        kind: "domain",
        name: DOMAIN,
        waiting: 3,
        attempts: 4,
        lastProblem: "Slack responded 404: no_service",
      },
    ],
  };
  const late = (await visit({ overrides: { "GET /api/alerts": waiting } }).ask("/settings")).text;
  expect(late).toContain("Slack responded 404: no_service");
});

it("hostile names and errors of accounts are shown as text", async () => {
  const { ask } = visit({ variant: "malicious" });
  const list = await ask("/accounts");
  const paths = [...list.text.matchAll(/<h2><span><a href="(\/accounts\/[^"]+)"/g)].map(
    ([, path]) => path ?? "",
  );
  expect(paths.length).toBeGreaterThan(3);
  for (const path of paths.slice(0, 6)) {
    const { status, text } = await ask(path.replaceAll("&amp;", "&").replaceAll("&#39;", "'"));
    expect(status, path).toBe(200);
    expect(text.replaceAll(/="[^"]*"/g, '=""')).not.toMatch(/<script>alert|<img src=x/);
  }
});
