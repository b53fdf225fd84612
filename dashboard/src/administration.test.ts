/** Accounts, setting a domain up, Slack and the audit log, as forms without a script: what is sent, and what is said. */
import { describe, expect, it } from "vitest";
import { ADMINISTRATOR, ANYBODY, fakeApi, GOOD_SESSION, VIEWER, type Scenario } from "../fake/api.ts";
import { createApp } from "./app.tsx";

const app = createApp({ style: "/assets/main.css", script: "/assets/main.js", font: "" });

function visit(caller = ADMINISTRATOR, scenario: Scenario = "busy") {
  const api = fakeApi(scenario, Date.now(), caller);
  const ask = async (path: string, init: RequestInit = {}) => {
    const headers = new Headers(init.headers);
    if (!headers.has("cookie")) headers.set("cookie", `nexus_session=${GOOD_SESSION}`);
    const response = await app.request(`http://localhost:8788${path}`, { ...init, headers }, { API: api });
    return {
      status: response.status,
      location: response.headers.get("location"),
      cookies: response.headers.get("set-cookie") ?? "",
      text: await response.text(),
    };
  };
  /** Sends a form of the page `from`, with that page's own token. */
  const post = async (from: string, to: string, fields: Record<string, string>) => {
    const page = await ask(from);
    const seed = /nexus_csrf=([^;]+)/.exec(page.cookies)?.[1] ?? "";
    const token = /name="_csrf" value="([^"]+)"/.exec(page.text)?.[1] ?? "";
    const cookie = `nexus_session=${GOOD_SESSION}; nexus_csrf=${seed}`;
    return ask(to, {
      method: "POST",
      headers: { cookie },
      body: new URLSearchParams({ ...fields, _csrf: token }),
    });
  };
  return { api, ask, post };
}

/** The text around a field that is marked as wrong. */
const wrongFields = (html: string) =>
  [...html.matchAll(/<input name="([^"]+)"[^>]*aria-invalid="true"/g)].map(([, name]) => name);

