/**
 * The evidence of one request for its position in a conversation: keys by which others find it, and keys by which it finds
 * others. Made once, from the request and its response alone; its parent is chosen from the evidence of all requests
 * (parent/choose.ts). Called by ingest for every exchange, and by relinking.
 */
import type { JsonObject } from "../../json/json.ts";
import { readDevice, readSession, sessionInHeaders, validId } from "../../messages/client-ids.ts";
import { sha256 } from "../../sha256.ts";
import { responseKeyOf, endKeyOf, hashAfterRun, hashWithResults, prefixHashes } from "./chain.ts";
import {
  carriedSummary,
  isCompactAsk,
  isCompactAskText,
  offeredSummary,
  wantedSummaries,
} from "./compaction.ts";
import { workingDirectoryIn } from "./client-texts.ts";
import { keyOf, keyOfHash } from "./keys.ts";
import { contentBlocks, stringMember } from "../../messages/content.ts";
import { isClaudeCode, isConversationClass, sideRequestSign } from "./side-requests.ts";
import { systemTextsOf, systemHashOf } from "./system-prompt.ts";
import {
  type AgentMention,
  agentMentions,
  callsWorkflow,
  isWorkflowTask,
  promptKeys,
  startsFork,
  type TaskCall,
  taskCalls,
  workflowKeysOf,
} from "./tasks.ts";
import { normalizeText } from "./normalize-text.ts";
import { type Item, itemsOf, type Run, transcriptOf } from "./transcript.ts";

/** What a request's content states about it; bits of a stored number. */
export const EvidenceFlag = {
  /** Asks for the summary of its conversation. */
  compactAsk: 1,
  /** Carries the summary of an earlier history. */
  carriesSummary: 2,
  /** Names its session in a header; such clients keep the id of a session that they resume. */
  sessionInHeader: 4,
  /** Begins a forked agent. */
  startsFork: 8,
  /** Has a complete response. */
  hasResponse: 16,
  /** Sent with a retry count above 0. */
  clientRetry: 32,
  /** There is history before its newest message. */
  hasHistory: 64,
  /** Its history is unknown: its body was not recorded, is incomplete or is not JSON. */
  bodyMissing: 128,
  /** Stated to be a side request: part of no conversation. No other request finds it. */
  sideRequest: 256,
  /** A side request by its texts or shape: part of no conversation unless a later request continues it. */
  likelySideRequest: 512,
  /** A request of Claude Code that has the prompt cached up to its newest message. */
  isCached: 1_024,
  /** A request of Claude Code with history that has nothing cached. */
  isUncached: 2_048,
  /** Stated to be part of a conversation. */
  statedTurn: 4_096,
} as const;

/** The purpose of a key beyond those that every evidence has; stored. */
export const KeyPurpose = {
  ancestorResponse: 1,
  ancestorEnd: 2,
  /** The end of a history whose newest message is the beginning of this request's newest message. */
  messagePrefix: 3,
  offeredSummary: 4,
  wantedSummary: 5,
  /** A compact-ask, by its session. */
  compactAsk: 6,
  /** A text that may be the prompt of a task. */
  taskPrompt: 7,
  /** The first request of an agent, by the agent's id. */
  agent: 8,
  parentAgent: 9,
  /** A request that only its session links. */
  session: 10,
  /** A response that starts a workflow, by session (or none), and by session and prompt id. */
  workflowCall: 11,
  /** The first request of a workflow's agent, by the keys of the call that it looks for; the stronger has rank 1. */
  workflowAgent: 12,
} as const;
export type Purpose = (typeof KeyPurpose)[keyof typeof KeyPurpose];

export interface LinkKey {
  purpose: Purpose;
  key: bigint;
  /** Ancestors: 2 is the grandparent. Summaries: the number of words. */
  rank: number;
}

/** Ancestor keys are stored only for requests that need them. */
export function isAncestorKey({ purpose }: Pick<LinkKey, "purpose">): boolean {
  return purpose === KeyPurpose.ancestorResponse || purpose === KeyPurpose.ancestorEnd;
}

