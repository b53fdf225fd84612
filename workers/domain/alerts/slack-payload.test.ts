/** Slack payloads, compared whole. */
import { describe, expect, test } from "vitest";
import type { AlertEvent, ErrorEvent, MessageEvent, ThresholdEvent } from "../../schemas/alert.ts";
import {
  ALERT_AT as NOW,
  ALERT_REQUEST_ID as ID,
  errorEvent,
  messageEvent,
  thresholdEvent,
} from "../../../test/support/alert-events.ts";
import { type AlertStyle, type Repeats, slackPayload } from "./slack-payload.ts";

const STYLE: AlertStyle = { dashboardUrl: "https://nexus.example/", content: "full" };
const ONCE: Repeats = { count: 0, isSummary: false };
const TS = 1_795_351_200;
const FOOTER = "team.example | claude-opus-5-5 | api_key:acc_team_p**** | Tokens: 1204/87";
const OPEN = `<https://nexus.example/requests/${ID}|Open>`;
const USAGE = "<https://nexus.example/usage?accountId=acc_1|Usage of the account>";

const payload = (event: AlertEvent, style: Partial<AlertStyle> = {}, repeats = ONCE) =>
  slackPayload(event, repeats, { ...STYLE, ...style });

/** The expected payloads. */
const messagePayload = (lines: string[], footer = FOOTER) => ({
  text: lines.join("\n"),
  attachments: [{ footer, ts: TS }],
});
const field = (title: string, value: string, short = true) => ({ title, value, short });
const MESSAGE_FIELD = field("Message", "Overloaded", false);
const REQUEST_FIELD = field("Request", ID, false);
const ERROR_FIELDS = [
  REQUEST_FIELD,
  field("Path", "POST /v1/messages"),
  field("Status", "529"),
  field("Error type", "overloaded_error"),
  field("Domain", "team.example"),
  field("Model", "claude-opus-5-5"),
  field("Account", "acc_1"),
];
const errorPayload = (text: string, fields = [MESSAGE_FIELD, ...ERROR_FIELDS]) => ({
  text,
  attachments: [{ color: "#d32f2f", fallback: text, fields, ts: TS }],
});
const thresholdPayload = (text: string) => ({
  text,
  attachments: [{ color: "#f9a825", fallback: text, ts: TS }],
});

describe("the Slack payload of a message", () => {
  const USER = ":bust_in_silhouette: User: Why is the build red?";
  const CLAUDE = ":robot_face: Claude: I will look at the log.";
  const TOOLS = ["    :wrench: Bash - npm test", "    :wrench: TodoRead"];

  test.each<[string, Partial<MessageEvent>, string[]]>([
    ["shows its tools, in the layout of the older proxy", {}, [USER, CLAUDE, ...TOOLS]],
    ["shows only the tools of a response without text", { answerText: "" }, [USER, ...TOOLS]],
    [
      "cuts a response of many lines after twenty",
      { tools: [], answerText: Array.from({ length: 25 }, (_, n) => `line ${n}`).join("\n") },
      [
        USER,
        ":robot_face: Claude: line 0",
        ...Array.from({ length: 19 }, (_, n) => `line ${n + 1}`),
        "... (truncated)",
      ],
    ],
    [
      "masks secrets",
      { tools: [], userText: "use sk-ant-api03-verysecret please", answerText: "Set `x-api-key: abcdefgh`." },
      [":bust_in_silhouette: User: use sk-ant-*** please", ":robot_face: Claude: Set `x-api-key: ***"],
    ],
    [
      "escapes mentions, links and markup",
      {
        userText: "<!channel> & <@U123>",
        answerText: "<https://evil.example|bank>",
        tools: [{ name: "<b>", hint: "a > b" }],
      },
      [
        ":bust_in_silhouette: User: &lt;!channel&gt; &amp; &lt;@U123&gt;",
        ":robot_face: Claude: &lt;https://evil.example|bank&gt;",
        "    :wrench: &lt;b&gt; - a &gt; b",
      ],
    ],
  ])("%s", (_name, more, lines) => {
    expect(payload(messageEvent(more))).toStrictEqual(messagePayload(lines));
  });

  test("cuts a long response, and the whole text at 3,000 characters", () => {
    const { text } = payload(
      messageEvent({ tools: [], userText: "u".repeat(50), answerText: "a".repeat(3_500) }),
    );
    expect(text).toHaveLength(3_000);
    const head = `:bust_in_silhouette: User: ${"u".repeat(50)}\n:robot_face: Claude: aaa`;
    expect([text.startsWith(head), text.endsWith("aaa... (truncated)")]).toEqual([true, true]);
  });

  test("shows lengths and tool names in a channel whose content is masked", () => {
    expect(payload(messageEvent(), { content: "masked" })).toStrictEqual(
      messagePayload([
        ":bust_in_silhouette: User: (21 characters)",
        ":robot_face: Claude: (23 characters)",
        "    :wrench: Bash",
        "    :wrench: TodoRead",
      ]),
    );
  });

  test("has a shorter footer without model and account", () => {
    expect(payload(messageEvent({ model: null, accountId: null, tools: [] }))).toStrictEqual(
      messagePayload([USER, CLAUDE], "team.example | Tokens: 1204/87"),
    );
  });
});