describe("accounts", () => {
  it("show what needs somebody first, then each with its credential, domains and windows", async () => {
    const { text } = await visit().ask("/accounts");
    const order = [...text.matchAll(/<h2><span><a href="\/accounts\/([^"?]+)/g)].map(([, id]) => id);
    expect(order.slice(0, 4)).toEqual(["acc_old-login", "acc_maya", "acc_platform", "acc_research"]);
    expect(text).toContain("Login required: clients get 401 until someone logs in");
    expect(text).toContain('href="/accounts/acc_old-login/login"');
    expect(text).toContain("Log in again");
  });

  it("say of a login when it expires, when it was renewed, its scopes and its last error", async () => {
    const { text } = await visit().ask("/accounts/acc_old-login");
    for (const words of [
      "Access token expires",
      "Last renewed",
      "user:inference",
      "the login server answered 400 invalid_grant",
      "3 in a row",
      "Log in again",
    ])
      expect(text).toContain(words);
  });

  it.each([
    ["a viewer", VIEWER],
    ["anybody in read-only mode", ANYBODY],
  ])("show %s their state and no way to change it", async (_who, caller) => {
    const { ask } = visit(caller);
    for (const path of ["/accounts", "/accounts/acc_old-login", "/accounts/acc_research"]) {
      const { status, text } = await ask(path);
      expect(status).toBe(200);
      expect(text).toMatch(/Login required|API key/);
      expect(text).not.toMatch(/action="\/(accounts|domains)|href="[^"]*\/login"|href="\/domains\/new"/);
    }
    for (const path of ["/accounts/acc_old-login/login", "/domains/new", "/audit"])
      expect((await ask(path)).status).toBe(403);
  });

  it("get another key, and say at the field what is wrong with one", async () => {
    const { api, post } = visit();
    const stored = await post("/accounts/acc_research", "/accounts/acc_research/key", {
      api_key: " sk-ant-x ",
    });
    expect([stored.status, stored.location]).toEqual([303, "/accounts/acc_research?done=key"]);
    expect(api.sent).toEqual([{ credential: { type: "api_key", api_key: "sk-ant-x" } }]);
    const refused = await post("/accounts/acc_research", "/accounts/acc_research/key", { api_key: "" });
    expect(refused.status).toBe(400);
    expect(wrongFields(refused.text)).toEqual(["api_key"]);
    expect(refused.text).toContain("is empty");
  });

  it("are renewed, and say afterwards that they were", async () => {
    const { api, ask, post } = visit();
    const { location } = await post("/accounts/acc_maya", "/accounts/acc_maya/refresh", {});
    expect(api.asked).toContain("POST /api/accounts/acc_maya/oauth/refresh");
    expect((await ask(location ?? "")).text).toContain("Renewal requested");
    expect((await ask("/accounts/acc_maya?done=__proto__")).text).not.toContain("callout good");
  });

  it("take limit and alerts as people write them", async () => {
    const { api, post } = visit();
    const save = (fields: Record<string, string>) =>
      post("/accounts/acc_research", "/accounts/acc_research/limits", fields);
    const saved = await save({ tokenLimit: "250,000", alerts: "own", thresholds: "75 %, 90" });
    expect(saved.location).toBe("/accounts/acc_research?done=limits");
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

  it("are deleted, or change to passthrough, only when their name was typed, and say why they cannot be", async () => {
    const { api, post } = visit();
    for (const action of ["delete", "passthrough"])
      expect(
        (await post("/accounts/acc_research", `/accounts/acc_research/${action}`, { confirm: "acc" })).status,
      ).toBe(400);
    expect(api.asked.filter((one) => /^(DELETE|PUT)/.test(one))).toEqual([]);
    const used = await post("/accounts/acc_research", "/accounts/acc_research/delete", {
      confirm: "acc_research",
    });
    expect(used.status).toBe(400);
    expect(used.text).toContain("is used by team-a.claude.example.com");
    const gone = await post("/accounts/acc_platform", "/accounts/acc_platform/delete", {
      confirm: " acc_platform ",
    });
    expect([gone.status, gone.location]).toEqual([303, "/accounts"]);
    const changed = await post("/accounts/acc_research", "/accounts/acc_research/passthrough", {
      confirm: "acc_research",
    });
    expect(changed.location).toBe("/accounts/acc_research?done=passthrough");
    expect(api.sent).toEqual([{ credential: { type: "passthrough" } }]);
  });
});

describe("a login", () => {
  it("begins with its terms, leads to Claude's page, and ends with the code", async () => {
    const { api, ask, post } = visit();
    const first = await ask("/accounts/acc_maya/login");
    expect(first.text).toContain("nobody else&#39;s requests");
    expect(first.text).not.toContain("Open login page");
    const begun = await post("/accounts/acc_maya/login", "/accounts/acc_maya/login", {});
    expect([begun.status, begun.location]).toEqual([303, "/accounts/acc_maya/login"]);
    const second = await ask("/accounts/acc_old-login/login");
    expect(second.text).toMatch(
      /href="https:\/\/login\.example\/authorize[^"]*" target="_blank" rel="noopener noreferrer"/,
    );
    const path = "/accounts/acc_old-login/login";
    const wrong = await post(path, `${path}/code`, { code: "abc" });
    expect(wrong.status).toBe(400);
    expect(wrongFields(wrong.text)).toEqual(["code"]);
    const done = await post(path, `${path}/code`, { code: " abc#def " });
    expect([done.status, done.location]).toEqual([303, "/accounts/acc_old-login?done=login"]);
    expect(api.sent.at(-1)).toEqual({ code: "abc#def" });
  });

  it("within setting a domain up gives it to the domain and goes on there", async () => {
    const { api, post } = visit();
    const path = "/accounts/acc_old-login/login";
    const done = await post(`${path}?domain=new.example`, `${path}/code`, {
      code: "a#b",
      domain: "new.example",
    });
    expect(done.location).toBe("/domains/new?step=slack&domain=new.example");
    expect(api.asked).toContain("PUT /api/domains/new.example");
    expect(api.sent.at(-1)).toEqual({ accountId: "acc_old-login" });
  });
});

