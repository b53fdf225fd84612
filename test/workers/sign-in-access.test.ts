/** Cloudflare Access instead of a key: only tokens signed by its certificates, for this application, unexpired, on this entrypoint. */
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { identify } from "../../workers/api/auth/identify.ts";
import { signIn } from "../../workers/api/auth/sign-in.ts";
import type { WhoAmI } from "../../workers/schemas/api/session.ts";
import { resetDatabase } from "../support/worker-database.ts";
import { ADMINISTRATOR_KEY, apiJson, type Bindings, apiError, testEnv } from "../support/worker-api.ts";

const NOW = Date.UTC(2026, 10, 22, 12);
const SECONDS = NOW / 1_000;
const AUDIENCE = "aud-of-the-dashboard";

let teams = 0;
/** Every test has its own team: certificates are kept per team. */
let team: string;
let keys: CryptoKeyPair;
let strangers: CryptoKeyPair;
let certsAsked: string[];
let certs: () => Promise<Response>;

beforeAll(async () => {
  await resetDatabase();
  keys = await generateKeyPair("RS256");
  strangers = await generateKeyPair("RS256");
});

beforeEach(() => {
  team = `team-${++teams}.cloudflareaccess.com`;
  certsAsked = [];
  certs = async () =>
    Response.json({ keys: [{ ...(await exportJWK(keys.publicKey)), kid: "k1", alg: "RS256", use: "sig" }] });
  const real = globalThis.fetch;
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const url = String(input instanceof Request ? input.url : input);
    if (!url.includes("cloudflareaccess.com")) return real(input, init);
    certsAsked.push(url);
    return certs();
  });
});
afterEach(() => vi.restoreAllMocks());

const settings = (): Bindings => ({
  ACCESS_TEAM_DOMAIN: team,
  ACCESS_AUD: AUDIENCE,
  ACCESS_ADMIN_EMAILS: "ann@example.com",
});

function token(claims: JWTPayload = {}, key: CryptoKey = keys.privateKey, header = {}): Promise<string> {
  return new SignJWT({
    iss: `https://${team}`,
    aud: [AUDIENCE],
    iat: SECONDS - 60,
    nbf: SECONDS - 60,
    exp: SECONDS + 600,
    email: "bob@example.com",
    ...claims,
  })
    .setProtectedHeader({ alg: "RS256", kid: "k1", ...header })
    .sign(key);
}

function who(jwt: string, bindings = settings(), more: Record<string, string> = {}): Promise<WhoAmI> {
  const headers: Record<string, string> = { "cf-access-jwt-assertion": jwt, ...more };
  return identify(testEnv(bindings), (name) => headers[name] ?? null, "dashboard", NOW);
}

describe("a good token", () => {
  it("names a viewer, or an administrator where listed; certificates are fetched once", async () => {
    expect(await who(await token())).toEqual({
      result: "known",
      role: "viewer",
      actor: "bob@example.com",
      via: "access",
      readOnly: true,
    });
    expect(await who(await token({ email: "Ann@Example.com" }))).toMatchObject({
      role: "administrator",
      actor: "ann@example.com",
    });
    expect(certsAsked).toEqual([`https://${team}/cdn-cgi/access/certs`]);
  });

  it("opens the API of the dashboard's entrypoint, not of the public host", async () => {
    vi.useFakeTimers({ now: NOW, toFake: ["Date"] });
    try {
      const headers = { "cf-access-jwt-assertion": await token({ email: "ann@example.com" }) };
      const options = { key: null, headers, bindings: settings() };
      await apiJson("/api/audit", { ...options, entrypoint: "dashboard" });
      expect((await apiError("/api/audit", options)).status).toBe(401);
      expect((await apiError("/api/stats", options)).status).toBe(401);
    } finally {
      vi.useRealTimers();
    }
  });

  it("is ignored where no Access application is configured, without fetching certificates", async () => {
    expect((await who(await token(), {})).result).toBe("anonymous");
    expect(certsAsked).toEqual([]);
  });

  it.each([
    ["ACCESS_TEAM_DOMAIN", { ACCESS_AUD: AUDIENCE }],
    ["ACCESS_AUD", { ACCESS_TEAM_DOMAIN: "team.cloudflareaccess.com" }],
    ["ACCESS_TEAM_DOMAIN and ACCESS_AUD", { ACCESS_ADMIN_EMAILS: "ann@example.com" }],
    ["ACCESS_TEAM_DOMAIN", { ACCESS_TEAM_DOMAIN: "https://evil.example/path", ACCESS_AUD: AUDIENCE }],
  ])(
    "opens nothing of the dashboard while %s is missing or invalid, and the public API responds as before",
    async (name, bindings) => {
      const message = expect.stringContaining(`Closed: ${name} must be`) as string;
      for (const more of [undefined, { "x-dashboard-key": ADMINISTRATOR_KEY }])
        expect(await who(await token(), bindings, more)).toEqual({ result: "unavailable", message });
      expect((await apiError("/api/stats", { entrypoint: "dashboard", bindings })).status).toBe(503);
      await apiJson("/api/stats", { bindings });
    },
  );
});

