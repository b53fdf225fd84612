/** /domains/new: a domain step by step: host, account, Slack, first key. Each step has its own URL. */
import type { Child } from "hono/jsx";
import type { AccountView } from "../../../../workers/schemas/api/accounts.ts";
import type { DomainDetail, NewClientKey } from "../../../../workers/schemas/api/domains.ts";
import type { Problem, Result } from "../../api/client.ts";
import { queryString } from "../../api/client.ts";
import { CsrfField } from "../../layout/frame.tsx";
import { Icon } from "../../components/ui/icon.tsx";
import { NewKey } from "../../components/admin/new-key.tsx";
import { SlackForm, type SlackDraft } from "../../components/admin/slack-form.tsx";
import { RadioOption } from "../../components/ui/radio-option.tsx";
import { ApiKeyField, FormError, TextField } from "../../components/ui/text-field.tsx";
import { UntrustedText } from "../../components/ui/values.tsx";
import type { View } from "../../context/view.ts";
import { credentialLabel } from "./credential-labels.tsx";
import { ButtonLink, SubmitButton } from "../../components/ui/controls.tsx";

const STEPS = ["Domain", "Account", "Slack", "Client key"] as const;

/** The credential options of the form. */
export type NewCredential = "existing" | "api_key" | "oauth" | "passthrough";

export interface AccountDraft {
  accountId: string;
  existing: string;
  credential: NewCredential;
}

export type NewDomainStep =
  | { step: "host"; host: string }
  | {
      step: "account";
      domain: string;
      accounts: Result<{ accounts: AccountView[] }>;
      draft: AccountDraft | null;
    }
  | { step: "slack"; detail: DomainDetail; draft: SlackDraft | null }
  | { step: "key"; detail: DomainDetail }
  | { step: "done"; detail: DomainDetail; created: NewClientKey };

interface Props {
  view: View;
  state: NewDomainStep;
  problem: Problem | null;
}

export function NewDomainPage({ view, state, problem }: Props) {
  const position = { host: 0, account: 1, slack: 2, key: 3, done: 4 }[state.step];
  return (
    <>
      <ol class="steps" aria-label="Steps">
        {STEPS.map((name, index) => (
          <li
            class={index < position ? "is-done" : ""}
            {...(index === position ? { "aria-current": "step" } : {})}
          >
            <span class="step-number">
              {index < position ? <Icon name="check" label="done" /> : index + 1}
            </span>
            {name}
          </li>
        ))}
      </ol>
      {state.step === "host" && <HostStep host={state.host} problem={problem} />}
      {state.step === "account" && <AccountStep view={view} state={state} problem={problem} />}
      {state.step === "slack" && (
        <Step title="Slack (optional)" domain={state.detail.domain}>
          <p>
            Errors, usage window alerts and expired logins can be sent to a Slack channel. You can set this up
            later.
          </p>
          <SlackForm
            view={view}
            action="/domains/new/slack"
            domain={state.detail.domain}
            stored={state.detail.slack}
            draft={state.draft}
            problem={problem}
            button="Save and continue"
          />
          <p class="card-foot">
            <a href={`/domains/new${queryString({ step: "key", domain: state.detail.domain })}`}>
              Skip Slack
            </a>
          </p>
        </Step>
      )}
      {state.step === "key" && <KeyStep view={view} detail={state.detail} problem={problem} />}
      {state.step === "done" && (
        <>
          <NewKey view={view} detail={state.detail} created={state.created} />
          <p class="actions">
            <ButtonLink href={`/domains/${encodeURIComponent(state.detail.domain)}`} label="Open domain" />
            <ButtonLink href="/requests" label="View requests" />
          </p>
        </>
      )}
    </>
  );
}

function Step({ title, domain, children }: { title: string; domain?: string; children?: Child }) {
  return (
    <section class="card">
      <h2>
        {title}
        {domain !== undefined && (
          <span class="mute">
            for <UntrustedText text={domain} length={60} />
          </span>
        )}
      </h2>
      {children}
    </section>
  );
}

