/** Which keys open the API, and what each may do. */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { beforeAll, describe, expect, it } from "vitest";
import { resetDatabase } from "../support/worker-database.ts";
import { signIn } from "../../workers/api/auth/sign-in.ts";
import { handleFetch } from "../../workers/app.ts";
import {
  ADMINISTRATOR_KEY,
  call,
  DATABASE_DOWN,
  apiError,
  testEnv,
  VIEWER_KEY,
} from "../support/worker-api.ts";

beforeAll(resetDatabase);

const PATHS = [
  "/api/requests",
  "/api/requests/019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6071",
  "/api/stats",
  "/api/overview",
  "/api/status",
  "/api/domains",
  "/api/audit",
  "/api/openapi.json",
  "/token-stats",
  "/api/nowhere",
];
const NO_KEYS = { DASHBOARD_API_KEY: undefined, DASHBOARD_VIEWER_KEY: undefined };

describe("without a key", () => {
  it.each(PATHS)("%s is refused as unauthorized", async (path) => {
    const { status, code } = await apiError(path, { key: null });
    expect([status, code]).toEqual([401, "unauthorized"]);
    expect((await apiError(path, { key: "" })).status).toBe(401);
  });

  it("the response names the header of the key", async () => {
    const { headers, text } = await call("/api/stats", { key: null });
    expect(headers.get("www-authenticate")).toContain("X-Dashboard-Key");
    expect(text).toContain("X-Dashboard-Key");
  });

  it("a key in another place is ignored", async () => {
    const places: Record<string, string>[] = [
      { authorization: `Bearer ${ADMINISTRATOR_KEY}` },
      { "x-api-key": ADMINISTRATOR_KEY },
      { cookie: `nexus_session=${ADMINISTRATOR_KEY}; dashboard_auth=${ADMINISTRATOR_KEY}` },
    ];
    for (const headers of places)
      expect((await apiError("/api/stats", { key: null, headers })).status).toBe(401);
    expect((await apiError(`/api/stats?key=${ADMINISTRATOR_KEY}`, { key: null })).status).toBe(401);
  });
});

it.each([
  "wrong",
  `${ADMINISTRATOR_KEY} x`,
  ADMINISTRATOR_KEY.slice(0, -1),
  ADMINISTRATOR_KEY.toUpperCase(),
  "x".repeat(10_000),
])("a wrong key is forbidden: %.30s", async (key) => {
  const { status, code } = await apiError("/api/stats", { key });
  expect([status, code]).toEqual([403, "forbidden"]);
});

it("a viewer reads the description of the API and changes nothing", async () => {
  expect((await call("/api/openapi.json", { key: VIEWER_KEY })).status).toBe(200);
  const { status, code, message } = await apiError("/api/anything", { method: "PATCH", key: VIEWER_KEY });
  expect([status, code]).toEqual([403, "forbidden"]);
  expect(message).toContain("administrator");
});

describe("DASHBOARD_READ_ONLY", () => {
  const bindings = { DASHBOARD_READ_ONLY: "true" };

  it("opens reading without a key, and only that", async () => {
    expect((await call("/api/requests", { key: null, bindings })).status).toBe(200);
    expect((await call("/api/requests", { key: null, bindings, method: "HEAD" })).status).toBe(200);
    const write = await apiError("/api/domains/a.example", { key: null, bindings, method: "DELETE" });
    expect([write.status, write.code]).toEqual([403, "forbidden"]);
    expect((await apiError("/api/audit", { key: null, bindings })).status).toBe(403);
  });

  it("still refuses a wrong key, and lets an administrator write", async () => {
    expect((await apiError("/api/requests", { key: "wrong", bindings })).status).toBe(403);
    expect((await apiError("/api/domains/a.example", { bindings, method: "DELETE" })).status).toBe(404);
  });

  it("works where no key is configured at all", async () => {
    expect((await call("/api/stats", { key: null, bindings: { ...bindings, ...NO_KEYS } })).status).toBe(200);
  });
});

