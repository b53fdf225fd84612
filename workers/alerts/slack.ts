/** One call of a Slack webhook. Redirects are not followed: a webhook has none, and somebody's address may. */
import { SLACK_TIMEOUT_MS } from "../runtime/constants.ts";
import type { SlackPayload } from "../domain/alerts/slack-payload.ts";
import { errorText } from "../runtime/log.ts";

export type SlackResult =
  | { result: "sent" }
  /** Trying again would not help. */
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
  const words = status === 200 ? "" : await errorWord(response);
  if (status === 200) {
    await response.body?.cancel();
    return { result: "sent" };
  }
  if (status === 429 || status >= 500) {
    const seconds = Number(response.headers.get("retry-after") ?? 0);
    const afterMs = Number.isFinite(seconds) ? Math.min(Math.max(0, seconds), 3_600) * 1_000 : 0;
    return { result: "failed", reason: `Slack answered ${status}${words}`, afterMs };
  }
  const isRedirect = status >= 300 && status < 400;
  const reason = isRedirect
    ? `Slack answered ${status}, and redirects are not followed`
    : `Slack answered ${status}${words}`;
  return { result: "refused", reason };
}

/** Slack says why in a word: "no_service", "channel_is_archived", … */
async function errorWord(response: Response): Promise<string> {
  const text = await response.text().catch(() => "");
  const [word] = /^[a-z_]{1,60}$/.exec(text.trim()) ?? [];
  return word === undefined ? "" : `: ${word}`;
}
