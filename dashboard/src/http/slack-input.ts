/** The Slack form as it was sent: for the API, and to show again. */
import type { SlackInput } from "../../../workers/schemas/api/domains.ts";
import type { SlackDraft } from "../components/admin/slack-form.tsx";
import { field } from "./require-csrf.tsx";

export function parseSlackForm(form: Record<string, unknown>): { input: SlackInput; draft: SlackDraft } {
  const text = (name: string) => field(form, name).trim() || null;
  const draft: SlackDraft = {
    channel: text("channel"),
    username: text("username"),
    icon_emoji: text("icon_emoji"),
    enabled: field(form, "enabled") !== "",
    messages: field(form, "messages") !== "",
  };
  const address = text("webhook_url");
  const { channel, username, icon_emoji, ...rest } = draft;
  return {
    draft,
    input: {
      ...rest,
      ...(channel === null ? {} : { channel }),
      ...(username === null ? {} : { username }),
      ...(icon_emoji === null ? {} : { icon_emoji }),
      // Left out: as before.
      ...(address !== null
        ? { webhook_url: address }
        : field(form, "remove_webhook") !== ""
          ? { webhook_url: null }
          : {}),
    },
  };
}
