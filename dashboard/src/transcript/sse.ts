/** The events of a recorded stream, read from its raw bytes; what is not an event is shown as such. */

export interface StreamEvent {
  /** From 1. */
  number: number;
  type: string;
  /** Parsed JSON, or the text itself where it is none. */
  data: unknown;
  /** Characters of `data` on the wire. */
  size: number;
  /** Bytes of the stream up to the event's end, its empty line included. */
  end: number;
}

const LF = 10;
const CR = 13;
const BOM = [0xef, 0xbb, 0xbf];

/** Events in order. Comments (`:`) and empty frames are skipped; several data lines are joined as the standard says. */
export function parseStream(bytes: Uint8Array): StreamEvent[] {
  const events: StreamEvent[] = [];
  let type = "";
  let data: string[] = [];
  const finish = (end: number) => {
    if (data.length > 0) {
      const joined = data.join("\n");
      events.push({
        number: events.length + 1,
        type: type || "message",
        data: parsed(joined),
        size: joined.length,
        end,
      });
    }
    type = "";
    data = [];
  };
  for (const { text, end } of linesOf(bytes)) {
    if (text === "") finish(end);
    else if (text.startsWith("event:")) type = text.slice(6).trim();
    else if (text.startsWith("data:")) data.push(text.slice(text[5] === " " ? 6 : 5));
  }
  // A stream cut off in the middle of an event: shown, because it is what was seen.
  finish(bytes.length);
  return events;
}

/** Lines by any of the standard's line ends, without them; `end` counts bytes up to the next line. */
function* linesOf(bytes: Uint8Array): Generator<{ text: string; end: number }> {
  const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
  let start = BOM.every((byte, at) => bytes[at] === byte) ? BOM.length : 0;
  for (let at = start; at <= bytes.length; at++) {
    const byte = bytes[at];
    if (byte !== undefined && byte !== LF && byte !== CR) continue;
    const text = decoder.decode(bytes.subarray(start, at));
    if (byte === CR && bytes[at + 1] === LF) at++;
    start = at + 1;
    yield { text, end: Math.min(start, bytes.length) };
  }
}

/** What one event brought, in a few words. */
export function eventSummary(event: StreamEvent): string {
  const data = event.data;
  if (typeof data !== "object" || data === null) return typeof data === "string" ? data : "";
  const { delta, content_block: block, error } = data as Record<string, Record<string, unknown> | undefined>;
  for (const member of ["text", "thinking", "partial_json", "stop_reason"]) {
    const value = delta?.[member];
    // Blanks are what a stream is made of, too: quoted, so that they are seen.
    if (typeof value === "string") return value.trim() === "" ? JSON.stringify(value) : value;
  }
  if (typeof delta?.type === "string") return delta.type;
  if (typeof block?.type === "string") return [block.type, block.name].filter(Boolean).join(" ");
  if (typeof error?.message === "string") return error.message;
  return "";
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
