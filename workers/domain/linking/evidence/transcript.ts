/**
 * A list of messages as a transcript: runs of items of one role, equal for every sending of the same history. Left out: entries
 * with the role `system`, thinking, reminders, empty items, repeated messages (Claude Code 1.0 sends its first tool call
 * twice). Adjacent messages of one role are one run, however the client splits them. Tool calls are compared by id, because
 * clients change inputs; results of parallel calls in any order. Called by evidence.ts.
 */
import { isObject, type JsonObject } from "../../json/json.ts";
import { keyOf } from "./keys.ts";
import { contentBlocks, contentTexts, stringMember } from "../../messages/content.ts";
import { normalizeText } from "./normalize-text.ts";
import { sideTextIn, workingDirectoryIn } from "./client-texts.ts";

export interface Item {
  /** The compared text. */
  text: string;
  /** The text of a tool result. Clients shorten old results, so it is not part of `text`; it distinguishes edits. */
  result: string;
  /** The id of a client tool call; else null. */
  toolUseId: string | null;
  /** The id of the tool call that a result belongs to; else null. */
  resultOf: string | null;
  /** The text of a text block; else null. */
  plainText: string | null;
}

export interface Run {
  isAssistant: boolean;
  items: Item[];
  /** Its last message, where the run is part of a history. */
  lastMessage?: NormalizedMessage;
}

/** Memory of an item beside its texts, in characters. */
const ITEM_CHARACTERS = 100;

/**
 * One message of a history, normalised. For the same message after the same history, linkable-request.ts gives the same object
 * again, so that normalising and hashing it happen once.
 */
export class NormalizedMessage {
  readonly role: string;
  readonly items: readonly Item[];
  /** The working directory that the client states in it; null without one. */
  readonly workingDirectory: string | null;
  /** Where a text of a side request is in it. */
  readonly sideText: ReturnType<typeof sideTextIn>;
  /** The prompt cache is to hold the history up to it. */
  readonly hasCacheMarker: boolean;
  /** Memory of its items, in characters. */
  readonly characters: number;
  /** The hash of the history up to this message, where a run ends with it; see chain.ts. */
  historyHash: Uint8Array | null = null;

  /** `isMarked`: a cache marker was taken out of the message. */
  constructor(message: JsonObject, isMarked = false) {
    this.role = stringMember(message, "role");
    this.items = this.role === "system" ? [] : itemsOf(message["content"]);
    this.characters = this.items.reduce(
      (sum, { text, result }) => sum + text.length + result.length + ITEM_CHARACTERS,
      0,
    );
    // Of a reminder only what is left out of the items is read here.
    const texts = this.role === "assistant" ? [] : contentTexts(message["content"]);
    this.workingDirectory = workingDirectoryIn(
      this.role === "system" ? texts : texts.filter((text) => text.trimStart().startsWith("<")),
    );
    this.hasCacheMarker =
      isMarked || contentBlocks(message["content"]).some((block) => Object.hasOwn(block, "cache_control"));
    this.sideText = this.role === "user" ? sideTextIn(texts) : null;
  }
}

export interface Transcript {
  runs: Run[];
  /** The last message is a prefill: the beginning of a response that the model continues. */
  endsInPrefill: boolean;
  /** A text of a side request stands after the last response; without a response only one in a reminder counts. */
  endsInSideText: boolean;
  /** The prompt cache is to hold what stands after the last response; null where no message has a cache marker. */
  cachesNewest: boolean | null;
  /** The first working directory that the messages state; null without one. */
  workingDirectory: string | null;
}

