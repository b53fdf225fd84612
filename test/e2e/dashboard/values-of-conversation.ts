/** The page of the conversation that branched most against the API: its figures, tree, branches, transcript, timeline, comparison. */
import { formatMoneyExact, formatMoneyShort } from "../../../dashboard/src/format/money.ts";
import { formatExact, formatShare, formatShort } from "../../../dashboard/src/format/number.ts";
import { oneLine } from "../../../dashboard/src/format/text.ts";
import { clockFormatter, formatAbsolute, formatDuration } from "../../../dashboard/src/format/time.ts";
import { contextWindow } from "../../../workers/domain/messages/context-window.ts";
import { withPauses } from "../../../dashboard/src/transcript/timeline.ts";
import type {
  Branch,
  ConversationDetail,
  ConversationRequest,
  ConversationTree,
  Transcript,
  TranscriptMessage,
} from "../../../workers/schemas/api/conversations.ts";
import { type DemoStack, ZONE } from "../../support/demo-stack.ts";
import type { Check, Expected } from "./agreement.ts";
import { at, battery, ended, money, several, short, wire } from "./words.ts";

const clock = clockFormatter(ZONE);
const allTokens = (one: Branch | ConversationDetail) =>
  one.totalTokens + one.cacheReadInputTokens + one.cacheCreationInputTokens;

function head(detail: ConversationDetail): Record<string, readonly string[]> {
  const { metrics } = detail;
  const subtasks =
    detail.subtaskBranchCount + detail.tasks.filter(({ branchKey }) => branchKey === null).length;
  const unpriced = detail.unpricedCount > 0 ? `+ ${several(detail.unpricedCount, "unpriced request")}` : "";
  return {
    h1: [`${wire(detail.title, 100)} ${wire(detail.domain, 40)} ${at(detail.endedAt)}`],
    ".of-conversation > .stat-card": [
      `Turns ${formatShort(detail.turnCount)} {${several(detail.turnCount, "turn")} in ${several(detail.messageCount, "request")}} ${several(detail.messageCount, "request")}`,
      `Sub-tasks ${formatShort(subtasks)} {${several(subtasks, "sub-task")} with ${several(detail.subtaskMessageCount, "request")}} ${several(detail.subtaskMessageCount, "request")}`,
      `Tokens ${short(allTokens(detail))} ${formatShare(detail.cacheHitShare)} of input from cache`,
      `Cost ${formatMoneyShort(detail.costUsd)} {${formatMoneyExact(detail.costUsd)}} ${unpriced}`,
      `Model time ${formatDuration(metrics.inferenceMs)} {Total duration of all requests, including sub-tasks; ${formatDuration(metrics.totalMs)} from the first to the last} ${metrics.totalMs > metrics.inferenceMs ? `over ${formatDuration(metrics.totalMs)}` : ""}`,
      `Tool time ${formatDuration(metrics.toolMs)} {Time between responses that call tools and the requests that return the results} ${several(metrics.toolRounds, "tool round")}`,
      `User reply time ${metrics.replies === 0 ? "–" : formatDuration(metrics.replyMs / metrics.replies)} {Average time between a response without tool calls and the next user message} ${metrics.replies === 0 ? "no replies" : several(metrics.replies, "reply", "replies")}`,
      `Context ${battery(detail.latestContextTokens, detail.latestModel, "", true)}`,
    ],
  };
}

/** The branches by their names, in the page's order: it is the tree's. */
function branchList({ branches }: ConversationDetail): Record<string, Expected> {
  const words = (branch: Branch) =>
    `${wire(branch.branchId, 40)} ${branch.errorCount > 0 ? `✗ has errors {${several(branch.errorCount, "error")}}` : ""} ${branch.prompt !== null && branch.kind !== "main" ? wire(branch.prompt, 80) : ""} ${several(branch.requestCount, "request")}, ${short(allTokens(branch))} tokens, ${money(branch.costUsd)}`;
  return {
    "#branches h2": [`Branches ${branches.length}`],
    "#branches li": (shown) => {
      const named = (one: Branch) => shown.findIndex((text) => text.startsWith(one.branchId));
      return branches.toSorted((left, right) => named(left) - named(right)).map(words);
    },
  };
}

