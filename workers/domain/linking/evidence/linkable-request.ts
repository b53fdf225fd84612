/**
 * The input of linking from a split body; list elements are parsed on demand. Called by ingest, and by the store for bodies that
 * it reads back.
 */
import type { ChainElement, SplitBody } from "../../content/split-body.ts";
import { isObject, isTooLarge, type JsonObject, parseJsonBytes } from "../../json/json.ts";
import { evidenceOf, type LinkableExchange, type FullEvidence } from "./evidence.ts";
import { NormalizedMessage } from "./transcript.ts";

export type LinkableRequest = Omit<LinkableExchange, "requestId" | "response" | "isResponseComplete">;

export interface ResponseMessage {
  /** The assembled response as a history element; null where there was none. */
  message: Uint8Array | null;
  outcome: string | null;
}

/** Texts that are compared, per request: a context of a million tokens has half of it. */
const MAX_COMPARED_CHARACTERS = 8 * 1_048_576;

/**
 * `body` is null where it was not recorded completely; `parsed` holds values of its contents that are parsed already. Of a body that is
 * too large to be compared, headers and session remain.
 */
export function linkableRequest(
  headers: Readonly<Record<string, string>>,
  body: SplitBody | null,
  parsed: ReadonlyMap<Uint8Array, unknown> = new Map(),
): LinkableRequest {
  const parse = (bytes: Uint8Array) => (parsed.has(bytes) ? parsed.get(bytes) : parseJsonBytes(bytes));
  const skeleton = body && parse(body.skeleton);
  const unknown = { headers, messages: [], system: null, tools: [], isBodyComplete: false };
  if (!body || !isObject(skeleton)) return { ...unknown, body: null };
  const { messages, system, tools } = body;
  const normalized = normalizedMessages(messages, parse);
  if (normalized === null || isTooLarge(system.map(({ content }) => content)))
    return { ...unknown, body: skeleton };
  return {
    headers,
    body: skeleton,
    messages: messages.length > 0 ? normalized : listIn(skeleton, "messages"),
    system: system.length > 0 ? systemFrom(system) : skeleton["system"],
    tools: lazyElements(tools) ?? listIn(skeleton, "tools"),
    isBodyComplete: true,
  };
}

/** The evidence of a request with its response; null for side requests. */
export function requestEvidence(
  requestId: string,
  request: LinkableRequest,
  { message, outcome }: ResponseMessage,
): FullEvidence | null {
  const response = message && parseJsonBytes(message);
  return evidenceOf({
    requestId,
    ...request,
    response: isObject(response) ? response["content"] : null,
    isResponseComplete: outcome === "complete",
  });
}

/** Null where the messages are too large to be compared. */
function normalizedMessages(
  messages: SplitBody["messages"],
  parse: (bytes: Uint8Array) => unknown,
): (NormalizedMessage | null)[] | null {
  const normalized: (NormalizedMessage | null)[] = [];
  let charactersLeft = MAX_COMPARED_CHARACTERS;
  for (const element of messages) {
    const message = normalizedMessageOf(element, parse);
    charactersLeft -= message?.characters ?? 0;
    if (charactersLeft < 0 || (message === null && isTooLarge([element.content]))) return null;
    normalized.push(message);
  }
  return normalized;
}

/** By element: an element has one history, and the prefix cache gives the same elements for every turn of a conversation. */
const knownMessages = new WeakMap<ChainElement, NormalizedMessage>();
/** Memory that the prefix cache counts for the normalised message of an element, beside that of its text. */
const KNOWN_MESSAGE_BYTES = 500;

/** Null where the element is no message. */
function normalizedMessageOf(
  element: ChainElement,
  parse: (bytes: Uint8Array) => unknown,
): NormalizedMessage | null {
  const known = knownMessages.get(element);
  if (known) return known;
  const message = parse(element.content);
  if (!isObject(message)) return null;
  const created = new NormalizedMessage(message, hasCacheMarker(element));
  if (created.characters <= element.content.length + KNOWN_MESSAGE_BYTES) knownMessages.set(element, created);
  return created;
}

/** Splitting a body takes cache markers out of its messages, into their overlays. */
function hasCacheMarker({ overlay }: ChainElement): boolean {
  return overlay !== null && new TextDecoder().decode(overlay).includes("cache_control");
}

function lazyElements(chain: SplitBody["messages"]): Iterable<unknown> | null {
  if (chain.length === 0) return null;
  return {
    *[Symbol.iterator]() {
      for (const { content } of chain) yield parseJsonBytes(content);
    },
  };
}

/** A plain string is one element. */
function systemFrom(chain: SplitBody["system"]): unknown {
  const blocks = chain.map(({ content }) => parseJsonBytes(content));
  return blocks.length === 1 && typeof blocks[0] === "string" ? blocks[0] : blocks;
}

/** A list that was not split from the body is still in its skeleton. */
function listIn(skeleton: JsonObject, name: string): unknown[] {
  const list = skeleton[name];
  return Array.isArray(list) ? (list as unknown[]) : [];
}
