/** Accounts of the scripted API: a key that works, a login that ended, one that is fine, the clients' own. */
import type { AccountView } from "../../workers/schemas/api/accounts.ts";
import type { OAuthStatus } from "../../workers/schemas/oauth.ts";
import type { Scenario } from "./api.ts";
import { MALICIOUS_STRINGS } from "./hostile.ts";

const MINUTE = 60_000;
const TERMS =
  "Logins are for the ordinary use of Claude Code by the person who has the plan, and for nobody else's requests. For a team use API keys, or passthrough.";

export function accountsOf(scenario: Scenario, now: number): AccountView[] {
  const at = (minutes: number) => new Date(now + minutes * MINUTE).toISOString();
  if (scenario === "empty") return [];
  const login: OAuthStatus = {
    state: "ready",
    expiresAt: at(312),
    scopes: ["org:create_api_key", "user:profile", "user:inference"],
    obtainedAt: at(-168),
    rotations: 12,
    nextRefreshAt: at(307),
    failures: 0,
    lastError: null,
    needsLogin: null,
    loginPendingUntil: null,
  };
  const ended: OAuthStatus = {
    ...login,
    state: "needs_login",
    expiresAt: at(-40),
    nextRefreshAt: null,
    failures: 3,
    lastError: { at: at(-40), message: "the login server answered 400 invalid_grant" },
    needsLogin: {
      since: at(-40),
      reason: scenario === "hostile" ? MALICIOUS_STRINGS.join(" ") : "invalid_grant",
    },
  };
  const names =
    scenario === "hostile"
      ? MALICIOUS_STRINGS
      : ["acc_research", "acc_platform", "acc_maya", "acc_old-login"];
  const domains = scenario === "hostile" ? MALICIOUS_STRINGS : ["team-a.claude.example.com"];
  const kinds = [
    { credentialType: "api_key", state: "ready", login: null },
    { credentialType: "passthrough", state: "ready", login: null },
    { credentialType: "oauth", state: "ready", login },
    { credentialType: "oauth", state: "needs_login", login: ended },
  ] as const;
  return names.map((accountId, n) => ({
    accountId,
    ...kinds[n % kinds.length]!,
    domains: n === 1 ? [] : domains,
    updatedAt: at(-60 * 24 * (n + 2)),
  }));
}

/** Calls below /api/accounts; null: not one of them. */
export function accountsAnswer(scenario: Scenario, method: string, path: string, sent: unknown, now: number) {
  const accounts = accountsOf(scenario, now);
  if (path === "/api/accounts") return Response.json({ accounts });
  const login = /^\/api\/accounts\/(.+)\/oauth\/login(\/code)?$/.exec(path);
  if (login) {
    const [, accountId, isCode] = login;
    if (isCode !== undefined) {
      const { code } = sent as { code: string };
      const problem = {
        in: "body",
        parameter: "code",
        problem: "is no code of this login",
        allowed: "code#state",
      };
      return code.includes("#")
        ? Response.json({ accountId, ...accountsOf("busy", now)[2]!.login })
        : refusal(400, "invalid_request", "code: is no code of this login.", [problem]);
    }
    const url = "https://login.example/authorize?code_challenge_method=S256&state=abc";
    const begun = { accountId, terms: TERMS, url, expiresAt: new Date(now + 15 * MINUTE).toISOString() };
    const isBegun = method === "POST" || accountId === "acc_old-login";
    return Response.json(isBegun ? begun : { ...begun, url: null, expiresAt: null });
  }
  const refresh = /^\/api\/accounts\/(.+)\/oauth\/refresh$/.exec(path);
  if (refresh) return Response.json({ accountId: refresh[1], ...accountsOf("busy", now)[2]!.login });
  const id = /^\/api\/accounts\/([^]+)$/.exec(path)?.[1];
  if (id === undefined) return null;
  const account = accounts.find(({ accountId }) => accountId === id);
  if (!account) return refusal(404, "not_found", `There is no account ${id}.`);
  if (method === "DELETE")
    return account.domains.length > 0
      ? refusal(409, "conflict", `The account ${id} is used by ${account.domains.join(", ")}.`)
      : new Response(null, { status: 204 });
  const { credential } = (sent ?? {}) as { credential?: { type: string; api_key?: string } };
  if (method === "PUT" && credential?.type === "api_key" && !credential.api_key) {
    const parameter = "credential.api_key";
    const problem = {
      in: "body",
      parameter,
      problem: "is empty",
      allowed: "a secret of 1 to 500 characters",
    };
    return refusal(400, "invalid_request", "credential.api_key: is empty.", [problem]);
  }
  return Response.json(account);
}

function refusal(status: number, code: string, message: string, details?: object[]): Response {
  return Response.json({ error: { code, message, ...(details ? { details } : {}) } }, { status });
}
