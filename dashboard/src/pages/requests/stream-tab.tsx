/** The response as it was received: the stream's events one by one, or the bytes as text. */
import type { RequestDetail } from "../../../../workers/schemas/api/requests.ts";
import type { Problem } from "../../api/client.ts";
import { ChunkTimeline } from "../../charts/chunk-timeline.tsx";
import { JsonTree } from "../../components/transcript/json-tree.tsx";
import { PlainText } from "../../components/transcript/long-text.tsx";
import { ProblemCard } from "../../components/ui/problem.tsx";
import { statusInfo, UntrustedText } from "../../components/ui/values.tsx";
import { linkTo } from "../../context/filters.ts";
import { formatBytes, formatCount, formatExact, UNKNOWN } from "../../format/number.ts";
import { eventSummary, parseStream, type StreamEvent } from "../../transcript/sse.ts";
import { formatExactMs, pauseName, streamTimes, type StreamTimes } from "../../transcript/stream-times.ts";
import type { View } from "../../context/view.ts";
import { ButtonLink } from "../../components/ui/controls.tsx";

export type StreamBytes = { ok: true; bytes: Uint8Array; isWhole: boolean } | { ok: false; problem: Problem };

/** With their JSON behind them they are what fits into a first screen of 100 KB. */
const EVENTS_PER_PAGE = 50;
const EVENTS_HTML_BYTES = 50_000;
/** What a stream of events begins with. */
const EVENT_LINE = /^\s*(event|data|:|id|retry)/;

interface Props {
  detail: RequestDetail;
  stream: StreamBytes;
  view: View;
}

export function StreamTab({ detail, stream, view }: Props) {
  if (!stream.ok) {
    return stream.problem.status === 410 || stream.problem.status === 404 ? (
      <p class="note mute">{stream.problem.message}</p>
    ) : (
      <ProblemCard problem={stream.problem} what="the response bytes" view={view} />
    );
  }
  const { bytes, isWhole } = stream;
  const rawHref = `/api/requests/${detail.requestId}/response`;
  const isStream = EVENT_LINE.test(new TextDecoder().decode(bytes.subarray(0, 200)));
  const events = isStream ? parseStream(bytes) : [];
  if (events.length === 0) {
    return (
      <section class="card">
        <p class="mute">Not a streaming response ({formatBytes(detail.responseBytes)}).</p>
        <PlainText text={new TextDecoder().decode(bytes)} collapseAt={4_000} context={{ rawHref }} />
      </section>
    );
  }
  const times = streamTimes(events, detail.streamingChunks, detail.durationMs);
  const from = Math.max(1, Math.min(Number.parseInt(view.query.event ?? "1", 10) || 1, events.length));
  const shown = events.slice(from - 1, from - 1 + EVENTS_PER_PAGE);
  const budget = { left: EVENTS_HTML_BYTES };
  const page = (event: number) =>
    linkTo(view.path, view.filters, { tab: "stream", event: event === 1 ? null : event });
  const isShown = (event: number) => event >= from && event < from + EVENTS_PER_PAGE;
  /** On this page if it has the event, else on the page that begins just before it. */
  const hrefOf = (event: number) => `${page(isShown(event) ? from : Math.max(1, event - 1))}#event-${event}`;
  return (
    <section class="card">
      <p class="mute">
        {formatCount(events.length, "event")}, {formatBytes(detail.responseBytes)}
        {!isWhole && "; only the beginning is shown, the download is complete"}.{" "}
        {times ? (
          <>
            Each event shows the time since the request started and since the previous event.
            <ResolutionNote detail={detail} />
          </>
        ) : (
          <>
            Event times were not recorded for this request. Set <code>STREAM_TIMING_SAMPLE</code> in the
            Worker to the share of new streams to time (0 to 1, default 0).
          </>
        )}
      </p>
      {times && (
        <ChunkTimeline
          times={times}
          ended={statusInfo(detail).tone}
          eventName={(event) => (
            <a href={hrefOf(event)}>
              event {formatExact(event)} <UntrustedText text={eventLabel(events[event - 1]!)} length={48} />
            </a>
          )}
        />
      )}
      <ol class={times ? "events timed" : "events"} start={from}>
        {shown.map((event) => (
          <li id={`event-${event.number}`}>
            <details class="collapsible">
              <summary>
                <span class="event-number mute">{formatExact(event.number)}</span>
                {times && <EventTime times={times} event={event.number} />}
                <code class="event-type">
                  <UntrustedText text={event.type} length={40} />
                </code>
                <span class="event-summary">
                  <UntrustedText text={eventSummary(event)} length={140} />
                </span>
                <span class="mute">{formatBytes(event.size)}</span>
              </summary>
              <JsonTree value={event.data} rawHref={rawHref} open={3} html={budget} />
            </details>
          </li>
        ))}
      </ol>
      <nav class="pager" aria-label="Events">
        {from > 1 ? (
          <ButtonLink href={page(Math.max(1, from - EVENTS_PER_PAGE))} label="Previous events" />
        ) : (
          <span></span>
        )}
        {from - 1 + EVENTS_PER_PAGE < events.length && (
          <ButtonLink href={page(from + EVENTS_PER_PAGE)} label="Next events" />
        )}
      </nav>
    </section>
  );
}

/** Label of an event: its type and a summary. */
function eventLabel(event: StreamEvent): string {
  const summary = eventSummary(event);
  return summary === "" ? event.type : `${event.type}: ${summary}`;
}

function ResolutionNote({ detail }: { detail: RequestDetail }) {
  const resolutionMs = detail.streamTiming?.resolutionMs ?? 1;
  if (resolutionMs === 1) return null;
  return <> Events within {resolutionMs} ms of each other may show the same time.</>;
}

/** Arrival time of an event and its distance from the previous one; after a pause with the name of the pause. */
function EventTime({ times, event }: { times: StreamTimes; event: number }) {
  const ms = times.events[event - 1] ?? null;
  const before = times.events[event - 2] ?? null;
  const pause = times.pauses.findIndex((one) => one.event === event);
  const gap = ms === null || before === null ? null : ms - before;
  return (
    <>
      <span class="event-time">{ms === null ? UNKNOWN : formatExactMs(ms)}</span>
      <span class={pause === -1 ? "event-gap mute" : "event-gap"}>
        {pause !== -1 && <b class="pause-name">{pauseName(pause)}</b>}{" "}
        {gap === null ? "" : `+${formatExactMs(gap)}`}
      </span>
    </>
  );
}
