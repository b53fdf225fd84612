/** /domains: every host the proxy knows, and the form that adds one. */
import type { DomainList } from "../../../../workers/schemas/api/domains.ts";
import type { Result } from "../../api/client.ts";
import { AdministrationTabs } from "../../components/admin/administration-tabs.tsx";
import { EmptyState, ProblemCard } from "../../components/ui/problem.tsx";
import { UntrustedText } from "../../components/ui/values.tsx";
import { linkTo } from "../../context/filters.ts";
import { formatExact } from "../../format/number.ts";
import { canAdminister, type View } from "../../context/view.ts";
import { AddDomain, credentialLabel } from "./credential-labels.tsx";
import { type Column, Table } from "../../components/ui/table.tsx";

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
          <AddDomain />
        </p>
      )}
    </>
  );
}

function DomainTable({ domains, view }: { domains: DomainList["domains"]; view: View }) {
  const columns: Column<DomainList["domains"][number]>[] = [
    {
      label: "Domain",
      class: "cell-name",
      cell: ({ configured, domain }) => {
        const name = <UntrustedText text={domain} length={80} />;
        if (!configured) return name;
        return (
          <a class="row-link" href={linkTo(`/domains/${encodeURIComponent(domain)}`, view.filters)}>
            {name}
          </a>
        );
      },
    },
    {
      label: "Account",
      class: "cell-account",
      cell: ({ configured, accountId }) => {
        const name = <UntrustedText text={accountId} length={40} />;
        if (!configured || accountId === null) return name;
        return <a href={linkTo(`/accounts/${encodeURIComponent(accountId)}`, view.filters)}>{name}</a>;
      },
    },
    { label: "Credential", class: "cell-credential", cell: (row) => credentialLabel(row.credentialType) },
    {
      label: "Status",
      class: "cell-state",
      cell: (row) => (row.configured ? "Active" : <span class="mute">Not configured</span>),
    },
    {
      label: "Requests, 7 days",
      isNumber: true,
      class: "cell-count",
      cell: ({ domain, requestCount }) => (
        <a href={linkTo("/requests", { ...view.filters, domain, range: "7d" })}>
          {formatExact(requestCount)}
        </a>
      ),
    },
  ];
  return <Table kind="domains" caption="Domains" rows={domains} columns={columns} isStacked isNavigable />;
}
