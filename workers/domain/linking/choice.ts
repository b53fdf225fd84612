/**
 * Whose child a request is: a choice among the evidence of earlier requests, and a function of their set. Ids are the
 * strongest, then tool ids and answers found in the history, then the history alone; nothing is guessed silently. Called by
 * engine.ts, which brings the candidates.
 */
import { startedAtOf } from "../exchange-id.ts";
import { MIN_LIKELY_WORDS } from "./compaction.ts";
import { type Evidence, EvidenceFlag, type LinkKey, KeyPurpose } from "./evidence.ts";
import type { FoundEvidence, LinkConfidence, LinkedBy, LinkKind, Lookup, StoredCall } from "./link-store.ts";

export interface ParentChoice {
  linkKind: LinkKind;
  parentRequestId: string | null;
  /** Of the first request of a sub-task. */
  taskParentId: string | null;
  linkedBy: LinkedBy;
  linkConfidence: LinkConfidence;
  /** Several fitted, so the choice depends on what conversations they are in, and how long these are. */
  isAmbiguous: boolean;
  /** Nothing but the session can help, or did. */
  wantsFallback: boolean;
  /** A parent of its own thread may turn up further back in its history. */
  wantsAncestors: boolean;
  /** A parent whose answer is not known may turn up. */
  wantsEnd: boolean;
  /** The call that this sub-task came of. */
  call: StoredCall | null;
}

/** What a choice may ask; everything is of earlier requests, newest first. */
export interface Candidates {
  find: (lookup: Lookup) => Promise<FoundEvidence[]>;
  /** Of these, those in the conversation with the fewest requests so far, the newest first; and how many conversations there were. */
  inSmallestConversation: (
    of: readonly Evidence[],
    before: string,
  ) => Promise<{ best: Evidence; conversations: number }>;
  callsOf: (promptKeys: readonly bigint[]) => Promise<StoredCall[]>;
  /** Taken by another sub-task that began before. */
  isAssignedBefore: (call: StoredCall, by: string) => boolean;
}

/** Of requests with one key the newest ones are looked at. */
const MANY = 100;
const DAY_MS = 24 * 60 * 60 * 1_000;
const WEEK_MS = 7 * DAY_MS;
/** Without a session, a repeated first message is another attempt only if the one before failed, and not long ago. */
const ATTEMPT_MS = 10 * 60 * 1_000;
/** Agents begin at once, mostly. */
const SOON_MS = 30 * 1_000;

const has = ({ flags: form }: Evidence, flag: number) => (form & flag) !== 0;

/** The parentage of `request`, whose keys are `keys`. */
export async function chooseParent(
  request: Evidence,
  keys: readonly LinkKey[],
  candidates: Candidates,
): Promise<ParentChoice> {
  if (has(request, EvidenceFlag.bodyMissing))
    return (await asLatestOfThread(request, keys, candidates)) ?? alone(request);
  return (
    (await asRetry(request, candidates)) ??
    (await asTurn(request, keys, candidates)) ??
    (await asCompact(request, keys, candidates)) ??
    (await asSubtask(request, keys, candidates)) ??
    (await asLatestOfThread(request, keys, candidates)) ??
    alone(request)
  );
}

function found(
  linkKind: LinkKind,
  parentRequestId: string,
  linkedBy: LinkedBy,
  linkConfidence: LinkConfidence,
  more: Partial<ParentChoice> = {},
): ParentChoice {
  const none = { taskParentId: null, isAmbiguous: false, wantsFallback: false, call: null };
  const wantsAncestors =
    linkedBy === "none" || linkedBy === "ids" || linkKind === "subtask" || linkKind === "compact";
  return {
    linkKind,
    parentRequestId,
    linkedBy,
    linkConfidence,
    wantsAncestors,
    wantsEnd: true,
    ...none,
    ...more,
  };
}

/** Lookups that every request's choice begins with; to be fetched together. */
export function firstLookups(request: Evidence): Lookup[] {
  const before = { before: request.requestId, limit: MANY };
  return [
    { index: "end", key: request.endKey, ...before },
    ...(request.priorAnswerKey === null
      ? []
      : [{ index: "answer" as const, key: request.priorAnswerKey, ...before }]),
    ...(request.priorEndKey === null ? [] : [{ index: "end" as const, key: request.priorEndKey, ...before }]),
  ];
}