/** Evidence as it is stored. */
export interface Evidence {
  requestId: string;
  flags: number;
  sessionKey: bigint | null;
  /** 0: no agent. */
  agentKey: bigint | null;
  endKey: bigint;
  responseKey: bigint | null;
  priorEndKey: bigint | null;
  priorResponseKey: bigint | null;
  messageKey: bigint;
  priorMessageKey: bigint | null;
  systemKey: bigint | null;
  /** The client's device and its working directory, where they are known. */
  deviceKey: bigint | null;
  directoryKey: bigint | null;
  /** The newest message alone, of a turn of a person in a client's session; to find one that a client repeats. */
  textKey: bigint | null;
}

/** Evidence with the parts that are stored in tables of their own. */
export interface FullEvidence extends Evidence {
  keys: LinkKey[];
  tasks: TaskCall[];
  mentions: AgentMention[];
  messageHash: Uint8Array;
  priorMessageHash: Uint8Array | null;
  systemHash: Uint8Array | null;
}

export interface LinkableExchange {
  requestId: string;
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>;
  /** The body without its lists; null where it is not JSON. */
  body: JsonObject | null;
  messages: Iterable<unknown>;
  system: unknown;
  tools: Iterable<unknown>;
  /** The content of the response; null without one. */
  response: unknown;
  isResponseComplete: boolean;
  isBodyComplete: boolean;
}

/** Keys of up to 16 ancestors, for requests whose parent is missing. */
const MAX_ANCESTORS = 16;
/** Up to 4 beginnings of the newest message may have been sent as messages. */
const MAX_MESSAGE_PREFIXES = 4;
const MIN_REPEATED_CHARACTERS = 16;
/** Bytes of a hash that a row stores. */
const ROW_HASH_BYTES = 16;

