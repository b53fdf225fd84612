/** Statistics of a conversation: turns, sub-tasks, tokens, cost and times. */
import type { ConversationDetail } from "../../../../workers/schemas/api/conversations.ts";
import { ContextGauge } from "../../charts/context-gauge.tsx";
import { formatMoneySum } from "../../../../workers/domain/pricing/format-money.ts";
import { formatMoneyExact, formatMoneyShort } from "../../format/money.ts";
import { formatCount, formatExact, formatShare, formatShort } from "../../format/number.ts";
import { formatDuration } from "../../format/time.ts";
import { totalTokens } from "../../format/token-kinds.ts";
import { Help } from "../ui/help.tsx";
import { StatCard } from "../ui/stat-card.tsx";

export function ConversationStats({ detail }: { detail: ConversationDetail }) {
  const all = totalTokens(detail);
  const { metrics } = detail;
  // A call whose sub-task was never seen was called all the same.
  const subtasks =
    detail.subtaskBranchCount + detail.tasks.filter(({ branchKey }) => branchKey === null).length;
  return (
    <dl class="stat-cards of-conversation">
      <StatCard
        label="Turns"
        value={formatShort(detail.turnCount)}
        exact={`${formatCount(detail.turnCount, "turn")} in ${formatCount(detail.messageCount, "request")}`}
        help="User messages, without those of sub-tasks. One turn can take several requests: each tool result is sent in a request of its own."
      >
        <span class="stat-note">{formatCount(detail.messageCount, "request")}</span>
      </StatCard>
      <StatCard
        label="Sub-tasks"
        value={formatShort(subtasks)}
        exact={`${formatCount(subtasks, "sub-task")} with ${formatCount(detail.subtaskMessageCount, "request")}`}
      >
        {subtasks > 0 && <span class="stat-note">{formatCount(detail.subtaskMessageCount, "request")}</span>}
      </StatCard>
      <StatCard label="Tokens" value={formatShort(all)} exact={formatExact(all)}>
        {detail.cacheHitShare !== null && (
          <span class="stat-note">{formatShare(detail.cacheHitShare)} of input from cache</span>
        )}
      </StatCard>
      <StatCard
        label="Cost"
        value={formatMoneyShort(detail.costUsd)}
        exact={formatMoneyExact(detail.costUsd)}
      >
        {detail.unpricedCount > 0 && (
          <span class="stat-note">+ {formatCount(detail.unpricedCount, "unpriced request")}</span>
        )}
        {detail.sideRequests.requestCount > 0 && (
          <span class="stat-note">
            + {formatCount(detail.sideRequests.requestCount, "side request")}{" "}
            {formatMoneySum(detail.sideRequests)}
          </span>
        )}
      </StatCard>
      <StatCard
        label="Model time"
        value={formatDuration(metrics.inferenceMs)}
        exact={`Total duration of all requests, including sub-tasks; ${formatDuration(metrics.totalMs)} from the first to the last`}
      >
        {metrics.totalMs > metrics.inferenceMs && (
          <span class="stat-note">over {formatDuration(metrics.totalMs)}</span>
        )}
      </StatCard>
      <StatCard
        label="Tool time"
        value={metrics.toolRounds === 0 ? "–" : formatDuration(metrics.toolMs)}
        exact="Time between responses that call tools and the requests that return the results"
      >
        <span class="stat-note">
          {metrics.toolRounds === 0 ? "no tool results" : formatCount(metrics.toolRounds, "tool round")}
        </span>
      </StatCard>
      <StatCard
        label="User reply time"
        value={metrics.replies === 0 ? "–" : formatDuration(metrics.replyMs / metrics.replies)}
        exact="Average time between a response without tool calls and the next user message"
      >
        <span class="stat-note">
          {metrics.replies === 0 ? "no replies" : formatCount(metrics.replies, "reply", "replies")}
        </span>
      </StatCard>
      <div class="stat-card">
        <dt>
          Context{" "}
          <Help
            label="context"
            text="Input and output tokens of the latest request, compared with the context window of its model. When the window is nearly full, the client compacts the conversation and continues from the summary."
          />
        </dt>
        <dd>
          <ContextGauge tokens={detail.latestContextTokens} model={detail.latestModel} showsWindow />
        </dd>
      </div>
    </dl>
  );
}
