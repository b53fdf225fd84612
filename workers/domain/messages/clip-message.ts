/** A stored message for a transcript: parsed, with long texts truncated and images left out. Pure; called by the store. */
import { isObject, type JsonObject, parseJson, setOwn } from "../json/json.ts";
import { truncate } from "../truncate.ts";
import { contentBlocks, isToolCall } from "./content.ts";

/** Longer texts are cut to this many characters in a page of a transcript. */
export const MAX_CLIPPED_TEXT = 4_000;

/** Characters of a text in a preview. */
const MAX_PREVIEW_TEXT = 500;

export interface ClippedMessage {
  role: string;
  content: unknown;
  isClipped: boolean;
  /** It holds tool calls or results; if such a message repeats, it is a duplicate and not a second message of the user. */
  hasTools: boolean;
}

/** Of a text that is truncated, this much is masked first: a secret must not be cut before it is recognised. */
const MASKED_WINDOW = 65_536;
type Mask = (text: string) => string;
const asItIs: Mask = (text) => text;

/**
 * `isWhole`: nothing is truncated. Bytes that are no JSON object (broken, or nested too deep) are returned as text. `mask` is applied to
 * texts that are truncated, before they are.
 */
export function clipMessage(bytes: Uint8Array, isWhole: boolean, mask = asItIs): ClippedMessage {
  const text = new TextDecoder().decode(bytes);
  const message = parseJson(text);
  if (!isObject(message)) {
    const isClipped = !isWhole && text.length > MAX_CLIPPED_TEXT;
    const content = isClipped ? maskAndCut(text, mask) : text;
    return { role: "unknown", content, isClipped, hasTools: false };
  }
  const clip = { happened: false };
  const content = message["content"] ?? null;
  const role = message["role"];
  return {
    role: typeof role === "string" ? truncate(role, 50) : "unknown",
    content: isWhole ? content : clipped(content, clip, mask),
    isClipped: clip.happened,
    hasTools: contentBlocks(content).some(({ type }) => isToolCall(type) || type === "tool_result"),
  };
}

const maskAndCut = (text: string, mask: Mask) =>
  truncate(mask(text.slice(0, MAX_CLIPPED_TEXT + MASKED_WINDOW)), MAX_CLIPPED_TEXT);

function clipped(value: unknown, clip: { happened: boolean }, mask: Mask): unknown {
  if (typeof value === "string") {
    if (value.length <= MAX_CLIPPED_TEXT) return value;
    clip.happened = true;
    return `${maskAndCut(value, mask)}…`;
  }
  if (Array.isArray(value)) return value.map((item) => clipped(item, clip, mask));
  if (!isObject(value)) return value;
  const result: JsonObject = {};
  const isData = value["type"] === "base64";
  for (const [name, item] of Object.entries(value)) {
    // A truncated image cannot be shown.
    if (isData && name === "data" && typeof item === "string" && item.length > MAX_CLIPPED_TEXT) {
      clip.happened = true;
      setOwn(result, name, "");
    } else setOwn(result, name, clipped(item, clip, mask));
  }
  return result;
}

/** A preview: the beginning of each text and the names of tools, without their inputs and results. */
export function previewContent(content: unknown): unknown {
  if (typeof content === "string") return previewText(content);
  return contentBlocks(content).map((block): JsonObject => {
    const { type } = block;
    if (type === "text" && typeof block["text"] === "string")
      return { type, text: previewText(block["text"]) };
    if (isToolCall(type)) return { type, id: block["id"], name: block["name"], input: {} };
    return { type, ...(type === "tool_result" && { tool_use_id: block["tool_use_id"] }) };
  });
}

const previewText = (text: string) =>
  text.length <= MAX_PREVIEW_TEXT ? text : `${truncate(text, MAX_PREVIEW_TEXT)}…`;