/** The evidence of a message request; null for stated side requests that name neither a session nor a history. Never throws. */
export function evidenceOf(exchange: LinkableExchange): FullEvidence | null {
  const { requestId, headers, body, response } = exchange;
  const { runs, endsInPrefill, endsInSideText, cachesNewest, workingDirectory } = transcriptOf(
    exchange.messages,
  );
  const systemTexts = systemTextsOf(exchange.system);
  const headerSession = sessionInHeaders(headers);
  const session = headerSession ?? readSession(body);
  const agent = validId(headers["x-claude-code-agent-id"]);
  const parentAgent = validId(headers["x-claude-code-parent-agent-id"]);
  const requestClass = (headers["x-claude-code-request-class"] ?? "").trim().toLowerCase();
  const userAgent = headers["user-agent"] ?? "";
  const sign = sideRequestSign({
    requestClass,
    userAgent,
    hasSession: session !== null,
    hasAgent: agent !== null,
    content: exchange.isBodyComplete
      ? { body, systemTexts, tools: exchange.tools, runs, endsInSideText, cachesNewest }
      : null,
  });

  const chain = prefixHashes(runs);
  const isStatedSide = sign === "stated";
  const isFound = exchange.isBodyComplete && !isStatedSide;
  const end = isFound ? chain.at(-1)! : sha256(new TextEncoder().encode(requestId));
  const carried = carriedSummary(runs);
  const salt = carried?.text ?? "";
  const isAsk = sign === null && (isCompactAsk(runs, systemTexts) || requestClass === "compaction");
  const earlier = ancestors(runs, chain, { salt, from: carried ? carried.run + 1 : 0, endsInPrefill });
  const [prior, ...older] = earlier;
  if (isStatedSide && session === null && !prior) return null;
  const responseItems = itemsOf(response);
  const last = runs.at(-1);
  const systemHash = systemHashOf(systemTexts);
  const messageHash = hashWithResults(end, runs);
  const priorMessageHash = prior ? hashWithResults(chain[prior.run]!, runs.slice(0, prior.run)) : null;
  const hasHistory = earlier.length > 0 || carried !== null;
  const mayBeSubtask = isFound && sign === null && (agent !== null || (!hasHistory && !isAsk));
  const offered = isAsk ? offeredSummary(responseItems) : null;

  const keys: LinkKey[] = [];
  older.forEach(({ responseKey, endKey }, n) => {
    keys.push({ purpose: KeyPurpose.ancestorResponse, key: responseKey, rank: n + 2 });
    if (endKey !== null) keys.push({ purpose: KeyPurpose.ancestorEnd, key: endKey, rank: n + 2 });
  });
  for (const key of messagePrefixKeys(runs, chain, { isAsk, hasHistory }))
    keys.push({ purpose: KeyPurpose.messagePrefix, key, rank: 1 });
  if (offered) keys.push({ purpose: KeyPurpose.offeredSummary, key: offered.key, rank: offered.words });
  if (carried)
    for (const { key, words } of wantedSummaries(carried.text))
      keys.push({ purpose: KeyPurpose.wantedSummary, key, rank: words });
  const sessionKey = session === null ? null : keyOf("session", session);
  if (isAsk && sessionKey !== null) keys.push({ purpose: KeyPurpose.compactAsk, key: sessionKey, rank: 1 });
  if (mayBeSubtask && earlier.length === 0)
    for (const key of promptKeys(runs[0])) keys.push({ purpose: KeyPurpose.taskPrompt, key, rank: 1 });
  const promptId = validId(headers["x-claude-code-prompt-id"]);
  const workflowKeys = workflowKeysOf(session ?? "", promptId);
  if (!isStatedSide && callsWorkflow(response))
    for (const key of workflowKeys) keys.push({ purpose: KeyPurpose.workflowCall, key, rank: 1 });
  if (mayBeSubtask && earlier.length === 0 && (requestClass === "workflow" || isWorkflowTask(runs[0])))
    workflowKeys.forEach((key, n) => keys.push({ purpose: KeyPurpose.workflowAgent, key, rank: n + 1 }));
  if (agent !== null && earlier.length === 0 && sign === null) {
    keys.push({ purpose: KeyPurpose.agent, key: agentKeyOf(agent), rank: 1 });
    if (parentAgent !== null)
      keys.push({ purpose: KeyPurpose.parentAgent, key: agentKeyOf(parentAgent), rank: 1 });
  }
  return {
    requestId,
    flags:
      (isAsk ? EvidenceFlag.compactAsk : 0) |
      (carried ? EvidenceFlag.carriesSummary : 0) |
      (headerSession !== null ? EvidenceFlag.sessionInHeader : 0) |
      (startsFork(last) ? EvidenceFlag.startsFork : 0) |
      (exchange.isResponseComplete && responseItems.length > 0 ? EvidenceFlag.hasResponse : 0) |
      (Number(headers["x-stainless-retry-count"]) > 0 ? EvidenceFlag.clientRetry : 0) |
      (hasHistory ? EvidenceFlag.hasHistory : 0) |
      (exchange.isBodyComplete ? 0 : EvidenceFlag.bodyMissing) |
      (isStatedSide ? EvidenceFlag.sideRequest : 0) |
      (sign === "likely" ? EvidenceFlag.likelySideRequest : 0) |
      (isConversationClass(requestClass) ? EvidenceFlag.statedTurn : 0) |
      (isClaudeCode(userAgent) && agent === null && !isAsk ? cacheFlag(cachesNewest, earlier.length > 0) : 0),
    sessionKey,
    agentKey: sessionKey === null ? null : agent === null ? 0n : agentKeyOf(agent),
    endKey: endKeyOf(end),
    responseKey: isStatedSide
      ? null
      : responseKey(runs, [...chain.slice(0, -1), end], { response, responseItems, endsInPrefill, salt }),
    priorEndKey: prior?.endKey ?? null,
    priorResponseKey: prior?.responseKey ?? null,
    messageKey: keyOfHash(messageHash),
    priorMessageKey: priorMessageHash && keyOfHash(priorMessageHash),
    systemKey: systemHash && keyOfHash(systemHash),
    deviceKey: keyOrNull("device", readDevice(body)),
    directoryKey: keyOrNull("directory", workingDirectoryIn(systemTexts) ?? workingDirectory),
    textKey:
      isFound && headerSession !== null && agent === null && sign === null && !isAsk && requestClass === ""
        ? textKeyOf(prior && last)
        : null,
    keys,
    tasks: isStatedSide ? [] : taskCalls(response),
    mentions: isStatedSide ? [] : agentMentions(runs.at(-2), last),
    messageHash: messageHash.subarray(0, ROW_HASH_BYTES),
    priorMessageHash: priorMessageHash && priorMessageHash.subarray(0, ROW_HASH_BYTES),
    systemHash: systemHash && systemHash.subarray(0, ROW_HASH_BYTES),
  };
}