describe("with no key configured", () => {
  it("every request is 401 and names the variable", async () => {
    for (const key of [null, "anything", "undefined", ADMINISTRATOR_KEY])
      for (const path of PATHS) {
        const { status, message } = await apiError(path, { key, bindings: NO_KEYS });
        expect(status).toBe(401);
        expect(message).toContain("DASHBOARD_API_KEY");
      }
  });

  it("an empty key is no key", async () => {
    const empty = { DASHBOARD_API_KEY: "", DASHBOARD_VIEWER_KEY: undefined };
    const { status } = await call("/api/stats", { key: null, bindings: empty });
    expect(status).toBeGreaterThanOrEqual(400);
  });

  it("without an administrator's key a viewer still reads", async () => {
    const bindings = { DASHBOARD_API_KEY: undefined };
    expect((await call("/api/stats", { key: VIEWER_KEY, bindings })).status).toBe(200);
    expect((await apiError("/api/stats", { key: ADMINISTRATOR_KEY, bindings })).status).toBe(403);
  });
});

describe("with a key shorter than 24 characters", () => {
  const SHORT = "x".repeat(23);
  it.each([
    [{ DASHBOARD_API_KEY: SHORT }, ["DASHBOARD_API_KEY"]],
    [{ DASHBOARD_VIEWER_KEY: SHORT }, ["DASHBOARD_VIEWER_KEY"]],
    [{ DASHBOARD_API_KEY: SHORT, DASHBOARD_VIEWER_KEY: "x" }, ["DASHBOARD_API_KEY", "DASHBOARD_VIEWER_KEY"]],
    [{ DASHBOARD_API_KEY: SHORT, DASHBOARD_READ_ONLY: "true" }, ["DASHBOARD_API_KEY"]],
  ])("API, pages and sign-in are closed with 503, whatever is sent: %j", async (bindings, names) => {
    for (const key of [null, SHORT, ADMINISTRATOR_KEY, "wrong"])
      for (const entrypoint of ["public", "dashboard"] as const) {
        const { status, code, message } = await apiError("/api/stats", { key, entrypoint, bindings });
        expect([status, code]).toEqual([503, "unavailable"]);
        for (const name of [...names, "24 characters"]) expect(message).toContain(name);
        expect(message).not.toContain(SHORT);
      }
    const attempt = { key: SHORT, address: "192.0.2.1" };
    const signedIn = await signIn(testEnv(bindings), attempt, Date.now());
    expect(signedIn).toMatchObject({
      result: "unavailable",
      message: expect.stringContaining(names[0]!) as string,
    });
  });

  it("the proxy serves requests as before", async () => {
    const env = testEnv({ DASHBOARD_API_KEY: "x" });
    const ctx = createExecutionContext();
    const response = await handleFetch(new Request("https://a.example/v1/models"), env, ctx);
    await waitOnExecutionContext(ctx);
    expect([response.status, (await response.json<{ type: string }>()).type]).toEqual([401, "error"]);
  });

  it("24 characters are enough", async () => {
    const bindings = { DASHBOARD_API_KEY: `${SHORT}y` };
    expect((await call("/api/stats", { key: `${SHORT}y`, bindings })).status).toBe(200);
  });
});

it("an unknown path is 404 in the common shape", async () => {
  for (const [method, path] of [
    ["GET", "/api/"],
    ["GET", "/api/nowhere"],
    ["GET", "/api/requests/"],
    ["DELETE", "/api/requests"],
    ["PUT", "/api/%2e%2e/x"],
  ] as const) {
    const { status, code } = await apiError(path, { method, body: method === "PUT" ? {} : undefined });
    expect([status, code], path).toEqual([404, "not_found"]);
  }
});

describe("responses", () => {
  it("forbid caching and sniffing", async () => {
    const { headers } = await call("/api/requests");
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("access-control-allow-origin")).toBeNull();
  });

  it("are 503 without details of the database when it is down", async () => {
    for (const path of ["/api/requests", "/api/stats", "/api/overview", "/api/domains", "/token-stats"]) {
      const { status, code, message } = await apiError(path, { bindings: DATABASE_DOWN });
      expect([status, code], path).toEqual([503, "unavailable"]);
      expect(message).not.toMatch(/127\.0\.0\.1|postgres|fetch|connect /i);
    }
    const write = { method: "PUT", body: { accountId: "a", credential: { type: "passthrough" } } };
    expect((await apiError("/api/domains/a.example", { ...write, bindings: DATABASE_DOWN })).status).toBe(
      503,
    );
  });

  it("are 503 without values when the environment is invalid", async () => {
    const bindings = { CREDENTIAL_KEYS: "secret-but-wrong" };
    const { status, message } = await apiError("/api/stats", { bindings });
    expect(status).toBe(503);
    expect(message).not.toContain("secret-but-wrong");
  });
});
