/** The events of a recorded stream for the Stream tab. */
import { sseEvents } from "../../../workers/domain/messages/sse.ts";

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

/** Events in order. An event that a broken stream cut is shown as it was received. */
export function parseStream(bytes: Uint8Array): StreamEvent[] {
  return Array.from(sseEvents(bytes), ({ event, data, end }, n) => ({
    number: n + 1,
    type: event,
    data: parsed(data),
    size: data.length,
    end,
  }));
}

/** The text, stop reason or type that an event carries. */
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
