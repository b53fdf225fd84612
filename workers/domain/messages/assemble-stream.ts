/**
 * A message out of its recorded event stream, whole or broken: the events go one by one into a Reading (answer-events.ts),
 * the message is what stands there at the end. Streams that are not about a message are read through and give null.
 * Called by answer.ts.
 */
import { closedBlock, withMarks } from "./content-blocks.ts";
import type { AnswerError } from "./error-body.ts";
import { newReading, takeEvent, type Reading } from "./stream-events.ts";
import type { JsonObject } from "../json/json.ts";
import { sseEvents } from "./sse.ts";

export interface StreamedAnswer {
  /** Null where no event of a message was seen, as in streams that are not about a message. */
  message: JsonObject | null;
  usage: JsonObject | null;
  /** The final usage came: a `message_delta` with usage, and a stop reason or the end of the message. */
  hasFinalUsage: boolean;
  /** The model of the last hand-over between models within the answer, else the message's. */
  modelServed: unknown;
  error: AnswerError | null;
  requestId: unknown;
  /** Events of any kind that could be read. */
  events: number;
  /** `message_stop` came. */
  stopped: boolean;
}

/** Reads all of a stream. Never throws. */
export function readStream(body: Uint8Array): StreamedAnswer {
  const reading = newReading();
  for (const event of sseEvents(body)) takeEvent(reading, event);

  const message = assembled(reading);
  const hasStopReason = typeof message?.["stop_reason"] === "string";
  return {
    message,
    usage: reading.usage,
    hasFinalUsage: reading.hasDeltaUsage && (reading.stopped || hasStopReason),
    modelServed: reading.handedTo ?? message?.["model"],
    error: reading.error,
    requestId: reading.requestId,
    events: reading.events,
    stopped: reading.stopped,
  };
}

function assembled({ fields, blocks, usage, marks }: Reading): JsonObject | null {
  if (fields === null) return null;
  const given = Array.isArray(fields["content"]) ? (fields["content"] as unknown[]) : [];
  const content = [...given, ...blocks.toSorted((a, b) => a.index - b.index).map(closedBlock)];
  return withMarks({ ...fields, content, ...(usage && { usage }) }, marks);
}
