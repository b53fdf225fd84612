/** Slack's texts, compared whole. */
import { describe, expect, it } from "vitest";
import type { AlertEvent, ErrorEvent, MessageEvent, ThresholdEvent } from "../../schemas/alert.ts";
import { type AlertStyle, type Repeats, slackPayload } from "./slack-payload.ts";

const NOW = Date.UTC(2026, 10, 22, 12, 40);
const ID = "019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6071";
const STYLE: AlertStyle = { dashboardUrl: "https://nexus.example/", content: "full" };
const ONCE: Repeats = { count: 0, isSummary: false };

const message = (more: Partial<MessageEvent> = {}): MessageEvent => ({
  kind: "message",
  domain: "team.example",
  requestId: ID,
  at: NOW,
  conversation: "c",
  conversationId: null,
  model: "claude-opus-5-5",
  credentialType: "api_key",
  accountId: "acc_team_production",
  userText: "Why is the build red?",
  answerText: "I will look at the log.",
  tools: [
    { name: "Bash", hint: "npm test" },
    { name: "TodoRead", hint: null },
  ],
  inputTokens: 1_204,
  outputTokens: 87,
  ...more,
});
const error = (more: Partial<ErrorEvent> = {}): ErrorEvent => ({
  kind: "error",
  domain: "team.example",
  requestId: ID,
  at: NOW,
  method: "POST",
  path: "/v1/messages",
  status: 529,
  outcome: "complete",
  errorType: "overloaded_error",
  message: "Overloaded",
  model: "claude-opus-5-5",
  accountId: "acc_1",
  ...more,
});
const threshold = (more: Partial<ThresholdEvent> = {}): ThresholdEvent => ({
  kind: "window_threshold",
  accountId: "acc_1",
  window: "5h",
  utilization: 0.76,
  threshold: 0.75,
  resetsAt: NOW + 80 * 60_000,
  fullAt: NOW + 45 * 60_000,
  at: NOW,
  ...more,
});
const payload = (event: AlertEvent, style: Partial<AlertStyle> = {}, repeats = ONCE) =>
  slackPayload(event, repeats, { ...STYLE, ...style });

