/**
 * The OAuthAccount object as the wire tests run it (bundled with worker-edge): the real one, whose waits are counted so that a test
 * can evict it at each of them in turn, whose alarm can be fired by hand, and whose clock can be moved.
 */
import { OAuthAccount as RealOAuthAccount } from "../../durable-objects/oauth-account.ts";
import type { AlertTarget } from "../../workers/schemas/alert.ts";

/** Accounts about which somebody was told. */
export const alertsRaised: string[] = [];
const realNow = Date.now;
const realFetch = globalThis.fetch;
const realWait = scheduler.wait.bind(scheduler);
/** Pauses between tries last a twentieth here; longer waits are limits and stay. */
const LONGEST_PAUSE_MS = 1_000;

let waited = 0;
let evictingAt = 0;
let evict: () => void = () => undefined;

/** Counts from 1 again; 0 evicts nowhere. Returns how many waits there were since the last call. */
export function evictAt(n: number): number {
  const before = waited;
  waited = 0;
  evictingAt = n;
  return before;
}

export function setClock(offsetMs: number): void {
  Date.now = () => realNow() + offsetMs;
}

/** One thing the object waits for: it may be evicted when that has begun, and when it has happened but has not been heard of. */
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

/** Takes alerts as the real one does, and writes down about whom. */
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

  ring(): Promise<void> {
    return this.alarm();
  }
}
