/** The whole application against recorded responses: sign-in, headers of every response, malicious texts. */
import { describe, expect, it } from "vitest";
import { MARKUP } from "../../test/support/malicious-strings.ts";
import { app, visit } from "../../test/support/dashboard-pages.ts";
import {
  ANYBODY,
  respondWith,
  GOOD_KEY,
  GOOD_SESSION,
  IDS,
  replayedApi,
  VIEWER,
} from "../../test/support/replayed-api.ts";

const DOMAIN = "checkout.claude.example";
const PAGES = [
  "/",
  "/requests",
  "/conversations",
  "/usage",
  "/usage?accountId=acc_checkout",
  "/errors",
  "/prompts",
  "/analyses",
  "/domains",
  "/domains/new",
  "/accounts",
  "/accounts/acc_maya/login",
  "/audit",
  "/settings",
];

/** The page with empty attribute values: any markup of a malicious text left is unescaped. */
const skeleton = (html: string) => html.replaceAll(/="[^"]*"/g, '=""');
/** Matches and not a yes or no, so that a failure shows them and not the whole page. */
const found = (html: string, pattern: RegExp) => html.match(new RegExp(pattern, "gi")) ?? [];

/** Parts of a malicious text that became markup or an executable address. */
const escaped = (html: string) => [
  ...found(skeleton(html), /<script>alert|<img src=x|<[a-z][^>]*\son[a-z]+=/),
  ...found(html, /(href|src|action)="\s*(javascript|vbscript|data:text)/),
];

it("an empty dashboard shows ANTHROPIC_BASE_URL: the local stack's proxy, else a domain", async () => {
  const { api, ask } = visit({ variant: "empty" });
  expect((await ask("/")).text).toContain("export ANTHROPIC_BASE_URL=https://YOUR-DOMAIN");
  const local = await app.request(
    "http://localhost:9788/",
    { headers: { cookie: `nexus_session=${GOOD_SESSION}` } },
    { API: api, LOCAL_PROXY_URL: "http://localhost:9787" },
  );
  expect(await local.text()).toContain("export ANTHROPIC_BASE_URL=http://localhost:9787");
});

describe("the gate", () => {
  it.each([...PAGES, "/requests/some-id", "/domains/a.b", "/version", "/nowhere"])(
    "sends strangers from %s to sign in",
    async (path) => {
      const { response } = await visit().ask(path, { headers: { cookie: "nexus_session=wrong" } });
      expect(response.status).toBe(302);
      expect(response.headers.get("location")).toMatch(/^\/sign-in/);
    },
  );

  it("returns JSON to API clients", async () => {
    const { response, text } = await visit().ask("/api/requests", { headers: { cookie: "" } });
    expect(response.status).toBe(401);
    expect(JSON.parse(text)).toMatchObject({ error: { code: "unauthorized" } });
  });

  it("accepts the dashboard key as a header", async () => {
    const { response } = await visit().ask("/requests", {
      headers: { cookie: "", "x-dashboard-key": GOOD_KEY },
    });
    expect(response.status).toBe(200);
  });

  it("signs in with the right key only, and with a form of its own only", async () => {
    const { ask, formOf } = visit();
    const form = await formOf("/sign-in?next=/usage", "a=b");
    const post = (key: string, headers: Record<string, string>) =>
      ask("/sign-in", { method: "POST", headers, body: form.body({ key, next: "/usage" }) });
    expect((await post("wrong", { cookie: form.cookie })).response.status).toBe(401);
    expect((await post(GOOD_KEY, { cookie: "a=b" })).response.status).toBe(403);
    expect(
      (await post(GOOD_KEY, { cookie: form.cookie, "sec-fetch-site": "cross-site" })).response.status,
    ).toBe(403);
    const { response } = await post(GOOD_KEY, { cookie: form.cookie });
    expect(response.status).toBe(303);
    expect(response.headers.get("location")).toBe("/usage");
    expect(response.headers.get("set-cookie")).toMatch(/nexus_session=.*HttpOnly.*SameSite=Lax/i);
  });

  it.each([
    ["a form", (bytes: Uint8Array<ArrayBuffer>) => bytes],
    ["a form of unknown length", (bytes: Uint8Array<ArrayBuffer>) => new Blob([bytes]).stream()],
  ])("does not read %s of any size from strangers", async (_, bodyOf) => {
    const headers = { cookie: "a=b", "content-type": "application/x-www-form-urlencoded" };
    const post = async (path: string, bytes: number) => {
      const body = bodyOf(new Uint8Array(bytes).fill(0x61));
      const init = { method: "POST", headers, body, duplex: "half" };
      return (await visit().ask(path, init)).response.status;
    };
    expect(await post("/sign-in", 16_000)).toBe(403);
    expect(await post("/sign-in", 17_000)).toBe(413);
    expect(await post("/sign-out", 17_000)).toBe(413);
    expect(await post("/domains", 17_000)).toBe(302);
  });

  it("limits wrong keys with Retry-After", async () => {
    const { ask, formOf } = visit();
    const form = await formOf("/sign-in", "a=b");
    const guess = () =>
      ask("/sign-in", { method: "POST", headers: { cookie: form.cookie }, body: form.body({ key: "x" }) });
    for (let count = 0; count < 5; count++) await guess();
    const { response, text } = await guess();
    expect(response.status).toBe(429);
    expect(response.headers.get("retry-after")).toBe("30");
    expect(text).toContain("30");
  });

  it("changes nothing without the page's own token", async () => {
    const { api, ask } = visit();
    const { response } = await ask("/domains/a.b/delete", {
      method: "POST",
      body: new URLSearchParams({ confirm: "a.b" }),
    });
    expect(response.status).toBe(403);
    expect(api.requested.some((asked) => asked.startsWith("DELETE"))).toBe(false);
  });

  it("deletes a domain only when its name was typed", async () => {
    const remove = `DELETE /api/domains/${DOMAIN}`;
    const { api, post } = visit({ overrides: { [remove]: respondWith(204, null) } });
    const path = `/domains/${DOMAIN}`;
    const confirm = (name: string) => post(path, `${path}/delete`, { confirm: name });
    expect((await confirm("checkout.claude")).status).toBe(400);
    expect(api.requested).not.toContain(remove);
    expect((await confirm(` ${DOMAIN.toUpperCase()} `)).status).toBe(303);
    expect(api.requested).toContain(remove);
  });

  it.each([
    ["a viewer", VIEWER],
    ["anybody in read-only mode", ANYBODY],
  ])("shows %s no way to change anything", async (_who, caller) => {
    const { ask } = visit({ caller });
    const tab = `/conversations/${IDS.conversation}?view=analysis`;
    for (const path of ["/domains", `/domains/${DOMAIN}`, tab]) {
      const { text } = await ask(path);
      expect(text).not.toMatch(/action="\/domains|action="[^"]*analysis"/);
    }
    expect((await ask("/usage?accountId=acc_checkout")).text).not.toContain("Limits and alerts");
  });
});

it("usage is a file as well, over time and by each name", async () => {
  const { ask } = visit();
  const { response, text } = await ask("/usage.csv?by=model");
  expect(response.headers.get("content-type")).toContain("text/csv");
  expect(text.split("\r\n")[0]).toBe(
    "model,requests,errors,input_tokens,cache_read_tokens,cache_write_tokens,output_tokens,cost_usd,unpriced_requests",
  );
  expect(text).toContain("claude-opus-5-5");
  expect((await ask("/usage.csv")).text).toMatch(/^from,/);
});

describe("the address", () => {
  it.each([
    ["/requests?modle=claude-opus-5-5", "modle", "“model”"],
    ["/?Domain=a.b", "Domain", "“domain”"],
    ["/conversations?searched=x&range=7d", "searched", "“search”"],
    ["/usage?zzzzzzzzzzzz=1", "zzzzzzzzzzzz", "Known parameters: domain, accountId, model, range, from, to."],
    ["/requests?range=1y", "1y", "Allowed: 1h, 24h, 7d, 30d."],
    ["/errors?from=yesterday", "yesterday", "Allowed: a date or time"],
    ["/?model=a&model=b", "model", "given 2 times"],
    [`/requests/${IDS.request}?tabs=raw`, "tabs", "“tab”"],
    [`/conversations/${IDS.conversation}?brnch=main`, "brnch", "“branch”"],
    ["/domains/new?stage=key", "stage", "Known parameters"],
    ["/settings?shows=linking", "shows", "“show”"],
    ["/audit?actors=me", "actors", "“actor”"],
  ])(
    "is rejected in the page's frame where a parameter is unknown or invalid: %s",
    async (path, name, hint) => {
      const { api, ask } = visit();
      const { status, text } = await ask(path);
      expect(status).toBe(400);
      expect(text).toContain(`“${name}”`);
      expect(text).toContain(hint);
      expect(text).toContain('<nav class="side"');
      expect(api.requested).toEqual(["GET /api/status?maxAge=10"]);
    },
  );

  it("is offered without the rejected parameters", async () => {
    const { text } = await visit().ask("/requests?modle=x&range=7d&domian=y&status=429");
    expect(text).toContain('href="/requests?range=7d&amp;status=429"');
  });

  it.each(["/usage.csv?modle=x", "/usage.csv?by=__proto__", "/usage.csv?by=models", "/usage.csv?range=2d"])(
    "of a file is rejected with an error of the API's shape: %s",
    async (path) => {
      const { api, ask } = visit();
      const { response, text } = await ask(path);
      expect(response.status).toBe(400);
      expect(JSON.parse(text)).toMatchObject({ error: { code: "invalid_request" } });
      expect(api.requested).toEqual([]);
    },
  );

  it.each(["?format=jsn", "?brnch=main"])("of an export is rejected as well: %s", async (query) => {
    const { response } = await visit().ask(`/conversations/${IDS.conversation}/export${query}`);
    expect(response.status).toBe(400);
  });
});

describe.each(["recorded", "empty", "malicious", "down"] as const)(
  "every page of the variant %s",
  (variant) => {
    it.each(PAGES)("%s comes whole, with nothing inline and nothing from elsewhere", async (path) => {
      const { response, text } = await visit({ variant, allowsUnknown: variant === "empty" }).ask(path);
      expect(response.status).toBe(200);
      expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
      expect(response.headers.get("cache-control")).toBe("no-store");
      expect(text.endsWith("</html>")).toBe(true);
      expect(found(text, /<h1/)).toHaveLength(1);
      expect(found(skeleton(text), /<[a-z][^>]*\s(style|on[a-z]+)=/)).toEqual([]);
      expect(found(text, /<script(?! type="module" src="\/assets\/)/)).toEqual([]);
      expect(found(text, /<(img|link|script|iframe)[^>]+(src|href)="(https?:)?\/\//)).toEqual([]);
      expect(found(text, /\b(undefined|NaN|\[object Object\])\b/)).toEqual([]);
    });
  },
);

describe("malicious texts", () => {
  it("in Host and model names show as text on every list", async () => {
    const { ask } = visit({ variant: "malicious" });
    for (const path of PAGES) {
      const { text } = await ask(path);
      expect(escaped(text), path).toEqual([]);
    }
    expect((await ask("/requests")).text).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    expect((await ask("/domains")).text).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
  });

  it.each(["", "?tab=raw", "?tab=headers", "?tab=stream", "?messages=all&tools=hide"])(
    "in tool names, results, roles and headers show as text on the request page %s",
    async (query) => {
      const { ask } = visit({ variant: "malicious" });
      const { response, text } = await ask(`/requests/${IDS.request}${query}`);
      expect(response.status).toBe(200);
      expect(escaped(text)).toEqual([]);
      expect(found(skeleton(text), /\u0000/)).toEqual([]);
      expect(text.length).toBeLessThan(600_000);
    },
  );

  it("in titles, branches and transcripts show as text on the conversation page", async () => {
    const { ask } = visit({ variant: "malicious" });
    for (const id of [IDS.conversation, IDS.compacted]) {
      const { response, text } = await ask(`/conversations/${id}`);
      expect(response.status).toBe(200);
      expect(escaped(text)).toEqual([]);
      expect(text).not.toContain(MARKUP);
      expect(text).toContain("&lt;script&gt;alert(1)");
    }
  });

  it("keep a tool's name readable", async () => {
    const { ask } = visit({ variant: "malicious" });
    const { text } = await ask(`/requests/${IDS.request}`);
    expect(text).toMatch(/class="tool-name"><bdi[^>]*>&lt;script&gt;alert\(1\)/);
  });

  it("in an address neither break out of attributes nor of the title", async () => {
    const { ask } = visit({ allowsUnknown: true });
    for (const path of [
      `/requests?domain=${encodeURIComponent(MARKUP)}&sessionId=${encodeURIComponent(MARKUP)}`,
      `/requests/${encodeURIComponent(MARKUP)}`,
      `/domains/${encodeURIComponent(MARKUP)}`,
      `/accounts/${encodeURIComponent(MARKUP)}`,
      `/accounts/${encodeURIComponent(MARKUP)}/login?domain=${encodeURIComponent(MARKUP)}`,
      `/domains/new?domain=${encodeURIComponent(MARKUP)}`,
      `/domains/new?step=key&domain=${encodeURIComponent(MARKUP)}`,
      `/audit?actor=${encodeURIComponent(MARKUP)}&action=${encodeURIComponent(MARKUP)}`,
      `/?model=${encodeURIComponent('" onmouseover="x')}`,
      "/requests?outcome=constructor&failed=__proto__",
    ]) {
      const { status, text } = await ask(path);
      expect(status, path).toBeLessThan(500);
      expect(escaped(text), path).toEqual([]);
    }
  });

  it("in an address never reach another origin after signing in", async () => {
    const { text } = await visit().ask("/sign-in?next=//evil.example", { headers: { cookie: "a=b" } });
    expect(text).toContain('name="next" value="/"');
  });
});

describe("failures", () => {
  it("say what failed, under which id, and offer to try again", async () => {
    const { response, text } = await visit({ variant: "down" }).ask("/requests?status=429");
    expect(text).toContain("Could not load");
    expect(text).toContain(response.headers.get("x-request-id") ?? "none");
    expect(text).toContain('href="/requests?status=429"');
  });

  it("are JSON if the client does not accept HTML", async () => {
    const { response, text } = await visit().ask("/nowhere", {
      headers: { accept: "application/json" },
    });
    expect(response.status).toBe(404);
    expect(JSON.parse(text)).toMatchObject({ error: { code: "not_found" } });
  });

  it("of the binding return a response", async () => {
    const { api, ask } = visit();
    api.whoAmI = () => Promise.reject(new Error("gone"));
    expect((await ask("/")).response.status).toBe(503);
    api.whoAmI = (headers) => replayedApi().whoAmI(headers);
    api.fetch = () => Promise.reject(new Error("gone"));
    const { response, text } = await ask("/requests");
    expect(response.status).toBe(200);
    expect(text).toContain("The API did not return a valid response");
  });
});
