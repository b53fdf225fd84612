/** /domains/new: a domain step by step: host, account, Slack, first key. Each step is an address and stands alone. */
import type { Child } from "hono/jsx";
import type { AccountView } from "../../../../workers/schemas/api/accounts.ts";
import type { DomainDetail, MadeKey } from "../../api/types.ts";
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
import { credentialLabel } from "./credential-labels.ts";

const STEPS = ["Host", "Account", "Slack", "Client key"] as const;

/** Credentials a new account may get, in the words of the form. */
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
  | { step: "done"; detail: DomainDetail; created: MadeKey };

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
        <Step title="Slack, if you like" domain={state.detail.domain}>
          <p>
            Errors, filling windows and logins that ended can be told in a channel. It can be set up later as
            well.
          </p>
          <SlackForm
            view={view}
            action="/domains/new/slack"
            domain={state.detail.domain}
            stored={state.detail.slack}
            draft={state.draft}
            problem={problem}
            button="Save and go on"
          />
          <p class="card-foot">
            <a href={`/domains/new${queryString({ step: "key", domain: state.detail.domain })}`}>
              Go on without Slack
            </a>
          </p>
        </Step>
      )}
      {state.step === "key" && <KeyStep view={view} detail={state.detail} problem={problem} />}
      {state.step === "done" && (
        <>
          <NewKey view={view} detail={state.detail} created={state.created} />
          <p class="actions">
            <a class="button" href={`/domains/${encodeURIComponent(state.detail.domain)}`}>
              To the domain
            </a>
            <a class="button" href="/requests">
              See requests arrive
            </a>
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

/** Looks only: whether the name can be one, and whether it is taken. */
function HostStep({ host, problem }: { host: string; problem: Problem | null }) {
  return (
    <Step title="Which host do clients call?">
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
          What stands in ANTHROPIC_BASE_URL, without port. It has to be routed to the Worker: a custom domain
          or a route of it.
        </TextField>
        <button class="primary" type="submit">
          Go on
        </button>
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
    <Step title="With which credential do its requests go to Claude?" domain={state.domain}>
      <form method="post" action="/domains/new/account" class="stack" autocomplete="off">
        <CsrfField view={view} />
        <input type="hidden" name="domain" value={state.domain} />
        {problem && <FormError problem={problem} parameters={["accountId", "credential.api_key"]} />}
        <fieldset class="field choices" data-credential>
          <legend>Credential</legend>
          {accounts.length > 0 && (
            <CredentialOption
              value="existing"
              selected={draft.credential}
              title="One that is set up here already"
            >
              <select name="existing" aria-label="Account that is set up already">
                {accounts.map((account) => (
                  <option value={account.accountId} selected={account.accountId === draft.existing}>
                    {`${account.accountId} (${credentialLabel(account.credentialType)})`}
                  </option>
                ))}
              </select>
              <small>Domains of one account share its credential and its limits.</small>
            </CredentialOption>
          )}
          <CredentialOption value="api_key" selected={draft.credential} title="An API key">
            <small>Of an organisation, billed by use. The way for teams. Stored sealed.</small>
            <ApiKeyField problem={problem} />
          </CredentialOption>
          <CredentialOption
            value="passthrough"
            selected={draft.credential}
            title="Each client's own (passthrough)"
          >
            <small>
              What a client sends, its key or its login, goes on to Claude and is never stored. Its client key
              for this domain travels in a header of its own.
            </small>
          </CredentialOption>
          <CredentialOption value="oauth" selected={draft.credential} title="A Claude login">
            <small>
              Of one person's own plan, for that person's own requests only. The terms come before anything
              happens.
            </small>
          </CredentialOption>
        </fieldset>
        <TextField
          label="Name of the new account"
          name="accountId"
          problem={problem}
          value={draft.accountId}
          maxlength={128}
        >
          For you: it stands in usage, windows and alerts. Letters, digits and . _ : @ -
        </TextField>
        <button class="primary" type="submit">
          Go on
        </button>
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
    <div class="choice-card">
      <RadioOption name="credential" value={value} selected={selected} label={title} isHeading />
      <div class="inset">{children}</div>
    </div>
  );
}

function KeyStep({ view, detail, problem }: { view: View; detail: DomainDetail; problem: Problem | null }) {
  return (
    <Step title="The first client key" domain={detail.domain}>
      <form method="post" action="/domains/new/key" class="stack" autocomplete="off">
        <CsrfField view={view} />
        <input type="hidden" name="domain" value={detail.domain} />
        {problem && <FormError problem={problem} parameters={["name"]} />}
        <TextField
          label="Whom or what is it for?"
          name="name"
          problem={problem}
          required
          maxlength={100}
          placeholder="ann"
        >
          Clients show this key to use the domain; it is not the credential for Claude. One per person or
          machine: then each can be revoked by itself.
        </TextField>
        <button class="primary" type="submit">
          Make the key
        </button>
      </form>
      <p class="card-foot">
        <a href={`/domains/${encodeURIComponent(detail.domain)}`}>Make keys later</a>
      </p>
    </Step>
  );
}
