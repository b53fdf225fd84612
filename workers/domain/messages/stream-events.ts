/**
 * Applies each event of a message stream to the message so far. Tolerates any order, unknown events,
 * several `message_delta` and lost events; keeps all of them (content-blocks.ts).
 * Called by assemble-stream.ts. Sources: the streaming page of the Messages API, and the accumulator of its SDK.
 */
import {
  applyDelta,
  inferredBlock,
  keepUnknown,
  openBlock,
  EXTRAS_MEMBER,
  type OpenBlock,
  type Extras,
} from "./content-blocks.ts";
import { messageText, readError, type ResponseError } from "./error-body.ts";
import { isObject, unknownMembers, parseJson, setOwn, type JsonObject } from "../json/json.ts";
import type { SseEvent } from "./sse.ts";
import { addUsage, mergeUsage } from "../usage/token-usage.ts";

/** Memory of what is kept of a stream, by estimate: twice what 128,000 tokens take, one in each event. */
const MAX_STREAM_MEMORY = 16 * 1_048_576;
/** By estimate, of a piece of text beside its characters, a value, and a member. */
const PIECE_MEMORY = 64;
const VALUE_MEMORY = 40;
const MEMBER_MEMORY = 200;
/** Once parts are left out, the end of a message is still read, while it is as small as it always is. */
const MAX_END_CHARACTERS = 2_000;
/** Members of the usages of a stream; a usage has about ten, and a stream one to three of them. */
const MAX_USAGE_MEMBERS = 1_000;

/** Unknown events kept before the first event of a message. */
const MAX_EVENTS_BEFORE_MESSAGE = 100;

/** The message after some of its events. */
export interface StreamState {
  /** Members of the message except `content` and `usage`; null until the first event of a message. */
  fields: JsonObject | null;
  started: boolean;
  /** `message_stop` came after a `message_start`, or the stop reason of a completion came. */
  stopped: boolean;
  extras: Extras;
  usage: JsonObject | null;
  hasDeltaUsage: boolean;
  fallbackModel: unknown;
  error: ResponseError | null;
  requestId: unknown;
  events: number;
  /** In order of start; a second block under a used index is a block of its own. */
  blocks: OpenBlock[];
  byIndex: Map<number, OpenBlock>;
  /** Negative: parts of the stream were left out. */
  memoryLeft: number;
  usageMembersLeft: number;
}

/** Before the first event. */
export function newStreamState(): StreamState {
  return {
    fields: null,
    started: false,
    stopped: false,
    extras: {},
    usage: null,
    hasDeltaUsage: false,
    fallbackModel: undefined,
    error: null,
    requestId: undefined,
    events: 0,
    blocks: [],
    byIndex: new Map(),
    memoryLeft: MAX_STREAM_MEMORY,
    usageMembersLeft: MAX_USAGE_MEMBERS,
  };
}

/** Applies one event to the state. Never throws. */
export function applyEvent(state: StreamState, { event, data, terminated, isCut }: SseEvent): void {
  const parsed = isCut ? undefined : parseJson(data);
  if (isObject(parsed)) {
    state.events++;
    const type = typeof parsed["type"] === "string" ? parsed["type"] : isError(parsed) ? "error" : event;
    state.memoryLeft -= memoryOfEvent(type, parsed);
    if (state.memoryLeft < 0) applyEnd(state, type, parsed, data);
    else if (!applyKnownEvent(state, type, parsed)) keepUnknownEvent(state, parsed);
  } else if (terminated) {
    state.events++;
    state.memoryLeft -= isCut ? MAX_STREAM_MEMORY + 1 : PIECE_MEMORY + data.length;
    if (event === "error") state.error = { type: "error", message: messageText(data) };
    else if (event !== "ping" && state.memoryLeft >= 0) keepUnknownEvent(state, { event, data });
  }
  // else: the stream was cut within this event.
}

/** Of a stream of which parts were left out: its end, its final usage and its error. */
function applyEnd(state: StreamState, type: string, event: JsonObject, data: string): void {
  if (type === "message_stop") state.stopped = true;
  if (type === "error") applyKnownEvent(state, type, event);
  if (type !== "message_delta" || data.length > MAX_END_CHARACTERS) return;
  const { usage, delta } = event;
  const stopReason = isObject(delta) ? delta["stop_reason"] : null;
  applyMessageDelta(state, {
    ...(isObject(usage) && { usage }),
    ...(typeof stopReason === "string" && { delta: { stop_reason: stopReason } }),
  });
}

/** Of a ping nothing is kept, of a piece of text only its characters. */
function memoryOfEvent(type: string, event: JsonObject): number {
  if (type === "ping") return 0;
  const { delta } = event;
  const piece = isObject(delta) ? (delta["text"] ?? delta["thinking"] ?? delta["partial_json"]) : null;
  const isPlain = Object.keys(event).length === 3 && Object.keys(delta ?? {}).length === 2;
  return typeof piece === "string" && isPlain ? PIECE_MEMORY + piece.length : memoryOf(event);
}

function memoryOf(value: unknown): number {
  if (typeof value === "string") return VALUE_MEMORY + value.length;
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + memoryOf(item), VALUE_MEMORY);
  if (!isObject(value)) return VALUE_MEMORY;
  let memory = VALUE_MEMORY;
  for (const name in value) memory += MEMBER_MEMORY + memoryOf(value[name]);
  return memory;
}

