/** The facts of one exchange in columns, what it used and what that cost. */
import type { RequestDetail } from "../../../../workers/schemas/api/requests.ts";
import { ContextGauge } from "../../charts/context-gauge.tsx";
import { TokenKindBar } from "../../charts/share-bar.tsx";
import { TOKEN_KINDS, tokensByKind, totalTokens } from "../../format/token-kinds.ts";
import { CostTable } from "../../components/requests/cost-table.tsx";
import { DefinitionList } from "../../components/ui/definition-list.tsx";
import { ToolBadges } from "../../components/transcript/tool-badges.tsx";
import { Copyable, Money, Time, UntrustedText } from "../../components/ui/values.tsx";
import { linkTo } from "../../context/filters.ts";
import { formatExact, formatShare } from "../../format/number.ts";
import type { View } from "../../context/view.ts";

export function RequestSummary({ detail, view }: { detail: RequestDetail; view: View }) {
  return (
    <div class="request-summary">
      <section class="card" aria-label="Details">
        <DefinitionList
          items={{
            Started: <Time at={detail.timestamp} view={view} />,
            Domain: <UntrustedText text={detail.domain} length={120} />,
            Account: detail.accountId && <UntrustedText text={detail.accountId} length={80} />,
            Model: detail.model && <ModelNames detail={detail} />,
            Endpoint: (
              <code>
                <UntrustedText text={`${detail.method} ${detail.path}${detail.query ?? ""}`} length={200} />
              </code>
            ),
            Type: (
              <>
                <UntrustedText text={detail.requestType.replaceAll("_", " ")} length={60} />
                {detail.stream ? ", streaming" : ""}
              </>
            ),
            "Stop reason": detail.stopReason && (
              <UntrustedText text={detail.stopReason.replaceAll("_", " ")} length={60} />
            ),
            "Tool calls": detail.toolCallCount > 0 && <ToolBadges calls={detail.toolCalls} max={30} />,
            "Request ID": <Copyable text={detail.requestId} label="request ID" />,
            "Anthropic request ID": detail.upstreamRequestId && (
              <Copyable text={detail.upstreamRequestId} label="Anthropic request ID" />
            ),
            "Upstream attempts": detail.upstreamAttempts !== null && formatExact(detail.upstreamAttempts),
            "Session ID": detail.sessionId && (
              <>
                <Copyable text={detail.sessionId} label="session ID" />{" "}
                <a href={linkTo("/requests", view.filters, { sessionId: detail.sessionId })}>
                  All requests of this session
                </a>
              </>
            ),
            "Agent ID": detail.agentId && <Copyable text={detail.agentId} label="agent ID" />,
            Conversation: detail.conversationId && (
              <ConversationLink detail={detail} id={detail.conversationId} view={view} />
            ),
            "Side request of": requestLink(detail.servesRequestId, view),
            "Previous request": requestLink(detail.parentRequestId, view),
            "Parent request": requestLink(detail.parentTaskRequestId, view),
          }}
        />
      </section>
      <section class="card" aria-label="Tokens and cost">
        <TokenUsage detail={detail} />
        <CostTable breakdown={detail.costBreakdown} total={detail.costUsd} version={detail.priceVersion} />
      </section>
    </div>
  );
}

const requestLink = (id: string | null, view: View) =>
  id && <a href={linkTo(`/requests/${id}`, view.filters)}>View request</a>;

function ConversationLink({ detail, id, view }: { detail: RequestDetail; id: string; view: View }) {
  const branch = detail.branchId === "main" ? null : detail.branchId;
  return (
    <>
      <Copyable text={id} label="conversation ID" isShort />{" "}
      {detail.branchId && (
        <span class="mute">
          <UntrustedText text={detail.branchId} length={40} />
        </span>
      )}{" "}
      <a href={linkTo(`/conversations/${id}`, view.filters, { branch, requestId: detail.requestId })}>
        Open in conversation
      </a>
    </>
  );
}

function ModelNames({ detail }: { detail: RequestDetail }) {
  const isOther = detail.modelServed !== null && detail.modelServed !== detail.model;
  return (
    <>
      <UntrustedText text={detail.model} length={120} />
      {isOther && (
        <span class="mute">
          {" "}
          served as <UntrustedText text={detail.modelServed} length={120} />
        </span>
      )}
    </>
  );
}

/** Tokens by kind: bar, numbers, and what of the prompt came from the cache. */
function TokenUsage({ detail }: { detail: RequestDetail }) {
  if (detail.inputTokens === null && detail.outputTokens === null) {
    return <p class="mute">No token usage recorded.</p>;
  }
  const tokens = tokensByKind(detail);
  const prompt = totalTokens(tokens) - tokens.outputTokens;
  return (
    <>
      <TokenKindBar tokens={tokens} />
      <dl class="token-kinds">
        {TOKEN_KINDS.map(({ key, label, hint, fill }) => (
          <div title={hint}>
            <dt>
              <span class={`swatch ${fill}`}></span>
              {label}
            </dt>
            <dd class="number">{formatExact(tokens[key])}</dd>
          </div>
        ))}
        {detail.thinkingTokens !== null && detail.thinkingTokens > 0 && (
          <div title="included in the output tokens">
            <dt>
              <span class="swatch fill-thinking"></span>Thinking
            </dt>
            <dd class="number">{formatExact(detail.thinkingTokens)}</dd>
          </div>
        )}
      </dl>
      <p class="usage-summary">
        <span>
          Total input <strong>{formatExact(prompt)}</strong>
          {prompt > 0 && (
            <span class="mute">, {formatShare(tokens.cacheReadInputTokens / prompt)} from cache</span>
          )}
        </span>
        <span>
          Context{" "}
          <ContextGauge
            tokens={detail.contextTokens}
            model={detail.modelServed ?? detail.model}
            betas={detail.requestHeaders?.["anthropic-beta"] ?? ""}
            showsWindow
          />
        </span>
        <span>
          Cost{" "}
          <strong>
            <Money amount={detail.costUsd} />
          </strong>
        </span>
      </p>
    </>
  );
}
