/**
 * Throttles sign-in attempts after wrong keys: per address, and over all addresses (against guessing from many addresses).
 * Pure; the SignInGuard Durable Object keeps the state.
 */

/** The number of wrong keys and the time of the last one (epoch milliseconds). */
export interface Failures {
  count: number;
  lastAt: number;
}

export interface ThrottlePolicy {
  /** Wrong keys without a delay. */
  free: number;
  /** Delay after the first failure beyond `free`; doubles with each further one. */
  firstDelayMs: number;
  maxDelayMs: number;
  /** Failures are deleted this long after the last one. Longer than any delay. */
  forgetAfterMs: number;
}

export const ADDRESS_POLICY: ThrottlePolicy = {
  free: 5,
  firstDelayMs: 1_000,
  maxDelayMs: 900_000,
  forgetAfterMs: 86_400_000,
};

/** Less strict, because it delays everyone; addresses that signed in within TRUST_MS are exempt. */
export const GLOBAL_POLICY: ThrottlePolicy = {
  free: 100,
  firstDelayMs: 1_000,
  maxDelayMs: 30_000,
  forgetAfterMs: 3_600_000,
};

/** How long an address that signed in is exempt from GLOBAL_POLICY. */
export const TRUST_MS = 30 * 86_400_000;

export interface GuardState {
  address: Failures | null;
  global: Failures | null;
  /** Last sign-in from this address. */
  trustedAt: number | null;
}

export type AttemptResult =
  { result: "allowed" } | { result: "wrong" } | { result: "slow_down"; retryAfterSeconds: number };

/** Milliseconds from `now` until the next attempt is checked; 0 = at once. */
export function waitMs(failures: Failures | null, policy: ThrottlePolicy, now: number): number {
  const live = activeFailures(failures, policy, now);
  if (!live || live.count < policy.free) return 0;
  const delay = Math.min(policy.maxDelayMs, policy.firstDelayMs * 2 ** (live.count - policy.free));
  // Not longer if the clock was set back.
  return Math.min(delay, Math.max(0, live.lastAt + delay - now));
}

/**
 * Decides one attempt. While an address must wait, the key is not checked and the attempt not counted: a correct key gets
 * the same result as a wrong one, and further attempts do not prolong the wait.
 */
export function decideAttempt(
  state: GuardState,
  isCorrectKey: boolean,
  now: number,
): { attempt: AttemptResult; next: GuardState } {
  const trusted = state.trustedAt !== null && now - state.trustedAt < TRUST_MS;
  const wait = Math.max(
    waitMs(state.address, ADDRESS_POLICY, now),
    trusted ? 0 : waitMs(state.global, GLOBAL_POLICY, now),
  );
  if (wait > 0)
    return {
      attempt: { result: "slow_down", retryAfterSeconds: Math.ceil(wait / 1_000) },
      next: state,
    };
  if (isCorrectKey)
    return { attempt: { result: "allowed" }, next: { ...state, address: null, trustedAt: now } };
  return {
    attempt: { result: "wrong" },
    next: {
      ...state,
      address: addFailure(state.address, ADDRESS_POLICY, now),
      global: addFailure(state.global, GLOBAL_POLICY, now),
    },
  };
}

/**
 * The key of an address: of IPv6 its /64, because a client owns at least that; a text that is no address is used as it is,
 * truncated.
 */
export function throttleKey(address: string): string {
  const plain = address.trim().toLowerCase().replace(/%.*$/, "");
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(plain);
  if (mapped?.[1]) return mapped[1];
  if (!/^[0-9a-f:]*:[0-9a-f:.]*$/.test(plain)) return plain.slice(0, 64) || "unknown";
  const [head = "", tail] = plain.split("::", 2);
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const gap = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...Array.from({ length: gap }, () => "0"), ...after];
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":")}::/64`;
}

function activeFailures(failures: Failures | null, policy: ThrottlePolicy, now: number): Failures | null {
  return failures && now - failures.lastAt < policy.forgetAfterMs ? failures : null;
}

function addFailure(failures: Failures | null, policy: ThrottlePolicy, now: number): Failures {
  return { count: (activeFailures(failures, policy, now)?.count ?? 0) + 1, lastAt: now };
}
