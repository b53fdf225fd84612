/** What administrators do to an account: log in, renew, replace its key, set limit and alerts, delete it. */
import type { AccountView } from "../../../../workers/schemas/api/accounts.ts";
import type { WindowDetail } from "../../../../workers/schemas/api/windows.ts";
import type { Problem } from "../../api/client.ts";
import type { View } from "../../context/view.ts";
import { CsrfField } from "../../layout/frame.tsx";
import { RadioOption } from "../ui/radio-option.tsx";
import { ApiKeyField, ConfirmField, FormError, TextField } from "../ui/text-field.tsx";
import { ButtonLink, FoldCard, SubmitButton } from "../ui/controls.tsx";

/** The result of an action on this page. */
export interface AccountNotice {
  done?: keyof typeof DONE_TEXTS;
  form?: "key" | "passthrough" | "limits" | "refresh" | "delete";
  problem?: Problem;
  /** What was typed as limit and alerts. */
  draft?: { tokenLimit: string; alerts: string; thresholds: string };
}

export const DONE_TEXTS = {
  key: "API key saved, encrypted. Active at all edge locations within two minutes.",
  passthrough: "Saved. Clients' own credentials are used at all edge locations within two minutes.",
  login: "Logged in. The account's domains use the new login immediately.",
  refresh: "Renewal requested. The result is shown below.",
  limits: "Saved.",
} as const;

interface Props {
  view: View;
  accountId: string;
  account: AccountView | null;
  window: WindowDetail | null;
  notice: AccountNotice;
}

const pathOf = (accountId: string) => `/accounts/${encodeURIComponent(accountId)}`;

export function AccountForms(props: Props) {
  return (
    <>
      {props.account && <CredentialForms {...props} account={props.account} />}
      {props.window && <LimitsForm {...props} window={props.window} />}
      {props.account && <DeleteForm {...props} account={props.account} />}
    </>
  );
}

function CredentialForms({ view, account, notice }: Props & { account: AccountView }) {
  const path = pathOf(account.accountId);
  const problemOf = (form: AccountNotice["form"]) => (notice.form === form ? (notice.problem ?? null) : null);
  const type = account.credentialType;
  return (
    <>
      {type === "oauth" && (
        <section class="card">
          <h2>Login</h2>
          {problemOf("refresh") && <FormError problem={problemOf("refresh")!} />}
          <p class="mute">
            Tokens are renewed automatically. Renew them manually to check that the login works. If it does
            not, log in again.
          </p>
          <div class="actions">
            <form method="post" action={`${path}/refresh`}>
              <CsrfField view={view} />
              <button type="submit">Renew tokens now</button>
            </form>
            <ButtonLink href={`${path}/login`} label="Log in again" />
          </div>
        </section>
      )}
      <FoldCard
        title={type === "api_key" ? "Replace API key" : "Use an API key instead"}
        isOpen={notice.form === "key" || account.state === "missing"}
      >
        <form method="post" action={`${path}/key`} class="stack" autocomplete="off">
          <CsrfField view={view} />
          {problemOf("key") && <FormError problem={problemOf("key")!} parameters={["credential.api_key"]} />}
          <ApiKeyField problem={problemOf("key")} required>
            Stored encrypted and never shown again. {type === "oauth" && "The stored login is deleted."}
          </ApiKeyField>
          <SubmitButton label="Save key" />
        </form>
      </FoldCard>
      {type !== "oauth" && (
        <FoldCard title="Use a Claude login instead">
          <p>
            For one person's own plan and requests. The next page shows the terms and the steps. The current
            credential stays in use until the login is complete.
          </p>
          <p class="card-foot">
            <ButtonLink href={`${path}/login`} label="Continue" />
          </p>
        </FoldCard>
      )}
      {type !== "passthrough" && (
        <FoldCard title="Use passthrough instead" isOpen={notice.form === "passthrough"}>
          <form method="post" action={`${path}/passthrough`} class="stack">
            <CsrfField view={view} />
            {problemOf("passthrough") && <FormError problem={problemOf("passthrough")!} />}
            <p>
              The client's own credential is forwarded to Claude and never stored. Clients send their client
              key in the <code>x-nexus-key</code> header. The stored {type === "oauth" ? "login" : "key"} is
              deleted.
            </p>
            <ConfirmField name={account.accountId}>to switch to passthrough</ConfirmField>
            <SubmitButton label="Switch to passthrough" tone="danger" />
          </form>
        </FoldCard>
      )}
    </>
  );
}

function LimitsForm({ view, accountId, window, notice }: Props & { window: WindowDetail }) {
  const problem = notice.form === "limits" ? (notice.problem ?? null) : null;
  const isDefault = window.thresholds.join() === "0.75,0.9";
  const draft = notice.draft ?? {
    tokenLimit: window.tokenLimit === null ? "" : String(window.tokenLimit),
    alerts: isDefault ? "default" : window.thresholds.length === 0 ? "never" : "own",
    thresholds: window.thresholds.map((share) => Math.round(share * 1000) / 10).join(", "),
  };
  return (
    <FoldCard title="Limits and alerts" isOpen={notice.form === "limits"} id="limits">
      <form method="post" action={`${pathOf(accountId)}/limits`} class="stack">
        <CsrfField view={view} />
        {problem && <FormError problem={problem} parameters={["tokenLimit", "thresholds"]} />}
        <TextField
          label="Custom limit"
          name="tokenLimit"
          problem={problem}
          value={draft.tokenLimit}
          placeholder="None"
          inputmode="numeric"
        >
          Output tokens in any five hours that count as 100% here. Requests are not rejected when it is
          reached.
        </TextField>
        <fieldset class="field">
          <legend>Alerts</legend>
          <RadioOption
            name="alerts"
            selected={draft.alerts}
            value="default"
            label="At 75% and 90% of each window (default)"
          />
          <RadioOption name="alerts" selected={draft.alerts} value="never" label="Never" />
          <RadioOption name="alerts" selected={draft.alerts} value="own" label="At custom thresholds" />
          <div class="inset">
            <TextField
              label="Thresholds (%)"
              name="thresholds"
              problem={problem}
              value={draft.thresholds}
              placeholder="75, 90"
            >
              Up to ten, separated by commas. Each alert is sent once per window to the channels of the
              account's domains.
            </TextField>
          </div>
        </fieldset>
        <SubmitButton label="Save" />
      </form>
    </FoldCard>
  );
}

function DeleteForm({ view, account, notice }: Props & { account: AccountView }) {
  const problem = notice.form === "delete" ? (notice.problem ?? null) : null;
  return (
    <FoldCard title="Delete account" isOpen={problem !== null}>
      {problem && <FormError problem={problem} />}
      {account.domains.length > 0 ? (
        <p>
          This account cannot be deleted while a domain uses it. Assign another account to its domains or
          delete them first.
        </p>
      ) : (
        <form method="post" action={`${pathOf(account.accountId)}/delete`} class="stack">
          <CsrfField view={view} />
          <p>
            Deletes its credential, limit and alerts. A stored login is deleted here but not revoked at
            Anthropic. Recorded requests stay available. This cannot be undone.
          </p>
          <ConfirmField name={account.accountId}>to delete it</ConfirmField>
          <SubmitButton label="Delete account" tone="danger" />
        </form>
      )}
    </FoldCard>
  );
}
