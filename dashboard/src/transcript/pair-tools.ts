/**
 * Pairs tool calls with their results: the API has the call in the assistant's message and the result in the next user
 * message.
 */
import type { Block, Message } from "./blocks.ts";

type Use = Extract<Block, { kind: "tool_use" }>;
type Outcome = Extract<Block, { kind: "tool_result" }>;

/** A call with its result (null: still open or cut off), or a result without a call. */
export type TranscriptItem =
  Exclude<Block, Use | Outcome> | { kind: "call"; use: Use; result: Outcome | null } | Outcome;

export interface TranscriptEntry {
  /** Position in the request's `messages`, from 1; the response comes after the last. Deep links use it. */
  number: number;
  role: string;
  items: TranscriptItem[];
  /** True if every block of this message is shown with the calls of an earlier message. */
  isMerged: boolean;
}

/**
 * Entries in the order sent. A result goes to the latest open call of its id before it; calls and results of one message
 * (server tools) pair as well. Some clients send whole messages twice, ids included: the second is merged into the first.
 * Repeated user text stays.
 */
export function pairTools(messages: readonly Message[]): TranscriptEntry[] {
  const open = new Map<string, { kind: "call"; use: Use; result: Outcome | null }[]>();
  const seen = new Set<string>();
  return messages.map((message, index) => {
    const items: TranscriptItem[] = [];
    if (isDuplicate(message, seen)) return { number: index + 1, role: message.role, items, isMerged: true };
    for (const block of message.blocks) {
      if (block.kind === "tool_use") {
        const call = { kind: "call" as const, use: block, result: null };
        items.push(call);
        const calls = open.get(block.id);
        if (calls) calls.push(call);
        else open.set(block.id, [call]);
      } else if (block.kind === "tool_result") {
        const call = open.get(block.toolUseId)?.pop();
        if (call) call.result = block;
        else items.push(block);
      } else items.push(block);
    }
    return {
      number: index + 1,
      role: message.role,
      items,
      isMerged: items.length === 0 && message.blocks.length > 0,
    };
  });
}

function isDuplicate(message: Message, seen: Set<string>): boolean {
  if (!message.blocks.some(({ kind }) => kind === "tool_use" || kind === "tool_result")) return false;
  const key = JSON.stringify(message);
  const isKnown = seen.has(key);
  seen.add(key);
  return isKnown;
}

/** Entries without calls and results; entries left empty are merged. */
export function withoutTools(entries: readonly TranscriptEntry[]): TranscriptEntry[] {
  return entries.map((entry) => {
    const items = entry.items.filter((item) => item.kind !== "call" && item.kind !== "tool_result");
    return {
      ...entry,
      items,
      isMerged: entry.isMerged || (items.length === 0 && entry.items.length > 0),
    };
  });
}

/** Whether a person wrote this: a user message with text or an image. */
export function isUserMessage(entry: TranscriptEntry): boolean {
  return entry.role === "user" && entry.items.some((item) => item.kind === "text" || item.kind === "image");
}