/**
 * Lookups of the older places in its history, where nobody of its own thread was found at the nearest one (`nearest`): to be
 * fetched together, because the choice asks for them one after the other.
 */
export function olderLookups(
  request: Evidence,
  keys: readonly LinkKey[],
  nearest: readonly Evidence[],
): Lookup[] {
  if (nearest.some((each) => isOfThread(each, request))) return [];
  const before = { before: request.requestId, limit: MANY };
  return boundariesOf(request, keys)
    .filter(({ rank }) => rank > 1)
    .flatMap(({ answerKey, endKey }) => [
      ...(answerKey === null ? [] : [{ index: "answer" as const, key: answerKey, ...before }]),
      ...(endKey === null ? [] : [{ index: "end" as const, key: endKey, ...before }]),
    ]);
}

function isOfThread({ sessionKey, agentKey }: Evidence, request: Evidence): boolean {
  return sessionKey === request.sessionKey && agentKey === request.agentKey;
}

async function asRetry(request: Evidence, candidates: Candidates): Promise<ParentChoice | null> {
  const same = (await candidates.find(firstLookups(request)[0]!)).map(({ evidence }) => evidence);
  const last = same.find(
    (each) =>
      isOfThread(each, request) &&
      each.messageKey === request.messageKey &&
      each.systemKey === request.systemKey &&
      has(each, EvidenceFlag.compactAsk) === has(request, EvidenceFlag.compactAsk),
  );
  if (!last) return null;
  const waited = waitedMs(last, request);
  const isRepetition =
    request.sessionKey !== null
      ? waited <= DAY_MS
      : has(request, EvidenceFlag.hasHistory)
        ? waited <= DAY_MS
        : !has(last, EvidenceFlag.answered) && waited <= ATTEMPT_MS;
  if (!isRepetition) return null;
  const isSure = request.sessionKey !== null;
  const twins = isSure || !has(last, EvidenceFlag.answered) ? null : await nearest(request, candidates);
  // Somebody else at the same point of an equal conversation is as likely as the same person once more.
  if (twins && twins.conversations > 1) return null;
  const isLikely =
    has(request, EvidenceFlag.clientRetry) ||
    (has(request, EvidenceFlag.hasHistory) && !has(last, EvidenceFlag.answered));
  const confidence = isSure ? "certain" : isLikely ? "likely" : "low";
  return found("retry", last.requestId, "hash", confidence, {
    isAmbiguous: (twins?.among ?? 1) > 1,
    wantsEnd: !isSure,
  });
}

/** How many could be the parent of a request without ids, in how many conversations. */
async function nearest(
  request: Evidence,
  candidates: Candidates,
): Promise<{ among: number; conversations: number } | null> {
  const [boundary] = boundariesOf(request, []);
  const pool = boundary && (await poolAt({ request, isEligible: () => true }, boundary, candidates));
  if (!pool || pool.best.length === 0) return null;
  const { conversations } = await candidates.inSmallestConversation(pool.best, request.requestId);
  return { among: pool.best.length, conversations };
}

interface Boundary {
  rank: number;
  answerKey: bigint | null;
  endKey: bigint | null;
}

function boundariesOf(request: Evidence, keys: readonly LinkKey[]): Boundary[] {
  const boundaries: Boundary[] = [];
  if (request.priorAnswerKey !== null || request.priorEndKey !== null)
    boundaries.push({ rank: 1, answerKey: request.priorAnswerKey, endKey: request.priorEndKey });
  const older = new Map<number, Boundary>();
  for (const { purpose, key, rank } of keys) {
    if (rank === 1 || (purpose !== KeyPurpose.ancestorAnswer && purpose !== KeyPurpose.ancestorEnd)) continue;
    const boundary = older.get(rank) ?? { rank, answerKey: null, endKey: null };
    if (purpose === KeyPurpose.ancestorAnswer) boundary.answerKey = key;
    else boundary.endKey = key;
    older.set(rank, boundary);
  }
  return [...boundaries, ...[...older.values()].sort((a, b) => a.rank - b.rank)];
}

