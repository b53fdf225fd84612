/** /analyses: trends of the period, then its analyses, newest first. */
import type {
  AnalysisList,
  AnalysisListRow,
  AnalysisReader,
  AnalysisTrends,
} from "../../../../workers/schemas/api/analyses.ts";
import type { ApiClient, Result } from "../../api/client.ts";
import {
  AnalysisStatusBadge,
  failureLabel,
  ProviderName,
  SENTIMENTS,
  STATUS_LABELS,
  valueLabel,
} from "../../components/analyses/labels.tsx";
import { isPaused } from "../../components/analyses/request-form.tsx";
import { FilterBar, type FilterOptions, FilterSelect } from "../../components/ui/filter-bar.tsx";
import { Pager } from "../../components/ui/pager.tsx";
import { EmptyState, ProblemCard } from "../../components/ui/problem.tsx";
import { type Column, Table } from "../../components/ui/table.tsx";
import { Money, Time, UntrustedText, VariableText } from "../../components/ui/values.tsx";
import { apiQuery, linkTo } from "../../context/filters.ts";
import type { View } from "../../context/view.ts";
import { formatCount, UNKNOWN } from "../../format/number.ts";
import { Trends } from "./trends.tsx";

const PAGE_ROWS = 50;

/** Of the filters in the address, those that analyses have. */
function analysisQuery(view: View) {
  const { domain, from, to } = apiQuery(view.filters, view.now);
  return { domain: domain ?? null, from: from ?? null, to: to ?? null };
}

export interface AnalysesData {
  list: Result<AnalysisList>;
  trends: Result<AnalysisTrends>;
  reader: Result<AnalysisReader>;
}

export async function loadAnalyses(api: ApiClient, view: View): Promise<AnalysesData> {
  const query = analysisQuery(view);
  const { status, cursor = null } = view.query;
  const [list, trends, reader] = await Promise.all([
    api.get("/api/analyses", { ...query, status: status ?? null, cursor, limit: PAGE_ROWS }),
    api.get("/api/analyses/trends", { ...query, timeZone: view.zone }),
    api.get("/api/analyses/reader"),
  ]);
  return { list, trends, reader };
}

export function AnalysisFilters({ view, options }: { view: View; options: FilterOptions }) {
  return (
    <FilterBar view={view} options={options} names={["domain"]}>
      <FilterSelect
        name="status"
        label="Status"
        allLabel="All statuses"
        value={view.query.status ?? null}
        labels={STATUS_LABELS}
      />
    </FilterBar>
  );
}

export function AnalysesPage({ view, data }: { view: View; data: AnalysesData }) {
  const { list, trends, reader } = data;
  const isLater = view.query.cursor !== undefined;
  const { accountId, model } = view.filters;
  return (
    <>
      {reader.ok && <ReaderNote reader={reader.data} />}
      {(accountId !== null || model !== null) && (
        <p class="note">
          Analyses have no account and no model of the proxied traffic: these filters do not apply here.
        </p>
      )}
      {!isLater &&
        (trends.ok ? (
          <Trends view={view} trends={trends.data} />
        ) : (
          <ProblemCard problem={trends.problem} what="the trends" view={view} />
        ))}
      {list.ok ? (
        <Analyses view={view} list={list.data} reader={reader} />
      ) : (
        <ProblemCard problem={list.problem} what="analyses" view={view} />
      )}
    </>
  );
}

/** Who reads conversations, and why that may not happen now. */
function ReaderNote({ reader }: { reader: AnalysisReader }) {
  const { state, dailyBudgetUsd, spentTodayUsd } = reader;
  if (state === "not_configured") return null;
  return (
    <p class="note">
      <ProviderName {...reader} /> reads the conversations. Today's analyses cost{" "}
      <Money amount={spentTodayUsd} />
      {dailyBudgetUsd !== null && (
        <>
          {" "}
          of a budget of <Money amount={dailyBudgetUsd} />
        </>
      )}
      .
      {state === "budget_spent" &&
        (isPaused(reader)
          ? " With a budget of 0 analyses are paused: new ones wait until it is raised."
          : " The budget is spent: new analyses wait until 00:00 UTC.")}
      {state === "worker_off" && (
        <>
          {" "}
          Analyses wait: <code>AI_WORKER_ENABLED</code> is <code>false</code>.
        </>
      )}
    </p>
  );
}

