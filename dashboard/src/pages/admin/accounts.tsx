/** /accounts: the credentials behind the domains, whether they work, and how full they are. */
import type { AccountList } from "../../../../workers/schemas/api/accounts.ts";
import type { WindowList } from "../../../../workers/schemas/api/windows.ts";
import { accountRows, type AccountRow } from "../../api/accounts.ts";
import type { Result } from "../../api/client.ts";
import { windowRows } from "../../api/windows.ts";
import { AdministrationTabs } from "../../components/admin/administration-tabs.tsx";
import { Icon } from "../../components/ui/icon.tsx";
import { EmptyState, ProblemCard } from "../../components/ui/problem.tsx";
import { UntrustedText } from "../../components/ui/values.tsx";
import { WindowRows } from "../../components/usage/window-list.tsx";
import { linkTo } from "../../context/filters.ts";
import { canAdminister, type View } from "../../context/view.ts";
import {
  AddDomain,
  CredentialState,
  credentialLabel,
  DomainChips,
  STATE_TEXTS,
} from "./credential-labels.tsx";

interface Props {
  view: View;
  accounts: Result<AccountList>;
  windows: Result<WindowList>;
}

export function AccountsPage({ view, accounts, windows }: Props) {
  const rows = accounts.ok ? accountRows(accounts.data, windows.ok ? windows.data : null) : [];
  return (
    <>
      <AdministrationTabs view={view} active="accounts" />
      {!accounts.ok ? (
        <ProblemCard problem={accounts.problem} what="accounts" view={view} />
      ) : rows.length === 0 ? (
        <EmptyState title="No accounts yet">
          <p>
            An account holds the credential that requests use for Claude: an API key, a Claude login, or each
            client's own credential. It is created with the first domain that uses it.
          </p>
          {canAdminister(view) && (
            <p>
              <AddDomain />
            </p>
          )}
        </EmptyState>
      ) : (
        <>
          {rows.filter(needsAttention).map((row) => (
            <AccountProblem row={row} view={view} />
          ))}
          {!windows.ok && <ProblemCard problem={windows.problem} what="usage windows" view={view} />}
          <ul class="account-list">
            {rows.map((row) => (
              <Account row={row} view={view} />
            ))}
          </ul>
        </>
      )}
    </>
  );
}

const needsAttention = ({ account }: AccountRow) => account !== null && account.state !== "ready";
const accountPath = (accountId: string) => `/accounts/${encodeURIComponent(accountId)}`;

function AccountProblem({ row: { account, accountId }, view }: { row: AccountRow; view: View }) {
  return (
    <div class="callout error" role="status">
      <Icon name="warning" />
      <div>
        <p>
          <strong>
            <UntrustedText text={accountId} length={60} />
          </strong>
          : {account && STATE_TEXTS[account.state]}.
        </p>
        {canAdminister(view) && (
          <p>
            <a href={accountPath(accountId) + (account?.credentialType === "oauth" ? "/login" : "")}>
              {account?.credentialType === "oauth" ? "Log in again" : "Add a credential"}
            </a>
          </p>
        )}
      </div>
    </div>
  );
}

function Account({ row: { account, accountId, window }, view }: { row: AccountRow; view: View }) {
  return (
    <li class="card">
      <h2>
        <span>
          <a href={linkTo(accountPath(accountId), view.filters)}>
            <UntrustedText text={accountId} length={60} />
          </a>
        </span>
      </h2>
      <p class="account-summary">
        {account === null ? (
          <span class="mute">Seen in traffic only. Clients use their own credentials.</span>
        ) : (
          <>
            <span>
              {credentialLabel(account.credentialType)}, <CredentialState state={account.state} />
            </span>
            {account.domains.length === 0 ? (
              <span class="mute">Not used by any domain</span>
            ) : (
              <span class="chips">
                <DomainChips domains={account.domains.slice(0, 6)} length={48} view={view} />
                {account.domains.length > 6 && (
                  <span class="mute">and {account.domains.length - 6} more</span>
                )}
              </span>
            )}
          </>
        )}
      </p>
      {window ? (
        <WindowRows view={view} rows={windowRows(window, view.now)} />
      ) : (
        <p class="mute">No requests in the last 8 days</p>
      )}
    </li>
  );
}
