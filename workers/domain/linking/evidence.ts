/**
 * What one request tells about its place in a conversation: keys under which others find it, and keys under which it
 * looks for others. Made once, from the request and its answer alone; whose child it is, is decided from the evidence of all
 * (choice.ts). Called by ingest for every exchange, and when history is linked again.
 */
import type { JsonObject } from "../json/json.ts";
import { readSession, validId } from "../messages/client-ids.ts";
import { sha256 } from "../sha256.ts";
import { hashAfterRun, answerKeyOf, prefixHashes, endKeyOf, hashWithResults } from "./chain.ts";
import {
  carriedSummary,
  isCompactAskText,
  isCompactAsk,
  offeredSummary,
  wantedSummaries,
} from "./compaction.ts";
import { keyOf, keyOfHash } from "./keys.ts";
import { blocksOf, stringIn } from "./messages.ts";
import { isSideRequest } from "./side-requests.ts";
import { systemTextsOf, systemHashOf } from "./system-prompt.ts";
import {
  type AgentMention,
  agentMentions,
  promptKeys,
  startsFork,
  type TaskCall,
  taskCalls,
} from "./tasks.ts";
import { normalizeText } from "./normalize-text.ts";
import { type Item, itemsOf, type Run, transcriptOf } from "./transcript.ts";

/** What the content makes of a request; bits of a stored number. */
export const EvidenceFlag = {
  /** Asks for the summary of its conversation. */
  compactAsk: 1,
  /** Carries a summary of what was before. */
  carriesSummary: 2,
  /** Names its session in a header: then a session keeps its id when it is resumed. */
  sessionInHeader: 4,
  /** Begins a forked agent. */
  startsFork: 8,
  /** Has an answer that ended. */
  answered: 16,
  /** The client says that it tries again. */
  clientRetry: 32,
  /** There is history before its newest message. */
  hasHistory: 64,
  /** Its body was not recorded, or not all of it, or is no JSON: nobody knows its history. */
  bodyMissing: 128,
} as const;

/** What a key of the few requests with more of them is for; stored. */
export const KeyPurpose = {
  ancestorAnswer: 1,
  ancestorEnd: 2,
  /** The end of what stood in the newest message before something was added to it. */
  messagePrefix: 3,
  offeredSummary: 4,
  wantedSummary: 5,
  /** An ask, by its session. */
  compactAsk: 6,
  /** What may be the prompt of a task. */
  taskPrompt: 7,
  /** The first request of an agent, by the agent. */
  agent: 8,
  parentAgent: 9,
  /** Nothing fitted but the session. */
  session: 10,
} as const;
export type Purpose = (typeof KeyPurpose)[keyof typeof KeyPurpose];

export interface LinkKey {
  purpose: Purpose;
  key: bigint;
  /** Ancestors: 2 is the grandparent. Summaries: the number of words. */
  rank: number;
}

/** Evidence as it is stored. */
export interface Evidence {
  requestId: string;
  flags: number;
  sessionKey: bigint | null;
  /** 0: no agent. */
  agentKey: bigint | null;
  endKey: bigint;
  answerKey: bigint | null;
  priorEndKey: bigint | null;
  priorAnswerKey: bigint | null;
  messageKey: bigint;
  priorMessageKey: bigint | null;
  systemKey: bigint | null;
}

/** Evidence as it is made, with what only some requests have. */
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
  /** The body without its lists; null where it was no JSON. */
  body: JsonObject | null;
  messages: Iterable<unknown>;
  system: unknown;
  tools: Iterable<unknown>;
  /** The content of the answer; null where there is none. */
  answer: unknown;
  /** The answer came to its end. */
  isAnswered: boolean;
  /** The body is there, whole. */
  isRead: boolean;
}

/** How many ancestors a request is looked for whose parent is missing. */
const MAX_ANCESTORS = 16;
/** How many beginnings of the newest message may have been sent by themselves. */
const MAX_WITHIN = 4;
/** Bytes of a hash that a row keeps. */
const ROW_HASH_BYTES = 16;