describe("the Slack payload of an error", () => {
  const TEXT = ":rotating_light: Error on team.example: 529 overloaded_error";

  test("has every field that helps to find it", () => {
    expect(payload(errorEvent())).toStrictEqual(errorPayload(`${TEXT}. ${OPEN}`));
  });

  test("counts the repeats since the last alert", () => {
    expect(payload(errorEvent(), {}, { count: 3, isSummary: false })).toStrictEqual(
      errorPayload(`${TEXT} (and 3 more like it). ${OPEN}`),
    );
  });

  test("sums up the errors without an alert of their own", () => {
    expect(payload(errorEvent(), {}, { count: 12, isSummary: true })).toStrictEqual(
      errorPayload(
        `:rotating_light: 12 more on team.example: 529 overloaded_error, last at 2026-11-22 12:40 UTC. ${OPEN}`,
      ),
    );
  });

  test("shows the outcome of an exchange without a response", () => {
    const failed: Partial<ErrorEvent> = {
      status: null,
      outcome: "upstream_failed",
      errorType: "api_error",
      message: null,
      model: null,
      accountId: null,
    };
    expect(payload(errorEvent(failed))).toStrictEqual(
      errorPayload(`:rotating_light: Error on team.example: no response api_error. ${OPEN}`, [
        REQUEST_FIELD,
        field("Path", "POST /v1/messages"),
        field("Status", "upstream_failed"),
        field("Error type", "api_error"),
        field("Domain", "team.example"),
      ]),
    );
  });

  test.each([
    [{ status: 200, errorType: null, outcome: "upstream_failed" }, "200 incomplete response"],
    [{ status: 200, outcome: "upstream_failed" }, "200 overloaded_error"],
    [{ status: 529, errorType: null }, "529"],
  ])("of %j says %s", (end, what) => {
    expect(payload(errorEvent(end)).text).toBe(`:rotating_light: Error on team.example: ${what}. ${OPEN}`);
  });

  test("leaves out the message, which may quote a prompt, where content is masked", () => {
    expect(payload(errorEvent(), { content: "masked" })).toStrictEqual(
      errorPayload(`${TEXT}. ${OPEN}`, ERROR_FIELDS),
    );
  });

  test("has no link without the dashboard's address", () => {
    expect(payload(errorEvent(), { dashboardUrl: null })).toStrictEqual(errorPayload(`${TEXT}.`));
  });
});

test.each<[string, Partial<ThresholdEvent>, string]>([
  [
    "has the reset and the forecast",
    {},
    "the 5h window is 76 % used (threshold 75 %). It resets at 2026-11-22 14:00 UTC, in 1 h 20 min. At this pace it is full at 2026-11-22 13:25 UTC, in 45 min.",
  ],
  [
    "says that it is full",
    { window: "7d_oi", utilization: 1.04, threshold: 0.9, fullAt: NOW, resetsAt: NOW + 51_811_000 },
    "the 7d_oi window is 104 % used (threshold 90 %). It resets at 2026-11-23 03:03 UTC, in 14 h 24 min. It is full.",
  ],
  [
    "has only the utilization without reset and forecast",
    { window: "overage", utilization: 0.756, resetsAt: null, fullAt: null },
    "the extra usage is 75.6 % used (threshold 75 %).",
  ],
  [
    "names the token limit of an account",
    { window: "tokens", utilization: 0.9, threshold: 0.9, resetsAt: null, fullAt: NOW + 1_800_000 },
    "the token limit of five hours is 90 % used (threshold 90 %). At this pace it is full at 2026-11-22 13:10 UTC, in 30 min.",
  ],
])("the Slack payload of a window past its threshold %s", (_name, more, text) => {
  expect(payload(thresholdEvent(more))).toStrictEqual(
    thresholdPayload(`:hourglass_flowing_sand: Account *acc_1*: ${text} ${USAGE}`),
  );
});

