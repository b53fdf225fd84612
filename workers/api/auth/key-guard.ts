/**
 * The guard of all ways in that take a secret of ours: the sign-in form, `X-Dashboard-Key` on the API and on the dashboard, and the
 * signature of GitHub's webhook. What is given is compared first, so that a right one is never slowed down. A wrong one is counted,
 * audited and responded to late.
 */
import { throttleKey } from "../../domain/auth/key-throttle.ts";
import type { Config } from "../../runtime/config.ts";
import { errorText, log } from "../../runtime/log.ts";
import { withTimeout } from "../../runtime/timeout.ts";
import type { WhoAmI } from "../../schemas/api/session.ts";
import { writeAudit } from "../../store/admin/audit.ts";

export type WayIn = "sign-in" | "api" | "dashboard" | "webhook";

export type TooManyWrongKeys = Extract<WhoAmI, { result: "slow_down" }>;

const GUARD_NAME = "sign-in";
const GUARD_TIMEOUT_MS = 5_000;
const AUDIT_TIMEOUT_MS = 5_000;
/** Delay while the guard's object is unavailable or overloaded. */
const UNGUARDED_DELAY_MS = 5_000;
/** Delayed responses of an isolate, for its memory. Further ones are sent at once. */
const MAX_DELAYED = 500;
let delayed = 0;

/**
 * Counts a wrong key from `address`, and waits as long as the guard says. Null where it is one of the first, which may be a mistake.
 * Never rejects.
 */
export async function slowDownWrongKey(
  env: Env,
  config: Config,
  { address, way }: { address: string; way: WayIn },
  now: number,
): Promise<TooManyWrongKeys | null> {
  const guard = env.SIGN_IN_GUARD.getByName(GUARD_NAME);
  const { delayMs, auditedNumber } = await withTimeout(
    GUARD_TIMEOUT_MS,
    guard.countWrongKey(address, now),
  ).catch((thrown: unknown) => {
    log.error("key guard: wrong key not counted", { way, error: errorText(thrown) });
    return { delayMs: UNGUARDED_DELAY_MS, auditedNumber: null };
  });
  const entry = { actor: throttleKey(address), role: "none", action: "key.wrong", target: way } as const;
  await Promise.all([
    auditedNumber === null
      ? null
      : withTimeout(
          AUDIT_TIMEOUT_MS,
          writeAudit(config, { ...entry, details: { wrongKeys: auditedNumber }, now: new Date(now) }),
        ).catch((thrown: unknown) => log.error("key guard: not audited", { error: errorText(thrown) })),
    waitUnlessCrowded(delayMs),
  ]);
  if (delayMs === 0) return null;
  const retryAfterSeconds = Math.ceil(delayMs / 1_000);
  const message = `Too many wrong keys. Try again in ${retryAfterSeconds} s.`;
  return { result: "slow_down", retryAfterSeconds, message };
}

async function waitUnlessCrowded(milliseconds: number): Promise<void> {
  if (milliseconds === 0 || delayed >= MAX_DELAYED) return;
  delayed++;
  try {
    await scheduler.wait(milliseconds);
  } finally {
    delayed--;
  }
}
