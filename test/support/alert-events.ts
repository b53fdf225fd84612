/** Alert events with plausible values; `more` overrides them. */
import type { ErrorEvent, MessageEvent, ThresholdEvent } from "../../workers/schemas/alert.ts";

export const ALERT_AT = Date.UTC(2026, 10, 22, 12, 40);
export const ALERT_REQUEST_ID = "019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6071";

export const messageEvent = (more: Partial<MessageEvent> = {}): MessageEvent => ({
  kind: "message",
  domain: "team.example",
  requestId: ALERT_REQUEST_ID,
  at: ALERT_AT,
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

export const errorEvent = (more: Partial<ErrorEvent> = {}): ErrorEvent => ({
  kind: "error",
  domain: "team.example",
  requestId: ALERT_REQUEST_ID,
  at: ALERT_AT,
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

export const thresholdEvent = (more: Partial<ThresholdEvent> = {}): ThresholdEvent => ({
  kind: "window_threshold",
  accountId: "acc_1",
  window: "5h",
  utilization: 0.76,
  threshold: 0.75,
  resetsAt: ALERT_AT + 80 * 60_000,
  fullAt: ALERT_AT + 45 * 60_000,
  at: ALERT_AT,
  ...more,
});
