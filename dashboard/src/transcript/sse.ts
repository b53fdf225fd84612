/** The events of a recorded stream, read from its raw bytes as text; what is not an event is shown as such. */

export interface StreamEvent {
  /** From 1. */
  number: number;
  type: string;
  /** Parsed JSON, or the text itself where it is none. */
  data: unknown;
  /** Characters of `data` on the wire. */
  size: number;
}

/** Events in order. Comments (`:`) and empty frames are skipped; several data lines are joined as the standard says. */
export function parseStream(text: string): StreamEvent[] {
  const events: StreamEvent[] = [];
  let type = "";
  let data: string[] = [];
  const finish = () => {
    if (data.length > 0) {
      const joined = data.join("\n");
      events.push({
        number: events.length + 1,
        type: type || "message",
        data: parsed(joined),
        size: joined.length,
      });
    }
    type = "";
    data = [];
  };
  for (const line of text.split(/\r\n|\n|\r/)) {
    if (line === "") finish();
    else if (line.startsWith("event:")) type = line.slice(6).trim();
    else if (line.startsWith("data:")) data.push(line.slice(line[5] === " " ? 6 : 5));
  }
  // A stream cut off in the middle of an event: shown, because it is what was seen.
  finish();
  return events;
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
