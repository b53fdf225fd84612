/**
 * Parameters of API calls. Every issue's message says what is allowed, as the end of the sentence "… is not allowed;
 * allowed: …". An empty parameter (`?domain=`, as an HTML form sends it) counts as absent.
 */
import { z } from "zod";
import { isTimeZone } from "../calendar.ts";

/** Text that Postgres can store and a log line can carry: no control characters. */
const PRINTABLE = /^[^\u0000-\u001f\u007f]*$/;

/** A parameter that may be absent or empty. */
export function optional<S extends z.ZodType>(schema: S) {
  return z.preprocess(emptyAsAbsent, schema.optional());
}

/** A parameter with a default, also when it is empty. */
export function withDefault<S extends z.ZodDefault>(schema: S) {
  return z.preprocess(emptyAsAbsent, schema);
}

export function text(max: number, what: string) {
  const error = `${what}, 1 to ${max} characters without control characters`;
  return z.string({ error }).min(1, { error }).max(max, { error }).regex(PRINTABLE, { error });
}

export function whole(min: number, max: number) {
  const error = `a whole number from ${min} to ${max}`;
  return z.preprocess(decimal, z.number({ error }).int({ error }).min(min, { error }).max(max, { error }));
}

/** Decimal digits alone: Number would also read `0x10`, `1e3` and blanks. */
function decimal(value: unknown): unknown {
  return typeof value === "string" && /^-?\d+$/.test(value) ? Number(value) : value;
}

/** A whole number in a JSON body. */
export function wholeInBody(min: number, max: number, error = `a whole number from ${min} to ${max}`) {
  return z.number({ error }).int({ error }).min(min, { error }).max(max, { error });
}

/** `dryRun` of calls that change many rows. */
export const DryRun = z
  .boolean({ error: "true or false" })
  .default(false)
  .describe("Report what would change, without changing it.");

export function oneOf<const T extends readonly string[]>(values: T) {
  return z.enum(values, { error: `one of ${values.join(", ")}` });
}

/** A UUID of any version, lower-cased. */
export function uuid() {
  const error = "a UUID such as 019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6071";
  return z.guid({ error }).toLowerCase();
}

/** An ISO 8601 date (UTC midnight) or date and time with `Z` or an offset; becomes a Date. */
export function time() {
  const error = "an ISO 8601 time with Z or an offset (2026-01-31T12:00:00Z) or a date (2026-01-31)";
  return z.union([z.iso.datetime({ offset: true }), z.iso.date()], { error }).transform((value, context) => {
    // A + that was not encoded arrives as a space, which the schema rejects.
    const parsed = new Date(value);
    const year = parsed.getUTCFullYear();
    if (year >= 1970 && year <= 9999) return parsed;
    context.addIssue({ code: "custom", message: `${error}, from 1970 on` });
    return z.NEVER;
  });
}

export const Limit = withDefault(whole(1, 500).default(100)).describe("Maximum rows per page.");
export const CursorText = optional(
  z
    .string({ error: "the `nextCursor` of the previous page" })
    .max(200, { error: "the `nextCursor` of the previous page" }),
).describe("The `nextCursor` of the previous page.");
export const DomainFilter = optional(text(255, "a domain's name").toLowerCase()).describe(
  "Only this domain.",
);
export const AccountFilter = optional(text(128, "an account's id")).describe("Only this account.");
export const ModelFilter = optional(text(200, "a model's id")).describe(
  "Only requests that requested this model or used it within the response, such as an advisor; of tokens and cost, its own.",
);

/** A period is half-open, exact to the millisecond: started at or after `from` and before `to`. */
export const PeriodStart = optional(time()).describe(
  "Start of the period, inclusive; default: 24 hours before its end.",
);
export const PeriodEnd = optional(time()).describe("End of the period, exclusive; default: now.");
const ZONE_RULE = "the IANA name of a time zone, such as Europe/Berlin";
export const TimeZone = withDefault(
  z.string({ error: ZONE_RULE }).refine(isTimeZone, { error: ZONE_RULE }).default("UTC"),
).describe("Time zone of the hours and days of the series, by its IANA name.");

function emptyAsAbsent(value: unknown): unknown {
  return value === "" ? undefined : value;
}
