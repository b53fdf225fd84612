/** Sessions: opened with a key, accepted by the dashboard's entrypoint only, ended by time, by sign-out and by a changed key. */
import { exports } from "cloudflare:workers";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { identify } from "../../workers/api/auth/identify.ts";
import { signIn, signOut } from "../../workers/api/auth/sign-in.ts";
import { SESSION_MS } from "../../workers/runtime/constants.ts";
import type { SignInResult, WhoAmI } from "../../workers/schemas/api/session.ts";
import { queryRows, resetDatabase } from "../support/worker-database.ts";
import {
  ADMINISTRATOR_KEY,
  apiJson,
  type Bindings,
  DATABASE_DOWN,
  apiError,
  testEnv,
  VIEWER_KEY,
} from "../support/worker-api.ts";

beforeEach(resetDatabase);

const OTHER_KEY = "another-key-0123456789-0123456789";
let addresses = 0;
/** Each sign-in comes from its own address, so that tests do not slow each other down. */
const address = () => `192.0.2.${++addresses}`;

async function signedIn(key = ADMINISTRATOR_KEY, now = Date.now(), bindings: Bindings = {}) {
  const result = await signIn(testEnv(bindings), { key, address: address() }, now);
  if (result.result !== "signed_in") throw new Error(JSON.stringify(result));
  return result;
}

function who(headers: Record<string, string>, now = Date.now(), bindings: Bindings = {}): Promise<WhoAmI> {
  return identify(testEnv(bindings), (name) => headers[name] ?? null, "dashboard", now);
}

const bearer = (token: string) => ({ "x-nexus-session": token });
const dashboard = (token: string, more: object = {}) =>
  ({ entrypoint: "dashboard", key: null, headers: bearer(token), ...more }) as const;

describe("signing in", () => {
  it("gives an administrator and a viewer a session of seven days each", async () => {
    const now = Date.now();
    for (const [key, role] of [
      [ADMINISTRATOR_KEY, "administrator"],
      [VIEWER_KEY, "viewer"],
    ] as const) {
      const { token, expiresAt, ...rest } = await signedIn(key, now);
      expect(rest).toEqual({ result: "signed_in", role });
      expect(token).toMatch(/^[\w-]{43}$/);
      expect(Date.parse(expiresAt)).toBe(now + SESSION_MS);
      expect(await who(bearer(token))).toEqual({
        result: "known",
        role,
        actor: expect.stringMatching(/^session:[0-9a-f]{8}$/) as string,
        via: "session",
        readOnly: role === "viewer",
      });
    }
  });

  it("distinguishes a wrong key, a missing configuration and an unavailable database", async () => {
    const wrong = { key: "wrong", address: address() };
    expect(await signIn(testEnv(), wrong, Date.now())).toMatchObject({ result: "wrong" });
    const closed = testEnv({ DASHBOARD_API_KEY: undefined, DASHBOARD_VIEWER_KEY: undefined });
    expect(await signIn(closed, wrong, Date.now())).toMatchObject({ result: "closed" });
    const right = { key: ADMINISTRATOR_KEY, address: address() };
    expect(await signIn(testEnv(DATABASE_DOWN), right, Date.now())).toMatchObject({ result: "unavailable" });
  });

  it("treats an invalid request as a wrong key", async () => {
    for (const request of [
      {},
      null,
      { key: 7, address: "192.0.2.200" },
      { key: "x".repeat(9_999), address: "" },
    ])
      expect((await signIn(testEnv(), request as never, Date.now())).result).toBe("wrong");
  });

  it("stores neither the token nor the key, nor anything a key could be guessed against", async () => {
    const { token } = await signedIn();
    const [row] = await queryRows<{ row: string }>("SELECT to_jsonb(s)::text AS row FROM sessions s");
    const again = await signedIn();
    const rows = await queryRows<{ key_fingerprint: Uint8Array }>("SELECT key_fingerprint FROM sessions");
    expect(row!.row).not.toContain(token);
    expect(row!.row).not.toContain(ADMINISTRATOR_KEY);
    expect(again.token).not.toBe(token);
    expect(new Set(rows.map((one) => String(one.key_fingerprint))).size).toBe(2);
  });

  it("works through the entrypoint, as the dashboard calls it", async () => {
    const service = exports.DashboardApi;
    const result: SignInResult = await service.signIn({ key: VIEWER_KEY, address: address() });
    if (result.result !== "signed_in") throw new Error(result.result);
    expect(await service.whoAmI(bearer(result.token))).toMatchObject({
      result: "known",
      role: "viewer",
    });
    const stats = await service.fetch("https://api.internal/api/stats", {
      headers: bearer(result.token),
    });
    expect([stats.status, await stats.json()]).toMatchObject([200, { totalRequests: 0 }]);
    await service.signOut(result.token);
    expect(await service.whoAmI(bearer(result.token))).toMatchObject({ result: "anonymous" });
  });

  it("is authenticated once per page and limits every request to the role of its caller", async () => {
    const service = exports.DashboardApi;
    const { token } = await signedIn(VIEWER_KEY);
    const api = await service.authenticate(bearer(token));
    expect(await api.whoAmI()).toMatchObject({ result: "known", role: "viewer" });
    const stats = await api.fetch(new Request("https://api.internal/api/stats"));
    expect([stats.status, await stats.json()]).toMatchObject([200, { totalRequests: 0 }]);
    const write = await api.fetch(new Request("https://api.internal/api/domains/a.b", { method: "DELETE" }));
    expect(write.status).toBe(403);
    const key = { "x-dashboard-key": ADMINISTRATOR_KEY };
    const other = new Request("https://api.internal/api/domains/a.b", { method: "DELETE", headers: key });
    expect((await api.fetch(other)).status).toBe(403);
    const stranger = await service.authenticate(bearer("x".repeat(43)));
    expect(await stranger.whoAmI()).toMatchObject({ result: "anonymous" });
    expect((await stranger.fetch(new Request("https://api.internal/api/stats"))).status).toBe(401);
  });
});

