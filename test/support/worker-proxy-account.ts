/**
 * The OAuthAccount object of the proxy harness (bundled with worker-proxy-harness.ts): the real one, whose awaits are counted so that a test
 * can evict it at each of them in turn, whose alarm can be fired, and whose clock can be offset.
 */
import { OAuthAccount as RealOAuthAccount } from "../../durable-objects/oauth-account.ts";
import type { AlertTarget } from "../../workers/schemas/alert.ts";

/** Accounts about which an alert was raised. */
export const alertsRaised: string[] = [];
const realNow = Date.now;
const realFetch = globalThis.fetch;
const realWait = scheduler.wait.bind(scheduler);
/** Retry delays are divided by twenty here; longer waits are timeouts and stay. */
const LONGEST_PAUSE_MS = 1_000;

let waited = 0;
let evictingAt = 0;
let evict: () => void = () => undefined;

/** Counts from 1 again; 0 evicts nowhere. Returns the number of awaits since the last call. */
export function evictAt(n: number): number {
  const before = waited;
  waited = 0;
  evictingAt = n;
  return before;
}

export function setClock(offsetMs: number): void {
  Date.now = () => realNow() + offsetMs;
}

/** One await of the object: it may be evicted when the work has begun, and when the work is done but not yet seen. */
async function counted<T>(work: () => Promise<T>): Promise<T> {
  const working = work();
  if (++waited === evictingAt) evict();
  const result = await working;
  if (++waited === evictingAt) evict();
  return result;
}

globalThis.fetch = (input, init) => {
  const isLogin = typeof input === "string" && input.endsWith("/v1/oauth/token");
  if (!isLogin) return realFetch(input, init);
  return counted(async () => {
    const response = await realFetch(input, init);
    const text = response.text.bind(response);
    response.text = () => counted(text);
    return response;
  });
};

scheduler.wait = (milliseconds, options) =>
  realWait(milliseconds > LONGEST_PAUSE_MS ? milliseconds : milliseconds / 20, options);

/** Accepts alerts like the real one, and records their accounts. */
const outbox = {
  getByName: () => ({
    async raise(target: AlertTarget) {
      if (target.kind === "account") alertsRaised.push(target.accountId);
    },
  }),
};

export class OAuthAccount extends RealOAuthAccount {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, Object.assign({ ...env }, { ALERT_OUTBOX: outbox }));
    const { storage } = ctx;
    for (const name of ["sync", "setAlarm", "deleteAlarm"] as const) {
      const method: (...given: never[]) => Promise<void> = storage[name].bind(storage);
      const value = (...given: never[]) => counted(() => method(...given));
      Object.defineProperty(storage, name, { value, configurable: true });
    }
    evict = () => {
      evictingAt = 0;
      ctx.abort("evicted by the test");
    };
  }

  fireAlarm(): Promise<void> {
    return this.alarm();
  }
}
