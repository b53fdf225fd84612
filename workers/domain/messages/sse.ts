/**
 * The one parser of server-sent events, for the recorded bytes of a stream, by the WHATWG HTML standard, section 9.2.6:
 * LF, CR and CRLF end lines; a leading byte order mark and comments are dropped; several `data` lines are joined by LF; events
 * without data are dropped. `id` and `retry` are ignored. Used by ingest and by the dashboard's Stream tab.
 */

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
}

const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;

/**
 * The events of a body in order. The bytes may be cut anywhere and need not be UTF-8: invalid sequences decode to U+FFFD.
 * Never throws. A generator, so that only one event of a 32 MB stream is held as text at a time.
 */
export function* sseEvents(body: Uint8Array): Generator<SseEvent, void, undefined> {
  // ignoreBOM: the standard strips one mark at the start of the stream, the decoder would strip one in every line.
  const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
  let at = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0;
  // Positions of the next LF and CR, searched again only when passed, so that a body with one kind of line ending is read in linear time.
  let lf = body.indexOf(LF, at);
  let cr = body.indexOf(CR, at);
  let event = "";
  let data: string | null = null;

  while (at < body.length) {
    if (lf !== -1 && lf < at) lf = body.indexOf(LF, at);
    if (cr !== -1 && cr < at) cr = body.indexOf(CR, at);
    const end = lf === -1 ? (cr === -1 ? body.length : cr) : cr === -1 ? lf : Math.min(lf, cr);

    const next = end + (body[end] === CR && body[end + 1] === LF ? 2 : 1);
    if (end === at) {
      if (data !== null) yield { event: event || "message", data, end: next, terminated: true };
      event = "";
      data = null;
    } else if (body[at] !== COLON) {
      const line = decoder.decode(body.subarray(at, end));
      const colon = line.indexOf(":");
      const name = colon === -1 ? line : line.slice(0, colon);
      if (name === "data" || name === "event") {
        const value = colon === -1 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
        if (name === "event") event = value;
        else data = data === null ? value : `${data}\n${value}`;
      }
    }
    at = next;
  }
  if (data !== null) yield { event: event || "message", data, end: body.length, terminated: false };
}
