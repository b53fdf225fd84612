/**
 * The one parser of server-sent events, for the recorded bytes of a stream, by the WHATWG HTML standard, section 9.2.6:
 * LF, CR and CRLF end lines; a leading byte order mark and comments are dropped; several `data` lines are joined by LF; events
 * without data are dropped. `id` and `retry` are ignored. Used by ingest and by the dashboard's Stream tab.
 */
import { MAX_PARSED_BYTES, STEP_BYTES } from "../../runtime/constants.ts";

export interface SseEvent {
  /** The `event` field, or "message" where there was none. */
  event: string;
  data: string;
  /** Bytes from the start of the body to the end of the event, its blank line included. */
  end: number;
  /**
   * False for an event without a blank line at its end. A browser discards it; here it is kept, because the stream may
   * have been cut. It is complete if its JSON parses.
   */
  terminated: boolean;
  /** `data` is larger than what is parsed; of several lines, or of a longer one, only the first part is here. */
  isCut: boolean;
}

const LF = 0x0a;
const CR = 0x0d;
/** The first letters of `data` and `event`: other lines are not decoded. */
const LETTER_D = 0x64;
const LETTER_E = 0x65;

/** The events of a body in order, as `sseEventsInSteps` reads them. */
export function* sseEvents(body: Uint8Array): Generator<SseEvent, void, undefined> {
  for (const event of sseEventsInSteps(body)) if (event !== null) yield event;
}

/**
 * The events of a body in order, and null after STEP_BYTES without one. The bytes may be cut anywhere and need not be UTF-8: invalid
 * sequences decode to U+FFFD. Never throws. A generator, so that only one event of a 32 MB stream is held as text at a time.
 */
export function* sseEventsInSteps(body: Uint8Array): Generator<SseEvent | null, void, undefined> {
  // ignoreBOM: the standard strips one mark at the start of the stream, the decoder would strip one in every line.
  const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
  let at = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0;
  let stepEnd = at + STEP_BYTES;
  let event = "";
  let data = noData();

  while (at < body.length) {
    let end = at;
    while (end < body.length && body[end] !== LF && body[end] !== CR) end++;
    const next = end + (body[end] === CR && body[end + 1] === LF ? 2 : 1);
    if (end === at) {
      if (data.lines.length > 0) {
        yield eventOf(event, data, next, true);
        data = noData();
        stepEnd = next + STEP_BYTES;
      }
      event = "";
    } else if (body[at] === LETTER_D || body[at] === LETTER_E) {
      const line = decoder.decode(body.subarray(at, Math.min(end, at + MAX_LINE_BYTES)));
      const colon = line.indexOf(":");
      const name = colon === -1 ? line : line.slice(0, colon);
      if (name === "data" || name === "event") {
        const value = colon === -1 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
        if (name === "event") event = value;
        else addLine(data, value, end - at > MAX_LINE_BYTES);
      }
    }
    at = next;
    if (at >= stepEnd) {
      yield null;
      stepEnd = at + STEP_BYTES;
    }
  }
  if (data.lines.length > 0) yield eventOf(event, data, body.length, false);
}

/** Data beyond MAX_PARSED_BYTES is not parsed, so it is left out: millions of empty lines would take more memory than an isolate has. */
interface EventData {
  lines: string[];
  /** Negative: lines were left out. */
  memoryLeft: number;
}
const LINE_MEMORY = 64;
const noData = (): EventData => ({ lines: [], memoryLeft: MAX_PARSED_BYTES });
/** With the name of its field. */
const MAX_LINE_BYTES = MAX_PARSED_BYTES + 10;

function addLine(data: EventData, value: string, isCut: boolean): void {
  if (data.memoryLeft >= 0) data.lines.push(value);
  data.memoryLeft = isCut ? -1 : data.memoryLeft - value.length - LINE_MEMORY;
}

function eventOf(
  event: string,
  { lines, memoryLeft }: EventData,
  end: number,
  terminated: boolean,
): SseEvent {
  return { event: event || "message", data: lines.join("\n"), end, terminated, isCut: memoryLeft < 0 };
}
