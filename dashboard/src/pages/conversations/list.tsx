/** /conversations: a row for each conversation, the latest activity first. */
import type {
  ConversationList,
  ConversationRow as Conversation,
} from "../../../../workers/schemas/api/conversations.ts";
import type { ApiClient, Result } from "../../api/client.ts";
import { ContextGauge } from "../../charts/context-gauge.tsx";
import { BranchGlyphs } from "../../components/tree/branch-glyphs.tsx";
import { FilterSelect, FilterBar, type FilterOptions } from "../../components/ui/filter-bar.tsx";
import { EmptyList } from "../../components/admin/client-setup.tsx";
import { ProblemCard } from "../../components/ui/problem.tsx";
import { MoneySum, shortModel, ShortNumber, Time, UntrustedText } from "../../components/ui/values.tsx";
import { apiQuery, linkTo } from "../../context/filters.ts";
import { formatCount, formatExact, formatShare } from "../../format/number.ts";
import { formatDuration } from "../../format/time.ts";
import { totalTokens } from "../../format/token-kinds.ts";
import type { View } from "../../context/view.ts";
import { Pager } from "../../components/ui/pager.tsx";
import { type Column, Table } from "../../components/ui/table.tsx";
import { CACHE_READ_HELP } from "../../components/requests/request-table.tsx";

const PAGE_ROWS = 50;
const MAX_SEARCH_CHARACTERS = 500;
const ERROR_LABELS: Readonly<Record<string, string>> = { true: "With errors", false: "Without errors" };

/** Parameters of this page besides the filters that follow everywhere. */
const pageParameters = (view: View) => ({
  search: view.query.search?.trim().slice(0, MAX_SEARCH_CHARACTERS) || null,
  hasErrors: view.query.hasErrors || null,
});

export function loadConversations(api: ApiClient, view: View): Promise<Result<ConversationList>> {
  return api.get("/api/conversations", {
    ...apiQuery(view.filters, view.now),
    ...pageParameters(view),
    limit: PAGE_ROWS,
    cursor: view.query.cursor ?? null,
  });
}

export function ConversationFilters({ view, options }: { view: View; options: FilterOptions }) {
  const mine = pageParameters(view);
  return (
    <FilterBar view={view} options={options}>
      <label class="filter-select">
        <span class="visually-hidden">Search messages</span>
        <input
          type="search"
          name="search"
          value={mine.search ?? ""}
          placeholder="Search messages"
          maxlength={MAX_SEARCH_CHARACTERS}
          autocomplete="off"
        />
      </label>
      <FilterSelect
        name="hasErrors"
        label="Errors"
        allLabel="Any result"
        value={mine.hasErrors}
        labels={ERROR_LABELS}
      />
    </FilterBar>
  );
}

export function ConversationsPage({ view, list }: { view: View; list: Result<ConversationList> }) {
  if (!list.ok) return <ProblemCard problem={list.problem} what="conversations" view={view} />;
  const { conversations, nextCursor } = list.data;
  const mine = pageParameters(view);
  if (conversations.length === 0) {
    const { domain, accountId, model } = view.filters;
    const isFiltered = [mine.search, mine.hasErrors, domain, accountId, model].some((one) => one !== null);
    return <EmptyList view={view} path="/conversations" names="conversations" isFiltered={isFiltered} />;
  }
  return (
    <>
      <div id="live-conversations" {...(view.query.cursor || mine.search ? {} : { "data-live": "" })}>
        <Table
          kind="conversations"
          caption="Conversations, most recent activity first"
          rows={conversations}
          columns={columnsOf(view)}
          isStacked
          isNavigable
        />
      </div>
      <Pager
        firstHref={view.query.cursor ? linkTo("/conversations", view.filters, mine) : null}
        nextHref={nextCursor && linkTo("/conversations", view.filters, { ...mine, cursor: nextCursor })}
        count={formatCount(conversations.length, "conversation")}
      />
      <p class="mute card-foot">
        Counts, tokens and cost are of whole conversations, also outside this period.
      </p>
    </>
  );
}

const columnsOf = (view: View): Column<Conversation>[] => [
  {
    label: "Conversation",
    class: "cell-name",
    cell: (row) => (
      <>
        <a
          class="row-link"
          href={linkTo(`/conversations/${row.conversationId}`, view.filters)}
          data-preview={`/conversations/${row.conversationId}/preview`}
        >
          {row.title === null ? (
            <span class="mute">Automated (no user message)</span>
          ) : (
            <UntrustedText text={row.title} length={90} />
          )}
        </a>
        <span class="cell-note mute">
          <UntrustedText text={row.modelsUsed.map(shortModel).join(", ") || null} length={60} />
          {row.errorCount > 0 && <span class="error-text">, {formatCount(row.errorCount, "error")}</span>}
        </span>
      </>
    ),
  },
  { label: "Branches", class: "cell-branches", cell: (row) => <BranchGlyphs conversation={row} /> },
  { label: "Domain", class: "cell-domain", cell: (row) => <UntrustedText text={row.domain} length={40} /> },
  {
    label: "Turns",
    isNumber: true,
    class: "cell-turns",
    help: "User messages. A turn can take several requests: each tool result is sent in a request of its own.",
    cell: (row) => formatExact(row.turnCount),
    title: (row) => formatCount(row.messageCount, "request"),
  },
  {
    label: "Tokens",
    isNumber: true,
    class: "cell-tokens",
    cell: (row) => <ShortNumber value={totalTokens(row)} />,
  },
  {
    label: "Cache read",
    isNumber: true,
    class: "cell-cached",
    help: CACHE_READ_HELP,
    cell: (row) => formatShare(row.cacheHitShare),
  },
  {
    label: "Cost",
    isNumber: true,
    class: "cell-cost",
    cell: (row) => <MoneySum sum={row} />,
  },
  {
    label: "Context",
    isNumber: true,
    class: "cell-context",
    help: "Prompt and response tokens of the latest request, relative to the context window of its model.",
    cell: (row) => <ContextGauge tokens={row.latestContextTokens} model={row.latestModel} />,
  },
  { label: "Duration", isNumber: true, class: "cell-span", cell: (row) => formatDuration(row.durationMs) },
  {
    label: "Last activity",
    isNumber: true,
    class: "cell-time",
    cell: (row) => <Time at={row.endedAt} view={view} />,
  },
];
