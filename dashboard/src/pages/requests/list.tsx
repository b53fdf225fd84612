/** /requests: the exchanges, newest first, with every filter in the URL. */
import type { RequestList } from "../../../../workers/schemas/api/requests.ts";
import { PAGE_PARAMETERS } from "../../context/page-parameters.ts";
import { apiQuery, linkTo } from "../../context/filters.ts";
import { FilterSelect, FilterBar, type FilterOptions } from "../../components/ui/filter-bar.tsx";
import { ProblemCard } from "../../components/ui/problem.tsx";
import { EmptyList } from "../../components/admin/client-setup.tsx";
import { RequestTable } from "../../components/requests/request-table.tsx";
import { formatCount } from "../../format/number.ts";
import type { ApiClient, Result } from "../../api/client.ts";
import type { View } from "../../context/view.ts";
import { Pager } from "../../components/ui/pager.tsx";

const PAGE_ROWS = 50;
const STATUSES = ["2xx", "4xx", "429", "5xx", "529"];
const OUTCOME_LABELS: Readonly<Record<string, string>> = {
  complete: "Completed",
  client_gone: "Client disconnected",
  upstream_failed: "Upstream failed",
  interrupted: "Interrupted",
  unrecorded: "Bodies missing",
};

const FAILED_LABELS: Readonly<Record<string, string>> = { true: "Failed", false: "Not failed" };

/** Parameters of this page besides the filters that follow everywhere and the cursor. */
const pageParameters = (view: View): Record<string, string | null> =>
  Object.fromEntries(
    PAGE_PARAMETERS["/requests"].flatMap((name) =>
      name === "cursor" ? [] : [[name, view.query[name] || null]],
    ),
  );

export function loadRequests(api: ApiClient, view: View): Promise<Result<RequestList>> {
  return api.get("/api/requests", {
    ...apiQuery(view.filters, view.now),
    ...pageParameters(view),
    limit: PAGE_ROWS,
    cursor: view.query.cursor ?? null,
  });
}

interface Props {
  view: View;
  list: Result<RequestList>;
  options: FilterOptions;
  /** Request types there are. */
  types: readonly string[];
}

export function RequestFilters({ view, options, types }: Omit<Props, "list">) {
  const parameters = pageParameters(view);
  return (
    <FilterBar
      view={view}
      options={options}
      preserved={{ sessionId: parameters.sessionId, conversationId: parameters.conversationId }}
    >
      <FilterSelect
        name="requestType"
        label="Type"
        value={parameters.requestType ?? null}
        options={types}
        labelOf={(type) => type.replaceAll("_", " ")}
      />
      <FilterSelect name="status" label="Status code" value={parameters.status ?? null} options={STATUSES} />
      <FilterSelect
        name="outcome"
        label="Status"
        allLabel="All statuses"
        value={parameters.outcome ?? null}
        labels={OUTCOME_LABELS}
      />
      <FilterSelect
        name="failed"
        label="Result"
        allLabel="Any result"
        value={parameters.failed ?? null}
        labels={FAILED_LABELS}
      />
    </FilterBar>
  );
}

export function RequestsPage({ view, list }: { view: View; list: Result<RequestList> }) {
  if (!list.ok) return <ProblemCard problem={list.problem} what="requests" view={view} />;
  const { requests, nextCursor } = list.data;
  const parameters = pageParameters(view);
  return (
    <>
      <ActiveScopes view={view} parameters={parameters} />
      {requests.length === 0 ? (
        <EmptyList
          view={view}
          path="/requests"
          names="requests"
          isFiltered={Object.keys(view.query).some((name) => name !== "cursor" && name !== "range")}
        />
      ) : (
        <>
          {/* Rows of older pages do not change, so they are not live. */}
          <div id="live-requests" {...(view.query.cursor ? {} : { "data-live": "" })}>
            <RequestTable rows={requests} view={view} />
          </div>
          <Pager
            firstHref={view.query.cursor ? linkTo("/requests", view.filters, parameters) : null}
            nextHref={nextCursor && linkTo("/requests", view.filters, { ...parameters, cursor: nextCursor })}
            count={formatCount(requests.length, "request")}
          />
        </>
      )}
    </>
  );
}

/** Filters by session and conversation, which have no select, with a link that removes them. */
function ActiveScopes({ view, parameters }: { view: View; parameters: Record<string, string | null> }) {
  const parts = [
    ["sessionId", "session"],
    ["conversationId", "conversation"],
  ] as const;
  return (
    <>
      {parts.map(([name, words]) =>
        parameters[name] ? (
          <p class="active-scope">
            Filtered by {words} <code>{parameters[name].slice(0, 60)}</code>{" "}
            <a href={linkTo("/requests", view.filters, { ...parameters, [name]: null })}>Clear</a>
          </p>
        ) : null,
      )}
    </>
  );
}