function countsOf(tree: ConversationTree): string {
  const of = (kind: string) => tree.branches.filter((branch) => branch.kind === kind).length;
  const subtasks = of("subtask") + tree.tasks.filter(({ branch }) => branch === null).length;
  const count = (number: number, one: string, many?: string) =>
    number > 0 ? [several(number, one, many)] : [];
  return [
    ...count(subtasks, "sub-task"),
    ...count(of("branch"), "branch", "branches"),
    ...count(of("compact"), "compaction"),
  ].join(", ");
}

type Node = ConversationTree["nodes"][number];

/** What a node's card says, and what stands beside it. `nodes` are the attempts, the last one counts. */
function nodeWords(tree: ConversationTree, model: string | null, nodes: readonly Node[]): string {
  const [first, last] = [nodes[0]!, nodes.at(-1)!];
  const time = clock(Date.parse(tree.startedAt) + first.at);
  const isAsk = last.kind === "compact-ask";
  const isPerson = last.speaks === "person";
  const facts = [
    last.failed
      ? last.status === null
        ? "No answer"
        : last.status >= 400
          ? `Failed with ${last.status}`
          : "Broken off"
      : null,
    last.ms === null ? null : formatDuration(last.ms),
    last.context === null
      ? null
      : `context ${formatShort(last.context)} of ${formatShort(contextWindow(model, last.context).tokens)}`,
    last.calls > 0 ? several(last.calls, "tool call") : null,
    last.tasks > 0 ? several(last.tasks, "sub-task") : null,
    nodes.length > 1 ? several(nodes.length, "attempt") : null,
  ].filter((fact) => fact !== null);
  const said = `${isAsk ? "Summary asked for" : isPerson ? "A person" : "Tool results"}, ${time}, ${several(last.messages, "message")}. ${facts.join(", ")}`;
  const note = [
    time,
    isAsk ? "summary asked for" : isPerson ? "a person" : "tool results",
    ...(last.ms === null ? [] : [formatDuration(last.ms)]),
    ...(last.calls > 0 ? [several(last.calls, "tool call")] : []),
  ].join(" · ");
  const spawned = last.tasks > 0 ? String(last.tasks) : "";
  const seen = `${spawned} ${formatExact(last.messages)} ${nodes.length > 1 ? `×${nodes.length}` : ""} ${spawned === "" ? note : ""}`;
  return `${seen} {${said}. ${seen}}`;
}

function runWords(tree: ConversationTree, nodes: readonly Node[]): string {
  const [first, last] = [nodes[0]!, nodes.at(-1)!];
  const time = (node: Node) => clock(Date.parse(tree.startedAt) + node.at);
  const turns = nodes.filter(({ speaks }) => speaks === "person").length;
  const calls = nodes.reduce((sum, node) => sum + node.calls, 0);
  const seen = `… ${formatExact(nodes.length)} requests`;
  return `${seen} {${several(nodes.length, "request")} in a row. ${time(first)} to ${time(last)}, messages ${formatExact(first.messages)} to ${formatExact(last.messages)}.. ${several(turns, "turn")} of a person, ${several(calls, "tool call")}. Enter opens the first of them.. ${seen}}`;
}

/** Each node by the request its link names; folded runs by where they begin. All nodes but those of boxes are there once. */
function treeNodes(tree: ConversationTree, model: string | null): Expected {
  const byId = new Map(tree.nodes.map((node) => [node.id, node]));
  const attempts = (node: Node): Node[] =>
    node.kind === "retry" && node.parent !== null ? [...attempts(tree.nodes[node.parent]!), node] : [node];
  const boxed = tree.branches.flatMap(({ kind }, n) => (kind === "subtask" ? [n] : []));
  const outside = tree.nodes.filter(({ branch }) => !boxed.includes(branch));
  return (shown) => {
    const drawn = shown.map((text) => {
      const link = text.split(" ")[0]!;
      const query = new URL(link, "http://page").searchParams;
      const node = byId.get(query.get("requestId") ?? "");
      if (node) return { link, nodes: attempts(node), isRun: false };
      const place = Number(query.get("open"));
      const count = Number(/… ([\d,]+) requests/.exec(text)?.[1]?.replaceAll(",", ""));
      const { branch } = tree.nodes[place]!;
      const nodes = tree.nodes.filter((one, n) => one.branch === branch && n >= place).slice(0, count);
      return { link, nodes, isRun: true };
    });
    const all = drawn.reduce((sum, { nodes }) => sum + nodes.length, 0);
    return [
      ...drawn.map(
        ({ link, nodes, isRun }) =>
          `${link} ${isRun ? runWords(tree, nodes) : nodeWords(tree, model, nodes)}`,
      ),
      ...(all === outside.length ? [] : [`${outside.length} requests are in the drawing, not ${all}`]),
    ];
  };
}

