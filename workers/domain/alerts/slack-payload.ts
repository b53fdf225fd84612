/**
 * Alerts as payloads of a Slack incoming webhook. Messages keep the layout of the existing system; other
 * alerts say what happened, what it means, and where to look. Called by workers/alerts.
 * https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
 */
import type {
  AlertEvent,
  ErrorEvent,
  MessageEvent,
  ThresholdEvent,
  UnrecordedEvent,
} from "../../schemas/alert.ts";
import { duration, percent, utcTime } from "./format.ts";
import { redact } from "../masking/redact.ts";
import { truncate } from "../truncate.ts";

export interface SlackPayload {
  text: string;
  channel?: string;
  username?: string;
  icon_emoji?: string;
  attachments?: {
    color?: string;
    fallback?: string;
    fields?: { title: string; value: string; short: boolean }[];
    footer?: string;
    /** Unix seconds. */
    ts?: number;
  }[];
}

/** Settings of the channel that an alert goes to. */
export interface AlertStyle {
  /** Null: no links. */
  dashboardUrl: string | null;
  /** `masked`: message texts are replaced by their number of characters. */
  content: "full" | "masked";
  channel?: string | undefined;
  username?: string | undefined;
  iconEmoji?: string | undefined;
}

/** Equal alerts suppressed since the last one was sent. */
export interface Repeats {
  count: number;
  /** The payload only summarizes them. */
  isSummary: boolean;
}

const MAX_TEXT = 3_000;
const MAX_RESPONSE_LINES = 20;
const TRUNCATED = "... (truncated)";
const RED = "#d32f2f";
const AMBER = "#f9a825";

export function slackPayload(event: AlertEvent, repeats: Repeats, style: AlertStyle): SlackPayload {
  const { channel, username, iconEmoji } = style;
  return {
    ...payloadOf(event, repeats, style),
    ...(channel === undefined ? {} : { channel }),
    ...(username === undefined ? {} : { username }),
    ...(iconEmoji === undefined ? {} : { icon_emoji: iconEmoji }),
  };
}

function payloadOf(event: AlertEvent, repeats: Repeats, style: AlertStyle): SlackPayload {
  const link = (path: string, label: string) =>
    style.dashboardUrl === null ? "" : ` <${style.dashboardUrl.replace(/\/+$/, "")}${path}|${label}>`;
  switch (event.kind) {
    case "message":
      return message(event, style);
    case "error":
      return error(event, repeats, style, link(`/requests/${encodeURIComponent(event.requestId)}`, "Open"));
    case "window_threshold":
      return threshold(
        event,
        link(`/usage?accountId=${encodeURIComponent(event.accountId)}`, "Usage of the account"),
      );
    case "needs_login":
      return plain(
        `:key: Account *${name(event.accountId)}* needs a login: ${name(event.reason)}. Its requests fail until an administrator logs in again with \`npx nexus oauth login\`.${link("/domains", "Domains")}`,
      );
    case "ingest_backlog":
      return plain(
        `:file_cabinet: Recording is behind: ${event.entries}${event.isMore ? " or more" : ""} exchanges wait to be stored, the oldest for ${duration(event.oldestAgeMs)}.${event.databaseReachable ? "" : " The database cannot be reached."} Nothing is lost, and clients are not affected.${link("/settings", "Status")}`,
      );
    case "unknown_model":
      return plain(
        `:label: No price is known for the model *${name(event.model)}*, seen on ${name(event.domain)}. Its requests count as unpriced, not as free.${link(`/requests/${encodeURIComponent(event.requestId)}`, "Open one")}`,
      );
    case "unrecorded":
      return plain(
        unrecorded(event, repeats) + link(`/requests/${encodeURIComponent(event.requestId)}`, "Open"),
      );
    case "unread":
      return plain(
        `:card_file_box: An exchange on ${name(event.domain)} is stored unread: three attempts to read its bodies ended the Worker. The bodies are kept; tokens and conversation are unknown.${link(`/requests/${encodeURIComponent(event.requestId)}`, "Open")}`,
      );
    case "facts_lost":
      return plain(
        `:card_file_box: ${exchanges(event.exchanges)} could not be recorded: the archive (R2) and the queue failed, and the buffer in memory was full. Clients are not affected. The status counts them as \`facts_lost\`.${link("/settings", "Status")}`,
      );
    case "wrong_keys":
      return plain(
        `:key: ${event.count} wrong dashboard keys in a row, by sign-in or \`X-Dashboard-Key\`. Wrong keys are slowed down; right keys are not. The audit log names the addresses.${link("/audit?action=key.wrong", "Audit log")}`,
      );
    case "exchanges_lost":
      return plain(
        `:card_file_box: ${exchanges(event.exchanges)} began and were not recorded: the Worker ended before they were written to the archive. Clients may have received the responses. The status counts them as \`lost\`.${link("/settings", "Status")}`,
      );
    case "prompt_sync":
      return plain(
        `:page_facing_up: Prompts are not synced from *${name(event.repository)}* any more: ${name(event.reason)} The prompts of the last sync are served until \`MCP_GITHUB_TOKEN\` is another one.${link("/prompts", "Prompts")}`,
      );
    case "test":
      return plain(`:wave: Test alert for ${name(event.domain)}: alerts of Claude Nexus arrive here.`);
  }
}