/** An error without a type, as gateways send it. */
function isError({ error }: JsonObject): boolean {
  return isObject(error);
}

/** Keeps an unknown event; before any event of a message only the first MAX_EVENTS_BEFORE_MESSAGE. */
function keepUnknownEvent(state: StreamState, event: JsonObject): void {
  if (state.fields !== null || state.events <= MAX_EVENTS_BEFORE_MESSAGE) keepUnknown(state.extras, event);
}

/** False if the event is unknown or malformed; the caller then keeps it. */
function applyKnownEvent(state: StreamState, type: string, event: JsonObject): boolean {
  switch (type) {
    case "ping":
      return true;
    case "message_start":
      return startMessage(state, event);
    case "content_block_start":
      return startBlock(state, event);
    case "content_block_delta":
      return applyBlockDelta(state, event);
    case "content_block_stop":
      return stopBlock(state, event);
    case "message_delta":
      return applyMessageDelta(state, event);
    case "message_stop":
      if (state.started) state.stopped = true;
      mergeMembers(state, event);
      return true;
    case "completion":
      // The last event of a stream of `/v1/complete` has the stop reason; there is no message_stop.
      if (typeof event["stop_reason"] === "string") state.stopped = true;
      return false;
    case "error": {
      const { type: errorType, message } = readError(event);
      state.error = { type: errorType ?? "error", message };
      state.requestId = event["request_id"];
      return true;
    }
    default:
      return false;
  }
}

function startMessage(state: StreamState, event: JsonObject): boolean {
  const message = event["message"];
  if (!isObject(message)) return false;
  if (state.started) {
    // Gateways that begin with a start of their own report zeros in it.
    const { usage } = message;
    if (isObject(usage) && !state.hasDeltaUsage) state.usage = mergeUsage(state.usage, usage);
    return false;
  }
  state.started = true;
  state.fields = { ...message, ...state.fields };
  if (isObject(message["usage"])) state.usage = mergeUsage(message["usage"], state.usage);
  mergeMembers(state, event, "message");
  return true;
}

function startBlock(state: StreamState, event: JsonObject): boolean {
  state.fields ??= {};
  const contentBlock = event["content_block"];
  if (!isObject(contentBlock)) return false;
  const block = openBlock(indexOf(event) ?? state.blocks.length, contentBlock);
  addBlock(state, block);
  // The last fallback block names the model that served the response; a plain response has that name as its `model`.
  if (contentBlock["type"] === "fallback" && isObject(contentBlock["to"])) {
    state.fallbackModel = contentBlock["to"]["model"];
  }
  keepUnknownMembers(block, event, "content_block");
  return true;
}

function applyBlockDelta(state: StreamState, event: JsonObject): boolean {
  state.fields ??= {};
  const delta = event["delta"];
  if (!isObject(delta)) return false;
  const index = indexOf(event) ?? state.blocks.at(-1)?.index ?? 0;
  const block = state.byIndex.get(index) ?? addBlock(state, inferredBlock(index, delta));
  applyDelta(block, delta);
  keepUnknownMembers(block, event, "delta");
  return true;
}

function stopBlock(state: StreamState, event: JsonObject): boolean {
  state.fields ??= {};
  const block = state.byIndex.get(indexOf(event) ?? -1);
  if (block) keepUnknownMembers(block, event);
  return block !== undefined || unknownMembers(event, "index") === null;
}

function applyMessageDelta(state: StreamState, event: JsonObject): boolean {
  state.fields ??= {};
  const { usage, delta } = event;
  if (isObject(usage) && (state.usageMembersLeft -= Object.keys(usage).length) >= 0) {
    addUsage((state.usage ??= {}), usage);
    state.hasDeltaUsage = true;
  }
  if (isObject(delta)) mergeMembers(state, delta);
  mergeMembers(state, event, ...(isObject(delta) ? ["delta"] : []), ...(isObject(usage) ? ["usage"] : []));
  return true;
}

/** Members of the message that a later event must not overwrite: its structure, or ours. */
const RESERVED_MEMBERS = ["message", "delta", "usage", "content", EXTRAS_MEMBER];

/** Members of an event become members of the message, except reserved ones, which are kept apart. Null never replaces a value. */
function mergeMembers(state: StreamState, source: JsonObject, ...placed: readonly string[]): void {
  const fields = (state.fields ??= {});
  const reserved: JsonObject = {};
  for (const [name, value] of Object.entries(source)) {
    if (name === "type" || placed.includes(name)) continue;
    if (RESERVED_MEMBERS.includes(name)) reserved[name] = value;
    else if (value !== null || !Object.hasOwn(fields, name)) setOwn(fields, name, value);
  }
  if (unknownMembers(reserved) !== null) keepUnknown(state.extras, { type: source["type"], ...reserved });
}

function keepUnknownMembers(block: OpenBlock, event: JsonObject, ...placed: readonly string[]): void {
  const rest = unknownMembers(event, "index", ...placed);
  if (rest !== null) keepUnknown(block.extras, rest);
}

function addBlock(state: StreamState, block: OpenBlock): OpenBlock {
  state.blocks.push(block);
  state.byIndex.set(block.index, block);
  return block;
}

function indexOf(event: JsonObject): number | null {
  const index = event["index"];
  return Number.isSafeInteger(index) && (index as number) >= 0 ? (index as number) : null;
}
