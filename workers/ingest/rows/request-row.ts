/**
 * The request's half of an exchange as it is stored: columns, headers, and its body taken apart. Pure; called by
 * exchange-row.ts.
 */
import { Buffer } from "node:buffer";
import { clientName } from "../../domain/http/user-agent.ts";
import { requestType, type RequestType } from "../../domain/messages/request-type.ts";
import { type SplitBody, splitBody } from "../../domain/content/split-body.ts";
import type { PrefixCache } from "../../domain/content/prefix-cache.ts";
import { endpointOf, type Endpoint } from "../../domain/http/endpoint.ts";
import { isObject, type JsonObject, parseJsonBytes, storableJson } from "../../domain/json/json.ts";
import { redact } from "../../domain/redact.ts";
import { readRequest, type ParsedRequest } from "../../domain/messages/read-request.ts";
import { userPromptText } from "../../domain/messages/user-prompt.ts";
import { plainText } from "../../domain/truncate.ts";
import type { RequestMetadata } from "../../schemas/exchange.ts";
import type { StorableRequest } from "../../store/requests/write-model.ts";
import { decodeBody } from "./decoding.ts";
import { linkableRequest, type LinkableRequest } from "../../domain/linking/evidence/linkable-request.ts";
import { requestHeaderSet } from "./header-sets.ts";

const MAX_DOMAIN = 255;
const MAX_METHOD = 20;
const MAX_PATH = 1_000;
const MAX_QUERY = 2_000;
const MAX_ACCOUNT = 200;
/** Behind an answer come a person's words, reminders, system messages: not more messages than this. */
const MAX_RECENT_MESSAGES = 12;

/** Everything a row has from its request. `body` is what the journal has of it; `memory` has what came before. */
export function requestRow(
  facts: RequestMetadata,
  body: Uint8Array,
  memory?: PrefixCache,
): StorableRequest & LinkableRow {
  const isTruncated = facts.body.recorded === "head";
  const { dissected, readable, parsed, reading, messageCount, type, endpoint, prompt } = readBody(
    facts,
    body,
    isTruncated,
    memory,
  );
  return {
    linkable:
      endpoint === "messages" ? linkableRequest(facts.headers, isTruncated ? null : readable, parsed) : null,
    domain: plainText(facts.domain, MAX_DOMAIN),
    columns: {
      accountId: facts.accountId === null ? null : plainText(facts.accountId, MAX_ACCOUNT),
      credentialType: facts.credentialType,
      clientKeyId: facts.clientKeyId,
      sessionId: reading.sessionId,
      agentId: reading.agentId,
      parentAgentId: reading.parentAgentId,
      client: clientName(facts.headers["user-agent"]),
      prompt,
      method: plainText(facts.method, MAX_METHOD),
      path: plainText(facts.path, MAX_PATH),
      query: redact(plainText(facts.query, MAX_QUERY)),
      endpoint,
      requestType: type,
      model: reading.model,
      stream: reading.stream ?? false,
      bodyKind: dissected?.kind ?? "none",
      bodyBytes: facts.body.bytes,
      bodySha256: isTruncated ? fromHex(facts.body.sha256) : (dissected?.sha256 ?? null),
      bodyTruncated: isTruncated,
      bodyMasked: dissected?.masked ?? false,
      messageCount,
    },
    headers: requestHeaderSet(storableJson(facts.headers)),
    body: dissected && {
      skeleton: { bytes: dissected.skeleton, sha256: dissected.skeletonSha256 },
      messages: dissected.messages,
      system: dissected.system,
      tools: dissected.tools,
    },
  };
}

/** Beside the row, what its link is made of; null where no message was asked for. */
export interface LinkableRow {
  linkable: LinkableRequest | null;
}

interface ReadBody {
  /** What is archived; null when nothing was recorded. */
  dissected: SplitBody | null;
  /** The same without its content-coding. */
  readable: SplitBody | null;
  /** The values of its skeleton and newest messages, for later readers. */
  parsed: ReadonlyMap<Uint8Array, unknown>;
  /** Of a body that was taken apart, what its skeleton says: no list elements. */
  reading: ParsedRequest;
  messageCount: number;
  type: RequestType;
  endpoint: Endpoint;
  /** What a person says newly. */
  prompt: string | null;
}

