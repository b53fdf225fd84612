/**
 * Content blocks of a streamed response, assembled from `content_block_start`, its deltas and `content_block_stop`.
 * A block has the members that the vendor sent. Unknown deltas and members, and a tool input that is not JSON, are kept in its
 * `_nexus` member (Extras). Called by assemble-stream.ts and stream-events.ts.
 */
import { BLOCK_TYPE_OF_DELTA } from "../../schemas/anthropic.ts";
import { isObject, unknownMembers, parseJson, setOwn, type JsonObject } from "../json/json.ts";

/**
 * The member of messages and blocks that this project adds; absent if empty. Code that compares or rebuilds content leaves
 * it out.
 */
export const EXTRAS_MEMBER = "_nexus";

export interface Extras {
  /** Unknown events, deltas and members, as received and in order. */
  unplaced?: unknown[];
  /** `input` is the received text of the tool input, because it is truncated, not JSON, or nested too deep. */
  unparsed_input?: true;
  /** The block's start is missing: `type` is inferred from its deltas. */
  start_missing?: true;
  /** Sum of the increments `estimated_tokens` that `thinking_delta` may carry. */
  estimated_tokens?: number;
}

/** A block while its deltas arrive. */
export interface OpenBlock {
  index: number;
  fields: JsonObject;
  /** Text of the tool input so far; null before its first delta. */
  inputText: string | null;
  extras: Extras;
}

/** A block as `content_block_start` gives it. */
export function openBlock(index: number, contentBlock: JsonObject): OpenBlock {
  return { index, fields: { ...contentBlock }, inputText: null, extras: {} };
}

/** A block whose start is missing, from its first delta. */
export function inferredBlock(index: number, delta: JsonObject): OpenBlock {
  const type = new Map<unknown, string>(Object.entries(BLOCK_TYPE_OF_DELTA)).get(delta["type"]);
  return { index, fields: type ? { type } : {}, inputText: null, extras: { start_missing: true } };
}

/** Keeps an unknown event, delta or members of one. */
export function keepUnknown(extras: Extras, value: unknown): void {
  (extras.unplaced ??= []).push(value);
}

/** Applies one delta to the block. An unknown or malformed delta is kept unchanged. */
export function applyDelta(block: OpenBlock, delta: JsonObject): void {
  const unknown = applyKnownDelta(block, delta);
  if (unknown !== null) keepUnknown(block.extras, unknown);
}

/** Applies the known members of a delta. Returns the unknown ones: null, some members, or the delta itself. */
function applyKnownDelta(block: OpenBlock, delta: JsonObject): JsonObject | null {
  switch (delta["type"]) {
    case "text_delta":
      return append(block, delta, "text") ? unknownMembers(delta, "text") : delta;
    case "thinking_delta": {
      if (!append(block, delta, "thinking")) return delta;
      const increment = delta["estimated_tokens"];
      if (typeof increment !== "number") return unknownMembers(delta, "thinking");
      block.extras.estimated_tokens = (block.extras.estimated_tokens ?? 0) + increment;
      return unknownMembers(delta, "thinking", "estimated_tokens");
    }
    case "input_json_delta": {
      const piece = delta["partial_json"];
      if (typeof piece !== "string") return delta;
      block.inputText = (block.inputText ?? "") + piece;
      return unknownMembers(delta, "partial_json");
    }
    case "citations_delta": {
      if (!Object.hasOwn(delta, "citation")) return delta;
      const soFar = block.fields["citations"];
      // In place, because copying the list for each citation would be quadratic; only this stream refers to it.
      if (Array.isArray(soFar)) soFar.push(delta["citation"]);
      else block.fields["citations"] = [delta["citation"]];
      return unknownMembers(delta, "citation");
    }
    case "signature_delta":
      if (!Object.hasOwn(delta, "signature")) return delta;
      assign(block, delta, "signature");
      return unknownMembers(delta, "signature");
    case "compaction_delta": // carries the block's final values under any name
      for (const member of Object.keys(delta)) {
        if (member !== "type" && member !== EXTRAS_MEMBER) assign(block, delta, member);
      }
      return Object.hasOwn(delta, EXTRAS_MEMBER) ? delta : null;
    default:
      return delta;
  }
}

function append({ fields }: OpenBlock, delta: JsonObject, member: string): boolean {
  const soFar = fields[member] ?? "";
  const piece = delta[member];
  if (typeof soFar !== "string" || typeof piece !== "string") return false;
  fields[member] = soFar + piece;
  return true;
}

/** Sets a member to its final value. A different earlier text is kept in the extras, in case the delta is only an increment. */
function assign({ fields, extras }: OpenBlock, delta: JsonObject, member: string): void {
  const before = Object.hasOwn(fields, member) ? fields[member] : undefined;
  if (typeof before === "string" && before !== "" && before !== delta[member]) {
    keepUnknown(extras, { type: delta["type"], [member]: before });
  }
  setOwn(fields, member, delta[member]);
}

/** The block of the message: its tool input parsed, its extras added. */
export function finishBlock(block: OpenBlock): JsonObject {
  const fields = { ...block.fields };
  const extras = { ...block.extras };
  // Without any text the tool takes no input, and the `{}` of the start is kept.
  if (block.inputText) {
    const parsed = parseJson(block.inputText);
    fields["input"] = parsed === undefined ? block.inputText : parsed;
    if (parsed === undefined) extras.unparsed_input = true;
  }
  return withExtras(fields, extras);
}

/** The object with the extras; unchanged without any. */
export function withExtras(fields: JsonObject, extras: Extras): JsonObject {
  if (Object.keys(extras).length === 0) return fields;
  const existing = fields[EXTRAS_MEMBER];
  return { ...fields, [EXTRAS_MEMBER]: isObject(existing) ? { ...existing, ...extras } : extras };
}
