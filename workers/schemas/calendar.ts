/** Time zones and the units of series. */

/** Units of the buckets of a series. */
export const BUCKET_UNITS = ["5m", "hour", "day"] as const;
export type BucketUnit = (typeof BUCKET_UNITS)[number];

/** Longer names are refused unread; the IANA database has 32 characters at most. */
const MAX_ZONE_LENGTH = 64;

/** Whether this runtime knows a zone of this name, such as `Europe/Berlin`. */
export function isTimeZone(name: string): boolean {
  if (name === "" || name.length > MAX_ZONE_LENGTH) return false;
  try {
    new Intl.DateTimeFormat("en-US", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