describe("Slack is told of", () => {
  it("a message with tools, as the older proxy laid it out", () => {
    expect(payload(message())).toMatchInlineSnapshot(`
      {
        "attachments": [
          {
            "footer": "team.example | claude-opus-5-5 | api_key:acc_team_p**** | Tokens: 1204/87",
            "ts": 1795351200,
          },
        ],
        "text": ":bust_in_silhouette: User: Why is the build red?
      :robot_face: Claude: I will look at the log.
          :wrench: Bash - npm test
          :wrench: TodoRead",
      }
    `);
  });

  it("an answer without words is its tools", () => {
    expect(payload(message({ answerText: "" }))).toMatchInlineSnapshot(`
      {
        "attachments": [
          {
            "footer": "team.example | claude-opus-5-5 | api_key:acc_team_p**** | Tokens: 1204/87",
            "ts": 1795351200,
          },
        ],
        "text": ":bust_in_silhouette: User: Why is the build red?
          :wrench: Bash - npm test
          :wrench: TodoRead",
      }
    `);
  });

  it("an answer of many lines is cut after twenty", () => {
    expect(
      payload(
        message({ tools: [], answerText: Array.from({ length: 25 }, (_, n) => `line ${n}`).join("\n") }),
      ),
    ).toMatchInlineSnapshot(`
      {
        "attachments": [
          {
            "footer": "team.example | claude-opus-5-5 | api_key:acc_team_p**** | Tokens: 1204/87",
            "ts": 1795351200,
          },
        ],
        "text": ":bust_in_silhouette: User: Why is the build red?
      :robot_face: Claude: line 0
      line 1
      line 2
      line 3
      line 4
      line 5
      line 6
      line 7
      line 8
      line 9
      line 10
      line 11
      line 12
      line 13
      line 14
      line 15
      line 16
      line 17
      line 18
      line 19
      ... (truncated)",
      }
    `);
  });

  it("a long answer is cut, and the whole at 3,000 characters", () => {
    const { text } = payload(message({ tools: [], userText: "u".repeat(50), answerText: "a".repeat(3_500) }));
    expect(text).toHaveLength(3_000);
    const head = `:bust_in_silhouette: User: ${"u".repeat(50)}\n:robot_face: Claude: aaa`;
    expect([text.startsWith(head), text.endsWith("aaa... (truncated)")]).toEqual([true, true]);
  });

  it("a message of a channel that must not see words is told in numbers", () => {
    expect(payload(message(), { content: "masked" })).toMatchInlineSnapshot(`
      {
        "attachments": [
          {
            "footer": "team.example | claude-opus-5-5 | api_key:acc_team_p**** | Tokens: 1204/87",
            "ts": 1795351200,
          },
        ],
        "text": ":bust_in_silhouette: User: (21 characters)
      :robot_face: Claude: (23 characters)
          :wrench: Bash
          :wrench: TodoRead",
      }
    `);
  });

  it("secrets in what was said are masked", () => {
    expect(
      payload(
        message({
          tools: [],
          userText: "use sk-ant-api03-verysecret please",
          answerText: "Set `x-api-key: abcdefgh`.",
        }),
      ),
    ).toMatchInlineSnapshot(`
      {
        "attachments": [
          {
            "footer": "team.example | claude-opus-5-5 | api_key:acc_team_p**** | Tokens: 1204/87",
            "ts": 1795351200,
          },
        ],
        "text": ":bust_in_silhouette: User: use sk-ant-*** please
      :robot_face: Claude: Set \`x-api-key: ***",
      }
    `);
  });

  it("nobody is woken by what was said", () => {
    expect(
      payload(
        message({
          userText: "<!channel> & <@U123>",
          answerText: "<https://evil.example|bank>",
          tools: [{ name: "<b>", hint: "a > b" }],
        }),
      ),
    ).toMatchInlineSnapshot(`
      {
        "attachments": [
          {
            "footer": "team.example | claude-opus-5-5 | api_key:acc_team_p**** | Tokens: 1204/87",
            "ts": 1795351200,
          },
        ],
        "text": ":bust_in_silhouette: User: &lt;!channel&gt; &amp; &lt;@U123&gt;
      :robot_face: Claude: &lt;https://evil.example|bank&gt;
          :wrench: &lt;b&gt; - a &gt; b",
      }
    `);
  });

  it("an exchange without model and account has a shorter footer", () => {
    expect(payload(message({ model: null, accountId: null, tools: [] }))).toMatchInlineSnapshot(`
      {
        "attachments": [
          {
            "footer": "team.example | Tokens: 1204/87",
            "ts": 1795351200,
          },
        ],
        "text": ":bust_in_silhouette: User: Why is the build red?
      :robot_face: Claude: I will look at the log.",
      }
    `);
  });

  it("an error with everything that helps to find it", () => {
    expect(payload(error())).toMatchInlineSnapshot(`
      {
        "attachments": [
          {
            "color": "#d32f2f",
            "fallback": ":rotating_light: Error on team.example: 529 overloaded_error. <https://nexus.example/requests/019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6071|Open>",
            "fields": [
              {
                "short": false,
                "title": "Message",
                "value": "Overloaded",
              },
              {
                "short": false,
                "title": "Request",
                "value": "019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6071",
              },
              {
                "short": true,
                "title": "Path",
                "value": "POST /v1/messages",
              },
              {
                "short": true,
                "title": "Status",
                "value": "529",
              },
              {
                "short": true,
                "title": "Error type",
                "value": "overloaded_error",
              },
              {
                "short": true,
                "title": "Domain",
                "value": "team.example",
              },
              {
                "short": true,
                "title": "Model",
                "value": "claude-opus-5-5",
              },
              {
                "short": true,
                "title": "Account",
                "value": "acc_1",
              },
            ],
            "ts": 1795351200,
          },
        ],
        "text": ":rotating_light: Error on team.example: 529 overloaded_error. <https://nexus.example/requests/019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6071|Open>",
      }
    `);
  });

  it("an error that was told before says how often it happened since", () => {
    expect(payload(error(), {}, { count: 3, isSummary: false })).toMatchInlineSnapshot(`
      {
        "attachments": [
          {
            "color": "#d32f2f",
            "fallback": ":rotating_light: Error on team.example: 529 overloaded_error (and 3 more like it). <https://nexus.example/requests/019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6071|Open>",
            "fields": [
              {
                "short": false,
                "title": "Message",
                "value": "Overloaded",
              },
              {
                "short": false,
                "title": "Request",
                "value": "019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6071",
              },
              {
                "short": true,
                "title": "Path",
                "value": "POST /v1/messages",
              },
              {
                "short": true,
                "title": "Status",
                "value": "529",
              },
              {
                "short": true,
                "title": "Error type",
                "value": "overloaded_error",
              },
              {
                "short": true,
                "title": "Domain",
                "value": "team.example",
              },
              {
                "short": true,
                "title": "Model",
                "value": "claude-opus-5-5",
              },
              {
                "short": true,
                "title": "Account",
                "value": "acc_1",
              },
            ],
            "ts": 1795351200,
          },
        ],
        "text": ":rotating_light: Error on team.example: 529 overloaded_error (and 3 more like it). <https://nexus.example/requests/019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6071|Open>",
      }
    `);
  });

  it("errors that nobody was told of are summed up", () => {
    expect(payload(error(), {}, { count: 12, isSummary: true })).toMatchInlineSnapshot(`
      {
        "attachments": [
          {
            "color": "#d32f2f",
            "fallback": ":rotating_light: 12 more on team.example: 529 overloaded_error, last at 2026-11-22 12:40 UTC. <https://nexus.example/requests/019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6071|Open>",
            "fields": [
              {
                "short": false,
                "title": "Message",
                "value": "Overloaded",
              },
              {
                "short": false,
                "title": "Request",
                "value": "019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6071",
              },
              {
                "short": true,
                "title": "Path",
                "value": "POST /v1/messages",
              },
              {
                "short": true,
                "title": "Status",
                "value": "529",
              },
              {
                "short": true,
                "title": "Error type",
                "value": "overloaded_error",
              },
              {
                "short": true,
                "title": "Domain",
                "value": "team.example",
              },
              {
                "short": true,
                "title": "Model",
                "value": "claude-opus-5-5",
              },
              {
                "short": true,
                "title": "Account",
                "value": "acc_1",
              },
            ],
            "ts": 1795351200,
          },
        ],
        "text": ":rotating_light: 12 more on team.example: 529 overloaded_error, last at 2026-11-22 12:40 UTC. <https://nexus.example/requests/019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6071|Open>",
      }
    `);
  });

  it("an exchange without an answer", () => {
    expect(
      payload(
        error({
          status: null,
          outcome: "upstream_failed",
          errorType: "api_error",
          message: null,
          model: null,
          accountId: null,
        }),
      ),
    ).toMatchInlineSnapshot(`
      {
        "attachments": [
          {
            "color": "#d32f2f",
            "fallback": ":rotating_light: Error on team.example: no answer api_error. <https://nexus.example/requests/019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6071|Open>",
            "fields": [
              {
                "short": false,
                "title": "Request",
                "value": "019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6071",
              },
              {
                "short": true,
                "title": "Path",
                "value": "POST /v1/messages",
              },
              {
                "short": true,
                "title": "Status",
                "value": "upstream_failed",
              },
              {
                "short": true,
                "title": "Error type",
                "value": "api_error",
              },
              {
                "short": true,
                "title": "Domain",
                "value": "team.example",
              },
            ],
            "ts": 1795351200,
          },
        ],
        "text": ":rotating_light: Error on team.example: no answer api_error. <https://nexus.example/requests/019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6071|Open>",
      }
    `);
  });

  it("an error's message may quote a prompt: where words are masked it is left out", () => {
    expect(payload(error(), { content: "masked" })).toMatchInlineSnapshot(`
      {
        "attachments": [
          {
            "color": "#d32f2f",
            "fallback": ":rotating_light: Error on team.example: 529 overloaded_error. <https://nexus.example/requests/019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6071|Open>",
            "fields": [
              {
                "short": false,
                "title": "Request",
                "value": "019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6071",
              },
              {
                "short": true,
                "title": "Path",
                "value": "POST /v1/messages",
              },
              {
                "short": true,
                "title": "Status",
                "value": "529",
              },
              {
                "short": true,
                "title": "Error type",
                "value": "overloaded_error",
              },
              {
                "short": true,
                "title": "Domain",
                "value": "team.example",
              },
              {
                "short": true,
                "title": "Model",
                "value": "claude-opus-5-5",
              },
              {
                "short": true,
                "title": "Account",
                "value": "acc_1",
              },
            ],
            "ts": 1795351200,
          },
        ],
        "text": ":rotating_light: Error on team.example: 529 overloaded_error. <https://nexus.example/requests/019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6071|Open>",
      }
    `);
  });

  it("without a dashboard's address there is no link", () => {
    expect(payload(error(), { dashboardUrl: null })).toMatchInlineSnapshot(`
      {
        "attachments": [
          {
            "color": "#d32f2f",
            "fallback": ":rotating_light: Error on team.example: 529 overloaded_error.",
            "fields": [
              {
                "short": false,
                "title": "Message",
                "value": "Overloaded",
              },
              {
                "short": false,
                "title": "Request",
                "value": "019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6071",
              },
              {
                "short": true,
                "title": "Path",
                "value": "POST /v1/messages",
              },
              {
                "short": true,
                "title": "Status",
                "value": "529",
              },
              {
                "short": true,
                "title": "Error type",
                "value": "overloaded_error",
              },
              {
                "short": true,
                "title": "Domain",
                "value": "team.example",
              },
              {
                "short": true,
                "title": "Model",
                "value": "claude-opus-5-5",
              },
              {
                "short": true,
                "title": "Account",
                "value": "acc_1",
              },
            ],
            "ts": 1795351200,
          },
        ],
        "text": ":rotating_light: Error on team.example: 529 overloaded_error.",
      }
    `);
  });

  it("a window past its threshold, with its reset and forecast", () => {
    expect(payload(threshold())).toMatchInlineSnapshot(`
      {
        "attachments": [
          {
            "color": "#f9a825",
            "fallback": ":hourglass_flowing_sand: Account *acc_1*: the 5h window is 76 % used (threshold 75 %). It resets at 2026-11-22 14:00 UTC, in 1 h 20 min. At this pace it is full at 2026-11-22 13:25 UTC, in 45 min. <https://nexus.example/usage?accountId=acc_1|Usage of the account>",
            "ts": 1795351200,
          },
        ],
        "text": ":hourglass_flowing_sand: Account *acc_1*: the 5h window is 76 % used (threshold 75 %). It resets at 2026-11-22 14:00 UTC, in 1 h 20 min. At this pace it is full at 2026-11-22 13:25 UTC, in 45 min. <https://nexus.example/usage?accountId=acc_1|Usage of the account>",
      }
    `);
  });

  it("a window that is full", () => {
    expect(
      payload(
        threshold({
          window: "7d_oi",
          utilization: 1.04,
          threshold: 0.9,
          fullAt: NOW,
          resetsAt: NOW + 51_811_000,
        }),
      ),
    ).toMatchInlineSnapshot(`
      {
        "attachments": [
          {
            "color": "#f9a825",
            "fallback": ":hourglass_flowing_sand: Account *acc_1*: the 7d_oi window is 104 % used (threshold 90 %). It resets at 2026-11-23 03:03 UTC, in 14 h 24 min. It is full. <https://nexus.example/usage?accountId=acc_1|Usage of the account>",
            "ts": 1795351200,
          },
        ],
        "text": ":hourglass_flowing_sand: Account *acc_1*: the 7d_oi window is 104 % used (threshold 90 %). It resets at 2026-11-23 03:03 UTC, in 14 h 24 min. It is full. <https://nexus.example/usage?accountId=acc_1|Usage of the account>",
      }
    `);
  });

  it("a window of which little is known", () => {
    expect(payload(threshold({ window: "overage", utilization: 0.756, resetsAt: null, fullAt: null })))
      .toMatchInlineSnapshot(`
      {
        "attachments": [
          {
            "color": "#f9a825",
            "fallback": ":hourglass_flowing_sand: Account *acc_1*: the extra usage is 75.6 % used (threshold 75 %). <https://nexus.example/usage?accountId=acc_1|Usage of the account>",
            "ts": 1795351200,
          },
        ],
        "text": ":hourglass_flowing_sand: Account *acc_1*: the extra usage is 75.6 % used (threshold 75 %). <https://nexus.example/usage?accountId=acc_1|Usage of the account>",
      }
    `);
  });

  it("the token limit of an account", () => {
    expect(
      payload(
        threshold({
          window: "tokens",
          utilization: 0.9,
          threshold: 0.9,
          resetsAt: null,
          fullAt: NOW + 1_800_000,
        }),
      ),
    ).toMatchInlineSnapshot(`
      {
        "attachments": [
          {
            "color": "#f9a825",
            "fallback": ":hourglass_flowing_sand: Account *acc_1*: the token limit of five hours is 90 % used (threshold 90 %). At this pace it is full at 2026-11-22 13:10 UTC, in 30 min. <https://nexus.example/usage?accountId=acc_1|Usage of the account>",
            "ts": 1795351200,
          },
        ],
        "text": ":hourglass_flowing_sand: Account *acc_1*: the token limit of five hours is 90 % used (threshold 90 %). At this pace it is full at 2026-11-22 13:10 UTC, in 30 min. <https://nexus.example/usage?accountId=acc_1|Usage of the account>",
      }
    `);
  });

  it("an account that needs a login", () => {
    expect(
      payload({
        kind: "needs_login",
        accountId: "acc_1",
        reason: "invalid_grant: refresh token expired",
        at: NOW,
      }),
    ).toMatchInlineSnapshot(`
      {
        "text": ":key: Account *acc_1* needs a login: invalid_grant: refresh token expired. Its requests are refused until somebody logs in again with \`npx nexus oauth login\`. <https://nexus.example/domains|Domains>",
      }
    `);
  });

  it("recording that is behind", () => {
    expect(
      payload({
        kind: "ingest_backlog",
        entries: 120,
        isMore: false,
        oldestAgeMs: 620_000,
        databaseReachable: true,
        at: NOW,
      }),
    ).toMatchInlineSnapshot(`
      {
        "text": ":file_cabinet: Recording is behind: 120 exchanges wait to be stored, the oldest for 10 min. Nothing is lost, and requests go on. <https://nexus.example/settings|Status>",
      }
    `);
  });

  it("recording that is behind because of the database", () => {
    expect(
      payload({
        kind: "ingest_backlog",
        entries: 1_000,
        isMore: true,
        oldestAgeMs: 190_000_000,
        databaseReachable: false,
        at: NOW,
      }),
    ).toMatchInlineSnapshot(`
      {
        "text": ":file_cabinet: Recording is behind: 1000 or more exchanges wait to be stored, the oldest for 2 d 4 h. The database cannot be reached. Nothing is lost, and requests go on. <https://nexus.example/settings|Status>",
      }
    `);
  });

  it("a model without a price", () => {
    expect(
      payload({
        kind: "unknown_model",
        model: "claude-next-1",
        domain: "team.example",
        requestId: ID,
        at: NOW,
      }),
    ).toMatchInlineSnapshot(`
      {
        "text": ":label: No price is known for the model *claude-next-1*, seen on team.example. Its requests count as unpriced, not as free. <https://nexus.example/requests/019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6071|Open one>",
      }
    `);
  });

  it("an exchange whose bodies are missing, and how many more", () => {
    const event: AlertEvent = { kind: "unrecorded", domain: "team.example", requestId: ID, at: NOW };
    expect(payload(event)).toMatchInlineSnapshot(`
      {
        "text": ":card_file_box: The archive (R2) did not take all of an exchange on team.example: its facts are kept, bodies are missing. Requests go on. <https://nexus.example/requests/019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6071|Open>",
      }
    `);
    expect(payload(event, {}, { count: 3, isSummary: false })).toMatchInlineSnapshot(`
      {
        "text": ":card_file_box: The archive (R2) did not take all of an exchange on team.example (and of 3 more before it): its facts are kept, bodies are missing. Requests go on. <https://nexus.example/requests/019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6071|Open>",
      }
    `);
    expect(payload(event, {}, { count: 1, isSummary: true })).toMatchInlineSnapshot(`
      {
        "text": ":card_file_box: The archive (R2) did not take all of 1 exchange more, the last on team.example at 2026-11-22 12:40 UTC. <https://nexus.example/requests/019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6071|Open>",
      }
    `);
    expect(payload(event, {}, { count: 214, isSummary: true })).toMatchInlineSnapshot(`
      {
        "text": ":card_file_box: The archive (R2) did not take all of 214 exchanges more, the last on team.example at 2026-11-22 12:40 UTC. <https://nexus.example/requests/019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6071|Open>",
      }
    `);
  });

  it("exchanges of which nothing could be kept", () => {
    expect(payload({ kind: "facts_lost", exchanges: 12, at: NOW })).toMatchInlineSnapshot(`
      {
        "text": ":card_file_box: 12 exchanges could not be recorded at all: archive (R2) and queue failed together, for longer than memory lasts. Requests go on. The status counts them as \`facts_lost\`. <https://nexus.example/settings|Status>",
      }
    `);
    expect(payload({ kind: "facts_lost", exchanges: 1, at: NOW }, { dashboardUrl: null }))
      .toMatchInlineSnapshot(`
      {
        "text": ":card_file_box: 1 exchange could not be recorded at all: archive (R2) and queue failed together, for longer than memory lasts. Requests go on. The status counts them as \`facts_lost\`.",
      }
    `);
  });

  it("a test, under the channel's own name", () => {
    expect(
      payload(
        { kind: "test", domain: "team.example", at: NOW },
        { channel: "#nexus", username: "Nexus", iconEmoji: ":robot_face:" },
      ),
    ).toMatchInlineSnapshot(`
      {
        "channel": "#nexus",
        "icon_emoji": ":robot_face:",
        "text": ":wave: This is a test for team.example: alerts of Claude Nexus arrive here.",
        "username": "Nexus",
      }
    `);
  });
});