/** Reads only: whether the name is valid, and whether it is taken. */
function HostStep({ host, problem }: { host: string; problem: Problem | null }) {
  return (
    <Step title="Domain name">
      <form method="get" action="/domains/new" class="stack" autocomplete="off">
        {problem && <FormError problem={problem} parameters={["domain"]} />}
        <TextField
          label="Host name"
          name="domain"
          problem={problem}
          value={host}
          required
          maxlength={300}
          placeholder="claude.example.com"
          inputmode="url"
        >
          The host name that clients use in ANTHROPIC_BASE_URL, without port. It must be routed to the Worker
          by a custom domain or a route.
        </TextField>
        <SubmitButton label="Continue" />
      </form>
    </Step>
  );
}

function AccountStep({
  view,
  state,
  problem,
}: {
  view: View;
  state: Extract<NewDomainStep, { step: "account" }>;
  problem: Problem | null;
}) {
  const accounts = state.accounts.ok ? state.accounts.data.accounts : [];
  const draft = state.draft ?? {
    accountId: state.domain
      .split(".")
      .slice(0, 2)
      .join("-")
      .replaceAll(/[^A-Za-z0-9._:@-]/g, "-"),
    existing: "",
    credential: "api_key" as const,
  };
  return (
    <Step title="How should requests authenticate to Claude?" domain={state.domain}>
      <form method="post" action="/domains/new/account" class="stack" autocomplete="off">
        <CsrfField view={view} />
        <input type="hidden" name="domain" value={state.domain} />
        {problem && <FormError problem={problem} parameters={["accountId", "credential.api_key"]} />}
        <fieldset class="field credential-options" data-credential>
          <legend>Credential</legend>
          {accounts.length > 0 && (
            <CredentialOption value="existing" selected={draft.credential} title="Existing account">
              <select name="existing" aria-label="Existing account">
                {accounts.map((account) => (
                  <option value={account.accountId} selected={account.accountId === draft.existing}>
                    {`${account.accountId} (${credentialLabel(account.credentialType)})`}
                  </option>
                ))}
              </select>
              <small>Domains with the same account share its credential and limits.</small>
            </CredentialOption>
          )}
          <CredentialOption value="api_key" selected={draft.credential} title="API key">
            <small>Organization key, billed by usage. Recommended for teams. Stored encrypted.</small>
            <ApiKeyField problem={problem} />
          </CredentialOption>
          <CredentialOption
            value="passthrough"
            selected={draft.credential}
            title="Client's own credential (passthrough)"
          >
            <small>
              The client's own key or login is forwarded to Claude and never stored. The client key for this
              domain is sent in a separate header.
            </small>
          </CredentialOption>
          <CredentialOption value="oauth" selected={draft.credential} title="Claude login">
            <small>One person's own plan, for that person's requests only. The terms are shown first.</small>
          </CredentialOption>
        </fieldset>
        <TextField
          label="New account name"
          name="accountId"
          problem={problem}
          value={draft.accountId}
          maxlength={128}
        >
          Shown in usage, windows and alerts. Letters, digits and . _ : @ -
        </TextField>
        <SubmitButton label="Continue" />
      </form>
    </Step>
  );
}

function CredentialOption({
  value,
  selected,
  title,
  children,
}: {
  value: NewCredential;
  selected: NewCredential;
  title: string;
  children?: Child;
}) {
  return (
    <div class="credential-option">
      <RadioOption name="credential" value={value} selected={selected} label={title} isHeading />
      <div class="inset">{children}</div>
    </div>
  );
}

function KeyStep({ view, detail, problem }: { view: View; detail: DomainDetail; problem: Problem | null }) {
  return (
    <Step title="First client key" domain={detail.domain}>
      <form method="post" action="/domains/new/key" class="stack" autocomplete="off">
        <CsrfField view={view} />
        <input type="hidden" name="domain" value={detail.domain} />
        {problem && <FormError problem={problem} parameters={["name"]} />}
        <TextField
          label="Who or what is this key for?"
          name="name"
          problem={problem}
          required
          maxlength={100}
          placeholder="ann"
        >
          Clients authenticate to this domain with the key. It is not the credential for Claude. Create one
          per person or machine, so that each can be revoked separately.
        </TextField>
        <SubmitButton label="Create key" />
      </form>
      <p class="card-foot">
        <a href={`/domains/${encodeURIComponent(detail.domain)}`}>Skip for now</a>
      </p>
    </Step>
  );
}
