/** The form that sets a domain up or changes it. Secrets are write-only: an empty field keeps what is stored. */
import type { Problem } from "../api/client.ts";
import type { View } from "../view.ts";
import { CsrfField } from "./frame.tsx";
import { Icon } from "./icon.tsx";

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
  draft: DomainDraft | null;
  problem: Problem | null;
  isNew?: boolean;
}

export function DomainForm({ view, draft, problem, isNew = false }: Props) {
  const credential = draft?.credential ?? (isNew ? "api_key" : "keep");
  return (
    <form method="post" action="/domains" class="stack" autocomplete="off">
      <CsrfField view={view} />
      {problem && <FormProblem problem={problem} />}
      {isNew ? (
        <label class="field">
          <span>Host name</span>
          <input
            name="domain"
            value={draft?.domain ?? ""}
            placeholder="claude.example.com"
            required
            maxlength={253}
            spellcheck={false}
          />
          <small>
            What clients put into ANTHROPIC_BASE_URL, without https:// and port. Route it to the Worker.
          </small>
        </label>
      ) : (
        <input type="hidden" name="domain" value={draft?.domain ?? ""} />
      )}
      <label class="field">
        <span>Account</span>
        <input
          name="accountId"
          value={draft?.accountId ?? ""}
          placeholder="team-a"
          required
          maxlength={128}
          spellcheck={false}
        />
        <small>
          A name for the credential behind it. Domains with the same account share its credential and its
          limits.
        </small>
      </label>
      <fieldset class="field" data-credential>
        <legend>Credential for Claude</legend>
        {!isNew && <Option value="keep" now={credential} words="Keep the account's credential" />}
        <Option value="api_key" now={credential} words="API key, stored sealed" />
        <label class="field inset">
          <span>API key</span>
          <input
            name="api_key"
            type="password"
            autocomplete="off"
            spellcheck={false}
            maxlength={500}
            placeholder="sk-ant-api03-…"
          />
          <small>Write-only: it is never shown again.</small>
        </label>
        <Option
          value="passthrough"
          now={credential}
          words="Passthrough: the client's own credential travels on and is never stored"
        />
        {isNew && <Option value="keep" now={credential} words="The account has one already" />}
      </fieldset>
      <label class="field">
        <span>Endpoints</span>
        <textarea name="endpoints" rows={3} spellcheck={false} placeholder={"/v1/messages\n/v1/messages/*"}>
          {draft?.endpoints ?? ""}
        </textarea>
        <small>
          One per line, <code>*</code> for any rest. Empty: all of /v1/ except /v1/organizations/ and
          /v1/oauth/.
        </small>
      </label>
      <button class="primary" type="submit">
        {isNew ? "Add the domain" : "Save"}
      </button>
    </form>
  );
}

function Option({ value, now, words }: { value: string; now: string; words: string }) {
  return (
    <label class="option">
      <input type="radio" name="credential" value={value} checked={value === now} />
      <span>{words}</span>
    </label>
  );
}

export function FormProblem({ problem }: { problem: Problem }) {
  return (
    <div class="field-error" role="alert">
      <Icon name="alert" />
      <div>
        <p>{problem.message}</p>
        {problem.details?.map((detail) => (
          <p>
            <code>{detail.parameter}</code>: {detail.problem}; allowed: {detail.allowed}
          </p>
        ))}
        <p class="mute">
          Request id <code>{problem.requestId}</code>
        </p>
      </div>
    </div>
  );
}
