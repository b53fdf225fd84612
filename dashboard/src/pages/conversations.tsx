/** /conversations: client sessions of the period, the one active last first, each with what it took. */
import { sessionsOf, type Session } from "../api/sessions.ts";
import { decimalOf } from "../format/decimal.ts";
import type { Result } from "../api/client.ts";
import type { RequestList } from "../api/types.ts";
import { PointHere } from "../components/point-here.tsx";
import { Empty, ProblemCard } from "../components/problem.tsx";
import { Money, shortModel, Short, Time, Wire } from "../components/values.tsx";
import { linkTo } from "../filters.ts";
import { formatCount, formatExact, formatShare } from "../format/number.ts";
import { shortId } from "../format/text.ts";
import { formatDuration } from "../format/time.ts";
import type { View } from "../view.ts";

/** Requests looked at; the API's largest page. */
export const LOOKED_AT = 500;

export function ConversationsPage({ view, list }: { view: View; list: Result<RequestList> }) {
  if (!list.ok) return <ProblemCard problem={list.problem} what="The sessions" view={view} />;
  const sessions = sessionsOf(list.data.requests);
  if (sessions.length === 0) {
    return (
      <Empty title="No client session in this period.">
        <p>Claude Code names its session with every request; requests without one are under Requests.</p>
        <PointHere view={view} />
      </Empty>
    );
  }
  return (
    <>
      <table class="rows sessions" role="table" data-rows>
        <caption class="unseen">Client sessions, last activity first</caption>
        <thead role="rowgroup">
          <tr role="row">
            <Head words="Session" />
            <Head words="Domain" />
            <Head words="Models" />
            <Head words="Requests" isNumber />
            <Head words="Tokens" isNumber />
            <Head words="Cached" isNumber />
            <Head words="Cost" isNumber />
            <Head words="Span" isNumber />
            <Head words="Last activity" isNumber />
          </tr>
        </thead>
        <tbody role="rowgroup">
          {sessions.map((session) => (
            <Row session={session} view={view} />
          ))}
        </tbody>
      </table>
      <p class="mute card-foot">
        {formatCount(sessions.length, "session")} in{" "}
        {list.data.nextCursor
          ? `the newest ${formatExact(list.data.requests.length)} requests; older ones are under `
          : `${formatCount(list.data.requests.length, "request")} of this period; every one of them is under `}
        <a href={linkTo("/requests", view.filters)}>Requests</a>.
      </p>
    </>
  );
}

function Head({ words, isNumber = false }: { words: string; isNumber?: boolean }) {
  return (
    <th role="columnheader" scope="col" class={isNumber ? "right" : ""}>
      {words}
    </th>
  );
}

function Row({ session, view }: { session: Session; view: View }) {
  const { tokens } = session;
  const prompt = tokens.input + tokens.cacheRead + tokens.cacheWrite;
  return (
    <tr role="row" data-row>
      <td role="cell" class="cell-name">
        <a class="row-link" href={linkTo("/requests", view.filters, { sessionId: session.id })}>
          <code>
            <Wire text={shortId(session.id)} length={12} />
          </code>
        </a>{" "}
        <span class="mute">
          {formatCount(session.messages, "message")}
          {session.agents > 0 && `, ${formatCount(session.agents, "sub-agent")}`}
          {session.failures > 0 && ", "}
        </span>
        {session.failures > 0 && <span class="status error">{formatCount(session.failures, "failure")}</span>}
      </td>
      <td role="cell" class="cell-domain">
        <Wire text={session.domain} length={40} />
      </td>
      <td role="cell" class="cell-model">
        <Wire text={session.models.map(shortModel).join(", ")} length={48} />
      </td>
      <td role="cell" class="cell-requests right">
        {formatExact(session.requests)}
      </td>
      <td role="cell" class="cell-tokens right">
        <Short value={prompt + tokens.output} />
      </td>
      <td role="cell" class="cell-cached right">
        {formatShare(prompt === 0 ? null : tokens.cacheRead / prompt)}
      </td>
      <td role="cell" class="cell-cost right">
        <Money amount={session.costPico === null ? null : decimalOf(session.costPico)} />
        {session.unpriced > 0 && session.costPico !== null && (
          <span class="mute" title={`${formatCount(session.unpriced, "request")} unpriced`}>
            {" "}
            +
          </span>
        )}
      </td>
      <td role="cell" class="cell-span right">
        {formatDuration(session.last - session.first)}
      </td>
      <td role="cell" class="cell-time right">
        <Time at={session.last} view={view} />
      </td>
    </tr>
  );
}