describe("the Slack payload is one text", () => {
  const settings = "<https://nexus.example/settings|Status>";
  const backlog = { kind: "ingest_backlog", at: NOW } as const;
  test.each<[string, AlertEvent, string]>([
    [
      "of an account that needs a login",
      { kind: "needs_login", accountId: "acc_1", reason: "invalid_grant: refresh token expired", at: NOW },
      ":key: Account *acc_1* needs a login: invalid_grant: refresh token expired. Its requests fail until an administrator logs in again with `npx nexus oauth login`. <https://nexus.example/domains|Domains>",
    ],
    [
      "of an ingest backlog",
      { ...backlog, entries: 120, isMore: false, oldestAgeMs: 620_000, databaseReachable: true },
      `:file_cabinet: Recording is behind: 120 exchanges wait to be stored, the oldest for 10 min. Nothing is lost, and clients are not affected. ${settings}`,
    ],
    [
      "of an ingest backlog because of the database",
      { ...backlog, entries: 1_000, isMore: true, oldestAgeMs: 190_000_000, databaseReachable: false },
      `:file_cabinet: Recording is behind: 1000 or more exchanges wait to be stored, the oldest for 2 d 4 h. The database cannot be reached. Nothing is lost, and clients are not affected. ${settings}`,
    ],
    [
      "of a model without a price",
      { kind: "unknown_model", model: "claude-next-1", domain: "team.example", requestId: ID, at: NOW },
      `:label: No price is known for the model *claude-next-1*, seen on team.example. Its requests count as unpriced, not as free. <https://nexus.example/requests/${ID}|Open one>`,
    ],
    [
      "of exchanges that could not be recorded",
      { kind: "facts_lost", exchanges: 12, at: NOW },
      `:card_file_box: 12 exchanges could not be recorded: the archive (R2) and the queue failed, and the buffer in memory was full. Clients are not affected. The status counts them as \`facts_lost\`. ${settings}`,
    ],
    [
      "of wrong dashboard keys",
      { kind: "wrong_keys", count: 37, at: NOW },
      ":key: 37 wrong dashboard keys in a row, by sign-in or `X-Dashboard-Key`. Wrong keys are slowed down; right keys are not. The audit log names the addresses. <https://nexus.example/audit?action=key.wrong|Audit log>",
    ],
    [
      "of a token that GitHub does not accept",
      { kind: "prompt_sync", repository: "o/r", reason: "GitHub does not accept the token.", at: NOW },
      ":page_facing_up: Prompts are not synced from *o/r* any more: GitHub does not accept the token. The prompts of the last sync are served until `MCP_GITHUB_TOKEN` is another one. <https://nexus.example/prompts|Prompts>",
    ],
  ])("%s", (_name, event, text) => {
    expect(payload(event)).toStrictEqual({ text });
  });

  test("of one exchange that could not be recorded, without the dashboard's address", () => {
    expect(payload({ kind: "facts_lost", exchanges: 1, at: NOW }, { dashboardUrl: null })).toStrictEqual({
      text: ":card_file_box: 1 exchange could not be recorded: the archive (R2) and the queue failed, and the buffer in memory was full. Clients are not affected. The status counts them as `facts_lost`.",
    });
  });

  test.each<[Repeats, string]>([
    [ONCE, "an exchange on team.example. Metadata is stored, and clients are not affected."],
    [
      { count: 3, isSummary: false },
      "an exchange on team.example and of 3 before it. Metadata is stored, and clients are not affected.",
    ],
    [{ count: 1, isSummary: true }, "1 more exchange, the last on team.example at 2026-11-22 12:40 UTC."],
    [
      { count: 214, isSummary: true },
      "214 more exchanges, the last on team.example at 2026-11-22 12:40 UTC.",
    ],
  ])("of an exchange with missing bodies and its repeats: %j", (repeats, text) => {
    const event: AlertEvent = { kind: "unrecorded", domain: "team.example", requestId: ID, at: NOW };
    expect(payload(event, {}, repeats)).toStrictEqual({
      text: `:card_file_box: The archive (R2) did not store the bodies of ${text} ${OPEN}`,
    });
  });

  test("of a test alert, under the channel's own name", () => {
    expect(
      payload(
        { kind: "test", domain: "team.example", at: NOW },
        { channel: "#nexus", username: "Nexus", iconEmoji: ":robot_face:" },
      ),
    ).toStrictEqual({
      channel: "#nexus",
      icon_emoji: ":robot_face:",
      text: ":wave: Test alert for team.example: alerts of Claude Nexus arrive here.",
      username: "Nexus",
    });
  });
});
