/**
 * The words of a value as the pages are documented to show it, made from the API's answer: short with the exact value on
 * hover, money in exact decimals, texts from the wire cut where there is no room. Formatting alone is the dashboard's.
 */
import type { RequestRow } from "../../../workers/schemas/api/requests.ts";
import { contextWindow } from "../../../workers/domain/messages/context-window.ts";
import { formatMoney, formatMoneyExact } from "../../../dashboard/src/format/money.ts";
import {
  formatExact,
  formatShare,
  formatShort,
  NO_EARLIER_DATA,
} from "../../../dashboard/src/format/number.ts";
import { oneLine, printable } from "../../../dashboard/src/format/text.ts";

export const at = (instant: string | null) =>
  instant === null ? "–" : `@${new Date(instant).toISOString()}`;
export const short = (value: number | null) => `${formatShort(value)} {${formatExact(value)}}`;
export const money = (amount: string | null) => `${formatMoney(amount)} {${formatMoneyExact(amount)}}`;
export const several = (count: number, one: string, many = `${one}s`) =>
  `${formatExact(count)} ${count === 1 ? one : many}`;

export function wire(text: string | null, length?: number): string {
  if (text === null || text === "") return "–";
  const shown = length === undefined ? printable(text) : oneLine(text, length);
  return shown === text ? shown : `${shown} {${oneLine(text, 400)}}`;
}

export const shortModel = (model: string) =>
  oneLine(model.replace(/^claude-/, "").replace(/-20\d{6}$/, ""), 32);
export const model = (name: string | null) =>
  name === null ? "–" : `${shortModel(name)} {${oneLine(name, 200)}}`;

export function battery(tokens: number | null, of: string | null, betas = "", isWordy = false): string {
  if (tokens === null) return "–";
  const window = contextWindow(of, tokens, betas);
  const hover = `${formatExact(tokens)} input and output tokens: ${formatShare(Math.min(1, tokens / window.tokens))} of a context window of ${formatExact(window.tokens)} (${window.reason})`;
  return `${formatShort(tokens)} ${isWordy ? `of ${formatShort(window.tokens)}` : ""} {${hover}}`;
}

const GONE =
  "The client disconnected before the response was complete. The part received until then is stored.";

/** How an exchange of the demo's day may have ended; another way would be news, and fail. */
export function ended(row: Pick<RequestRow, "outcome" | "responseStatus" | "errorType" | "error">): string {
  const hover = row.error === null ? null : oneLine(row.error, 300);
  if (row.outcome === "client_gone") return `${row.responseStatus} client disconnected {${hover ?? GONE}}`;
  if (row.outcome !== "complete" || row.responseStatus === null) throw new Error(`ended ${row.outcome}`);
  if (row.responseStatus < 400) return `${row.responseStatus} {${hover ?? "Completed."}}`;
  const type = (row.errorType ?? "").replace(/_error$/, "").replaceAll("_", " ");
  return `${row.responseStatus} ${oneLine(type, 24)} {${hover ?? `The API returned status ${row.responseStatus}.`}}`;
}

/** Change against the period before, as the tiles say it; "" where nothing can be said. */
export function change(now: number | null, before: number | null): string {
  if (now === null || before === null || (before === 0 && now === 0)) return "";
  const percent = Math.round(((now - before) / before) * 100);
  const words =
    before === 0
      ? NO_EARLIER_DATA
      : percent === 0
        ? "±0%"
        : `${percent > 0 ? "+" : "−"}${formatExact(Math.abs(percent))}%`;
  return `${words} {Compared with the previous period}`;
}

/** "Read ×3 Bash": the tools of an answer as badges. */
export function badges(calls: Record<string, number> | null, most = 3): string {
  const sorted = Object.entries(calls ?? {}).sort(
    ([one, left], [other, right]) => right - left || one.localeCompare(other),
  );
  const named = sorted
    .slice(0, most)
    .map(([name, count]) => `${wire(name, most > 3 ? 40 : 18)} ${count > 1 ? `×${formatExact(count)}` : ""}`);
  const left = sorted.slice(most).map(([name]) => name);
  return [...named, left.length > 0 ? `+${left.length} {${left.join(", ")}}` : ""].join(" ");
}