describe("a session", () => {
  it("opens the API of the dashboard's entrypoint, in its role", async () => {
    const viewer = await signedIn(VIEWER_KEY);
    await apiJson("/api/requests", dashboard(viewer.token));
    const write = await apiError("/api/domains/a.example", dashboard(viewer.token, { method: "DELETE" }));
    expect(write.status).toBe(403);
    const administrator = await signedIn();
    const body = { accountId: "acc_1", credential: { type: "passthrough" } };
    await apiJson("/api/domains/a.example", dashboard(administrator.token, { method: "PUT", body }));
    const { entries } = await apiJson<{ entries: { actor: string; action: string }[] }>("/api/audit");
    expect(entries.find(({ action }) => action === "domain.put")?.actor).toMatch(/^session:/);
  });

  it("is refused on the public host", async () => {
    const { token } = await signedIn();
    for (const headers of [bearer(token), { cookie: `nexus_session=${token}` }])
      expect((await apiError("/api/requests", { key: null, headers })).status).toBe(401);
    expect((await apiError("/api/requests", { key: token })).status).toBe(403);
    const overHttp = await exports.default.fetch("https://nexus.example/api/requests", {
      headers: bearer(token),
    });
    expect(overHttp.status).toBe(401);
  });

  it("ends after seven days, not a millisecond before", async () => {
    const start = Date.now();
    const { token } = await signedIn(ADMINISTRATOR_KEY, start);
    expect((await who(bearer(token), start + SESSION_MS - 1)).result).toBe("known");
    expect((await who(bearer(token), start + SESSION_MS)).result).toBe("anonymous");
    vi.useFakeTimers({ now: start + SESSION_MS, toFake: ["Date"] });
    try {
      expect((await apiError("/api/stats", dashboard(token))).status).toBe(401);
    } finally {
      vi.useRealTimers();
    }
  });

  it("ends at sign-out, and no other session does", async () => {
    const [one, other] = [await signedIn(), await signedIn()];
    await signOut(testEnv(), one.token, Date.now());
    await signOut(testEnv(), one.token, Date.now());
    await signOut(testEnv(), "no-token", Date.now());
    expect((await who(bearer(one.token))).result).toBe("anonymous");
    expect((await who(bearer(other.token))).result).toBe("known");
    const actions = await queryRows("SELECT action FROM audit_log ORDER BY id");
    expect(actions.map(({ action }) => action)).toEqual(["session.open", "session.open", "session.close"]);
  });

  it("ends when its key is changed or removed", async () => {
    const { token } = await signedIn();
    const viewer = await signedIn(VIEWER_KEY);
    const changed = { DASHBOARD_API_KEY: OTHER_KEY };
    expect((await who(bearer(token), Date.now(), changed)).result).toBe("anonymous");
    expect((await who(bearer(viewer.token), Date.now(), changed)).result).toBe("known");
    expect((await who(bearer(token))).result).toBe("known");
  });

  it("has the role its key has today", async () => {
    const { token } = await signedIn();
    const demoted = { DASHBOARD_API_KEY: OTHER_KEY, DASHBOARD_VIEWER_KEY: ADMINISTRATOR_KEY };
    expect(await who(bearer(token), Date.now(), demoted)).toMatchObject({ role: "viewer", readOnly: true });
  });

  it("that does not exist is anonymous", async () => {
    for (const token of ["x".repeat(43), "", "a'; drop table sessions;--", "x".repeat(5_000)])
      expect((await who(bearer(token))).result).toBe("anonymous");
  });

  it("is unavailable while the database is", async () => {
    const { token } = await signedIn();
    expect((await who(bearer(token), Date.now(), DATABASE_DOWN)).result).toBe("unavailable");
    const { status, code } = await apiError("/api/stats", dashboard(token, { bindings: DATABASE_DOWN }));
    expect([status, code]).toEqual([503, "unavailable"]);
  });

  it("is ignored where a key is sent", async () => {
    const { token } = await signedIn();
    expect(await who({ ...bearer(token), "x-dashboard-key": VIEWER_KEY })).toMatchObject({ via: "key" });
    expect((await who({ ...bearer(token), "x-dashboard-key": "wrong" })).result).toBe("refused");
  });
});

it("sessions that ended long ago are deleted at the next sign-in", async () => {
  const start = Date.now();
  await signedIn(ADMINISTRATOR_KEY, start - SESSION_MS - 31 * 86_400_000);
  await signedIn(ADMINISTRATOR_KEY, start);
  expect(await queryRows("SELECT 1 FROM sessions")).toHaveLength(1);
});

it("reading needs no session with DASHBOARD_READ_ONLY", async () => {
  const bindings = { DASHBOARD_READ_ONLY: "true" };
  const expected = { result: "known", role: "viewer", actor: "anyone", via: "read_only", readOnly: true };
  expect(await who({}, Date.now(), bindings)).toEqual(expected);
  expect(await who(bearer("x".repeat(43)), Date.now(), bindings)).toEqual(expected);
});
