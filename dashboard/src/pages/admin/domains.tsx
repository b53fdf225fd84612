/** /domains: every host the proxy knows, and the form that adds one. */
import type { DomainList } from "../../../../workers/schemas/api/domains.ts";
import type { Result } from "../../api/client.ts";
import { AdministrationTabs } from "../../components/admin/administration-tabs.tsx";
import { Icon } from "../../components/ui/icon.tsx";
import { EmptyState, ProblemCard } from "../../components/ui/problem.tsx";
import { UntrustedText } from "../../components/ui/values.tsx";
import { linkTo } from "../../context/filters.ts";
import { formatExact } from "../../format/number.ts";
import { canAdminister, type View } from "../../context/view.ts";
import { credentialLabel } from "./credential-labels.ts";
import { ColumnHead, TableHead } from "../../components/ui/table-head.tsx";

interface Props {
  view: View;
  list: Result<DomainList>;
}

export function DomainsPage({ view, list }: Props) {
  return (
    <>
      <AdministrationTabs view={view} active="domains" />
      {!list.ok ? (
        <ProblemCard problem={list.problem} what="domains" view={view} />
      ) : list.data.domains.length === 0 ? (
        <EmptyState title="No domains yet">
          <p>
            A domain is a host name that clients call. It determines the credential for Claude and the client
            keys that are accepted.
          </p>
        </EmptyState>
      ) : (
        <DomainTable domains={list.data.domains} view={view} />
      )}
      {canAdminister(view) && (
        <p class="actions">
          <a class="button" href="/domains/new">
            <Icon name="plus" /> Add domain
          </a>
        </p>
      )}
    </>
  );
}

function DomainTable({ domains, view }: { domains: DomainList["domains"]; view: View }) {
  return (
    <table class="rows domains" role="table" data-rows>
      <caption class="visually-hidden">Domains</caption>
      <TableHead>
        <ColumnHead label="Domain" />
        <ColumnHead label="Account" />
        <ColumnHead label="Credential" />
        <ColumnHead label="Status" />
        <ColumnHead label="Requests, 7 days" isNumber />
      </TableHead>
      <tbody role="rowgroup">
        {domains.map((domain) => (
          <tr role="row" data-row>
            <td role="cell" class="cell-name">
              {domain.configured ? (
                <a
                  class="row-link"
                  href={linkTo(`/domains/${encodeURIComponent(domain.domain)}`, view.filters)}
                >
                  <UntrustedText text={domain.domain} length={80} />
                </a>
              ) : (
                <UntrustedText text={domain.domain} length={80} />
              )}
            </td>
            <td role="cell" class="cell-account">
              {domain.configured && domain.accountId !== null ? (
                <a href={linkTo(`/accounts/${encodeURIComponent(domain.accountId)}`, view.filters)}>
                  <UntrustedText text={domain.accountId} length={40} />
                </a>
              ) : (
                <UntrustedText text={domain.accountId} length={40} />
              )}
            </td>
            <td role="cell" class="cell-credential">
              {credentialLabel(domain.credentialType)}
            </td>
            <td role="cell" class="cell-state">
              {domain.configured ? "Active" : <span class="mute">Not configured</span>}
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