async function asTurn(
  request: Evidence,
  keys: readonly LinkKey[],
  candidates: Candidates,
): Promise<ParentChoice | null> {
  const boundaries = boundariesOf(request, keys);
  const ofThread = (each: Evidence) => isOfThread(each, request);
  if (request.sessionKey !== null) {
    const own = { request, isEligible: ofThread, sessionKey: request.sessionKey };
    const within = await withinThread(own, keys, candidates);
    if (within) return within;
    for (const boundary of boundaries) {
      const turn = await atBoundary(own, boundary, candidates);
      if (turn) return turn;
    }
  } else {
    const alike = await withinThread({ request, isEligible: ofThread }, askOnly(request, keys), candidates);
    if (alike) return alike;
  }
  for (const boundary of boundaries) {
    const turn = await atBoundary({ request, isEligible: () => true }, boundary, candidates);
    if (turn) return turn;
  }
  return null;
}

/** Without a session a message that goes on with another's words is no proof, but an ask for a summary behind it is. */
function askOnly(request: Evidence, keys: readonly LinkKey[]): readonly LinkKey[] {
  return has(request, EvidenceFlag.compactAsk) ? keys : [];
}

interface Search {
  request: Evidence;
  isEligible: (each: Evidence) => boolean;
  /** To find those of a session among many with the same key. */
  sessionKey?: bigint;
}

async function withinThread(
  search: Search,
  keys: readonly LinkKey[],
  candidates: Candidates,
): Promise<ParentChoice | null> {
  for (const { purpose, key } of keys) {
    if (purpose !== KeyPurpose.messagePrefix) continue;
    const [last] = await eligible(search, "end", key, candidates);
    if (last)
      return found(
        kindOf(search.request, last),
        last.requestId,
        "hash",
        search.sessionKey === undefined ? "low" : "likely",
      );
  }
  return null;
}

async function eligible(
  { request, isEligible, sessionKey }: Search,
  index: "end" | "answer",
  key: bigint,
  { find }: Candidates,
): Promise<Evidence[]> {
  const lookup: Lookup = { index, key, before: request.requestId, limit: MANY };
  const all = await find(lookup);
  const those = all.map(({ evidence }) => evidence).filter(isEligible);
  if (those.length > 0 || all.length < MANY || sessionKey === undefined) return those;
  return (await find({ ...lookup, sessionKey })).map(({ evidence }) => evidence).filter(isEligible);
}

/** Who may have been there, the likeliest of them. */
async function poolAt(
  search: Search,
  { rank, answerKey, endKey }: Boundary,
  candidates: Candidates,
): Promise<{ best: readonly Evidence[]; isByAnswer: boolean }> {
  const answers = answerKey === null ? [] : await eligible(search, "answer", answerKey, candidates);
  const isByAnswer = answers.length > 0;
  const pool = isByAnswer || endKey === null ? answers : await eligible(search, "end", endKey, candidates);
  const isSame = (each: Evidence) => rank === 1 && each.messageKey === search.request.priorMessageKey;
  return {
    best: preferring(
      preferring(pool, (each) => each.endKey === endKey),
      isSame,
    ),
    isByAnswer,
  };
}

async function atBoundary(
  search: Search,
  boundary: Boundary,
  candidates: Candidates,
): Promise<ParentChoice | null> {
  const { request } = search;
  const { rank, endKey } = boundary;
  const { best, isByAnswer } = await poolAt(search, boundary, candidates);
  if (best.length === 0) return null;
  const isOwn = search.sessionKey !== undefined;
  const { best: parent, conversations } = isOwn
    ? { best: best[0]!, conversations: 1 }
    : await candidates.inSmallestConversation(best, request.requestId);
  const isAmbiguous = !isOwn && best.length > 1;
  const isWhole = parent.endKey === endKey;
  const by: LinkedBy = !isByAnswer ? "hash" : isWhole ? "answer" : "tools";
  const confidence: LinkConfidence =
    conversations > 1 ? "low" : isByAnswer && (isWhole || isOwn) && rank === 1 ? "certain" : "likely";
  const agent = spawned(request, parent);
  if (agent)
    return {
      ...found("subtask", parent.requestId, "tools", confidence, { isAmbiguous }),
      parentRequestId: null,
      taskParentId: parent.requestId,
    };
  const isNearest = rank === 1 && (isOwn || request.sessionKey === null);
  return found(kindOf(request, parent), parent.requestId, by, confidence, {
    isAmbiguous,
    wantsAncestors: !isNearest,
    wantsEnd: !(isNearest && isByAnswer),
  });
}

