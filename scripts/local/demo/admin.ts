/**
 * Sets the demo's domains up as an operator would, over the admin API, and keeps the client keys it was shown: a key is
 * shown once, and the demo has to be able to go on after a restart.
 */
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LocalStackError } from "../../lib/local-error.ts";
import type { DemoDomain } from "./traffic.ts";
import type { Access } from "./replay.ts";

/** What the demo remembers between two starts, in the data directory. */
export interface DemoState {
  /** Domain → sender → client key. */
  keys: Record<string, Record<string, string>>;
  /** ISO 8601; null until the day has been played. */
  replayedAt: string | null;
}

const FILE = "demo.json";

export async function readState(dataDir: string): Promise<DemoState> {
  try {
    const state = JSON.parse(await readFile(join(dataDir, FILE), "utf8")) as Partial<DemoState>;
    return { keys: state.keys ?? {}, replayedAt: state.replayedAt ?? null };
  } catch {
    return { keys: {}, replayedAt: null };
  }
}

export async function writeState(dataDir: string, state: DemoState): Promise<void> {
  const path = join(dataDir, FILE);
  await writeFile(`${path}.new`, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

interface Admin {
  /** Where the API is: the proxy's address. */
  url: string;
  key: string;
}

async function call(admin: Admin, method: string, path: string, body: unknown): Promise<unknown> {
  const answer = await fetch(`${admin.url}/api/${path}`, {
    method,
    headers: { "x-dashboard-key": admin.key, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok)
    throw new LocalStackError(
      `The demo could not be set up: ${method} /api/${path} answered ${answer.status}: ${text}`,
    );
  return JSON.parse(text);
}

/** Makes the domains and the keys that are missing. Returns the state with all keys. Throws a LocalStackError. */
export async function setUpDomains(
  admin: Admin,
  domains: readonly DemoDomain[],
  state: DemoState,
): Promise<DemoState> {
  const keys: DemoState["keys"] = {};
  for (const { domain, accountId, credential, senders } of domains) {
    await call(admin, "PUT", `domains/${domain}`, {
      accountId,
      credential:
        credential === "api_key"
          ? { type: "api_key", api_key: `sk-ant-api03-demo-${accountId}` }
          : { type: "passthrough" },
    });
    const own: Record<string, string> = {};
    for (const sender of senders)
      own[sender] = state.keys[domain]?.[sender] ?? (await newKey(admin, domain, sender));
    keys[domain] = own;
  }
  return { ...state, keys };
}

async function newKey(admin: Admin, domain: string, name: string): Promise<string> {
  const made = (await call(admin, "POST", `domains/${domain}/client-keys`, { name })) as { key: string };
  return made.key;
}

/** How each sender gets in: with a client key, or with a login of their own and the client key beside it. */
export function accessOf(domains: readonly DemoDomain[], state: DemoState): Record<string, Access> {
  const presented = (auth: "bearer" | "x-api-key", secret: string): Record<string, string> =>
    auth === "bearer" ? { authorization: `Bearer ${secret}` } : { "x-api-key": secret };
  return Object.fromEntries(
    domains.map(({ domain, credential }): [string, Access] => [
      domain,
      (sender, auth) => {
        const key = state.keys[domain]?.[sender] ?? "";
        if (credential === "api_key") return presented(auth, key);
        const login = auth === "bearer" ? `demo-login-${sender}` : `sk-ant-api03-demo-${sender}`;
        return { "x-nexus-key": key, ...presented(auth, login) };
      },
    ]),
  );
}