/** Null for a message that is short or has more than texts: people repeat short ones. */
function textKeyOf(last: Run | undefined): bigint | null {
  if (!last || last.isAssistant || !last.items.every(({ plainText }) => plainText !== null)) return null;
  const texts = last.items.flatMap(({ plainText }) => plainText ?? []);
  return texts.join("").length < MIN_REPEATED_CHARACTERS ? null : keyOf("text", ...texts);
}

function cacheFlag(cachesNewest: boolean | null, hasHistory: boolean): number {
  if (cachesNewest === null && hasHistory) return EvidenceFlag.isUncached;
  return cachesNewest === true ? EvidenceFlag.isCached : 0;
}

/** The key of an agent by its id in tool results and headers. */
export function agentKeyOf(agentId: string): bigint {
  return keyOf("agent", agentId);
}

function keyOrNull(name: string, text: string | null): bigint | null {
  return text === null ? null : keyOf(name, text);
}

interface Ancestor {
  /** The run that is its response. */
  run: number;
  responseKey: bigint;
  endKey: bigint | null;
}

/** Where earlier requests of the conversation ended, nearest first: before each run of the assistant. */
function ancestors(
  runs: readonly Run[],
  chain: readonly Uint8Array[],
  { salt, from, endsInPrefill }: { salt: string; from: number; endsInPrefill: boolean },
): Ancestor[] {
  const found: Ancestor[] = [];
  for (let n = runs.length - 1; n >= from && found.length < MAX_ANCESTORS; n--) {
    const run = runs[n]!;
    if (!run.isAssistant) continue;
    // A prefill may be an earlier response, and then is found by its response key; the history before it proves nothing.
    const isPrefill = endsInPrefill && n === runs.length - 1;
    if (isPrefill && n === 1) continue;
    found.push({
      run: n,
      responseKey: responseKeyOf(chain[n + 1]!, run, salt),
      endKey: n === 0 || isPrefill ? null : endKeyOf(chain[n]!),
    });
  }
  return found;
}

function responseKey(
  runs: readonly Run[],
  chain: readonly Uint8Array[],
  given: { response: unknown; responseItems: Item[]; endsInPrefill: boolean; salt: string },
): bigint | null {
  const { responseItems, endsInPrefill, salt } = given;
  if (responseItems.length === 0) return null;
  const last = runs.at(-1);
  if (!last?.isAssistant) {
    const run = { isAssistant: true, items: responseItems };
    return responseKeyOf(hashAfterRun(chain.at(-1)!, run), run, salt);
  }
  const items = endsInPrefill ? joinPrefill(last.items, given) : [...last.items, ...responseItems];
  const run = { isAssistant: true, items };
  return responseKeyOf(hashAfterRun(chain.at(-2)!, run), run, salt);
}

/** Joins a response's first text with the prefilled text that it continues. */
function joinPrefill(
  before: Item[],
  { response, responseItems }: { response: unknown; responseItems: Item[] },
): Item[] {
  const last = before.at(-1);
  const first = contentBlocks(response).find((block) => block["type"] === "text");
  if (last?.plainText == null || responseItems[0]?.plainText == null || !first)
    return [...before, ...responseItems];
  const plainText = normalizeText(last.plainText + stringMember(first, "text"));
  return [
    ...before.slice(0, -1),
    { ...last, text: `text:${plainText}`, plainText },
    ...responseItems.slice(1),
  ];
}

/**
 * End keys of the beginnings of the newest message: a user who interrupts before there is a response extends the message. A
 * compact-ask is appended to a message too; it counts only in a request without history.
 */
function messagePrefixKeys(
  runs: readonly Run[],
  chain: readonly Uint8Array[],
  { isAsk, hasHistory }: { isAsk: boolean; hasHistory: boolean },
): bigint[] {
  const last = runs.at(-1);
  if (!last || last.isAssistant || (isAsk && hasHistory)) return [];
  const before = chain.at(-2)!;
  const lengths = Array.from({ length: last.items.length - 1 }, (_, n) => last.items.length - 1 - n);
  return lengths
    .filter((length) => !(isAsk && !isCompactAskText(last.items[length])))
    .slice(0, MAX_MESSAGE_PREFIXES)
    .map((length) =>
      endKeyOf(hashAfterRun(before, { isAssistant: false, items: last.items.slice(0, length) })),
    );
}