function treeBranches(tree: ConversationTree): Record<string, Expected> {
  const boxes = tree.branches.filter(({ kind }) => kind === "subtask");
  const lanes = tree.branches.filter(({ kind }) => kind === "branch" || kind === "compact");
  const lines = (...all: (string | null)[]) => all.filter((line) => line !== null && line !== "").join(". ");
  return {
    ".tree-drawing .box": boxes.map((box) => {
      const name = `sub-task ${/\d+$/.exec(box.name)![0]}`;
      const about = [box.subagentType, box.description]
        .filter(Boolean)
        .map((text) => oneLine(text!, 60))
        .join(": ");
      const said = lines(
        `${name}, ${several(box.requests, "request")}`,
        about,
        oneLine(box.prompt ?? "", 250),
      );
      const seen = `${name} (${formatExact(box.requests)})`;
      return `${seen} {${said}. ${seen}}`;
    }),
    ".tree-drawing .branch-label": lanes.map(
      ({ name, prompt }) =>
        `${oneLine(name, 26)} {${oneLine(name, 80)}. ${prompt === null ? "" : oneLine(prompt, 250)}}`,
    ),
  };
}

function load({ getJson: ask, branchedConversation: talk }: DemoStack, query = "limit=1") {
  const path = `/api/conversations/${talk}`;
  return Promise.all([ask<ConversationDetail>(`${path}?${query}`), ask<ConversationTree>(`${path}/tree`)]);
}

const treeView = (talk: string): Check => ({
  path: `/conversations/${talk}?view=tree`,
  ready: ".tree-frame.is-live",
  async expected(demo) {
    const [detail, tree] = await load(demo);
    return {
      ...head(detail),
      ...branchList(detail),
      ".tree-counts": [countsOf(tree)],
      ".tree-drawing .node@href": treeNodes(tree, detail.latestModel),
      ...treeBranches(tree),
    };
  },
});

const callsTools = ({ role, content }: TranscriptMessage) =>
  role === "assistant" &&
  Array.isArray(content) &&
  content.some((block: { type?: string }) => block.type === "tool_use");

