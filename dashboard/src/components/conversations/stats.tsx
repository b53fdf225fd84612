/** What a conversation took: people's turns, sub-tasks, tokens, money, and where the time went. */
import type { ConversationDetail } from "../../../../workers/schemas/api/conversations.ts";
import { ContextGauge } from "../../charts/context-gauge.tsx";
import { formatMoneyExact, formatMoneyShort } from "../../format/money.ts";
import { formatCount, formatExact, formatShare, formatShort } from "../../format/number.ts";
import { formatDuration } from "../../format/time.ts";
import { Help } from "../ui/help.tsx";
import { StatCard } from "../ui/stat-card.tsx";

export function ConversationStats({ detail }: { detail: ConversationDetail }) {
  const all = detail.totalTokens + detail.cacheReadInputTokens + detail.cacheCreationInputTokens;
  const { metrics } = detail;
  // A call whose sub-task was never seen was called all the same.
  const subtasks =
    detail.subtaskBranchCount + detail.tasks.filter(({ branchKey }) => branchKey === null).length;
  return (
    <dl class="tiles of-a-conversation">
      <StatCard
        label="Turns"
        value={formatShort(detail.turnCount)}
        exact={`${formatCount(detail.turnCount, "turn")} of a person in ${formatCount(detail.messageCount, "request")}`}
        change={null}
        help="What a person said, sub-tasks apart. Between two turns a client asks several times: each result of a tool is a request of its own."
      >
        <span class="tile-note">{formatCount(detail.messageCount, "request")}</span>
      </StatCard>
      <StatCard
        label="Sub-tasks"
        value={formatShort(subtasks)}
        exact={`${formatCount(subtasks, "sub-task")} with ${formatCount(detail.subtaskMessageCount, "request")}`}
        change={null}
      >
        {subtasks > 0 && <span class="tile-note">{formatCount(detail.subtaskMessageCount, "request")}</span>}
      </StatCard>
      <StatCard label="Tokens" value={formatShort(all)} exact={formatExact(all)} change={null}>
        {detail.cacheHitShare !== null && (
          <span class="tile-note">{formatShare(detail.cacheHitShare)} of prompts cached</span>
        )}
      </StatCard>
      <StatCard
        label="Cost"
        value={formatMoneyShort(detail.costUsd)}
        exact={formatMoneyExact(detail.costUsd)}
        change={null}
      >
        {detail.unpricedCount > 0 && (
          <span class="tile-note">+ {formatCount(detail.unpricedCount, "unpriced request")}</span>
        )}
      </StatCard>
      <StatCard
        label="Claude worked"
        value={formatDuration(metrics.inferenceMs)}
        exact={`Sum of the durations of its requests, those of sub-tasks too; ${formatDuration(metrics.totalMs)} from its first to its last`}
        change={null}
      >
        {metrics.totalMs > metrics.inferenceMs && (
          <span class="tile-note">in {formatDuration(metrics.totalMs)}</span>
        )}
      </StatCard>
      <StatCard
        label="Tools ran"
        value={metrics.toolRounds === 0 ? "–" : formatDuration(metrics.toolMs)}
        exact="Between answers that call tools and the requests that bring the results"
        change={null}
      >
        <span class="tile-note">
          {metrics.toolRounds === 0 ? "no results sent" : `in ${formatCount(metrics.toolRounds, "round")}`}
        </span>
      </StatCard>
      <StatCard
        label="Time to reply"
        value={metrics.replies === 0 ? "–" : formatDuration(metrics.replyMs / metrics.replies)}
        exact="On average, between an answer without tool calls and a person's next words"
        change={null}
      >
        <span class="tile-note">
          {metrics.replies === 0 ? "nobody replied" : formatCount(metrics.replies, "reply", "replies")}
        </span>
      </StatCard>
      <div class="tile">
        <dt>
          Context{" "}
          <Help
            label="the context"
            text="Prompt, cached or not, and answer of the latest request, against what its model takes. When it is nearly full, a client summarises what was said and goes on from the summary."
          />
        </dt>
        <dd>
          <ContextGauge tokens={detail.latestContextTokens} model={detail.latestModel} showsWindow />
        </dd>
      </div>
    </dl>
  );
}
