/** The tools that a response calls, by name. */
import { plainText } from "../truncate.ts";
import { stringMember, toolCallBlocks } from "./content.ts";

/** The API allows 128 characters; a little more for gateways that prefix. */
const MAX_NAME = 200;
/** The name of a call without one (the start of its block is missing in the stream). */
const UNNAMED = "(unnamed)";

/** Claude Code's tools whose call starts a sub-task: `Task` of older versions, `Agent` of newer ones. */
export const TASK_TOOLS: ReadonlySet<string> = new Set(["Task", "Agent"]);

/** Name → number of calls, over the client's tools, the vendor's server tools and MCP tools; names as given. */
export function countToolCalls(content: unknown): Record<string, number> {
  // A Map, because a tool may be called "constructor" or "__proto__".
  const counts = new Map<string, number>();
  for (const block of toolCallBlocks(content)) {
    const name = plainText(stringMember(block, "name"), MAX_NAME) || UNNAMED;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return Object.fromEntries(counts);
}