function readBody(
  facts: RequestMetadata,
  body: Uint8Array,
  isTruncated: boolean,
  memory: PrefixCache | undefined,
): ReadBody {
  const { headers } = facts;
  const endpoint = endpointOf(facts.method, facts.path);
  const read = (bytes: Uint8Array) => readRequest({ body: bytes, isTruncated, headers });
  if (facts.body.recorded === "none" || body.length === 0) {
    const type = requestType(endpoint, null);
    return {
      dissected: null,
      readable: null,
      parsed: new Map(),
      reading: read(body),
      messageCount: 0,
      type,
      endpoint,
      prompt: null,
    };
  }
  const received = splitBody(body, memory);
  const decoded = decodedBody(received, headers, memory);
  const readable = decoded ?? received;
  const reading = read(readable.skeleton);
  const parsed = new Map<Uint8Array, unknown>([[readable.skeleton, reading.json]]);
  const parse = (content: Uint8Array) => {
    const value = parsed.has(content) ? parsed.get(content) : parseJsonBytes(content);
    if (parsed.size <= MAX_RECENT_MESSAGES) parsed.set(content, value);
    return value;
  };
  return {
    // Compressed bytes are kept as they came, unless there is a secret in them.
    dissected: decoded?.masked ? decoded : received,
    readable,
    parsed,
    reading,
    // Either the list was taken out of the skeleton, or it is still in there.
    messageCount: readable.messages.length || reading.messageCount,
    type: requestType(endpoint, requestTypeInput(readable, reading.json, parse)),
    endpoint,
    prompt: userPromptText(recentMessages(readable, reading.json), parse),
  };
}

/** The last messages, as JSON texts; where they could not be taken out of the body, out of what it parses to. */
function recentMessages(body: SplitBody, skeleton: JsonObject | null): Uint8Array[] {
  if (body.messages.length > 0)
    return body.messages.slice(-MAX_RECENT_MESSAGES).map(({ content }) => content);
  const messages: unknown = skeleton?.["messages"];
  if (!Array.isArray(messages)) return [];
  return messages
    .slice(-MAX_RECENT_MESSAGES)
    .map((message) => new TextEncoder().encode(JSON.stringify(message)));
}

function decodedBody(
  received: SplitBody,
  headers: Readonly<Record<string, string>>,
  memory: PrefixCache | undefined,
): SplitBody | null {
  const encoding = headers["content-encoding"];
  if (received.kind !== "bytes" || encoding === undefined) return null;
  const decoded = decodeBody(received.bytes, encoding);
  return decoded && splitBody(decoded, memory);
}

/**
 * As much of the body as the request type depends on: how many system blocks there are, and of the messages the last one
 * by the user and those that are system messages. Parsing elements one by one keeps a body of 32 MB from being held a
 * third and fourth time, and most need only the last.
 */
function requestTypeInput(
  body: SplitBody,
  skeleton: JsonObject | null,
  parse: (content: Uint8Array) => unknown,
): JsonObject | null {
  if (skeleton === null || body.kind !== "json") return skeleton;
  const messages: unknown[] = [];
  let hasUser = false;
  let systems = body.system.length;
  for (let i = body.messages.length - 1; i >= 0 && !(hasUser && systems >= 2); i--) {
    const { content } = body.messages[i]!;
    if (hasUser && !mayHaveSystemRole(content)) continue;
    const message = parse(content);
    const role = isObject(message) ? message["role"] : null;
    if (role === "system") systems++;
    else if (hasUser || role !== "user") continue;
    else hasUser = true;
    messages.unshift(message);
  }
  return {
    ...skeleton,
    ...(body.messages.length > 0 && { messages }),
    ...(body.system.length > 0 && { system: new Array<null>(body.system.length).fill(null) }),
  };
}

/** Whether an element may have the role `system`, by its text: written as it is, or with an escape in it. */
function mayHaveSystemRole({ buffer, byteOffset, length }: Uint8Array): boolean {
  const bytes = (Buffer as BufferConstructor).from(buffer, byteOffset, length);
  return bytes.includes('"system"') || bytes.includes("\\u");
}

function fromHex(hex: string | null): Uint8Array | null {
  if (hex === null || !/^[0-9a-f]{64}$/i.test(hex)) return null;
  return Uint8Array.from(hex.match(/../g)!, (byte) => Number.parseInt(byte, 16));
}
