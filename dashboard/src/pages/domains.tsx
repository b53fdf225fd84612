/** /domains: every host the proxy knows, and the form that adds one. */
import type { DomainList } from "../api/types.ts";
import type { Problem, Result } from "../api/client.ts";
import { DomainForm, type DomainDraft } from "../components/domain-form.tsx";
import { Empty, ProblemCard } from "../components/problem.tsx";
import { Wire } from "../components/values.tsx";
import { linkTo } from "../filters.ts";
import { formatExact } from "../format/number.ts";
import { canAdminister, type View } from "../view.ts";

const CREDENTIAL_WORDS: Readonly<Record<string, string>> = {
  api_key: "API key",
  oauth: "Claude login",
  passthrough: "the client's own",
};
export const credentialWords = (type: string | null) => (type ? (CREDENTIAL_WORDS[type] ?? type) : "–");

interface Props {
  view: View;
  list: Result<DomainList>;
  /** What somebody tried to add and why it did not work. */
  failed: { draft: DomainDraft; problem: Problem } | null;
}

export function DomainsPage({ view, list, failed }: Props) {
  return (
    <>
      {!list.ok ? (
        <ProblemCard problem={list.problem} what="The list of domains" view={view} />
      ) : list.data.domains.length === 0 ? (
        <Empty title="No domain yet.">
          <p>
            A domain is a host name that clients call. It says which credential goes to Claude and which keys
            may use it.
          </p>
        </Empty>
      ) : (
        <DomainTable domains={list.data.domains} view={view} />
      )}
      {canAdminister(view) && (
        <details class="card add" open={failed !== null || (list.ok && list.data.domains.length === 0)}>
          <summary>
            <h2>Add a domain</h2>
          </summary>
          <DomainForm view={view} draft={failed?.draft ?? null} problem={failed?.problem ?? null} isNew />
        </details>
      )}
    </>
  );
}

function DomainTable({ domains, view }: { domains: DomainList["domains"]; view: View }) {
  return (
    <table class="rows domains" role="table" data-rows>
      <caption class="unseen">Domains</caption>
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader" scope="col">
            Domain
          </th>
          <th role="columnheader" scope="col">
            Account
          </th>
          <th role="columnheader" scope="col">
            Credential
          </th>
          <th role="columnheader" scope="col">
            State
          </th>
          <th role="columnheader" scope="col" class="right">
            Requests, 7 days
          </th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        {domains.map((domain) => (
          <tr role="row" data-row>
            <td role="cell" class="cell-name">
              {domain.configured ? (
                <a
                  class="row-link"
                  href={linkTo(`/domains/${encodeURIComponent(domain.domain)}`, view.filters)}
                >
                  <Wire text={domain.domain} length={80} />
                </a>
              ) : (
                <Wire text={domain.domain} length={80} />
              )}
            </td>
            <td role="cell" class="cell-account">
              <Wire text={domain.accountId} length={40} />
            </td>
            <td role="cell" class="cell-credential">
              {credentialWords(domain.credentialType)}
            </td>
            <td role="cell" class="cell-state">
              {domain.configured ? "set up" : <span class="mute">seen only</span>}
            </td>
            <td role="cell" class="cell-count right">
              <a href={linkTo("/requests", { ...view.filters, domain: domain.domain, range: "7d" })}>
                {formatExact(domain.requestCount)}
              </a>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
