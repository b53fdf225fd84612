/**
 * Configures the demo's domains through the API and keeps their client keys: a key is shown once, and the demo needs it after a
 * restart.
 */
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LocalStackError } from "../../lib/local-error.ts";
import type { DemoDomain } from "./traffic.ts";
import type { Access } from "./replay.ts";

/** State of the demo between starts, in the data directory. */
export interface DemoState {
  /** Domain → sender → client key. */
  keys: Record<string, Record<string, string>>;
  /** ISO 8601; null until the sample traffic has been sent. */
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

export interface Admin {
  /** Address of the proxy, which serves the API. */
  url: string;
  key: string;
}

/** JSON of the API. Throws a LocalStackError unless the status is one of success. */
export async function call(admin: Admin, method: string, path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(`${admin.url}/api/${path}`, {
    method,
    headers: { "x-dashboard-key": admin.key, "content-type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok)
    throw new LocalStackError(
      `The demo could not be set up: ${method} /api/${path} returned ${response.status}: ${text}`,
    );
  return JSON.parse(text);
}

/** Creates missing domains and keys. Returns the state with all keys. Throws a LocalStackError. */
export async function setUpDomains(
  admin: Admin,
  domains: readonly DemoDomain[],
  state: DemoState,
): Promise<DemoState> {
  const keys: DemoState["keys"] = {};
  for (const { domain, accountId, credential, senders, analysisEnabled } of domains) {
    await call(admin, "PUT", `domains/${domain}`, {
      accountId,
      credential:
        credential === "api_key"
          ? { type: "api_key", api_key: `sk-ant-api03-demo-${accountId}` }
          : { type: "passthrough" },
      // A later start keeps what was changed meanwhile.
      ...(state.keys[domain] === undefined ? { analysisEnabled } : {}),
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

/** Credentials of each sender: a client key, or an own login with the client key in `x-nexus-key`. */
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
