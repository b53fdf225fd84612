/**
 * A list of messages as a transcript: runs of items that one side said, the way two sendings of the same history agree on
 * it. Dropped: entries with the role `system`, thinking, reminders, what is empty, repeated messages (Claude Code 1.0
 * sends its first tool call twice). Neighbours of one role are one run, however the client cut them into messages. Tools
 * are known by their ids, because inputs come back changed; results of parallel calls in any order. Called by evidence.ts.
 */
import { isObject, type JsonObject } from "../json/json.ts";
import { keyOf } from "./keys.ts";
import { blocksOf, stringIn } from "./messages.ts";
import { normalizeText } from "./normalize-text.ts";

export interface Item {
  /** What is compared. */
  text: string;
  /** What a tool gave back. Clients shorten old results, so it does not make another history; it tells edits apart. */
  result: string;
  /** The id of a tool call of the client's; null for everything else. */
  toolUseId: string | null;
  /** The id a result belongs to; null for everything else. */
  resultOf: string | null;
  /** The text of a text block; null for everything else. */
  plainText: string | null;
}

export interface Run {
  isAssistant: boolean;
  items: Item[];
  /** The message that ended it, where it is one of a history. */
  lastMessage?: NormalizedMessage;
}

/**
 * What one message of a history says. Whoever has the same message behind the same history again may hand it in again
 * (linkable.ts): what was found out then need not be found out a second time.
 */
export class NormalizedMessage {
  readonly role: string;
  readonly items: readonly Item[];
  /** The hash of the history up to here, where a run ends here; see chain.ts. */
  historyHash: Uint8Array | null = null;

  constructor(message: JsonObject) {
    this.role = stringIn(message, "role");
    this.items = this.role === "system" ? [] : itemsOf(message["content"]);
  }
}

export interface Transcript {
  runs: Run[];
  /** The last message as sent is the beginning of an answer that the model shall go on with. */
  endsInPrefill: boolean;
}

/** The transcript of a history, oldest first: messages, or Said; elements that are neither are skipped. Never throws. */
export function transcriptOf(messages: Iterable<unknown>): Transcript {
  const runs: Run[] = [];
  const seen = new Set<string>();
  let lastRole = "";
  for (const message of messages) {
    const said =
      message instanceof NormalizedMessage
        ? message
        : isObject(message)
          ? new NormalizedMessage(message)
          : null;
    if (said === null || said.role === "system") continue;
    lastRole = said.role;
    const items = unrepeated(said.items, seen);
    if (items.length === 0) continue;
    const isAssistant = said.role === "assistant";
    const last = runs.at(-1);
    if (last?.isAssistant === isAssistant) {
      last.items.push(...items);
      last.lastMessage = said;
    } else {
      runs.push({ isAssistant, items, lastMessage: said });
    }
  }
  for (const run of runs) if (!run.isAssistant) run.items = withResultsSorted(run.items);
  return { runs, endsInPrefill: lastRole === "assistant" };
}

/** What an answer, or the content of one message, consists of. */
export function itemsOf(content: unknown): Item[] {
  return blocksOf(content).flatMap((block) => itemOf(block) ?? []);
}

const NOTHING = { result: "", toolUseId: null, resultOf: null, plainText: null };

function itemOf(block: JsonObject): Item | null {
  const type = stringIn(block, "type");
  switch (type) {
    case "text": {
      const plain = normalizeText(stringIn(block, "text"));
      return plain === "" ? null : { ...NOTHING, text: `text:${plain}`, plainText: plain };
    }
    case "thinking":
    case "redacted_thinking":
      return null;
    case "tool_use": {
      const toolUseId = stringIn(block, "id");
      return { ...NOTHING, text: `tool_use:${stringIn(block, "name")}:${toolUseId}`, toolUseId };
    }
    case "tool_result": {
      const resultOf = stringIn(block, "tool_use_id");
      return { ...NOTHING, text: `tool_result:${resultOf}`, resultOf, result: resultText(block["content"]) };
    }
    default:
      return { ...NOTHING, text: `${type}:${digest(withoutMarks(block))}` };
  }
}

function resultText(content: unknown): string {
  return blocksOf(content)
    .map((block) =>
      block["type"] === "text" ? normalizeText(stringIn(block, "text")) : digest(withoutMarks(block)),
    )
    .filter((text) => text !== "")
    .join("\n");
}

/** Cache markers move with every turn; our own marks in an answer's block come back with nobody. */
function withoutMarks(block: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(block).filter(([name]) => name !== "cache_control" && name !== "_nexus"),
  );
}

function digest(value: JsonObject): string {
  return String(keyOf("block", JSON.stringify(value)));
}

/** Nothing of a message all of whose tool blocks were there before; of others what was not. */
function unrepeated(items: readonly Item[], seen: Set<string>): Item[] {
  const tools = items.filter(isTool);
  const fresh = new Set<Item>();
  for (const item of tools) {
    if (!seen.has(item.text)) fresh.add(item);
    seen.add(item.text);
  }
  if (tools.length > 0 && fresh.size === 0) return [];
  return items.filter((item) => !isTool(item) || fresh.has(item));
}

function isTool({ toolUseId, resultOf }: Item): boolean {
  return toolUseId !== null || resultOf !== null;
}

/** The results first, by id: they come in the order the tools ended in, and texts before or behind them. */
function withResultsSorted(items: Item[]): Item[] {
  const results = items.filter(({ resultOf }) => resultOf !== null);
  if (results.length === 0) return items;
  results.sort((a, b) => (a.text < b.text ? -1 : 1));
  return [...results, ...items.filter(({ resultOf }) => resultOf === null)];
}