/** The transcript of messages, oldest first; elements that are no messages are skipped. Never throws. */
export function transcriptOf(messages: Iterable<unknown>): Transcript {
  const runs: Run[] = [];
  const seen = new Set<string>();
  let lastRole = "";
  let endsInSideText = false;
  let hasResponse = false;
  let cachesNewest: boolean | null = null;
  let workingDirectory: string | null = null;
  for (const message of messages) {
    const normalized =
      message instanceof NormalizedMessage
        ? message
        : isObject(message)
          ? new NormalizedMessage(message)
          : null;
    workingDirectory ??= normalized?.workingDirectory ?? null;
    if (normalized?.hasCacheMarker) cachesNewest = normalized.role !== "assistant";
    else if (normalized?.role === "assistant" && cachesNewest) cachesNewest = false;
    if (normalized === null || normalized.role === "system") continue;
    lastRole = normalized.role;
    if (lastRole === "assistant") endsInSideText = false;
    else if (normalized.sideText === "reminder" || (normalized.sideText !== null && hasResponse))
      endsInSideText = true;
    hasResponse ||= lastRole === "assistant";
    const items = withoutRepeatedTools(normalized.items, seen);
    if (items.length === 0) continue;
    const isAssistant = normalized.role === "assistant";
    const last = runs.at(-1);
    if (last?.isAssistant === isAssistant) {
      for (const item of items) last.items.push(item);
      last.lastMessage = normalized;
    } else {
      runs.push({ isAssistant, items, lastMessage: normalized });
    }
  }
  for (const run of runs) if (!run.isAssistant) run.items = withResultsSorted(run.items);
  return { runs, endsInPrefill: lastRole === "assistant", endsInSideText, cachesNewest, workingDirectory };
}

/** The items of a response or of one message's content. */
export function itemsOf(content: unknown): Item[] {
  return contentBlocks(content).flatMap((block) => itemOf(block) ?? []);
}

const EMPTY_ITEM = { result: "", toolUseId: null, resultOf: null, plainText: null };

function itemOf(block: JsonObject): Item | null {
  const type = stringMember(block, "type");
  switch (type) {
    case "text": {
      if (typeof block["text"] !== "string") break;
      const plainText = normalizeText(block["text"]);
      return plainText === "" ? null : { ...EMPTY_ITEM, text: `text:${plainText}`, plainText };
    }
    case "thinking":
    case "redacted_thinking":
      return null;
    case "tool_use": {
      const toolUseId = stringMember(block, "id");
      return { ...EMPTY_ITEM, text: `tool_use:${stringMember(block, "name")}:${toolUseId}`, toolUseId };
    }
    case "tool_result": {
      const resultOf = stringMember(block, "tool_use_id");
      return {
        ...EMPTY_ITEM,
        text: `tool_result:${resultOf}`,
        resultOf,
        result: resultText(block["content"]),
      };
    }
  }
  return { ...EMPTY_ITEM, text: `${type}:${blockDigest(withoutVolatileMembers(block))}` };
}

function resultText(content: unknown): string {
  return contentBlocks(content)
    .map((block) =>
      block["type"] === "text"
        ? normalizeText(stringMember(block, "text"))
        : blockDigest(withoutVolatileMembers(block)),
    )
    .filter((text) => text !== "")
    .join("\n");
}

/** Without cache markers, which move every turn, and our own member of response blocks, which no client sends. */
function withoutVolatileMembers(block: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(block).filter(([name]) => name !== "cache_control" && name !== "_nexus"),
  );
}

function blockDigest(value: JsonObject): string {
  return String(keyOf("block", JSON.stringify(value)));
}

/** The items without tool blocks seen before; none where all tool blocks of the message were seen before. */
function withoutRepeatedTools(items: readonly Item[], seen: Set<string>): Item[] {
  const tools = items.filter(isTool);
  const firstSeen = new Set<Item>();
  for (const item of tools) {
    if (!seen.has(item.text)) firstSeen.add(item);
    seen.add(item.text);
  }
  if (tools.length > 0 && firstSeen.size === 0) return [];
  return items.filter((item) => !isTool(item) || firstSeen.has(item));
}

function isTool({ toolUseId, resultOf }: Item): boolean {
  return toolUseId !== null || resultOf !== null;
}

/** Results first, by id: clients send them in the order in which tools ended, with texts before or after them. */
function withResultsSorted(items: Item[]): Item[] {
  const results = items.filter(({ resultOf }) => resultOf !== null);
  if (results.length === 0) return items;
  results.sort((a, b) => (a.text < b.text ? -1 : 1));
  return [...results, ...items.filter(({ resultOf }) => resultOf === null)];
}