/** Those that have it, if any has. */
function preferring(all: readonly Evidence[], it: (each: Evidence) => boolean): readonly Evidence[] {
  const those = all.filter(it);
  return those.length > 0 ? those : all;
}

/** A forked agent begins with its parent's history. */
function spawned(request: Evidence, parent: Evidence): boolean {
  const isAgent = request.agentKey !== null && request.agentKey !== 0n;
  if (isAgent) return parent.sessionKey === request.sessionKey && parent.agentKey !== request.agentKey;
  return has(request, EvidenceFlag.startsFork);
}

function kindOf(request: Evidence, parent: Evidence): LinkKind {
  const { sessionKey } = request;
  if (sessionKey !== null && parent.sessionKey !== null && sessionKey !== parent.sessionKey)
    return has(request, EvidenceFlag.sessionInHeader) ? "fork" : "resume";
  return has(request, EvidenceFlag.compactAsk) ? "compact-ask" : "turn";
}

async function asCompact(
  request: Evidence,
  keys: readonly LinkKey[],
  { find, inSmallestConversation: inShortest }: Candidates,
): Promise<ParentChoice | null> {
  if (!has(request, EvidenceFlag.carriesSummary)) return null;
  const before = { before: request.requestId, limit: MANY };
  const compact = (parent: Evidence, by: LinkedBy, confidence: LinkConfidence, isAmbiguous: boolean) =>
    found("compact", parent.requestId, by, confidence, { isAmbiguous, wantsFallback: true });
  const wanted = keys
    .filter(({ purpose }) => purpose === KeyPurpose.wantedSummary)
    .toSorted((a, b) => b.rank - a.rank);
  const offers: FoundEvidence[] = [];
  for (const { key } of wanted)
    offers.push(...(await find({ index: KeyPurpose.offeredSummary, key, ...before })));
  const isOwn = ({ sessionKey }: Evidence) => sessionKey !== null && sessionKey === request.sessionKey;
  const own = offers.find(({ evidence }) => isOwn(evidence));
  if (own) return compact(own.evidence, "summary", "certain", false);
  if (request.sessionKey !== null) {
    const [ask] = await find({ index: KeyPurpose.compactAsk, key: request.sessionKey, ...before });
    if (ask) return compact(ask.evidence, "ids", "likely", false);
  }
  const words = offers[0]?.rank ?? 0;
  const recent = offers
    .filter(({ evidence, rank }) => rank === words && waitedMs(evidence, request) <= WEEK_MS)
    .map(({ evidence }) => evidence);
  if (recent.length > 0) {
    const { conversations } = await inShortest(recent, request.requestId);
    const isSure = conversations === 1 && words >= MIN_LIKELY_WORDS;
    return compact(recent[0]!, "summary", isSure ? "likely" : "low", recent.length > 1);
  }
  const thread = await latestOfThread(request, request.agentKey, find);
  if (thread) return compact(thread, "ids", "low", false);
  return {
    ...found("compact", "", "none", "low", { wantsFallback: true }),
    parentRequestId: null,
  };
}

