/** Small pieces that show one value the same way on every page: a time, an amount, an id, a status, a model. */
import { ENDED_EARLY, UNEXPECTED_RESPONSE } from "../../../../workers/domain/outcome.ts";
import type { RequestRow } from "../../../../workers/schemas/api/requests.ts";
import type { Child } from "hono/jsx";
import { type CostSum, formatMoney } from "../../../../workers/domain/pricing/format-money.ts";
import { formatMoneyExact } from "../../format/money.ts";
import { formatCount, formatExact, formatShort, UNKNOWN } from "../../format/number.ts";
import { oneLine, printable, shortId } from "../../format/text.ts";
import { formatAbsolute, formatRelative } from "../../format/time.ts";
import type { View } from "../../context/view.ts";
import { Icon, type IconName } from "./icon.tsx";

/** Relative, with the absolute time on hover. The page's script keeps it true and moves it to the viewer's zone. */
export function Time({ at, view }: { at: string | number | null | undefined; view: View }) {
  const instant = typeof at === "string" ? Date.parse(at) : (at ?? NaN);
  if (Number.isNaN(instant)) return <span class="mute">{UNKNOWN}</span>;
  return (
    <time datetime={new Date(instant).toISOString()} title={formatAbsolute(instant, view.zone)}>
      {formatRelative(instant, view.now, view.zone)}
    </time>
  );
}

/** The link above a title that leads back to the list. */
export function BackLink({ href, children }: { href: string; children?: Child }) {
  return (
    <a class="back" href={href}>
      <Icon name="left" /> {children}
    </a>
  );
}

/** A name that filters; requests without one cannot be filtered by it. */
export function NameLink(props: { name: string; length: number; href: string; class?: string }) {
  const { name, length, href, class: given } = props;
  if (name === "") return <span class={given ? `mute ${given}` : "mute"}>(none)</span>;
  return (
    <a href={href} class={given}>
      <UntrustedText text={name} length={length} />
    </a>
  );
}

/** Short, exact on hover. */
export function ShortNumber({ value }: { value: number | null | undefined }) {
  return (
    <span class="number" title={formatExact(value)}>
      {formatShort(value)}
    </span>
  );
}

export function Money({ amount }: { amount: string | null | undefined }) {
  return (
    <span
      class={amount === null || amount === undefined ? "number mute" : "number"}
      title={formatMoneyExact(amount)}
    >
      {formatMoney(amount)}
    </span>
  );
}

/** A sum over exchanges; a + says that some have no price and are left out. */
export function MoneySum({ sum }: { sum: CostSum }) {
  return (
    <>
      <Money amount={sum.costUsd} />
      {sum.unpricedCount > 0 && sum.costUsd !== null && (
        <span class="mute" title={`${formatCount(sum.unpricedCount, "request")} unpriced`}>
          {" "}
          +
        </span>
      )}
    </>
  );
}

/** Text from the wire: isolated from the direction of what surrounds it, control characters made visible. */
export function UntrustedText({ text, length }: { text: string | null | undefined; length?: number }) {
  if (text === null || text === undefined || text === "") return <span class="mute">{UNKNOWN}</span>;
  const shown = length ? oneLine(text, length) : printable(text);
  if (shown.trim() === "") return <span class="mute">(blank)</span>;
  return (
    <bdi dir="auto" title={shown === text ? undefined : oneLine(text, 400)}>
      {shown}
    </bdi>
  );
}

/** A text of ours, with the names of variables in it as code. */
export function VariableText({ text }: { text: string | null }) {
  const parts = (text ?? "").split(/\b([A-Z]+(?:_[A-Z]+)+(?:=\w+)?)/);
  return <>{parts.map((part, n) => (n % 2 === 1 ? <code>{part}</code> : part))}</>;
}

/** A value in mono with a button that copies all of it. */
export function Copyable({ text, label, isShort }: { text: string; label: string; isShort?: boolean }) {
  return (
    <span class="copyable">
      <code title={isShort ? printable(text) : undefined}>
        <bdi>{isShort ? shortId(text) : printable(text)}</bdi>
      </code>
      <CopyButton text={text} label={label} />
    </span>
  );
}

