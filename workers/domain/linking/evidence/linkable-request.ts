/**
 * The input of linking from a split body; list elements are parsed on demand. Called by ingest, and by the store for bodies that
 * it reads back.
 */
import type { ChainElement, SplitBody } from "../../content/split-body.ts";
import { isObject, type JsonObject, parseJsonBytes } from "../../json/json.ts";
import { evidenceOf, type LinkableExchange, type FullEvidence } from "./evidence.ts";
import { NormalizedMessage } from "./transcript.ts";

export type LinkableRequest = Omit<LinkableExchange, "requestId" | "response" | "isResponseComplete">;

export interface ResponseMessage {
  /** The assembled response as a history element; null where there was none. */
  message: Uint8Array | null;
  outcome: string | null;
}

/** `body` is null where it was not recorded completely; `parsed` holds values of its contents that are parsed already. */
export function linkableRequest(
  headers: Readonly<Record<string, string>>,
  body: SplitBody | null,
  parsed: ReadonlyMap<Uint8Array, unknown> = new Map(),
): LinkableRequest {
  const parse = (bytes: Uint8Array) => (parsed.has(bytes) ? parsed.get(bytes) : parseJsonBytes(bytes));
  const skeleton = body && parse(body.skeleton);
  if (!body || !isObject(skeleton))
    return { headers, body: null, messages: [], system: null, tools: [], isBodyComplete: false };
  const { messages, system, tools } = body;
  return {
    headers,
    body: skeleton,
    messages:
      messages.length > 0
        ? messages.map((element) => normalizedMessageOf(element, parse))
        : listIn(skeleton, "messages"),
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

/** By element: an element has one history, and the prefix cache gives the same elements for every turn of a conversation. */
const normalizedMessages = new WeakMap<ChainElement, NormalizedMessage>();

/** Null where the element is no message. */
function normalizedMessageOf(
  element: ChainElement,
  parse: (bytes: Uint8Array) => unknown,
): NormalizedMessage | null {
  const cached = normalizedMessages.get(element);
  if (cached) return cached;
  const message = parse(element.content);
  if (!isObject(message)) return null;
  const created = new NormalizedMessage(message, hasCacheMarker(element));
  normalizedMessages.set(element, created);
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
