/**
 * The fake's authorization server: the authorize page and the token endpoint. It rotates refresh tokens at every renewal; reuse
 * of a refresh token ends its login (RFC 9700 4.14.2). Tests make it fail before or after the rotation.
 */
import { createHash } from "node:crypto";
import { digest } from "./random.ts";
import { headerOf, isRecord, jsonOf, type Received, type Reply } from "./http.ts";

/** How one call of the token endpoint fails; `after`: after the rotation. */
export interface LoginFault {
  how: "error" | "hang" | "hang-up" | "cut" | "nonsense";
  after?: boolean;
}

export interface IssuedPair {
  accessToken: string;
  refreshToken: string;
  /** Epoch milliseconds. */
  expiresAt: number;
  scopes: string[];
}

interface Login {
  refreshToken: string;
  accessTokens: string[];
  isOver: boolean;
  /** The response that replaced a refresh token, until the new tokens are used. */
  unconfirmed: { spent: string; response: IssuedPair } | null;
}

export interface OAuthEndpoints {
  /** Handles /oauth/authorize and /v1/oauth/token; null for other paths. */
  handle(received: Received): Reply | null;
  /** Creates a login. */
  issue(): IssuedPair;
  /** The code that a person gets after authorizing at this address. */
  agree(authorizeUrl: string): string;
  /** Whether this access token was issued here and is no longer valid. */
  isOver(accessToken: string): boolean;
  /** Revokes an access token; the login stays valid. */
  end(accessToken: string): void;
  /** Faults of the next calls of the token endpoint, in order. */
  fail(...faults: LoginFault[]): void;
  /** Renewals that rotated tokens. */
  readonly renewals: number;
  /** Logins ended by reuse of a refresh token. */
  readonly punished: number;
  /** Lifetime of access tokens issued from now on; default 8 h. */
  lifetimeMs: number;
  /** Whether a used refresh token gets the same response again until the new tokens are used. Default false. */
  isForgiving: boolean;
}

