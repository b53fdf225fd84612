/** The form that changes a domain. Secrets are write-only: an empty field keeps what is stored. */
import type { Problem } from "../../api/client.ts";
import type { View } from "../../context/view.ts";
import { CsrfField } from "../../layout/frame.tsx";
import { RadioOption } from "../ui/radio-option.tsx";
import { ApiKeyField, FormError, TextField, FieldError } from "../ui/text-field.tsx";
import { SubmitButton } from "../ui/controls.tsx";

/** What the form holds, as text. Never the secret. */
export interface DomainDraft {
  domain: string;
  accountId: string;
  /** "keep" leaves the account's credential as it is. */
  credential: "keep" | "api_key" | "passthrough";
  /** One pattern per line; empty = the default. */
  endpoints: string;
}

interface Props {
  view: View;
  draft: DomainDraft;
  problem: Problem | null;
}

export function DomainForm({ view, draft, problem }: Props) {
  const option = (value: DomainDraft["credential"], label: string) => (
    <RadioOption name="credential" value={value} selected={draft.credential} label={label} />
  );
  return (
    <form
      method="post"
      action={`/domains/${encodeURIComponent(draft.domain)}`}
      class="stack"
      autocomplete="off"
    >
      <CsrfField view={view} />
      {problem && (
        <FormError problem={problem} parameters={["accountId", "credential.api_key", "endpoints"]} />
      )}
      <TextField
        label="Account"
        name="accountId"
        problem={problem}
        value={draft.accountId}
        required
        maxlength={128}
        placeholder="team-a"
      >
        Names the credential. Domains with the same account share its credential and limits.
      </TextField>
      <fieldset class="field" data-credential>
        <legend>Credential for Claude</legend>
        {option("keep", "Keep the account's credential")}
        {option("api_key", "Replace with an API key (stored encrypted)")}
        <div class="inset">
          <ApiKeyField problem={problem}>Never shown again.</ApiKeyField>
        </div>
        {option("passthrough", "Passthrough: the client's own credential is forwarded and never stored")}
      </fieldset>
      <label class="field">
        <span>Endpoints</span>
        <textarea name="endpoints" rows={3} spellcheck={false} placeholder={"/v1/messages\n/v1/messages/*"}>
          {draft.endpoints}
        </textarea>
        <small>
          <FieldError problem={problem} parameter="endpoints" />
          One per line. <code>*</code> matches any remainder. Leave empty for all of /v1/ except
          /v1/organizations/ and /v1/oauth/.
        </small>
      </label>
      <SubmitButton label="Save" />
    </form>
  );
}
