/**
 * What the link of a request is made of, out of its body as it is taken apart for storing: elements are parsed one by one
 * when they are asked for. Called by ingest, and by the store for what it reads back.
 */
import type { ChainElement, SplitBody } from "../content/split-body.ts";
import { isObject, type JsonObject, parseJson } from "../json/json.ts";
import { evidenceOf, type LinkableExchange, type FullEvidence } from "./evidence.ts";
import { NormalizedMessage } from "./transcript.ts";

export type LinkableRequest = Omit<LinkableExchange, "requestId" | "answer" | "isAnswered">;

export interface ResponseMessage {
  /** The assembled answer as a history element; null where there was none. */
  message: Uint8Array | null;
  outcome: string | null;
}

/** `body` is null where it was not recorded, or not all of it. */
export function linkableRequest(
  headers: Readonly<Record<string, string>>,
  body: SplitBody | null,
): LinkableRequest {
  const skeleton = body && parsed(body.skeleton);
  if (!body || !isObject(skeleton))
    return { headers, body: null, messages: [], system: null, tools: [], isRead: false };
  const { messages, system, tools } = body;
  return {
    headers,
    body: skeleton,
    messages: messages.length > 0 ? messages.map(saidIn) : listIn(skeleton, "messages"),
    system: system.length > 0 ? systemOf(system) : skeleton["system"],
    tools: elements(tools) ?? listIn(skeleton, "tools"),
    isRead: true,
  };
}

/** The evidence of a request with its answer; null for side requests. */
export function requestEvidence(
  requestId: string,
  request: LinkableRequest,
  { message, outcome }: ResponseMessage,
): FullEvidence | null {
  const answer = message && parsed(message);
  return evidenceOf({
    requestId,
    ...request,
    answer: isObject(answer) ? answer["content"] : null,
    isAnswered: outcome === "complete",
  });
}

/** An element is behind one history only, and ingest has the same elements again with every turn of a conversation. */
const said = new WeakMap<ChainElement, NormalizedMessage>();

/** Null where the element is no message. */
function saidIn(element: ChainElement): NormalizedMessage | null {
  const known = said.get(element);
  if (known) return known;
  const message = parsed(element.content);
  if (!isObject(message)) return null;
  const made = new NormalizedMessage(message);
  said.set(element, made);
  return made;
}

function elements(chain: SplitBody["messages"]): Iterable<unknown> | null {
  if (chain.length === 0) return null;
  return {
    *[Symbol.iterator]() {
      for (const { content } of chain) yield parsed(content);
    },
  };
}

/** A plain string is an element of its own. */
function systemOf(chain: SplitBody["system"]): unknown {
  const blocks = chain.map(({ content }) => parsed(content));
  return blocks.length === 1 && typeof blocks[0] === "string" ? blocks[0] : blocks;
}

/** Lists that could not be taken out of a body are still in it. */
function listIn(skeleton: JsonObject, name: string): unknown[] {
  const list = skeleton[name];
  return Array.isArray(list) ? (list as unknown[]) : [];
}

function parsed(bytes: Uint8Array): unknown {
  return parseJson(new TextDecoder().decode(bytes));
}
