/** The response as it came over the wire: the stream's events one by one, or the bytes as text. */
import type { RequestDetail } from "../api/types.ts";
import type { Problem } from "../api/client.ts";
import { JsonTree } from "../components/json-tree.tsx";
import { PlainText } from "../components/long-text.tsx";
import { ProblemCard } from "../components/problem.tsx";
import { Wire } from "../components/values.tsx";
import { linkTo } from "../filters.ts";
import { formatBytes, formatCount, formatExact } from "../format/number.ts";
import { eventSummary, parseStream } from "../transcript/sse.ts";
import type { View } from "../view.ts";

export type StreamText = { ok: true; text: string; isWhole: boolean } | { ok: false; problem: Problem };

const EVENTS_PER_PAGE = 200;

interface Props {
  detail: RequestDetail;
  stream: StreamText;
  view: View;
}

export function StreamTab({ detail, stream, view }: Props) {
  if (!stream.ok) {
    return stream.problem.status === 410 || stream.problem.status === 404 ? (
      <p class="note mute">{stream.problem.message}</p>
    ) : (
      <ProblemCard problem={stream.problem} what="The response's bytes" view={view} />
    );
  }
  const rawHref = `/api/requests/${detail.requestId}/response`;
  const events = /^\s*(event|data|:|id|retry)/.test(stream.text) ? parseStream(stream.text) : [];
  if (events.length === 0) {
    return (
      <section class="card">
        <p class="mute">Not a stream: {formatBytes(detail.responseBytes)} in one piece.</p>
        <PlainText text={stream.text} foldAt={4_000} rawHref={rawHref} />
      </section>
    );
  }
  const from = Math.max(1, Math.min(Number.parseInt(view.query.event ?? "1", 10) || 1, events.length));
  const shown = events.slice(from - 1, from - 1 + EVENTS_PER_PAGE);
  const page = (event: number) =>
    linkTo(view.path, view.filters, { tab: "stream", event: event === 1 ? null : event });
  return (
    <section class="card">
      <p class="mute">
        {formatCount(events.length, "event")}, {formatBytes(detail.responseBytes)}
        {!stream.isWhole && "; only the beginning is read here, the download has all of it"}. In the order
        they came; when each of them came was not recorded.
      </p>
      <ol class="events" start={from}>
        {shown.map((event) => (
          <li>
            <details class="fold-line">
              <summary>
                <span class="event-number mute">{formatExact(event.number)}</span>
                <code class="event-type">
                  <Wire text={event.type} length={40} />
                </code>
                <span class="event-summary">
                  <Wire text={eventSummary(event)} length={140} />
                </span>
                <span class="mute">{formatBytes(event.size)}</span>
              </summary>
              <JsonTree value={event.data} rawHref={rawHref} open={3} />
            </details>
          </li>
        ))}
      </ol>
      <nav class="pager" aria-label="Events">
        {from > 1 ? (
          <a class="button" href={page(Math.max(1, from - EVENTS_PER_PAGE))}>
            Earlier events
          </a>
        ) : (
          <span></span>
        )}
        {from - 1 + EVENTS_PER_PAGE < events.length && (
          <a class="button" href={page(from + EVENTS_PER_PAGE)}>
            Later events
          </a>
        )}
      </nav>
    </section>
  );
}