function message(event: MessageEvent, { content }: AlertStyle): SlackPayload {
  const shownText = (text: string) => (content === "masked" ? `(${text.length} characters)` : redact(text));
  const lines = [
    `:bust_in_silhouette: User: ${escaped(shownText(event.userText))}`,
    ...(event.answerText === ""
      ? []
      : [`:robot_face: Claude: ${escaped(shortened(shownText(event.answerText)))}`]),
    ...event.tools.map(
      (tool) =>
        `    :wrench: ${name(tool.name)}${tool.hint === null || content === "masked" ? "" : ` - ${name(tool.hint)}`}`,
    ),
  ];
  const credential =
    event.accountId === null ? [] : [`${event.credentialType}:${truncate(name(event.accountId), 10)}****`];
  const footer = [
    name(event.domain),
    ...(event.model === null ? [] : [name(event.model)]),
    ...credential,
    `Tokens: ${event.inputTokens}/${event.outputTokens}`,
  ].join(" | ");
  return {
    text: cut(lines.join("\n")),
    attachments: [{ footer, ts: Math.floor(event.at / 1_000) }],
  };
}

function error(event: ErrorEvent, repeats: Repeats, { content }: AlertStyle, link: string): SlackPayload {
  const reason =
    event.errorType ?? (event.status !== null && event.status < 400 ? "incomplete response" : null);
  const what = [event.status === null ? "no response" : String(event.status), reason]
    .filter((part) => part !== null)
    .join(" ");
  const more = repeats.count === 0 ? "" : ` (and ${repeats.count} more like it)`;
  const text = repeats.isSummary
    ? `:rotating_light: ${repeats.count} more on ${name(event.domain)}: ${name(what)}, last at ${utcTime(event.at)}.${link}`
    : `:rotating_light: Error on ${name(event.domain)}: ${name(what)}${more}.${link}`;
  // A vendor's message may quote the prompt.
  const shownText = event.message === null || content === "masked" ? null : name(redact(event.message));
  const fields = (
    [
      ["Request", event.requestId, false],
      ["Path", `${event.method} ${event.path}`, true],
      ["Status", event.status === null ? event.outcome : String(event.status), true],
      ["Error type", event.errorType, true],
      ["Domain", event.domain, true],
      ["Model", event.model, true],
      ["Account", event.accountId, true],
    ] as const
  ).flatMap(([title, value, short]) => (value === null ? [] : [{ title, value: name(value), short }]));
  return {
    text: cut(text),
    attachments: [
      {
        color: RED,
        fallback: cut(text),
        fields: [
          ...(shownText === null
            ? []
            : [{ title: "Message", value: truncate(shownText, 500), short: false }]),
          ...fields,
        ],
        ts: Math.floor(event.at / 1_000),
      },
    ],
  };
}

function threshold(event: ThresholdEvent, link: string): SlackPayload {
  const what =
    event.window === "tokens"
      ? "the token limit of five hours"
      : event.window === "overage"
        ? "the extra usage"
        : `the ${name(event.window)} window`;
  const reset =
    event.resetsAt === null || event.resetsAt <= event.at
      ? ""
      : ` It resets at ${utcTime(event.resetsAt)}, in ${duration(event.resetsAt - event.at)}.`;
  const forecast =
    event.utilization >= 1
      ? " It is full."
      : event.fullAt === null
        ? ""
        : ` At this pace it is full at ${utcTime(event.fullAt)}, in ${duration(Math.max(0, event.fullAt - event.at))}.`;
  const text = `:hourglass_flowing_sand: Account *${name(event.accountId)}*: ${what} is ${percent(event.utilization)} used (threshold ${percent(event.threshold)}).${reset}${forecast}${link}`;
  return { text, attachments: [{ color: AMBER, fallback: text, ts: Math.floor(event.at / 1_000) }] };
}

function unrecorded({ domain, at }: UnrecordedEvent, { count, isSummary }: Repeats): string {
  if (isSummary)
    return `:card_file_box: The archive (R2) did not store the bodies of ${exchanges(count, "more ")}, the last on ${name(domain)} at ${utcTime(at)}.`;
  const more = count === 0 ? "" : ` and of ${count} before it`;
  return `:card_file_box: The archive (R2) did not store the bodies of an exchange on ${name(domain)}${more}. Metadata is stored, and clients are not affected.`;
}

function exchanges(number: number, adjective = ""): string {
  return `${number} ${adjective}exchange${number === 1 ? "" : "s"}`;
}

function plain(text: string): SlackPayload {
  return { text: cut(text) };
}

/** An untrusted name or label: one line without mentions. */
function name(text: string): string {
  return escaped(truncate(redact(text), 300)).replace(/[\s\u0000-\u001f\u007f]+/g, " ");
}

/** Escapes mentions such as `<!channel>`, which would notify people. */
function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** At most MAX_RESPONSE_LINES lines and MAX_TEXT characters. */
function shortened(text: string): string {
  const lines = text.split("\n");
  const few = lines.slice(0, MAX_RESPONSE_LINES).join("\n");
  const short = truncate(few, MAX_TEXT - TRUNCATED.length - 1);
  return short === text ? text : `${short}\n${TRUNCATED}`;
}

function cut(text: string): string {
  return text.length <= MAX_TEXT ? text : `${truncate(text, MAX_TEXT - TRUNCATED.length)}${TRUNCATED}`;
}
