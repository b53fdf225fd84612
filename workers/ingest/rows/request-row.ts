/**
 * The request part of an exchange as stored: columns, headers, and its split body. Pure; called by
 * exchange-row.ts.
 */
import { Buffer } from "node:buffer";
import { fromHex } from "../../domain/bytes.ts";
import { clientName } from "../../domain/http/user-agent.ts";
import { requestType, type RequestType } from "../../domain/messages/request-type.ts";
import { smallMembers } from "../../domain/content/scan-body.ts";
import { type SplitBody, splitInSteps, unsplitInSteps } from "../../domain/content/split-body.ts";
import type { PrefixCache } from "../../domain/content/prefix-cache.ts";
import { endpointOf, type Endpoint } from "../../domain/http/endpoint.ts";
import {
  isObject,
  isTooLarge,
  type JsonObject,
  parseJsonBytes,
  storableJson,
} from "../../domain/json/json.ts";
import { redact, redactQuery } from "../../domain/masking/redact.ts";
import { readRequest, type ParsedRequest } from "../../domain/messages/read-request.ts";
import { userPromptText } from "../../domain/messages/user-prompt.ts";
import { plainText } from "../../domain/truncate.ts";
import { RECORDED_HEAD_BYTES, STEP_BYTES } from "../../runtime/constants.ts";
import type { Steps } from "../../domain/steps.ts";
import type { RequestMetadata } from "../../schemas/exchange.ts";
import type { Content } from "../../store/content/contents.ts";
import type { StorableRequest } from "../../store/requests/write-model.ts";
import { asUtf8, decodeBody } from "./decoding.ts";
import { linkableRequest, type LinkableRequest } from "../../domain/linking/evidence/linkable-request.ts";
import { requestHeaderSet } from "./header-sets.ts";

const MAX_DOMAIN = 255;
const MAX_METHOD = 20;
const MAX_PATH = 1_000;
const MAX_QUERY = 2_000;
const MAX_ACCOUNT = 200;
/** After a response come a user's text, reminders and system messages: at most this many messages. */
const MAX_RECENT_MESSAGES = 12;
/** A larger message is parsed by each reader again, so that few are in memory at once. */
const MAX_KEPT_MESSAGE_BYTES = 524_288;
const NO_BYTES = new Uint8Array(0);

export interface ReadOptions {
  /** Earlier requests' lists. */
  cache?: PrefixCache | undefined;
  /** The body is kept as it is. */
  isUnread?: boolean;
}

/** The row's data from the request. `body` is the journal's. */
export function* requestRow(
  metadata: RequestMetadata,
  body: Uint8Array,
  options: ReadOptions = {},
): Steps<StorableRequest & LinkableRow> {
  const isTruncated = metadata.body.recorded === "head";
  const { split, received, parsed, reading, isTooLarge, messageCount, type, endpoint, prompt } =
    yield* readBody(metadata, body, isTruncated, options);
  if (body.length > STEP_BYTES) yield;
  const linkable =
    endpoint === "messages" ? linkableRequest(metadata.headers, isTruncated ? null : split, parsed) : null;
  const isPartlyRead =
    isTooLarge || (split?.kind === "json" && !isTruncated && linkable?.isBodyComplete === false);
  return {
    linkable,
    domain: plainText(metadata.domain, MAX_DOMAIN),
    columns: {
      accountId: metadata.accountId === null ? null : plainText(metadata.accountId, MAX_ACCOUNT),
      credentialType: metadata.credentialType,
      clientKeyId: metadata.clientKeyId,
      sessionId: reading.sessionId,
      agentId: reading.agentId,
      parentAgentId: reading.parentAgentId,
      client: clientName(metadata.headers["user-agent"]),
      prompt,
      method: plainText(metadata.method, MAX_METHOD),
      path: redact(plainText(metadata.path, MAX_PATH)),
      query: redactQuery(plainText(metadata.query, MAX_QUERY)),
      endpoint,
      requestType: type,
      model: reading.model,
      stream: reading.stream ?? false,
      bodyKind: split?.kind ?? "none",
      bodyBytes: metadata.body.bytes,
      bodySha256: isTruncated ? sha256Of(metadata.body.sha256) : ((received ?? split)?.sha256 ?? null),
      bodyTruncated: isTruncated,
      bodyMasked: split?.masked ?? false,
      messageCount,
      unread: options.isUnread ? "failed" : isPartlyRead ? "too_large" : null,
    },
    headers: requestHeaderSet(storableJson(metadata.headers)),
    body: split && {
      skeleton: { bytes: split.skeleton, sha256: split.skeletonSha256 },
      messages: split.messages,
      system: split.system,
      tools: split.tools,
      received,
    },
  };
}

/** The evidence for linking beside the row; null for other endpoints than Messages. */
export interface LinkableRow {
  linkable: LinkableRequest | null;
}

