/** /conversations: one row each, the one active last first: what it is about, how it branched, what it took. */
import type {
  ConversationList,
  ConversationRow as Conversation,
} from "../../../../workers/schemas/api/conversations.ts";
import type { ApiClient, Result } from "../../api/client.ts";
import { ContextGauge } from "../../charts/context-gauge.tsx";
import { BranchGlyphs } from "../../components/tree/branch-glyphs.tsx";
import { FilterSelect, FilterBar, type FilterOptions } from "../../components/ui/filter-bar.tsx";
import { ClientSetup } from "../../components/admin/client-setup.tsx";
import { EmptyState, ProblemCard } from "../../components/ui/problem.tsx";
import { Money, shortModel, ShortNumber, Time, UntrustedText } from "../../components/ui/values.tsx";
import { apiQuery, linkTo } from "../../context/filters.ts";
import { formatCount, formatExact, formatShare } from "../../format/number.ts";
import { formatDuration } from "../../format/time.ts";
import { totalTokens } from "../../format/token-kinds.ts";
import type { View } from "../../context/view.ts";
import { ColumnHead, TableHead } from "../../components/ui/table-head.tsx";

const PAGE_ROWS = 50;
const MAX_SEARCH_CHARACTERS = 500;
const ERROR_LABELS: Readonly<Record<string, string>> = { true: "With errors", false: "Without errors" };

/** Parameters of this page besides the filters that follow everywhere. */
const pageParameters = (view: View) => ({
  search: view.query.search?.trim().slice(0, MAX_SEARCH_CHARACTERS) || null,
  hasErrors: Object.hasOwn(ERROR_LABELS, view.query.hasErrors ?? "") ? view.query.hasErrors! : null,
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
        options={["true", "false"]}
        labelOf={(value) => ERROR_LABELS[value] ?? value}
      />
    </FilterBar>
  );
}

export function ConversationsPage({ view, list }: { view: View; list: Result<ConversationList> }) {
  if (!list.ok) return <ProblemCard problem={list.problem} what="conversations" view={view} />;
  const { conversations, nextCursor } = list.data;
  const mine = pageParameters(view);
  if (conversations.length === 0) return <NoConversations view={view} />;
  return (
    <>
      <div id="live-conversations" {...(view.query.cursor || mine.search ? {} : { "data-live": "" })}>
        <table class="rows conversations" role="table" data-rows>
          <caption class="visually-hidden">Conversations, most recent activity first</caption>
          <TableHead>
            <ColumnHead label="Conversation" />
            <ColumnHead label="Branches" />
            <ColumnHead label="Domain" />
            <ColumnHead
              label="Turns"
              isNumber
              help="User messages. A turn can take several requests: each tool result is sent in a request of its own."
            />
            <ColumnHead label="Tokens" isNumber />
            <ColumnHead
              label="Cache read"
              isNumber
              help="Share of prompt tokens served from the cache, at 10% of the input price. Cache writes count as not cached."
            />
            <ColumnHead label="Cost" isNumber />
            <ColumnHead
              label="Context"
              isNumber
              help="Prompt and response tokens of the latest request, relative to the context window of its model."
            />
            <ColumnHead label="Duration" isNumber />
            <ColumnHead label="Last activity" isNumber />
          </TableHead>
          <tbody role="rowgroup">
            {conversations.map((conversation) => (
              <Row conversation={conversation} view={view} />
            ))}
          </tbody>
        </table>
      </div>
      <nav class="pager" aria-label="Pages">
        {view.query.cursor ? (
          <a class="button" href={linkTo("/conversations", view.filters, mine)}>
            First page
          </a>
        ) : (
          <span></span>
        )}
        <span class="mute">{formatCount(conversations.length, "conversation")}</span>
        {nextCursor ? (
          <a
            class="button"
            rel="next"
            href={linkTo("/conversations", view.filters, { ...mine, cursor: nextCursor })}
          >
            Next page
          </a>
        ) : (
          <span class="mute">End of list</span>
        )}
      </nav>
    </>
  );
}

function Row({ conversation, view }: { conversation: Conversation; view: View }) {
  const all = totalTokens(conversation);
  return (
    <tr role="row" data-row>
      <td role="cell" class="cell-name">
        <a
          class="row-link"
          href={linkTo(`/conversations/${conversation.conversationId}`, view.filters)}
          data-preview={`/conversations/${conversation.conversationId}/preview`}
        >
          {conversation.title === null ? (
            <span class="mute">Automated (no user message)</span>
          ) : (
            <UntrustedText text={conversation.title} length={90} />
          )}
        </a>
        <span class="cell-note mute">
          <UntrustedText text={conversation.modelsUsed.map(shortModel).join(", ") || null} length={60} />
          {conversation.errorCount > 0 && (
            <span class="error-text">, {formatCount(conversation.errorCount, "error")}</span>
          )}
        </span>
      </td>
      <td role="cell" class="cell-branches">
        <BranchGlyphs conversation={conversation} />
      </td>
      <td role="cell" class="cell-domain">
        <UntrustedText text={conversation.domain} length={40} />
      </td>
      <td role="cell" class="cell-turns right" title={formatCount(conversation.messageCount, "request")}>
        {formatExact(conversation.turnCount)}
      </td>
      <td role="cell" class="cell-tokens right">
        <ShortNumber value={all} />
      </td>
      <td role="cell" class="cell-cached right">
        {formatShare(conversation.cacheHitShare)}
      </td>
      <td role="cell" class="cell-cost right">
        <Money amount={conversation.costUsd} />
        {conversation.unpricedCount > 0 && conversation.costUsd !== null && (
          <span class="mute" title={`${formatCount(conversation.unpricedCount, "request")} unpriced`}>
            {" "}
            +
          </span>
        )}
      </td>
      <td role="cell" class="cell-context right">
        <ContextGauge tokens={conversation.latestContextTokens} model={conversation.latestModel} />
      </td>
      <td role="cell" class="cell-span right">
        {formatDuration(conversation.durationMs)}
      </td>
      <td role="cell" class="cell-time right">
        <Time at={conversation.endedAt} view={view} />
      </td>
    </tr>
  );
}

function NoConversations({ view }: { view: View }) {
  const mine = pageParameters(view);
  const { domain, accountId, model } = view.filters;
  if (mine.search ?? mine.hasErrors ?? domain ?? accountId ?? model) {
    return (
      <EmptyState title="No conversations match.">
        <p>
          <a
            class="button"
            href={linkTo("/conversations", { ...view.filters, domain: null, accountId: null, model: null })}
          >
            Clear filters
          </a>
        </p>
      </EmptyState>
    );
  }
  return (
    <EmptyState title={view.query.cursor ? "No more conversations." : "No conversations in this period."}>
      <ClientSetup view={view} />
    </EmptyState>
  );
}
