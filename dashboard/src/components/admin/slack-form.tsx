/** The Slack settings of a domain. The webhook URL is write-only: an empty field keeps the stored one. */
import type { SlackView } from "../../../../workers/schemas/api/domains.ts";
import type { Problem } from "../../api/client.ts";
import type { View } from "../../context/view.ts";
import { CsrfField } from "../../layout/frame.tsx";
import { FormError, TextField } from "../ui/text-field.tsx";
import { SubmitButton } from "../ui/controls.tsx";

/** As it was typed; the address never. */
export type SlackDraft = Omit<SlackView, "webhook_set">;

interface Props {
  view: View;
  /** Where the form goes. */
  action: string;
  domain: string;
  stored: SlackView | null;
  draft: SlackDraft | null;
  problem: Problem | null;
  button: string;
}

const EMPTY_DRAFT: SlackDraft = {
  channel: null,
  username: null,
  icon_emoji: null,
  enabled: true,
  messages: true,
};

/** How messages look in Slack. */
const DISPLAY_FIELDS = [
  {
    label: "Channel",
    name: "channel",
    placeholder: "#claude",
    help: "If the webhook allows choosing a channel.",
  },
  { label: "Name", name: "username", placeholder: "Nexus", help: null },
  { label: "Icon", name: "icon_emoji", placeholder: ":robot_face:", help: null },
] as const;

export function SlackForm({ view, action, domain, stored, draft, problem, button }: Props) {
  const values = draft ?? stored ?? EMPTY_DRAFT;
  const parameters = ["slack.webhook_url", "slack.channel", "slack.username", "slack.icon_emoji"];
  return (
    <form method="post" action={action} class="stack" autocomplete="off">
      <CsrfField view={view} />
      <input type="hidden" name="domain" value={domain} />
      {problem && <FormError problem={problem} parameters={parameters} />}
      <TextField
        label="Webhook URL"
        name="webhook_url"
        parameter="slack.webhook_url"
        problem={problem}
        isSecret
        maxlength={1000}
        placeholder={
          stored?.webhook_set ? "Stored. Enter another to replace it" : "https://hooks.slack.com/services/…"
        }
      >
        From a Slack app with incoming webhooks. Never shown again.{" "}
        {stored?.webhook_set ? "" : "Leave empty to use the deployment's default channel, if one is set."}
      </TextField>
      {stored?.webhook_set && (
        <label class="option">
          <input type="checkbox" name="remove_webhook" value="1" />
          <span>Remove the stored webhook</span>
        </label>
      )}
      <div class="field-row">
        {DISPLAY_FIELDS.map(({ label, name, placeholder, help }) => (
          <TextField
            label={label}
            name={name}
            parameter={`slack.${name}`}
            problem={problem}
            value={values[name] ?? ""}
            maxlength={100}
            placeholder={placeholder}
          >
            {help}
          </TextField>
        ))}
      </div>
      <fieldset class="field">
        <legend>Notifications</legend>
        <label class="option">
          <input type="checkbox" name="enabled" value="1" checked={values.enabled} />
          <span>
            Errors, usage window alerts and expired logins. If disabled, this domain sends no notifications at
            all.
          </span>
        </label>
        <label class="option">
          <input type="checkbox" name="messages" value="1" checked={values.messages} />
          <span>Conversations: user messages and Claude's replies, shortened.</span>
        </label>
      </fieldset>
      <SubmitButton label={button} />
    </form>
  );
}