describe("refused is", () => {
  const refusedTokens: [string, () => Promise<string>][] = [
    ["an expired one", () => token({ exp: SECONDS - 60 })],
    ["one that is not valid yet", () => token({ nbf: SECONDS + 60 })],
    ["one without an end", () => token({ exp: undefined })],
    ["one for another application", () => token({ aud: ["another"] })],
    ["one without an audience", () => token({ aud: undefined })],
    ["one of another team", () => token({ iss: "https://evil.cloudflareaccess.com" })],
    ["one signed with another key", () => token({}, strangers.privateKey)],
    ["one signed with an unpublished key", () => token({}, strangers.privateKey, { kid: "k2" })],
    ["one without an email", () => token({ email: undefined })],
    ["an unsigned one", async () => `${btoa('{"alg":"none"}')}.${btoa('{"email":"ann@example.com"}')}.`],
    ["one signed with the public key as a secret", () => confused()],
    ["a changed one", async () => (await token()).replace(/.(?=[^.]*$)/, "A")],
    ["no token at all", async () => "garbage"],
  ];
  it.each(refusedTokens)("%s", async (_, make) => {
    const jwt = await make();
    expect(await who(jwt)).toMatchObject({ result: "refused" });
    // Open reading does not help, a key does: it is a credential of its own.
    expect((await who(jwt, { ...settings(), DASHBOARD_READ_ONLY: "true" })).result).toBe("refused");
    const key = { "x-dashboard-key": ADMINISTRATOR_KEY };
    expect(await who(jwt, { ...settings(), ACCESS_ALLOW_KEY: "true" }, key)).toMatchObject({ via: "key" });
  });
});

describe("with Access, dashboard keys", () => {
  const signInWith = (bindings: Bindings) =>
    signIn(testEnv(bindings), { key: ADMINISTRATOR_KEY, address: "192.0.2.1" }, NOW);
  const callerOf = (headers: Record<string, string>, bindings: Bindings) =>
    identify(testEnv(bindings), (name) => headers[name] ?? null, "dashboard", NOW);

  it("do not open the dashboard: not by signing in, by header, or by a session from before", async () => {
    const session = await signInWith({});
    if (session.result !== "signed_in") throw new Error(session.result);
    const message = expect.stringContaining("Cloudflare Access") as string;
    expect(await signInWith(settings())).toEqual({ result: "closed", message });
    const byKey = { "x-dashboard-key": ADMINISTRATOR_KEY };
    expect(await callerOf(byKey, settings())).toEqual({ result: "refused", message });
    expect(await callerOf({ "x-nexus-session": session.token }, settings())).toEqual({
      result: "closed",
      message,
    });
    expect(await callerOf({}, settings())).toEqual({ result: "closed", message });
    expect((await apiError("/api/stats", { entrypoint: "dashboard", bindings: settings() })).status).toBe(
      403,
    );
  });

  it("open it with ACCESS_ALLOW_KEY=true", async () => {
    const bindings = { ...settings(), ACCESS_ALLOW_KEY: "true" };
    const session = await signInWith(bindings);
    if (session.result !== "signed_in") throw new Error(session.result);
    expect(await callerOf({ "x-nexus-session": session.token }, bindings)).toMatchObject({ via: "session" });
    expect(await callerOf({ "x-dashboard-key": ADMINISTRATOR_KEY }, bindings)).toMatchObject({ via: "key" });
  });

  it("open the public API as before", async () => {
    await apiJson("/api/audit", { bindings: settings() });
  });
});

it.each([
  ["an error", async () => new Response("no", { status: 500 })],
  ["nonsense", async () => new Response("<html>")],
  ["no keys in it", async () => Response.json({ hello: 1 })],
  ["no connection", () => Promise.reject(new TypeError("connect failed"))],
])(
  "when the certificates cannot be fetched %s: every token is refused as unavailable",
  async (_, respond) => {
    certs = respond;
    expect((await who(await token({ email: "ann@example.com" }))).result).toBe("unavailable");
  },
);

/** HS256 with the published key as secret: works against verifiers that believe the header. */
async function confused(): Promise<string> {
  const secret = new TextEncoder().encode(JSON.stringify(await exportJWK(keys.publicKey)));
  return new SignJWT({ iss: `https://${team}`, aud: AUDIENCE, exp: SECONDS + 600, email: "ann@example.com" })
    .setProtectedHeader({ alg: "HS256", kid: "k1" })
    .setIssuedAt(SECONDS)
    .sign(secret);
}
