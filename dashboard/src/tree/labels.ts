/** Texts of the card of a node or of a sub-task: the first line is the heading. */
import type { ConversationTree } from "../../../workers/schemas/api/conversations.ts";
import { contextWindow } from "../../../workers/domain/messages/context-window.ts";
import { formatCount, formatExact, formatShort } from "../format/number.ts";
import { oneLine } from "../format/text.ts";
import { formatDuration } from "../format/time.ts";
import type { SubtaskBox } from "./subtask-groups.ts";
import type { TreeItem } from "./items.ts";

/** Characters of a prompt on the card: as many as are stored with the call. */
const MAX_PROMPT_CHARACTERS = 250;

interface LabelContext {
  tree: ConversationTree;
  model: string | null;
  clock: (at: number) => string;
}

function promptSource({ kind, speaks }: ConversationTree["nodes"][number]): string {
  if (kind === "compact-ask") return "compaction requested";
  return speaks === "person" ? "user message" : "tool results";
}

/** One line beside a node: time, source of the prompt, duration. */
export function nodeNote(item: TreeItem, { tree, clock }: LabelContext): string {
  const node = tree.nodes[item.nodes.at(-1)!]!;
  const at = clock(Date.parse(tree.startedAt) + tree.nodes[item.nodes[0]!]!.at);
  return [
    at,
    promptSource(node),
    node.ms === null ? null : formatDuration(node.ms),
    node.calls > 0 && formatCount(node.calls, "tool call"),
  ]
    .filter(Boolean)
    .join(" · ");
}

export function nodeTitle(item: TreeItem, { tree, model, clock }: LabelContext): string {
  const first = tree.nodes[item.nodes[0]!]!;
  const last = tree.nodes[item.nodes.at(-1)!]!;
  const startedAt = Date.parse(tree.startedAt);
  if (item.kind === "run") {
    const nodes = item.nodes.map((node) => tree.nodes[node]!);
    const people = nodes.filter(({ speaks }) => speaks === "person").length;
    const calls = nodes.reduce((sum, { calls: made }) => sum + made, 0);
    return [
      `${formatCount(nodes.length, "request")} in a row`,
      `${clock(startedAt + first.at)} to ${clock(startedAt + last.at)}, messages ${formatExact(first.messages)} to ${formatExact(last.messages)}.`,
      `${formatCount(people, "turn")} by the user, ${formatCount(calls, "tool call")}. Press Enter to expand.`,
    ].join("\n");
  }
  const tries = item.nodes.length;
  const details = [
    last.failed
      ? last.status === null
        ? "No response"
        : last.status >= 400
          ? `Failed with ${last.status}`
          : `Failed after status ${last.status}`
      : null,
    last.ms === null ? null : formatDuration(last.ms),
    last.context === null
      ? null
      : `context ${formatShort(last.context)} of ${formatShort(contextWindow(model, last.context).tokens)}`,
    last.calls > 0 ? formatCount(last.calls, "tool call") : null,
    last.tasks > 0 ? formatCount(last.tasks, "sub-task") : null,
    last.sideRequests > 0 ? formatCount(last.sideRequests, "side request") : null,
    tries > 1 ? formatCount(tries, "attempt") : null,
  ].filter((fact) => fact !== null);
  const source = promptSource(last);
  return `${source[0]!.toUpperCase()}${source.slice(1)}, ${clock(startedAt + first.at)}, ${formatCount(last.messages, "message")}\n${details.join(", ")}`;
}

/** "sub-task 2 (14)": its number, and the requests it made. */
export function boxLabel(
  { branch, task, more }: SubtaskBox,
  tree: ConversationTree,
): { label: string; title: string } {
  if (more > 0)
    return { label: `+ ${formatExact(more)} more`, title: `${formatCount(more, "further sub-task")}` };
  const called = task === null ? null : tree.tasks[task]!;
  const made = branch === null ? null : tree.branches[branch]!;
  const prompt = oneLine(made?.prompt ?? called?.prompt ?? "", MAX_PROMPT_CHARACTERS);
  const about = [made?.subagentType ?? called?.subagentType, made?.description ?? called?.description]
    .filter(Boolean)
    .map((text) => oneLine(text ?? "", 60))
    .join(": ");
  const number = /^subtask_(\d+)$/.exec(made?.name ?? "")?.[1];
  const label = made
    ? `${number ? `sub-task ${number}` : oneLine(made.name, 12)} (${formatExact(made.requests)})`
    : "not recorded";
  const heading = made
    ? `${number ? `sub-task ${number}` : oneLine(made.name, 40)}, ${formatCount(made.requests, "request")}`
    : "Started, but none of its requests was recorded";
  return { label, title: [heading, about, prompt].filter((line) => line !== "").join("\n") };
}
