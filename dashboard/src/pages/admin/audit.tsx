/** /audit: changes, opened transcripts and sign-ins with their actor. For administrators; the URL holds the filters. */
import type { AuditList } from "../../../../workers/schemas/api/audit.ts";
import { FilterInput } from "../../components/ui/filter-bar.tsx";
import { type Result, queryString } from "../../api/client.ts";
import { AdministrationTabs } from "../../components/admin/administration-tabs.tsx";
import { EmptyState, ProblemCard } from "../../components/ui/problem.tsx";
import { Time, UntrustedText } from "../../components/ui/values.tsx";
import type { View } from "../../context/view.ts";
import { type Column, Table } from "../../components/ui/table.tsx";
import { Pager } from "../../components/ui/pager.tsx";
import { formatCount } from "../../format/number.ts";

export interface AuditFilter {
  actor: string;
  action: string;
  target: string;
}

interface Props {
  view: View;
  filter: AuditFilter;
  /** Not the newest page. */
  isOlder: boolean;
  list: Result<AuditList>;
}

/** Labels of the actions. An unknown action is shown by its name. */
const ACTION_LABELS: Readonly<Record<string, string>> = {
  "account.delete": "Account deleted",
  "account.login_start": "Login started",
  "account.login": "Account logged in",
  "account.put": "Account credential replaced",
  "account.refresh": "Login renewed manually",
  "account_window.reconcile": "Window reconciled",
  "account_window.put": "Limits or alerts changed",
  "analysis.create": "Analysis requested",
  "analysis.open": "Analysis opened",
  "analysis.resume": "Waiting analysis tried now",
  "analysis.regenerate": "Analysis requested again",
  "client_key.create": "Client key created",
  "client_key.revoke": "Client key revoked",
  "domain.delete": "Domain deleted",
  "domain.put": "Domain saved",
  "domain.slack_test": "Slack test sent",
  "key.wrong": "Wrong dashboard key",
  "prices.reprice": "Requests repriced",
  "prompts.sync": "Prompts synced",
  project: "KV rebuilt",
  "messages.search": "Messages searched",
  "mcp.usage_now": "Usage read by an agent",
  "mcp.search_conversations": "Messages searched by an agent",
  "mcp.get_conversation": "Transcript opened by an agent",
  "mcp.list_recent_errors": "Errors read by an agent",
  relink: "Conversations relinked",
  reseal: "Secrets resealed",
  "session.close": "Signed out",
  "session.open": "Signed in",
  "spark.feedback": "Feedback for Spark",
  "body.download": "Request downloaded",
  "transcript.export": "Transcript exported",
  "transcript.preview": "Transcript previewed",
  "transcript.open": "Transcript opened",
};

export function AuditPage({ view, filter, isOlder, list }: Props) {
  const isFiltered = Object.values(filter).some((value) => value !== "");
  return (
    <>
      <AdministrationTabs view={view} active="audit" />
      <form method="get" action="/audit" class="filters audit-filters" data-filters>
        <label class="filter-select">
          <span class="visually-hidden">Action</span>
          <select name="action" {...(filter.action === "" ? {} : { "data-set": "" })}>
            <option value="">All actions</option>
            {[...new Set([...Object.keys(ACTION_LABELS), filter.action])]
              .filter((action) => action !== "")
              .map((action) => (
                <option value={action} selected={action === filter.action}>
                  {actionLabel(action)}
                </option>
              ))}
          </select>
        </label>
        <FilterInput
          name="actor"
          label="Actor"
          value={filter.actor}
          placeholder="Actor: session:1a2b3c4d, ann@…"
        />
        <FilterInput
          name="target"
          label="Target"
          value={filter.target}
          placeholder="Target: a domain or ID"
        />
        <button type="submit">Apply</button>
        {isFiltered && (
          <a class="clear" href="/audit">
            Clear filters
          </a>
        )}
      </form>
      {!list.ok ? (
        <ProblemCard problem={list.problem} what="the audit log" view={view} />
      ) : list.data.entries.length === 0 ? (
        isFiltered || isOlder ? (
          <EmptyState title="No entries match these filters.">
            <p>
              <a href="/audit">Clear filters</a>
            </p>
          </EmptyState>
        ) : (
          <EmptyState title="No entries yet">
            <p>Changes, opened transcripts and downloads are listed here with their actor.</p>
          </EmptyState>
        )
      ) : (
        <>
          <AuditTable entries={list.data.entries} view={view} filter={filter} />
          <Pager
            label="Pages of the audit log"
            firstHref={isOlder ? `/audit${queryString({ ...filter })}` : null}
            nextHref={
              list.data.nextCursor && `/audit${queryString({ ...filter, cursor: list.data.nextCursor })}`
            }
            count={formatCount(list.data.entries.length, "entry", "entries")}
          />
        </>
      )}
    </>
  );
}

const actionLabel = (action: string) =>
  ACTION_LABELS[action] ?? action.replaceAll(/[._]/g, " ").replace(/^./, (first) => first.toUpperCase());

function AuditTable({
  entries,
  view,
  filter,
}: {
  entries: AuditList["entries"];
  view: View;
  filter: AuditFilter;
}) {
  const filterUrl = (part: Partial<AuditFilter>) => `/audit${queryString({ ...filter, ...part })}`;
  const columns: Column<AuditList["entries"][number]>[] = [
    { label: "Time", class: "cell-time", cell: (entry) => <Time at={entry.at} view={view} /> },
    {
      label: "Actor",
      class: "cell-who",
      cell: (entry) => (
        <>
          <a href={filterUrl({ actor: entry.actor })}>
            <UntrustedText text={entry.actor} length={48} />
          </a>{" "}
          <span class="mute">{entry.role}</span>
        </>
      ),
    },
    {
      label: "Action",
      class: "cell-what",
      cell: (entry) => (
        <a href={filterUrl({ action: entry.action })}>
          <UntrustedText text={actionLabel(entry.action)} length={60} />
        </a>
      ),
    },
    {
      label: "Target",
      class: "cell-target",
      cell: (entry) => (
        <a href={filterUrl({ target: entry.target })}>
          <UntrustedText text={entry.target} length={80} />
        </a>
      ),
    },
    { label: "Details", class: "cell-details", cell: (entry) => <Details details={entry.details} /> },
  ];
  return <Table kind="audit" caption="Audit log, newest first" rows={entries} columns={columns} isStacked />;
}

/** What was set, never what a secret was set to: the log holds none. */
function Details({ details }: { details: Record<string, unknown> }) {
  const parts = Object.entries(details).filter(([, value]) => value !== null && value !== undefined);
  if (parts.length === 0) return <span class="mute">–</span>;
  return (
    <UntrustedText
      text={parts
        .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
        .join(", ")}
      length={160}
    />
  );
}