interface ReadBody {
  /** The body's text; null when nothing was recorded. */
  split: SplitBody | null;
  /** The body as received, where it is another than its text and has no secret. */
  received: Content | null;
  /** The values of its skeleton and newest messages, for later readers. */
  parsed: ReadonlyMap<Uint8Array, unknown>;
  /** Read from the skeleton of a split body, which has no list elements. */
  reading: ParsedRequest;
  /** Not decoded, or not parsed as a whole. */
  isTooLarge: boolean;
  messageCount: number;
  type: RequestType;
  endpoint: Endpoint;
  /** The user's new text. */
  prompt: string | null;
}

function* readBody(
  metadata: RequestMetadata,
  body: Uint8Array,
  isTruncated: boolean,
  options: ReadOptions,
): Steps<ReadBody> {
  const { headers } = metadata;
  const endpoint = endpointOf(metadata.method, metadata.path);
  const isRecorded = metadata.body.recorded !== "none" && body.length > 0;
  if (!isRecorded || options.isUnread) {
    const type = requestType(endpoint, null);
    return {
      split: isRecorded ? yield* unsplitInSteps(body) : null,
      received: null,
      parsed: new Map(),
      reading: readRequest({ body: NO_BYTES, isTruncated, headers }),
      isTooLarge: false,
      messageCount: 0,
      type,
      endpoint,
      prompt: null,
    };
  }
  const { split, received, isDecoded } = yield* splitText(body, headers, options.cache);
  // Of JSON that was cut, its complete members.
  const isPart = isTruncated || split.kind === "bytes";
  const small = !isPart && isTooLarge([split.skeleton]) ? yield* smallMembers(split.skeleton) : null;
  const text = isPart ? split.skeleton.subarray(0, RECORDED_HEAD_BYTES) : (small ?? split.skeleton);
  const reading = readRequest({ body: text, isTruncated: isPart, headers });
  const parsed = new Map<Uint8Array, unknown>([[split.skeleton, reading.json]]);
  const parse = (content: Uint8Array) => {
    const value = parsed.has(content) ? parsed.get(content) : parseJsonBytes(content);
    if (parsed.size <= MAX_RECENT_MESSAGES && content.length <= MAX_KEPT_MESSAGE_BYTES)
      parsed.set(content, value);
    return value;
  };
  return {
    split,
    received,
    parsed,
    reading,
    isTooLarge: small !== null || !isDecoded,
    // The list is either split off, or still in the skeleton.
    messageCount: split.messages.length || reading.messageCount,
    type: requestType(endpoint, requestTypeInput(split, reading.json, parse)),
    endpoint,
    prompt: userPromptText(recentMessages(split, reading.json), parse),
  };
}

/** The last messages as JSON texts: from the split body, or from the skeleton where the list was not split off. */
function recentMessages(body: SplitBody, skeleton: JsonObject | null): Uint8Array[] {
  if (body.messages.length > 0)
    return body.messages.slice(-MAX_RECENT_MESSAGES).map(({ content }) => content);
  const messages: unknown = skeleton?.["messages"];
  if (!Array.isArray(messages)) return [];
  return messages
    .slice(-MAX_RECENT_MESSAGES)
    .map((message) => new TextEncoder().encode(JSON.stringify(message)));
}

/** Splits the text of a body. Bytes as received that contain a secret are dropped, because it cannot be masked in them. */
function* splitText(
  body: Uint8Array,
  headers: Readonly<Record<string, string>>,
  cache: PrefixCache | undefined,
): Steps<Pick<ReadBody, "received"> & { split: SplitBody; isDecoded: boolean }> {
  const asReceived = yield* splitInSteps(body, cache);
  const isJson = asReceived.kind !== "bytes";
  const decoded = isJson ? body : decodeBody(body, headers["content-encoding"] ?? "");
  const text = asUtf8(typeof decoded === "string" ? body : decoded, headers["content-type"]);
  if (text === body) return { split: asReceived, received: null, isDecoded: decoded !== "too_large" };
  yield;
  const split = yield* splitInSteps(text, cache);
  return { split, received: split.masked ? null : asReceived, isDecoded: true };
}

/**
 * The part of the body that the request type depends on: the number of system blocks, the last user message and the
 * system messages. Elements are parsed one by one, so that a body of 32 MB is not held a third and fourth time;
 * most bodies need only the last one.
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

/** Whether an element may have the role `system`, by its bytes: written literally, or with an escape. */
function mayHaveSystemRole({ buffer, byteOffset, length }: Uint8Array): boolean {
  const bytes = (Buffer as BufferConstructor).from(buffer, byteOffset, length);
  return bytes.includes('"system"') || bytes.includes("\\u");
}

function sha256Of(hex: string | null): Uint8Array | null {
  return hex !== null && /^[0-9a-f]{64}$/i.test(hex) ? fromHex(hex) : null;
}