function Analyses({
  view,
  list,
  reader,
}: {
  view: View;
  list: AnalysisList;
  reader: AnalysesData["reader"];
}) {
  const { analyses, nextCursor } = list;
  const { status = null, cursor } = view.query;
  if (analyses.length === 0) return <NoAnalyses view={view} reader={reader} />;
  return (
    <>
      <div id="live-analyses" {...(cursor === undefined ? { "data-live": "analysis" } : {})}>
        <Table
          kind="analyses"
          caption="Analyses, newest first"
          rows={analyses}
          columns={columnsOf(view)}
          isStacked
          isNavigable
        />
      </div>
      <Pager
        firstHref={cursor === undefined ? null : linkTo("/analyses", view.filters, { status })}
        nextHref={nextCursor && linkTo("/analyses", view.filters, { status, cursor: nextCursor })}
        count={formatCount(analyses.length, "analysis", "analyses")}
      />
    </>
  );
}

function NoAnalyses({ view, reader }: { view: View; reader: AnalysesData["reader"] }) {
  if (reader.ok && reader.data.state === "not_configured")
    return (
      <EmptyState title="No provider is configured.">
        <p>
          <VariableText text={reader.data.problem} /> Then turn analysis on for a{" "}
          <a href={linkTo("/domains", view.filters)}>domain</a>.
        </p>
      </EmptyState>
    );
  const isFiltered = view.filters.domain !== null || view.query.status !== undefined;
  return (
    <EmptyState title={isFiltered ? "No analyses match these filters." : "No analyses in this period."}>
      <p>
        Open a <a href={linkTo("/conversations", view.filters)}>conversation</a>, then its tab Analysis.
        {isFiltered && (
          <>
            {" "}
            <a href="/analyses">Clear filters</a>
          </>
        )}
      </p>
    </EmptyState>
  );
}

/** On a phone, where cells follow each other in a line, nothing. */
const NoValue = () => <span class="mute not-on-phone">{UNKNOWN}</span>;

const columnsOf = (view: View): Column<AnalysisListRow>[] => [
  {
    label: "Conversation",
    class: "cell-name",
    cell: (row) => (
      <>
        <a
          class="row-link"
          href={linkTo(`/conversations/${row.conversationId}`, view.filters, {
            view: "analysis",
            branch: row.branchId === "main" ? null : row.branchKey,
          })}
        >
          <UntrustedText text={row.title ?? "Automated (no user message)"} length={90} />
        </a>
        <span class="cell-note mute">
          {row.branchId !== "main" && (
            <>
              <UntrustedText text={row.branchId} length={30} />:{" "}
            </>
          )}
          {row.error !== null ? (
            <span title={row.error.message}>{failureLabel(row.error.code)}</span>
          ) : (
            row.summary !== null && <UntrustedText text={row.summary} length={160} />
          )}
        </span>
      </>
    ),
  },
  { label: "Status", class: "cell-status", cell: ({ status }) => <AnalysisStatusBadge status={status} /> },
  {
    label: "Sentiment",
    class: "cell-sentiment",
    cell: ({ sentiment }) => (sentiment === null ? <NoValue /> : SENTIMENTS[sentiment]),
  },
  {
    label: "Effectiveness",
    class: "cell-quality",
    cell: ({ effectiveness }) => (effectiveness === null ? <NoValue /> : valueLabel(effectiveness)),
  },
  {
    label: "Tips",
    isNumber: true,
    class: "cell-tips",
    cell: ({ sentiment, tipCategories }) => (sentiment === null ? <NoValue /> : tipCategories.length),
    title: ({ tipCategories }) => [...new Set(tipCategories)].join(", ") || undefined,
  },
  { label: "Domain", class: "cell-domain", cell: (row) => <UntrustedText text={row.domain} length={40} /> },
  {
    label: "Cost",
    isNumber: true,
    class: "cell-cost",
    cell: ({ tokenUsage, costUsd }) => (tokenUsage === null ? <NoValue /> : <Money amount={costUsd} />),
  },
  { label: "Requested", class: "cell-time", cell: (row) => <Time at={row.createdAt} view={view} /> },
];