/** When each message was sent or answered, and how long its tools ran. */
function messageHeads({ messages }: Transcript): Expected {
  const byPosition = new Map(messages.map((message) => [message.position, message]));
  return (shown) =>
    shown.map((text) => {
      const position = Number(/#(\d+)/.exec(text)?.[1]);
      const message = byPosition.get(position);
      if (!message) return `there is no message ${position}`;
      const next = byPosition.get(position + 1);
      const took =
        callsTools(message) && message.timestamp && next?.timestamp && next.role === "user"
          ? `tools ${formatDuration(Math.max(0, Date.parse(next.timestamp) - Date.parse(message.timestamp)))}`
          : "";
      const note = `${message.timestamp ? at(message.timestamp) : ""} ${took} ${message.requestId ? "request" : ""}`;
      return text.replaceAll(/\s+/g, "").includes(note.replaceAll(/\s+/g, "")) ? text : `with ${note}`;
    });
}

const reading = (talk: string): Check => ({
  path: `/conversations/${talk}`,
  ready: ".tree-frame.is-live",
  // Words of people and programs; and the tree, which is compared on its own page.
  apart: [".message-body", ".tree-drawing", ".tree-elsewhere"],
  async expected(demo) {
    const [detail, tree] = await load(demo);
    const read = await demo.getJson<Transcript>(`/api/conversations/${talk}/messages`);
    const others = detail.branches
      .filter(({ branchKey }) => branchKey !== read.branchKey)
      .sort((left, right) => Number(left.kind === "subtask") - Number(right.kind === "subtask"));
    return {
      ...head(detail),
      ...branchList(detail),
      ".tree-counts": [countsOf(tree)],
      ".transcript-bar > span:first-child": [`${wire(read.branchId, 40)}: ${several(read.total, "message")}`],
      ".message-head": messageHeads(read),
      ".pager > .mute": [`The last request of this branch, ${at(detail.lastMessageTime)}`],
      "select[name=compare] option": others.map(({ branchId }) => branchId),
    };
  },
});

function timelineRow(row: ConversationRequest): string {
  const prompt =
    row.inputTokens === null
      ? null
      : row.inputTokens + (row.cacheReadInputTokens ?? 0) + (row.cacheCreationInputTokens ?? 0);
  const calls = Object.entries(row.toolCalls ?? {})
    .slice(0, 6)
    .map(([name, count]) => (count > 1 ? `${oneLine(name, 30)} ${count}` : oneLine(name, 30)));
  const what = calls.length > 0 ? `calls ${calls.join(", ")}` : (row.stopReason?.replaceAll("_", " ") ?? "");
  const time = Date.parse(row.timestamp);
  return [
    `${clock(time)} {${formatAbsolute(time, ZONE)}}`,
    wire(row.branchId, 28),
    row.prompt === null ? what : wire(row.prompt, 110),
    row.durationMs === null
      ? "–"
      : `${formatDuration(row.durationMs)} {First byte after ${formatDuration(row.timeToFirstByteMs)}}`,
    `${formatShort(prompt)} → ${formatShort(row.outputTokens)}`,
    money(row.costUsd),
    ended({ ...row, outcome: row.outcome as "complete", error: null }),
  ].join(" | ");
}

const timeline = (talk: string): Check => ({
  path: `/conversations/${talk}?view=timeline`,
  async expected(demo) {
    const [detail] = await load(demo, "limit=100");
    return {
      ...head(detail),
      ".timeline tbody tr": withPauses(detail.requests).flatMap(
        ({ request, pauseMs, startsWithPrompt: isPerson }) => [
          ...(pauseMs > 0
            ? [`${formatDuration(pauseMs)} ${isPerson ? "until somebody spoke again" : "in tools"}`]
            : []),
          timelineRow(request),
        ],
      ),
      ".pager": [`${several(detail.requests.length, "request")} on this page That is all.`],
    };
  },
});

const comparison = (talk: string, left: Branch, right: Branch): Check => ({
  path: `/conversations/${talk}?compare=${right.branchKey}`,
  apart: [".compared-row"],
  async expected(demo) {
    const [detail] = await load(demo);
    const read = (branch: Branch) =>
      demo.getJson<Transcript>(`/api/conversations/${talk}/messages?branch=${branch.branchKey}`);
    const totals = (await Promise.all([left, right].map(read))).map(({ total }) => total);
    return {
      ...head(detail),
      ".compared-head": [left, right].map(
        (branch, n) =>
          `${wire(branch.branchId, 40)} ${several(totals[n]!, "message")}, ${several(branch.requestCount, "request")}${branch.errorCount > 0 ? `, ${several(branch.errorCount, "error")}` : ""}, ${short(allTokens(branch))} tokens, ${money(branch.costUsd)}, last ${at(branch.lastMessageTime)}`,
      ),
      ".compared-common": (shown) => (shown.length === 1 ? shown : ["what they have in common"]),
      ".compared-foot": (shown) => (shown.length === 2 ? shown : ["where each goes on"]),
    };
  },
});

export async function conversationChecks({
  getJson: ask,
  branchedConversation: talk,
}: DemoStack): Promise<Check[]> {
  const { branches } = await ask<ConversationDetail>(`/api/conversations/${talk}?limit=1`);
  const [main, compact] = ["main", "compact"].map((kind) => branches.find((branch) => branch.kind === kind)!);
  return [reading(talk), treeView(talk), timeline(talk), comparison(talk, main!, compact!)];
}