/** Copies `text`, or the response of the URL `from`, so that a long text is not in the page twice. */
export function CopyButton({ label, ...source }: { label: string } & ({ text: string } | { from: string })) {
  const data = "text" in source ? { "data-copy": source.text } : { "data-copy-from": source.from };
  return (
    <button type="button" class="quiet icon-only" {...data} aria-label={`Copy ${label}`} hidden>
      <Icon name="copy" />
    </button>
  );
}

/** "claude-opus-5-5-20260922" → "opus-5-5": what differs between rows; the whole name on hover. */
export function shortModel(model: string): string {
  return oneLine(model.replace(/^claude-/, "").replace(/-20\d{6}$/, ""), 32);
}

export function Model({ name }: { name: string | null }) {
  if (!name) return <span class="mute">{UNKNOWN}</span>;
  return (
    <bdi class="model" title={oneLine(name, 200)}>
      {shortModel(name)}
    </bdi>
  );
}

/** The fields of a row that say how it ended. The outcome is a string, because newer Workers may send others. */
export type RequestOutcome = Pick<RequestRow, "responseStatus" | "failed" | "error" | "errorType"> & {
  outcome: string;
  refusedBy?: RequestRow["refusedBy"];
};

export interface StatusInfo {
  tone: "good" | "warning" | "error" | "mute";
  icon: IconName;
  text: string;
  /** A sentence for the request page. */
  description: string;
}

/** Outcomes that a status code does not show; the text follows the status code. */
const OUTCOMES: Readonly<Record<string, StatusInfo>> = {
  client_gone: {
    tone: "warning",
    icon: "unplug",
    text: "client disconnected",
    description:
      "The client disconnected before the response was complete. The part received until then is stored.",
  },
  upstream_failed: {
    tone: "error",
    icon: "cross",
    text: "upstream disconnected",
    description:
      "The upstream connection closed before the response was complete. The part received until then is stored.",
  },
  interrupted: {
    tone: "warning",
    icon: "warning",
    text: "interrupted",
    description: "The proxy stopped while this request was in progress. How it ended is unknown.",
  },
  unrecorded: {
    tone: "warning",
    icon: "warning",
    text: "bodies missing",
    description: "The archive was unavailable. The metadata of this request is stored, its bodies are not.",
  },
};

/** Label, icon and description of a request's outcome. What failed is an error; an unknown outcome falls back to its status code. */
export function statusInfo(row: RequestOutcome): StatusInfo {
  const info = describeOutcome(row);
  return row.failed ? { ...info, tone: "error", icon: "cross" } : info;
}

function describeOutcome(row: RequestOutcome): StatusInfo {
  const { responseStatus: status, outcome, failed, errorType, refusedBy } = row;
  if (errorType === ENDED_EARLY)
    return {
      ...OUTCOMES["upstream_failed"]!,
      text: status === null ? "ended early" : `${status} ended early`,
      description: "The response ended before it was complete. The part received until then is stored.",
    };
  if (errorType === UNEXPECTED_RESPONSE)
    return {
      ...OUTCOMES["upstream_failed"]!,
      text: status === null ? "unexpected response" : `${status} unexpected response`,
      description: "The response is not what this endpoint returns.",
    };
  // An error of the proxy, or one inside the response, says more than that upstream failed.
  const isNamedError =
    outcome === "upstream_failed" && status !== null && (status >= 400 || errorType !== null);
  const known = Object.hasOwn(OUTCOMES, outcome) && !isNamedError ? OUTCOMES[outcome] : undefined;
  if (known) return { ...known, text: status === null ? known.text : `${status} ${known.text}` };
  if (status === null)
    return { tone: "mute", icon: "alert", text: "no status", description: "No status was recorded." };
  if (!failed && status < 400)
    return { tone: "good", icon: "check", text: String(status), description: "Completed." };
  const type = oneLine((errorType ?? "").replace(/_error$/, "").replaceAll("_", " "), 24);
  const text = status >= 400 ? `${status}${type && ` ${type}`}` : `${status}, error in response`;
  const description =
    status >= 400
      ? `${refusedBy === "nexus" ? "The proxy" : "The API"} returned status ${status}.`
      : `The response started with status ${status} and reports an error.`;
  return { tone: "error", icon: "cross", text, description };
}

export function StatusBadge({ row }: { row: RequestOutcome }) {
  const info = statusInfo(row);
  return (
    <span class={`status ${info.tone}`} title={row.error ? oneLine(row.error, 300) : info.description}>
      <Icon name={info.icon} />
      {info.text}
    </span>
  );
}
