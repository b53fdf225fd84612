/**
 * Content blocks of a streamed response, assembled from `content_block_start`, its deltas and `content_block_stop`.
 * A block has the members the vendor sent and nothing is lost: what has no place in it (deltas and members unknown today,
 * a tool input that is not JSON) stays in the block's `_nexus` member, see Extras. Called by assemble-stream.ts and stream-events.ts.
 */
import { BLOCK_TYPE_OF_DELTA } from "../../schemas/anthropic.ts";
import { isObject, unknownMembers, parseJson, setOwn, type JsonObject } from "../json/json.ts";

/**
 * The one member of messages and blocks that is ours and not the vendor's; absent where there is nothing to say.
 * Code that compares or rebuilds content leaves it out.
 */
export const EXTRAS_MEMBER = "_nexus";

export interface Extras {
  /** Pieces of events with no place in the assembled block or message, as received and in order. */
  unplaced?: unknown[];
  /** `input` is the text of the tool input as far as it came: it is cut, or no JSON, or nested absurdly deep. */
  unparsed_input?: true;
  /** The block's start never came: `type` is inferred from its deltas. */
  start_missing?: true;
  /** Sum of the increments `estimated_tokens` that `thinking_delta` may carry. */
  estimated_tokens?: number;
}

/** A block while its deltas come in. */
export interface OpenBlock {
  index: number;
  fields: JsonObject;
  /** Text of the tool input so far; null before the first piece. */
  inputText: string | null;
  extras: Extras;
}

/** A block as `content_block_start` gives it. */
export function openBlock(index: number, contentBlock: JsonObject): OpenBlock {
  return { index, fields: { ...contentBlock }, inputText: null, extras: {} };
}

/** A block whose start was lost, from the first delta for it. */
export function inferredBlock(index: number, delta: JsonObject): OpenBlock {
  const type = new Map<unknown, string>(Object.entries(BLOCK_TYPE_OF_DELTA)).get(delta["type"]);
  return { index, fields: type ? { type } : {}, inputText: null, extras: { start_missing: true } };
}

/** Keeps a piece of an event that belongs to the block but has no place in it. */
export function keepUnknown(extras: Extras, piece: unknown): void {
  (extras.unplaced ??= []).push(piece);
}

/** Works one delta into the block. A delta that is unknown, or not as it should be, is kept whole. */
export function applyDelta(block: OpenBlock, delta: JsonObject): void {
  const rest = applyKnownDelta(block, delta);
  if (rest !== null) keepUnknown(block.extras, rest);
}

/** Puts what is known of a delta in its place; returns what is to be kept beside: null, a rest, or the delta itself. */
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
      // In place: copying the list for each citation would be quadratic, and it came out of this very event stream.
      if (Array.isArray(soFar)) soFar.push(delta["citation"]);
      else block.fields["citations"] = [delta["citation"]];
      return unknownMembers(delta, "citation");
    }
    case "signature_delta":
      if (!Object.hasOwn(delta, "signature")) return delta;
      assign(block, delta, "signature");
      return unknownMembers(delta, "signature");
    case "compaction_delta": // carries the block's final values, whatever they are called
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

/** Sets a member to its final value. A different text that stood there is kept, should such a delta ever be a piece only. */
function assign({ fields, extras }: OpenBlock, delta: JsonObject, member: string): void {
  const before = Object.hasOwn(fields, member) ? fields[member] : undefined;
  if (typeof before === "string" && before !== "" && before !== delta[member]) {
    keepUnknown(extras, { type: delta["type"], [member]: before });
  }
  setOwn(fields, member, delta[member]);
}

/** The block as it goes into the message: tool input parsed, our marks added where there are any. */
export function finishBlock(block: OpenBlock): JsonObject {
  const fields = { ...block.fields };
  const extras = { ...block.extras };
  // No piece, or only empty ones: the tool takes no input, and the start's `{}` is it.
  if (block.inputText) {
    const parsed = parseJson(block.inputText);
    fields["input"] = parsed === undefined ? block.inputText : parsed;
    if (parsed === undefined) extras.unparsed_input = true;
  }
  return withExtras(fields, extras);
}

/** The object with our marks, or as it is where there are none. */
export function withExtras(fields: JsonObject, extras: Extras): JsonObject {
  if (Object.keys(extras).length === 0) return fields;
  const existing = fields[EXTRAS_MEMBER];
  return { ...fields, [EXTRAS_MEMBER]: isObject(existing) ? { ...existing, ...extras } : extras };
}