async function asSubtask(
  request: Evidence,
  keys: readonly LinkKey[],
  candidates: Candidates,
): Promise<ParentChoice | null> {
  const isAgent = request.agentKey !== null && request.agentKey !== 0n;
  const prompts = keys.filter(({ purpose }) => purpose === KeyPurpose.taskPrompt).map(({ key }) => key);
  if (boundariesOf(request, keys).length > 0 || (prompts.length === 0 && !isAgent)) return null;
  const subtask = (
    caller: string | null,
    by: LinkedBy,
    confidence: LinkConfidence,
    more: Partial<ParentChoice> = {},
  ) => ({ ...found("subtask", "", by, confidence, more), parentRequestId: null, taskParentId: caller });

  const calls = await callsFor(request, prompts, candidates);
  const named = calls.find(({ call }) => call.agentKey !== null && call.agentKey === request.agentKey);
  const claim = (call: StoredCall) => (candidates.isAssignedBefore(call, request.requestId) ? null : call);
  if (named) return subtask(named.call.requestId, "ids", "certain", { call: claim(named.call) });
  const wanted = keys.find(({ purpose }) => purpose === KeyPurpose.parentAgent)?.key ?? 0n;
  const penalty = ({ call, caller }: CallOf) =>
    (call.agentKey !== null ? 8 : 0) +
    (candidates.isAssignedBefore(call, request.requestId) ? 4 : 0) +
    (isAgent && caller.agentKey !== wanted ? 2 : 0) +
    (waitedMs(caller, request) > SOON_MS ? 1 : 0);
  const [best] = calls.toSorted((a, b) => penalty(a) - penalty(b));
  if (best) {
    const callers = new Set(
      calls.filter((each) => penalty(each) === penalty(best)).map(({ call }) => call.requestId),
    );
    const isOwn = best.caller.sessionKey !== null && best.caller.sessionKey === request.sessionKey;
    const confidence = callers.size > 1 ? "low" : isOwn ? "certain" : "likely";
    // What is another agent's stays its own.
    const call = best.call.agentKey === null ? claim(best.call) : null;
    return subtask(best.call.requestId, "prompt", confidence, { call });
  }
  if (!isAgent) return null;
  const spawner = await latestOfThread(request, wanted, candidates.find);
  return subtask(spawner?.requestId ?? null, spawner ? "ids" : "none", "low", { wantsFallback: true });
}

interface CallOf {
  call: StoredCall;
  caller: Pick<Evidence, "requestId" | "sessionKey" | "agentKey">;
}

/** Calls with one of its prompts, of the last day, of its own session where both name one; the newest request first. */
async function callsFor(
  request: Evidence,
  prompts: readonly bigint[],
  { callsOf }: Candidates,
): Promise<CallOf[]> {
  if (prompts.length === 0) return [];
  const calls = await callsOf(prompts);
  return calls
    .map((call) => ({ call, caller: call.caller }))
    .filter(
      ({ call, caller }) =>
        call.requestId < request.requestId &&
        waitedMs(caller, request) <= DAY_MS &&
        (caller.sessionKey === null ||
          request.sessionKey === null ||
          caller.sessionKey === request.sessionKey),
    )
    .sort(
      ({ call: a }, { call: b }) =>
        (a.requestId < b.requestId ? 1 : a.requestId > b.requestId ? -1 : 0) || a.position - b.position,
    );
}

/** Where nothing of its history is known, what the same session or agent asked before is the best there is. */
async function asLatestOfThread(
  request: Evidence,
  keys: readonly LinkKey[],
  { find }: Candidates,
): Promise<ParentChoice | null> {
  const hasEarlier =
    boundariesOf(request, keys).length > 0 ||
    has(request, EvidenceFlag.compactAsk | EvidenceFlag.bodyMissing);
  if (!hasEarlier) return null;
  const parent = await latestOfThread(request, request.agentKey, find);
  if (!parent) return null;
  const confidence = has(request, EvidenceFlag.sessionInHeader) ? "likely" : "low";
  return found(kindOf(request, parent), parent.requestId, "ids", confidence, { wantsFallback: true });
}

async function latestOfThread(
  { requestId, sessionKey }: Evidence,
  agentKey: bigint | null,
  find: Candidates["find"],
): Promise<Evidence | undefined> {
  if (sessionKey === null || agentKey === null) return undefined;
  const [last] = await find({
    index: "thread",
    key: sessionKey,
    sessionKey,
    agentKey,
    before: requestId,
    limit: 1,
  });
  return last?.evidence;
}

function alone(request: Evidence): ParentChoice {
  const isRoot = !has(request, EvidenceFlag.hasHistory | EvidenceFlag.compactAsk);
  return {
    ...found(
      isRoot ? "root" : has(request, EvidenceFlag.compactAsk) ? "compact-ask" : "turn",
      "",
      "none",
      isRoot && !has(request, EvidenceFlag.bodyMissing) ? "certain" : "low",
    ),
    parentRequestId: null,
    wantsFallback: request.sessionKey !== null && (!isRoot || has(request, EvidenceFlag.bodyMissing)),
  };
}

function waitedMs(earlier: Pick<Evidence, "requestId">, later: Evidence): number {
  return (startedAtOf(later.requestId) ?? 0) - (startedAtOf(earlier.requestId) ?? 0);
}
