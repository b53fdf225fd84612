/** Parsers of option values. Each throws commander's error, which names the option and exits with code 2. */
import { InvalidArgumentError } from "commander";
import { time } from "../../workers/schemas/api/parameters.ts";

/** A whole number from `min` to `max`. */
export function whole(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max)
      throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`);
    return value;
  };
}

/** A date, or a time with a zone, as the API accepts it; returned as ISO 8601 in UTC. */
export function instant(text: string): string {
  const parsed = time().safeParse(text);
  if (parsed.success) return parsed.data.toISOString();
  throw new InvalidArgumentError(`Expected ${parsed.error.issues[0]?.message ?? "a time"}.`);
}