export function oauthEndpoints(seed: string, now: () => number): OAuthEndpoints {
  const logins: Login[] = [];
  const expiries = new Map<string, number>();
  const spent = new Map<string, Login>();
  const codes = new Map<string, { challenge: string; state: string; redirectUri: string }>();
  const faults: LoginFault[] = [];
  let made = 0;
  let renewals = 0;
  let punished = 0;

  const newPair = (login: Login): IssuedPair => {
    const name = digest(seed, "oauth", made++);
    const pair = {
      accessToken: `sk-ant-oat01-${name}`,
      refreshToken: `sk-ant-ort01-${name}`,
      expiresAt: now() + endpoints.lifetimeMs,
      scopes: ["user:inference", "user:profile"],
    };
    login.refreshToken = pair.refreshToken;
    login.accessTokens.push(pair.accessToken);
    expiries.set(pair.accessToken, pair.expiresAt);
    return pair;
  };
  const newLogin = (): IssuedPair => {
    const login: Login = { refreshToken: "", accessTokens: [], isOver: false, unconfirmed: null };
    logins.push(login);
    return newPair(login);
  };
  const markReceived = (accessToken: string) => {
    for (const login of logins)
      if (login.unconfirmed?.response.accessToken === accessToken) login.unconfirmed = null;
  };

  const renew = (refreshToken: string): Reply => {
    const punishable = spent.get(refreshToken);
    if (punishable) {
      if (endpoints.isForgiving && punishable.unconfirmed?.spent === refreshToken)
        return grant(punishable.unconfirmed.response);
      if (!punishable.isOver) punished += 1;
      punishable.isOver = true;
      return invalidGrant("Refresh token has been used");
    }
    const login = logins.find((one) => one.refreshToken === refreshToken);
    if (!login || login.isOver) return invalidGrant("Refresh token not found or invalid");
    spent.set(refreshToken, login);
    renewals += 1;
    const pair = newPair(login);
    login.unconfirmed = { spent: refreshToken, response: pair };
    return grant(pair);
  };

  const exchange = (body: Record<string, unknown>): Reply => {
    const known = codes.get(String(body.code));
    const challenge = createHash("sha256").update(String(body.code_verifier)).digest("base64url");
    codes.delete(String(body.code));
    if (
      known?.challenge !== challenge ||
      known.state !== body.state ||
      known.redirectUri !== body.redirect_uri
    )
      return invalidGrant("Invalid code");
    return grant(newLogin());
  };

  const grant = ({ accessToken, refreshToken, expiresAt, scopes }: IssuedPair): Reply => ({
    kind: "json",
    status: 200,
    body: {
      token_type: "Bearer",
      access_token: accessToken,
      expires_in: Math.round((expiresAt - now()) / 1_000),
      refresh_token: refreshToken,
      scope: scopes.join(" "),
    },
  });

  const token = (received: Received): Reply => {
    const body = jsonOf(received);
    if (received.method !== "POST" || !isRecord(body))
      return refusal("invalid_request", "A JSON object is expected");
    if (!headerOf(received, "anthropic-beta")?.includes("oauth-2025-04-20"))
      return refusal("invalid_request", "anthropic-beta is missing");
    if (typeof body.client_id !== "string") return refusal("invalid_client", "Unknown client");
    const respond = () => {
      if (body.grant_type === "refresh_token") return renew(String(body.refresh_token));
      if (body.grant_type === "authorization_code") return exchange(body);
      return refusal("unsupported_grant_type", "Unsupported grant type");
    };
    const fault = faults.shift();
    if (!fault) return respond();
    return broken(fault, fault.after ? respond() : null);
  };

  const endpoints: OAuthEndpoints = {
    lifetimeMs: 8 * 3_600_000,
    isForgiving: false,
    handle(received) {
      const key = headerOf(received, "authorization")?.replace(/^Bearer /i, "");
      if (key) markReceived(key);
      if (received.path === "/v1/oauth/token") return token(received);
      if (received.path !== "/oauth/authorize") return null;
      return page(`Paste this code: <code>${endpoints.agree(`http://fake${received.url}`)}</code>`);
    },
    issue: newLogin,
    agree(authorizeUrl) {
      const { searchParams: query } = new URL(authorizeUrl);
      const code = digest(seed, "code", made++);
      const state = query.get("state") ?? "";
      codes.set(code, {
        challenge: query.get("code_challenge") ?? "",
        state,
        redirectUri: query.get("redirect_uri") ?? "",
      });
      return `${code}#${state}`;
    },
    isOver(accessToken) {
      const login = logins.find((one) => one.accessTokens.includes(accessToken));
      return login !== undefined && (login.isOver || now() >= (expiries.get(accessToken) ?? 0));
    },
    end: (accessToken) => void expiries.set(accessToken, 0),
    fail: (...more) => void faults.push(...more),
    get renewals() {
      return renewals;
    },
    get punished() {
      return punished;
    },
  };
  return endpoints;
}

function broken(fault: LoginFault, reply: Reply | null): Reply {
  const json = { "content-type": "application/json" };
  switch (fault.how) {
    case "error":
      return { kind: "json", status: 500, body: { error: "server_error" } };
    case "nonsense":
      return page("<h1>Just a moment…</h1>");
    case "hang":
      return { kind: "hang" };
    case "hang-up":
      return { kind: "refuse" };
    case "cut": {
      const text = JSON.stringify(reply?.kind === "json" ? reply.body : { access_token: "cut" });
      const bytes = Buffer.from(text.slice(0, text.length / 2));
      const headers = { ...json, "content-length": String(text.length) };
      return { kind: "raw", status: 200, headers, chunks: [{ delayMs: 0, bytes }], then: "reset" };
    }
  }
}

function page(html: string): Reply {
  const headers = { "content-type": "text/html" };
  return { kind: "raw", status: 200, headers, chunks: [{ delayMs: 0, bytes: Buffer.from(html) }] };
}

const refusal = (error: string, error_description: string): Reply => ({
  kind: "json",
  status: 400,
  body: { error, error_description },
});
const invalidGrant = (why: string) => refusal("invalid_grant", why);
