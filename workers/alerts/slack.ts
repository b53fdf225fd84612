/** Posts to a Slack webhook. Redirects are not followed: Slack sends none, and another host might. */
import { SLACK_TIMEOUT_MS } from "../runtime/constants.ts";
import type { SlackPayload } from "../domain/alerts/slack-payload.ts";
import { errorText } from "../runtime/log.ts";

export type SlackResult =
  | { result: "sent" }
  /** Permanent: not retried. */
  | { result: "refused"; reason: string }
  | { result: "failed"; reason: string; afterMs: number };

export async function postToSlack(webhook: URL, payload: SlackPayload): Promise<SlackResult> {
  let response: Response;
  try {
    response = await fetch(webhook, {
      method: "POST",
      headers: { "content-type": "application/json; charset=utf-8" },
      body: JSON.stringify(payload),
      redirect: "manual",
      signal: AbortSignal.timeout(SLACK_TIMEOUT_MS),
    });
  } catch (thrown) {
    return { result: "failed", reason: `Slack could not be reached (${errorText(thrown)})`, afterMs: 0 };
  }
  const { status } = response;
  const detail = status === 200 ? "" : await errorWord(response);
  if (status === 200) {
    await response.body?.cancel();
    return { result: "sent" };
  }
  if (status === 429 || status >= 500) {
    const seconds = Number(response.headers.get("retry-after") ?? 0);
    const afterMs = Number.isFinite(seconds) ? Math.min(Math.max(0, seconds), 3_600) * 1_000 : 0;
    return { result: "failed", reason: `Slack responded ${status}${detail}`, afterMs };
  }
  const isRedirect = status >= 300 && status < 400;
  const reason = isRedirect
    ? `Slack responded ${status}, and redirects are not followed`
    : `Slack responded ${status}${detail}`;
  return { result: "refused", reason };
}

/** Slack's error code in the body: "no_service", "channel_is_archived", … */
async function errorWord(response: Response): Promise<string> {
  const text = await response.text().catch(() => "");
  const [word] = /^[a-z_]{1,60}$/.exec(text.trim()) ?? [];
  return word === undefined ? "" : `: ${word}`;
}
