/**
 * Server-sent events out of the recorded bytes of a stream, by the rules of the WHATWG HTML standard, section 9.2.6:
 * LF, CR and CRLF end lines, a leading byte order mark and comments are dropped, several `data` lines are joined by LF,
 * events without data are not events. `id` and `retry` mean nothing to an archive. Called by answer-stream.ts.
 */

export interface SseEvent {
  /** The `event` field, or "message" where there was none. */
  event: string;
  data: string;
  /** Bytes from the start of the body to the first field of this event. */
  offset: number;
  /**
   * False for what stands behind the last blank line. A browser would discard it; an archive of a stream that was cut wants
   * it where it happens to be whole, and its reader can tell by whether the JSON parses.
   */
  terminated: boolean;
}

const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;

/**
 * The events of a body in order. The bytes may be cut anywhere and need not be UTF-8: what does not decode becomes U+FFFD and
 * the rest is unharmed. Never throws. A generator, so that of a 32 MB stream only one event is held as text at a time.
 */
export function* sseEvents(body: Uint8Array): Generator<SseEvent, void, undefined> {
  // ignoreBOM: the standard strips one mark at the very start, the decoder would strip one in every line.
  const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
  let at = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0;
  // Positions of the next LF and CR, found again only when passed: a body with one kind of line ending stays linear.
  let lf = body.indexOf(LF, at);
  let cr = body.indexOf(CR, at);
  let event = "";
  let data: string | null = null;
  let offset = -1;

  while (at < body.length) {
    if (lf !== -1 && lf < at) lf = body.indexOf(LF, at);
    if (cr !== -1 && cr < at) cr = body.indexOf(CR, at);
    const end = lf === -1 ? (cr === -1 ? body.length : cr) : cr === -1 ? lf : Math.min(lf, cr);

    if (end === at) {
      if (data !== null) yield { event: event || "message", data, offset, terminated: true };
      event = "";
      data = null;
      offset = -1;
    } else if (body[at] !== COLON) {
      if (offset === -1) offset = at;
      const line = decoder.decode(body.subarray(at, end));
      const colon = line.indexOf(":");
      const name = colon === -1 ? line : line.slice(0, colon);
      if (name === "data" || name === "event") {
        const value = colon === -1 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
        if (name === "event") event = value;
        else data = data === null ? value : `${data}\n${value}`;
      }
    }
    at = end + (body[end] === CR && body[end + 1] === LF ? 2 : 1);
  }
  if (data !== null) yield { event: event || "message", data, offset, terminated: false };
}
