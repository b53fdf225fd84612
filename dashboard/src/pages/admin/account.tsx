/** /accounts/:id: one credential, whether it works, what may be done about it, and how full the account is. */
import type { AccountView } from "../../../../workers/schemas/api/accounts.ts";
import type { WindowDetail } from "../../../../workers/schemas/api/windows.ts";
import type { Result } from "../../api/client.ts";
import { windowRows } from "../../api/windows.ts";
import { AccountForms, type AccountNotice, DONE_TEXTS } from "../../components/admin/account-forms.tsx";
import { DefinitionList } from "../../components/ui/definition-list.tsx";
import { Help } from "../../components/ui/help.tsx";
import { Icon } from "../../components/ui/icon.tsx";
import { ProblemCard } from "../../components/ui/problem.tsx";
import { Time, UntrustedText } from "../../components/ui/values.tsx";
import { WindowRows } from "../../components/usage/window-list.tsx";
import { linkTo } from "../../context/filters.ts";
import { formatExact } from "../../format/number.ts";
import { canAdminister, type View } from "../../context/view.ts";
import { CredentialState, credentialLabel, DomainChips, STATE_TEXTS } from "./credential-labels.tsx";
import { ButtonLink, Callout } from "../../components/ui/controls.tsx";

interface Props {
  view: View;
  accountId: string;
  /** Null for an account that is only seen in traffic. */
  account: AccountView | null;
  window: Result<WindowDetail>;
  notice: AccountNotice;
}

export function AccountPage({ view, accountId, account, window, notice }: Props) {
  return (
    <>
      {notice.done && <Callout tone="good" text={DONE_TEXTS[notice.done]} />}
      {account && account.state !== "ready" && <CredentialProblem view={view} account={account} />}
      <section class="card">
        <h2>Credential</h2>
        {account ? (
          <Credential view={view} account={account} />
        ) : (
          <p class="mute">
            This account is not configured. Its requests came through a passthrough domain with the clients'
            own credentials. Its name is the organization ID from Claude's responses.
          </p>
        )}
      </section>
      <section class="card">
        <h2>
          Usage windows{" "}
          <Help
            label="usage windows"
            text="Anthropic limits usage in windows of five hours and seven days and reports the utilization in its responses. A custom limit counts the output tokens of any five hours."
          />
          <a href={linkTo("/usage", { ...view.filters, accountId })}>Usage</a>
        </h2>
        {window.ok ? (
          <WindowRows view={view} rows={windowRows(window.data, view.now)} isDetailed />
        ) : window.problem.status === 404 ? (
          <p class="mute">No requests yet</p>
        ) : (
          <ProblemCard problem={window.problem} what="usage windows" view={view} />
        )}
      </section>
      {canAdminister(view) && (
        <AccountForms
          view={view}
          accountId={accountId}
          account={account}
          window={window.ok ? window.data : null}
          notice={notice}
        />
      )}
    </>
  );
}

function CredentialProblem({ view, account }: { view: View; account: AccountView }) {
  const { needsLogin } = account.login ?? { needsLogin: null };
  return (
    <div class="callout error" role="alert">
      <Icon name="warning" />
      <div>
        <p>
          <strong>{STATE_TEXTS[account.state]}.</strong>
        </p>
        {needsLogin && (
          <p>
            Login server response: <UntrustedText text={needsLogin.reason} length={200} />,{" "}
            <Time at={needsLogin.since} view={view} />.
          </p>
        )}
        {account.credentialType === "oauth" && canAdminister(view) && (
          <p>
            <ButtonLink
              href={`/accounts/${encodeURIComponent(account.accountId)}/login`}
              label="Log in again"
            />
          </p>
        )}
      </div>
    </div>
  );
}

const LOGIN_TEXTS = {
  ready: "Ready",
  expired: "Access token expired. Renewal is failing and is retried automatically",
  needs_login: "Ended by Anthropic",
  missing: "None stored",
  unreadable: "Cannot be decrypted: its key is no longer in CREDENTIAL_KEYS",
} as const;

function Credential({ view, account }: { view: View; account: AccountView }) {
  const { login } = account;
  return (
    <DefinitionList
      items={{
        Type: credentialLabel(account.credentialType),
        Status: <CredentialState state={account.state} />,
        Updated: <Time at={account.updatedAt} view={view} />,
        "Used by":
          account.domains.length === 0 ? (
            <span class="mute">No domains</span>
          ) : (
            <span class="chips">
              <DomainChips domains={account.domains} length={60} view={view} />
            </span>
          ),
        ...(login && {
          Login: LOGIN_TEXTS[login.state],
          "Access token expires": login.expiresAt && <Time at={login.expiresAt} view={view} />,
          "Last renewed": login.obtainedAt && <Time at={login.obtainedAt} view={view} />,
          "Next renewal": login.nextRefreshAt && <Time at={login.nextRefreshAt} view={view} />,
          "Renewals since login": formatExact(login.rotations),
          Scopes:
            login.scopes.length === 0 ? (
              <span class="mute">Not reported</span>
            ) : (
              <span class="chips">
                {login.scopes.map((scope) => (
                  <code class="chip">
                    <UntrustedText text={scope} length={60} />
                  </code>
                ))}
              </span>
            ),
          "Last error": login.lastError ? (
            <>
              <UntrustedText text={login.lastError.message} length={200} />,{" "}
              <Time at={login.lastError.at} view={view} />
              {login.failures > 0 && `, ${formatExact(login.failures)} in a row`}
            </>
          ) : (
            "None"
          ),
        }),
      }}
    />
  );
}