describe("setting a domain up", () => {
  it("takes a host as people paste it, and refuses one that is taken or none", async () => {
    const { api, ask } = visit();
    expect((await ask("/domains/new")).text).toContain("Domain name");
    const next = await ask("/domains/new?domain=https%3A%2F%2FNew.Example%2Fv1");
    expect(next.text).toContain("How should requests authenticate");
    expect(api.asked).toContain("GET /api/domains/new.example");
    const taken = await ask("/domains/new?domain=team-a.claude.example.com");
    expect([taken.status, wrongFields(taken.text)]).toEqual([400, ["domain"]]);
    expect(taken.text).toContain("is already configured");
    const none = await ask("/domains/new?domain=a+b");
    expect([none.status, wrongFields(none.text)]).toEqual([400, ["domain"]]);
    expect(none.text).toContain('value="a b"');
  });

  it("goes from account to Slack to the first key, which is shown once with the lines to copy", async () => {
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
    const login = await account({ credential: "oauth", accountId: "maya" });
    expect(login.location).toBe("/accounts/maya/login?domain=new.example");

    const domain = "team-b.claude.example.com";
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
});

describe("Slack of a domain", () => {
  const domain = "/domains/team-a.claude.example.com";

  it("keeps what is not typed again, and tells what was switched off", async () => {
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
      { accountId: "acc_research", slack: { enabled: true, messages: false, channel: "#a" } },
      { accountId: "acc_research", slack: { enabled: false, messages: true, webhook_url: null } },
    ]);
    const { text } = await visit().ask(domain);
    expect(text).toContain("Uses its own webhook for #claude-team-a.");
    expect(text).not.toContain("hooks.slack.com/services/T");
  });

  it("is tried with a test message, and says what came of it", async () => {
    const { api, post } = visit();
    const tried = await post(domain, `${domain}/slack-test`, {});
    expect(tried.status).toBe(200);
    expect(api.asked).toContain("POST /api/domains/team-a.claude.example.com/slack-test");
    expect(tried.text).toContain("Slack responded 404: no_service");
  });
});

describe("the audit log", () => {
  it("is filtered and paged by its address", async () => {
    const { api, ask } = visit();
    const { text } = await ask("/audit?action=domain.put&actor=session%3A1a2b3c4d");
    expect(api.asked).toContain("GET /api/audit?actor=session%3A1a2b3c4d&action=domain.put&limit=50");
    expect(text).toContain("credentialType: api_key");
    expect(text).toContain('href="/audit?actor=session%3A1a2b3c4d&amp;action=domain.put&amp;cursor=2"');
    expect((await ask("/audit?target=nothing")).text).toContain("No entries match these filters.");
    expect((await visit(ADMINISTRATOR, "empty").ask("/audit")).text).toContain("No entries yet");
  });
});

describe("health", () => {
  it("has a sentence for everything that may be wrong, and the configuration for administrators", async () => {
    const { text } = await visit().ask("/settings");
    for (const words of [
      "Pending alerts",
      "Missing bodies",
      "Conversation linking",
      "Search index",
      "set (hidden)",
      "https://nexus.example.com",
    ])
      expect(text).toContain(words);
    expect(text).not.toContain("claude-cli/1.0.58");
    const asked = await visit().ask("/settings?show=linking");
    expect(asked.text).toContain("claude-cli/1.0.58");
    const seen = (await visit(VIEWER).ask("/settings")).text;
    expect(seen).toContain("Pending alerts");
    expect(seen).not.toContain("DASHBOARD_API_KEY");
    const late = (await visit(ADMINISTRATOR, "hostile").ask("/settings")).text;
    expect(late).toContain("Slack responded 404: no_service");
  });
});

it("hostile names and errors of accounts show as text", async () => {
  const { ask } = visit(ADMINISTRATOR, "hostile");
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
