/**
 * Requests as Claude Code sends them (2.1.330 and 1.0.58): headers, system blocks, tools, and the cache marker on the last
 * block, which moves with every request.
 */
import { digest } from "../fake-claude/random.ts";
import type { Agent, Client, Message } from "./message.ts";
import {
  IDENTITY,
  SDK_IDENTITY,
  SUBAGENT_PROMPT,
  systemPrompt,
  TITLE_PROMPT,
  TOOLS,
  TOPIC_PROMPT,
} from "./client-text.ts";

const BETAS = [
  "claude-code-20250219",
  "interleaved-thinking-2025-05-14",
  "context-management-2025-06-27",
  "per-turn-control-2026-07-01",
  "mid-conversation-tool-changes-2026-07-01",
  "thinking-token-count-2026-05-13",
  "advanced-tool-use-2025-11-20",
  "effort-2025-11-24",
];

export function isOld(client: Client): boolean {
  return client.version === "1.0.58";
}

/** Headers of one request without credential, host and length. */
export function clientHeaders(
  client: Client,
  sessionId: string,
  agent: Agent | null,
): Record<string, string> {
  const stainless = {
    "x-stainless-arch": client.os === "MacOS" ? "arm64" : "x64",
    "x-stainless-lang": "js",
    "x-stainless-os": client.os,
    "x-stainless-package-version": isOld(client) ? "0.55.1" : "0.128.0",
    "x-stainless-retry-count": "0",
    "x-stainless-runtime": "node",
    "x-stainless-runtime-version": client.runtimeVersion,
    "x-stainless-timeout": isOld(client) ? "60" : "600",
  };
  const common = {
    accept: "application/json",
    "content-type": "application/json",
    "user-agent": `claude-cli/${client.version} (external, ${client.entrypoint})`,
    ...stainless,
    "anthropic-dangerous-direct-browser-access": "true",
    "anthropic-version": "2023-06-01",
    "x-app": "cli",
  };
  if (isOld(client)) {
    return {
      ...common,
      "anthropic-beta":
        "claude-code-20250219,interleaved-thinking-2025-05-14,fine-grained-tool-streaming-2025-05-14",
      "x-stainless-helper-method": "stream",
      "accept-language": "*",
      "accept-encoding": "gzip, deflate",
    };
  }
  const tui = client.entrypoint === "cli" ? ["thinking-display-updates-2026-08-18"] : [];
  return {
    ...common,
    "x-claude-code-session-id": sessionId,
    ...(agent && { "x-claude-code-agent-id": agent.id }),
    "anthropic-beta": [...BETAS, ...tui].join(","),
    "accept-encoding": "gzip, deflate, br, zstd",
  };
}

export function metadata(client: Client, sessionId: string): { user_id: string } {
  if (isOld(client))
    return { user_id: `user_${client.deviceId}_account_${client.accountUuid}_session_${sessionId}` };
  return {
    user_id: JSON.stringify({
      device_id: client.deviceId,
      account_uuid: client.accountUuid,
      session_id: sessionId,
    }),
  };
}

const MARK = { type: "ephemeral" };

/** Messages on the wire: one text is a plain string; the last block of the last message has the cache marker. */
function written(messages: readonly Message[]): Record<string, unknown>[] {
  return messages.map((message, index) => {
    const isLast = index === messages.length - 1;
    const [only] = message.content;
    const isPlain = message.content.length === 1 && only?.type === "text" && message.role !== "assistant";
    const content = isLast
      ? message.content.map((block, at) =>
          at === message.content.length - 1 ? { ...block, cache_control: MARK } : block,
        )
      : isPlain
        ? only?.text
        : message.content;
    return { role: message.role, content, ...message.extra };
  });
}

export interface Conversation {
  client: Client;
  sessionId: string;
  project: string;
  root: string;
  /** The first prompt, from which the hex of the attribution line is derived. */
  firstWords: string;
  messages: readonly Message[];
  agent: Agent | null;
}

/** The body of one turn. */
export function turnBody(conversation: Conversation): string {
  const { client, sessionId, agent } = conversation;
  const isSub = agent !== null;
  const tools = TOOLS.filter((tool) => !isSub || tool.name !== "Agent").map((tool) =>
    isOld(client) && tool.name === "Agent" ? { ...tool, name: "Task" } : tool,
  );
  const prompt = `${isSub ? SUBAGENT_PROMPT : ""}${systemPrompt(conversation.project, conversation.root)}`;
  const marked = (text: string) => ({ type: "text", text, cache_control: MARK });
  const common = { model: client.model, messages: written(conversation.messages) };
  if (isOld(client)) {
    return JSON.stringify({
      ...common,
      temperature: 1,
      system: [marked(IDENTITY), marked(prompt)],
      tools,
      metadata: metadata(client, sessionId),
      max_tokens: 32000,
      stream: true,
    });
  }
  const hex = digest("attribution", conversation.firstWords).slice(0, 3);
  const attribution = `x-anthropic-billing-header: cc_version=${client.version}.${hex}; cc_entrypoint=${client.entrypoint};${isSub ? " cc_is_subagent=true;" : ""}`;
  return JSON.stringify({
    ...common,
    system: [
      { type: "text", text: attribution },
      marked(client.entrypoint === "cli" ? IDENTITY : SDK_IDENTITY),
      marked(prompt),
    ],
    tools,
    metadata: metadata(client, sessionId),
    max_tokens: 128000,
    thinking: { type: "adaptive", display: client.entrypoint === "cli" ? "updates" : "omitted" },
    context_management: { edits: [{ type: "clear_thinking_20251015", keep: "all" }] },
    output_config: { effort: "medium" },
    stream: true,
  });
}

/** The side request that names a session (2.1.330). */
export function titleBody(client: Client, sessionId: string, root: string, prompt: string): string {
  const schema = {
    type: "object",
    properties: { title: { type: "string" } },
    required: ["title"],
    additionalProperties: false,
  };
  return JSON.stringify({
    model: "claude-haiku-4-5-20251001",
    messages: [
      {
        role: "user",
        content: [
          {
            type: "text",
            text: `<session>\n${prompt}\n</session>\n\nWrite the title of the session in ${root}.`,
          },
        ],
      },
    ],
    system: [
      {
        type: "text",
        text: `x-anthropic-billing-header: cc_version=${client.version}.${digest("attribution", prompt).slice(0, 3)}; cc_entrypoint=${client.entrypoint};`,
      },
      { type: "text", text: IDENTITY },
      { type: "text", text: TITLE_PROMPT },
    ],
    tools: [],
    metadata: metadata(client, sessionId),
    max_tokens: 32000,
    output_config: { format: { type: "json_schema", schema } },
    stream: true,
  });
}

/** The side request for topic detection (1.0.58). Its only message is the prompt. */
export function topicBody(client: Client, sessionId: string, prompt: string): string {
  return JSON.stringify({
    model: "claude-haiku-4-5-20251001",
    max_tokens: 512,
    messages: [{ role: "user", content: prompt }],
    system: [{ type: "text", text: TOPIC_PROMPT }],
    temperature: 0,
    metadata: metadata(client, sessionId),
    stream: true,
    tools: [],
  });
}
