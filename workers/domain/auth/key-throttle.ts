/**
 * Slows down the guessing of dashboard keys: responses to wrong keys are delayed, more and more per address, and over all
 * addresses. A right key is never delayed. Pure; the SignInGuard Durable Object keeps the counts.
 */

/** The number of wrong keys and the time of the last one (epoch milliseconds). */
export interface WrongKeys {
  count: number;
  lastAt: number;
}

/** Wrong keys that are not delayed: mistakes of one person, and of a whole team. */
export const FREE_PER_ADDRESS = 10;
export const FREE_IN_TOTAL = 100;
/** Delay of the first wrong key beyond these; it doubles with each further one. */
const FIRST_DELAY_MS = 1_000;
const MAX_DELAY_MS = 10_000;
/** Counts are deleted this long after the last wrong key. */
export const FORGET_AFTER_MS = 15 * 60_000;
/** From this number in total on, an alert is sent. */
export const ALERT_FROM = 20;
/** Wrong keys in total that get an entry of the audit log each. */
const AUDITED_EACH = 20;

/** The count with one more wrong key at `now` (epoch milliseconds). */
export function addWrongKey(counted: WrongKeys | null, now: number): WrongKeys {
  const isKept = counted !== null && now - counted.lastAt < FORGET_AFTER_MS;
  return { count: (isKept ? counted.count : 0) + 1, lastAt: now };
}

/** Milliseconds by which the response to a wrong key is delayed. `ofAddress` and `inTotal` include this key. */
export function delayMs(ofAddress: WrongKeys, inTotal: WrongKeys): number {
  const excess = Math.max(ofAddress.count - FREE_PER_ADDRESS, inTotal.count - FREE_IN_TOTAL);
  return excess <= 0 ? 0 : Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (excess - 1));
}

/** Whether the wrong key with this number in total gets an entry of the audit log: the first ones, then each power of ten. */
export function isAudited(inTotal: number): boolean {
  return inTotal <= AUDITED_EACH || /^10*$/.test(String(inTotal));
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
