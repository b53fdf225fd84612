/**
 * What each event of a message stream does to what is known of the message so far. Inspects only; tolerates any order,
 * unknown events, several `message_delta` and lost pieces, and keeps all of it (answer-blocks.ts says where).
 * Called by answer-stream.ts. Source: the streaming page of the Messages API; where that is silent, its SDK's accumulator.
 */
import {
  applyDelta,
  inferredBlock,
  keepUnplaced,
  openBlock,
  OWN_MEMBER,
  type OpenBlock,
  type OwnMarks,
} from "./content-blocks.ts";
import { messageText, readError, type AnswerError } from "./error-body.ts";
import { isObject, leftOver, parseJson, setOwn, type JsonObject } from "../json/json.ts";
import type { SseEvent } from "./sse.ts";
import { mergeUsage } from "../usage/token-usage.ts";

/** Unknown events kept before the first one about a message. */
const MAX_EVENTS_BEFORE_MESSAGE = 100;

/** What is known after some of the events. */
export interface Reading {
  /** Members of the message but `content` and `usage`; null until the first event about a message. */
  fields: JsonObject | null;
  started: boolean;
  stopped: boolean;
  marks: OwnMarks;
  usage: JsonObject | null;
  hasDeltaUsage: boolean;
  handedTo: unknown;
  error: AnswerError | null;
  requestId: unknown;
  events: number;
  /** In order of start; a second block under a used index is a block of its own. */
  blocks: OpenBlock[];
  byIndex: Map<number, OpenBlock>;
}

/** Before the first event. */
export function newReading(): Reading {
  return {
    fields: null,
    started: false,
    stopped: false,
    marks: {},
    usage: null,
    hasDeltaUsage: false,
    handedTo: undefined,
    error: null,
    requestId: undefined,
    events: 0,
    blocks: [],
    byIndex: new Map(),
  };
}

/** Works one event into the reading. Never throws. */
export function takeEvent(reading: Reading, { event, data, terminated }: SseEvent): void {
  const parsed = parseJson(data);
  if (isObject(parsed)) {
    reading.events++;
    const type = typeof parsed["type"] === "string" ? parsed["type"] : event;
    if (!place(reading, type, parsed)) keepEvent(reading, parsed);
  } else if (terminated) {
    reading.events++;
    if (event === "error") reading.error = { type: "error", message: messageText(data) };
    else if (event !== "ping") keepEvent(reading, { event, data });
  }
  // else: the stream was cut within this event, and there is nothing to read in half of it.
}

/** Keeps an event that has no place. Of a stream that turns out not to be about a message only the first: nobody will read them. */
function keepEvent(reading: Reading, event: JsonObject): void {
  if (reading.fields !== null || reading.events <= MAX_EVENTS_BEFORE_MESSAGE)
    keepUnplaced(reading.marks, event);
}

/** False where the event is unknown or not as it should be; it is then kept whole. */
function place(reading: Reading, type: string, event: JsonObject): boolean {
  switch (type) {
    case "ping":
      return true;
    case "message_start":
      return startMessage(reading, event);
    case "content_block_start":
      return startBlock(reading, event);
    case "content_block_delta":
      return changeBlock(reading, event);
    case "content_block_stop":
      return stopBlock(reading, event);
    case "message_delta":
      return changeMessage(reading, event);
    case "message_stop":
      reading.stopped = true;
      mergeMembers(reading, event);
      return true;
    case "error": {
      const { type: errorType, message } = readError(event);
      reading.error = { type: errorType ?? "error", message };
      reading.requestId = event["request_id"];
      return true;
    }
    default:
      return false;
  }
}

function startMessage(reading: Reading, event: JsonObject): boolean {
  const message = event["message"];
  if (!isObject(message) || reading.started) return false;
  reading.started = true;
  reading.fields = { ...message, ...reading.fields };
  if (isObject(message["usage"])) reading.usage = mergeUsage(message["usage"], reading.usage);
  mergeMembers(reading, event, "message");
  return true;
}

function startBlock(reading: Reading, event: JsonObject): boolean {
  reading.fields ??= {};
  const contentBlock = event["content_block"];
  if (!isObject(contentBlock)) return false;
  const block = openBlock(indexOf(event) ?? reading.blocks.length, contentBlock);
  add(reading, block);
  // The last hand-over names the model that served the answer; a plain answer carries that name as its `model`.
  if (contentBlock["type"] === "fallback" && isObject(contentBlock["to"])) {
    reading.handedTo = contentBlock["to"]["model"];
  }
  keepRest(block, event, "content_block");
  return true;
}

function changeBlock(reading: Reading, event: JsonObject): boolean {
  reading.fields ??= {};
  const delta = event["delta"];
  if (!isObject(delta)) return false;
  const index = indexOf(event) ?? reading.blocks.at(-1)?.index ?? 0;
  const block = reading.byIndex.get(index) ?? add(reading, inferredBlock(index, delta));
  applyDelta(block, delta);
  keepRest(block, event, "delta");
  return true;
}

function stopBlock(reading: Reading, event: JsonObject): boolean {
  reading.fields ??= {};
  const block = reading.byIndex.get(indexOf(event) ?? -1);
  if (block) keepRest(block, event);
  return block !== undefined || leftOver(event, "index") === null;
}

function changeMessage(reading: Reading, event: JsonObject): boolean {
  reading.fields ??= {};
  const { usage, delta } = event;
  if (isObject(usage)) {
    reading.usage = mergeUsage(reading.usage, usage);
    reading.hasDeltaUsage = true;
  }
  if (isObject(delta)) mergeMembers(reading, delta);
  mergeMembers(reading, event, ...(isObject(delta) ? ["delta"] : []), ...(isObject(usage) ? ["usage"] : []));
  return true;
}

/** Names that a later event may not give to a member of the message: they are its structure, or ours. */
const STRUCTURE = ["message", "delta", "usage", "content", OWN_MEMBER];

/** Members of an event become members of the message; null never erases what is known. What may not is kept apart. */
function mergeMembers(reading: Reading, source: JsonObject, ...placed: readonly string[]): void {
  const fields = (reading.fields ??= {});
  const refused: JsonObject = {};
  for (const [name, value] of Object.entries(source)) {
    if (name === "type" || placed.includes(name)) continue;
    if (STRUCTURE.includes(name)) refused[name] = value;
    else if (value !== null || !Object.hasOwn(fields, name)) setOwn(fields, name, value);
  }
  if (leftOver(refused) !== null) keepUnplaced(reading.marks, { type: source["type"], ...refused });
}

function keepRest(block: OpenBlock, event: JsonObject, ...placed: readonly string[]): void {
  const rest = leftOver(event, "index", ...placed);
  if (rest !== null) keepUnplaced(block.marks, rest);
}

function add(reading: Reading, block: OpenBlock): OpenBlock {
  reading.blocks.push(block);
  reading.byIndex.set(block.index, block);
  return block;
}

function indexOf(event: JsonObject): number | null {
  const index = event["index"];
  return Number.isSafeInteger(index) && (index as number) >= 0 ? (index as number) : null;
}
