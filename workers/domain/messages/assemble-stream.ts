/**
 * Assembles a message from its recorded event stream, whole or broken: its events are applied one by one to a StreamState
 * (stream-events.ts). Streams of other endpoints give null. Called by read-response.ts.
 */
import { STEP_BYTES } from "../../runtime/constants.ts";
import { finish, type Steps } from "../steps.ts";
import { finishBlock, withExtras } from "./content-blocks.ts";
import type { ResponseError } from "./error-body.ts";
import { newStreamState, applyEvent, type StreamState } from "./stream-events.ts";
import type { JsonObject } from "../json/json.ts";
import { sseEventsInSteps } from "./sse.ts";

export interface AssembledStream {
  /** Null without any event of a message, as in streams of other endpoints. */
  message: JsonObject | null;
  usage: JsonObject | null;
  /** The final usage came: a `message_delta` with usage, and a stop reason or the end of the message. */
  hasFinalUsage: boolean;
  /** The model of the last fallback within the response, else the message's. */
  modelServed: unknown;
  error: ResponseError | null;
  requestId: unknown;
  /** Events of any kind that could be read. */
  events: number;
  /** `message_stop` of a started message came, or the stop reason of a stream of `/v1/complete`. */
  stopped: boolean;
  /** Parts were left out, because they take more memory than a stream may. */
  isTooLarge: boolean;
}

/** Reads all of a stream. Never throws. */
export const assembleStream = (body: Uint8Array): AssembledStream => finish(assembleInSteps(body));

/** `assembleStream` in steps. */
export function* assembleInSteps(body: Uint8Array): Steps<AssembledStream> {
  const state = newStreamState();
  let stepEnd = STEP_BYTES;
  for (const event of sseEventsInSteps(body)) {
    if (event === null || event.end > stepEnd) yield;
    if (event === null) continue;
    if (event.end > stepEnd) stepEnd = event.end + STEP_BYTES;
    applyEvent(state, event);
  }

  const message = assembleMessage(state);
  const hasStopReason = typeof message?.["stop_reason"] === "string";
  return {
    message,
    usage: state.usage,
    hasFinalUsage: state.hasDeltaUsage && (state.stopped || hasStopReason),
    modelServed: state.fallbackModel ?? message?.["model"],
    error: state.error,
    requestId: state.requestId,
    events: state.events,
    stopped: state.stopped,
    isTooLarge: state.memoryLeft < 0,
  };
}

function assembleMessage({ fields, blocks, usage, extras }: StreamState): JsonObject | null {
  if (fields === null) return null;
  const initial = Array.isArray(fields["content"]) ? (fields["content"] as unknown[]) : [];
  const content = [...initial, ...blocks.toSorted((a, b) => a.index - b.index).map(finishBlock)];
  return withExtras({ ...fields, content, ...(usage && { usage }) }, extras);
}
