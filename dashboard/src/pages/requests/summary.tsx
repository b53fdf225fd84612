/** The facts of one exchange in columns, what it used and what that cost. */
import type { RequestDetail } from "../../api/types.ts";
import { ContextGauge } from "../../charts/context-gauge.tsx";
import { TokenKindBar } from "../../charts/share-bar.tsx";
import { KIND_FILLS, TOKEN_KINDS, type TokensByKind } from "../../format/token-kinds.ts";
import { CostTable } from "../../components/requests/cost-table.tsx";
import { DefinitionItem, DefinitionList } from "../../components/ui/definition-list.tsx";
import { ToolBadges } from "../../components/transcript/tool-badges.tsx";
import { Copyable, Money, Time, UntrustedText } from "../../components/ui/values.tsx";
import { linkTo } from "../../context/filters.ts";
import { formatExact, formatShare } from "../../format/number.ts";
import type { View } from "../../context/view.ts";

export function RequestSummary({ detail, view }: { detail: RequestDetail; view: View }) {
  return (
    <div class="request-facts">
      <section class="card" aria-label="Facts">
        <DefinitionList>
          <DefinitionItem name="Started">
            <Time at={detail.timestamp} view={view} />
          </DefinitionItem>
          <DefinitionItem name="Domain">
            <UntrustedText text={detail.domain} length={120} />
          </DefinitionItem>
          <DefinitionItem name="Account">
            {detail.accountId && <UntrustedText text={detail.accountId} length={80} />}
          </DefinitionItem>
          <DefinitionItem name="Model">{detail.model && <ModelNames detail={detail} />}</DefinitionItem>
          <DefinitionItem name="Endpoint">
            <code>
              <UntrustedText text={`${detail.method} ${detail.path}${detail.query ?? ""}`} length={200} />
            </code>
          </DefinitionItem>
          <DefinitionItem name="Type">
            <UntrustedText text={detail.requestType.replaceAll("_", " ")} length={60} />
            {detail.stream ? ", streamed" : ""}
          </DefinitionItem>
          <DefinitionItem name="Stop reason">
            {detail.stopReason && <UntrustedText text={detail.stopReason.replaceAll("_", " ")} length={60} />}
          </DefinitionItem>
          <DefinitionItem name="Tools called">
            {detail.toolCallCount > 0 && <ToolBadges calls={detail.toolCalls} most={30} />}
          </DefinitionItem>
          <DefinitionItem name="Request id">
            <Copyable text={detail.requestId} label="the request id" />
          </DefinitionItem>
          <DefinitionItem name="Anthropic's id">
            {detail.upstreamRequestId && (
              <Copyable text={detail.upstreamRequestId} label="Anthropic's request id" />
            )}
          </DefinitionItem>
          <DefinitionItem name="Session">
            {detail.sessionId && (
              <>
                <Copyable text={detail.sessionId} label="the session id" />{" "}
                <a href={linkTo("/requests", view.filters, { sessionId: detail.sessionId })}>its requests</a>
              </>
            )}
          </DefinitionItem>
          <DefinitionItem name="Agent">
            {detail.agentId && <Copyable text={detail.agentId} label="the agent id" />}
          </DefinitionItem>
          <DefinitionItem name="Conversation">
            {detail.conversationId && (
              <>
                <Copyable text={detail.conversationId} label="the conversation id" isShort />{" "}
                {detail.branchId && <span class="mute">{detail.branchId}</span>}{" "}
                <a
                  href={linkTo(`/conversations/${detail.conversationId}`, view.filters, {
                    branch: detail.branchId === "main" ? null : detail.branchId,
                    requestId: detail.requestId,
                  })}
                >
                  read it from here
                </a>
              </>
            )}
          </DefinitionItem>
          <DefinitionItem name="Before it">
            {detail.parentRequestId && (
              <a href={linkTo(`/requests/${detail.parentRequestId}`, view.filters)}>
                the request it continues
              </a>
            )}
          </DefinitionItem>
          <DefinitionItem name="Sub-task of">
            {detail.parentTaskRequestId && (
              <a href={linkTo(`/requests/${detail.parentTaskRequestId}`, view.filters)}>
                the request that asked for it
              </a>
            )}
          </DefinitionItem>
        </DefinitionList>
      </section>
      <section class="card" aria-label="Tokens and cost">
        <TokenUsage detail={detail} />
        <CostTable breakdown={detail.costBreakdown} total={detail.costUsd} version={detail.priceVersion} />
      </section>
    </div>
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
    return <p class="mute">No tokens were counted for this exchange.</p>;
  }
  const tokens: TokensByKind = {
    input: detail.inputTokens ?? 0,
    cacheRead: detail.cacheReadInputTokens ?? 0,
    cacheWrite: detail.cacheCreationInputTokens ?? 0,
    output: detail.outputTokens ?? 0,
  };
  const prompt = tokens.input + tokens.cacheRead + tokens.cacheWrite;
  return (
    <>
      <TokenKindBar tokens={tokens} />
      <dl class="kinds">
        {TOKEN_KINDS.map(({ key, label, hint }) => (
          <div title={hint}>
            <dt>
              <span class={`swatch ${KIND_FILLS[key]}`}></span>
              {label}
            </dt>
            <dd class="number">{formatExact(tokens[key])}</dd>
          </div>
        ))}
        {detail.thinkingTokens !== null && detail.thinkingTokens > 0 && (
          <div title="part of the output">
            <dt>
              <span class="swatch fill-thinking"></span>Thinking
            </dt>
            <dd class="number">{formatExact(detail.thinkingTokens)}</dd>
          </div>
        )}
      </dl>
      <p class="usage-words">
        <span>
          Prompt <strong>{formatExact(prompt)}</strong>
          {prompt > 0 && <span class="mute">, {formatShare(tokens.cacheRead / prompt)} from cache</span>}
        </span>
        <span>
          Context{" "}
          <ContextGauge
            tokens={prompt + tokens.output}
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
