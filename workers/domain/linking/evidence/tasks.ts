/**
 * Subtasks: calls of `Task` and `Agent` in responses, the prompts that agents begin with, and the tool results that name the
 * agent of a call. Called by evidence.ts.
 */
import { isObject } from "../../json/json.ts";
import { plainText } from "../../truncate.ts";
import { keyOf } from "./keys.ts";
import { contentBlocks, stringMember } from "../../messages/content.ts";
import { TASK_TOOLS } from "../../messages/tool-calls.ts";
import { normalizeText } from "./normalize-text.ts";
import type { Item, Run } from "./transcript.ts";

export interface TaskCall {
  /** 0 for the first such call in the response. */
  position: number;
  toolUseId: string;
  toolName: string;
  subagentType: string | null;
  description: string | null;
  promptExcerpt: string;
  promptKey: bigint;
}

/** A tool result that names the agent of a call. */
export interface AgentMention {
  agentId: string;
  toolUseId: string;
}

const WORKFLOW_TOOL = "Workflow";
/** Claude Code frames the texts that a workflow gives to its agents. */
const WORKFLOW_TASK = /^\[Workflow harness\b/;
const MAX_LABEL = 200;
const MAX_EXCERPT = 250;
/** Of an agent's first message, which holds reminders and the prompt, only the last 16 texts can be the prompt. */
const MAX_PROMPTS = 16;
const FORKED = /<fork-boilerplate>|^Fork started\b/;
const AGENT_ID = /\bagentId:\s*([A-Za-z0-9_-]{4,64})/;

/** The task calls of a response. */
export function taskCalls(content: unknown): TaskCall[] {
  return contentBlocks(content)
    .filter((block) => block["type"] === "tool_use" && TASK_TOOLS.has(stringMember(block, "name")))
    .flatMap((block) => {
      const input = block["input"];
      if (!isObject(input) || typeof input["prompt"] !== "string") return [];
      return [{ block, input, prompt: input["prompt"] }];
    })
    .map(({ block, input, prompt }, position) => ({
      position,
      toolUseId: plainText(stringMember(block, "id"), MAX_LABEL),
      toolName: stringMember(block, "name"),
      subagentType: plainText(stringMember(input, "subagent_type"), MAX_LABEL) || null,
      description: plainText(stringMember(input, "description"), MAX_LABEL) || null,
      promptExcerpt: plainText(prompt, MAX_EXCERPT),
      promptKey: promptKey(normalizeText(prompt)),
    }));
}

/** True where the response starts a workflow, whose agents name no call. */
export function callsWorkflow(content: unknown): boolean {
  return contentBlocks(content).some(
    (block) => block["type"] === "tool_use" && block["name"] === WORKFLOW_TOOL,
  );
}

/** True for the first message of a workflow's agent. */
export function isWorkflowTask(first: Run | undefined): boolean {
  return (
    first?.isAssistant === false && first.items.some(({ plainText }) => WORKFLOW_TASK.test(plainText ?? ""))
  );
}

/**
 * The keys by which the agents of a workflow find its call, the stronger first. `session` is empty where the client names none,
 * `promptId`, the id of the person's turn, null.
 */
export function workflowKeysOf(session: string, promptId: string | null): bigint[] {
  const bySession = keyOf("workflow", session);
  return promptId === null ? [bySession] : [keyOf("workflow", session, promptId), bySession];
}

/** Keys of the texts in a first message that may be the prompt of a task: each one, and all together. */
export function promptKeys(first: Run | undefined): bigint[] {
  if (!first || first.isAssistant) return [];
  const texts = first.items.flatMap(({ plainText }) => plainText ?? []);
  const candidates = texts.length > 1 ? [texts.join("\n"), ...texts.slice(-MAX_PROMPTS)] : texts;
  return [...new Set(candidates.map(promptKey))];
}

function promptKey(text: string): bigint {
  return keyOf("prompt", text);
}

/** True for the newest message of a forked agent's first request, which follows its parent's history. */
export function startsFork(last: Run | undefined): boolean {
  if (!last || last.isAssistant) return false;
  return last.items.some(({ plainText, result }) => FORKED.test(plainText ?? "") || FORKED.test(result));
}

/** The agents that the newest tool results name; `calls` is the run with the tool calls. */
export function agentMentions(calls: Run | undefined, results: Run | undefined): AgentMention[] {
  if (!calls?.isAssistant || !results || results.isAssistant) return [];
  const calledIds = new Set(calls.items.filter(isTaskCall).map(({ toolUseId }) => toolUseId));
  return results.items.flatMap(({ resultOf, result }) => {
    const agentId = calledIds.has(resultOf) ? AGENT_ID.exec(result.slice(-4_000))?.[1] : undefined;
    return agentId === undefined || resultOf === null ? [] : [{ agentId, toolUseId: resultOf }];
  });
}

function isTaskCall({ text, toolUseId }: Item): boolean {
  return toolUseId !== null && [...TASK_TOOLS].some((name) => text.startsWith(`tool_use:${name}:`));
}