/** The evidence of a request for a message; null for side requests, which belong to no conversation. Never throws. */
export function evidenceOf(exchange: LinkableExchange): FullEvidence | null {
  const { requestId, headers, body, answer } = exchange;
  const { runs, endsInPrefill } = transcriptOf(exchange.messages);
  const systemTexts = systemTextsOf(exchange.system);
  const headerSession = validId(headers["x-claude-code-session-id"]);
  const session = headerSession ?? readSession(body);
  const agent = validId(headers["x-claude-code-agent-id"]);
  const parentAgent = validId(headers["x-claude-code-parent-agent-id"]);
  const clues = {
    userAgent: headers["user-agent"] ?? "",
    hasSession: session !== null,
    hasAgent: agent !== null,
  };
  if (exchange.isRead && isSideRequest({ ...clues, body, systemTexts, tools: exchange.tools, runs }))
    return null;

  const chain = prefixHashes(runs);
  const end = exchange.isRead ? chain.at(-1)! : sha256(new TextEncoder().encode(requestId));
  const carried = carriedSummary(runs);
  const salt = carried?.text ?? "";
  const isAsk = isCompactAsk(runs, systemTexts);
  const priors = ancestors(runs, chain, { salt, from: carried ? carried.run + 1 : 0, endsInPrefill });
  const [prior, ...older] = priors;
  const answerItems = itemsOf(answer);
  const last = runs.at(-1);
  const systemHash = systemHashOf(systemTexts);
  const messageHash = hashWithResults(end, runs);
  const priorMessageHash = prior ? hashWithResults(chain[prior.run]!, runs.slice(0, prior.run)) : null;
  const hasHistory = priors.length > 0 || carried !== null;
  const canBegin = exchange.isRead && (agent !== null || (!hasHistory && !isAsk));
  const firstOffered = isAsk ? offeredSummary(answerItems) : null;

  const keys: LinkKey[] = [];
  older.forEach(({ answerKey, endKey }, n) => {
    keys.push({ purpose: KeyPurpose.ancestorAnswer, key: answerKey, rank: n + 2 });
    if (endKey !== null) keys.push({ purpose: KeyPurpose.ancestorEnd, key: endKey, rank: n + 2 });
  });
  for (const key of beginnings(runs, chain, { isAsk, hasHistory }))
    keys.push({ purpose: KeyPurpose.messagePrefix, key, rank: 1 });
  if (firstOffered)
    keys.push({ purpose: KeyPurpose.offeredSummary, key: firstOffered.key, rank: firstOffered.words });
  if (carried)
    for (const { key, words } of wantedSummaries(carried.text))
      keys.push({ purpose: KeyPurpose.wantedSummary, key, rank: words });
  const sessionKey = session === null ? null : keyOf("session", session);
  if (isAsk && sessionKey !== null) keys.push({ purpose: KeyPurpose.compactAsk, key: sessionKey, rank: 1 });
  if (canBegin && priors.length === 0)
    for (const key of promptKeys(runs[0])) keys.push({ purpose: KeyPurpose.taskPrompt, key, rank: 1 });
  if (agent !== null && priors.length === 0) {
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
      (exchange.isAnswered && answerItems.length > 0 ? EvidenceFlag.answered : 0) |
      (Number(headers["x-stainless-retry-count"]) > 0 ? EvidenceFlag.clientRetry : 0) |
      (hasHistory ? EvidenceFlag.hasHistory : 0) |
      (exchange.isRead ? 0 : EvidenceFlag.bodyMissing),
    sessionKey,
    agentKey: sessionKey === null ? null : agent === null ? 0n : agentKeyOf(agent),
    endKey: endKeyOf(end),
    answerKey: answerKey(runs, [...chain.slice(0, -1), end], { answer, answerItems, endsInPrefill, salt }),
    priorEndKey: prior?.endKey ?? null,
    priorAnswerKey: prior?.answerKey ?? null,
    messageKey: keyOfHash(messageHash),
    priorMessageKey: priorMessageHash && keyOfHash(priorMessageHash),
    systemKey: systemHash && keyOfHash(systemHash),
    keys,
    tasks: taskCalls(answer),
    mentions: agentMentions(runs.at(-2), last),
    messageHash: messageHash.subarray(0, ROW_HASH_BYTES),
    priorMessageHash: priorMessageHash && priorMessageHash.subarray(0, ROW_HASH_BYTES),
    systemHash: systemHash && systemHash.subarray(0, ROW_HASH_BYTES),
  };
}

/** The key of an agent, as tool results and headers name it. */
export function agentKeyOf(agentId: string): bigint {
  return keyOf("agent", agentId);
}

interface Ancestor {
  /** Of the run that is its answer. */
  run: number;
  answerKey: bigint;
  endKey: bigint | null;
}

/** Where earlier requests of the same conversation ended, nearest first: before each thing the assistant said. */
function ancestors(
  runs: readonly Run[],
  chain: readonly Uint8Array[],
  { salt, from, endsInPrefill }: { salt: string; from: number; endsInPrefill: boolean },
): Ancestor[] {
  const found: Ancestor[] = [];
  for (let n = runs.length - 1; n >= from && found.length < MAX_ANCESTORS; n--) {
    const run = runs[n]!;
    if (!run.isAssistant) continue;
    // What the model shall go on with may be an earlier answer, and then is found as one; its beginning tells nothing.
    const isPrefill = endsInPrefill && n === runs.length - 1;
    if (isPrefill && n === 1) continue;
    found.push({
      run: n,
      answerKey: answerKeyOf(chain[n + 1]!, run, salt),
      endKey: n === 0 || isPrefill ? null : endKeyOf(chain[n]!),
    });
  }
  return found;
}

function answerKey(
  runs: readonly Run[],
  chain: readonly Uint8Array[],
  given: { answer: unknown; answerItems: Item[]; endsInPrefill: boolean; salt: string },
): bigint | null {
  const { answerItems, endsInPrefill, salt } = given;
  if (answerItems.length === 0) return null;
  const last = runs.at(-1);
  if (!last?.isAssistant) {
    const run = { isAssistant: true, items: answerItems };
    return answerKeyOf(hashAfterRun(chain.at(-1)!, run), run, salt);
  }
  const items = endsInPrefill ? continued(last.items, given) : [...last.items, ...answerItems];
  const run = { isAssistant: true, items };
  return answerKeyOf(hashAfterRun(chain.at(-2)!, run), run, salt);
}

/** An answer that goes on in the middle of a text becomes one text with it. */
function continued(
  before: Item[],
  { answer, answerItems }: { answer: unknown; answerItems: Item[] },
): Item[] {
  const last = before.at(-1);
  const first = blocksOf(answer).find((block) => block["type"] === "text");
  if (last?.plainText == null || answerItems[0]?.plainText == null || !first)
    return [...before, ...answerItems];
  const plain = normalizeText(last.plainText + stringIn(first, "text"));
  return [
    ...before.slice(0, -1),
    { ...last, text: `text:${plain}`, plainText: plain },
    ...answerItems.slice(1),
  ];
}

/**
 * Ends that the newest message would have had earlier: a person interrupts before there is an answer and says more. What
 * asks for a summary is said behind a prompt too, and only counts where nothing else is there.
 */
function beginnings(
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
    .slice(0, MAX_WITHIN)
    .map((length) =>
      endKeyOf(hashAfterRun(before, { isAssistant: false, items: last.items.slice(0, length) })),
    );
}
