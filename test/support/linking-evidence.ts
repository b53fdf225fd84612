/** Evidence out of recordings and out of bodies written by hand, made the way ingest makes it. */
import { evidenceOf, type FullEvidence } from "../../workers/domain/linking/evidence.ts";
import { readResponse } from "../../workers/domain/messages/read-response.ts";
import { newExchangeId } from "../../workers/domain/exchange-id.ts";
import { type Recording, responseBytes } from "./recordings.ts";

const ID_HEADERS = ["x-claude-code-session-id", "x-claude-code-agent-id", "x-claude-code-parent-agent-id"];

/** The evidence of a recording under this id; null for what is no conversation. */
export function evidenceOfRecording(
  recording: Recording,
  requestId: string,
  withIds: boolean,
): FullEvidence | null {
  const { messages, system, tools, ...rest } = recording.request.body;
  const { metadata: _, ...anonymous } = rest;
  const headers = Object.fromEntries(
    Object.entries(recording.request.headers)
      .map(([name, value]) => [name.toLowerCase(), value] as const)
      .filter(([name]) => withIds || !ID_HEADERS.includes(name)),
  );
  const { status } = recording.response;
  const contentType = recording.response.headers["content-type"];
  const answer = readResponse({
    status: status === 499 ? 200 : status,
    contentType: contentType === undefined ? null : String(contentType),
    body: responseBytes(recording),
    outcome: status === 499 ? "client_gone" : "complete",
  });
  return evidenceOf({
    requestId,
    headers,
    body: withIds ? rest : anonymous,
    messages: (messages ?? []) as unknown[],
    system,
    tools: (tools ?? []) as unknown[],
    answer: answer.message?.["content"] ?? null,
    isAnswered: status !== 499,
    isRead: true,
  });
}

export type MessageContent = string | Record<string, unknown>[];

export interface WrittenRequest {
  /** "10:00:00.000" of 23 July 2025, or a whole ISO time. */
  at: string;
  /** What was said in turns, the user first. */
  turns?: MessageContent[];
  /** Instead of `talk`, messages as they are. */
  messages?: unknown[];
  answer?: MessageContent | null;
  system?: string;
  headers?: Record<string, string>;
  tools?: Record<string, unknown>[];
  /** Of the body, without its lists. */
  body?: Record<string, unknown>;
}

/** The evidence of a request written by hand; ids of requests at one time rise with `n`. */
export function writtenEvidence(request: WrittenRequest, n = 0): FullEvidence | null {
  const at = Date.parse(request.at.length > 12 ? request.at : `2025-07-23T${request.at}Z`);
  const messages = (request.turns ?? []).map((content, i) => ({
    role: i % 2 === 0 ? "user" : "assistant",
    content,
  }));
  return evidenceOf({
    requestId: newExchangeId(at, new Uint8Array(10).fill(n)),
    headers: request.headers ?? {},
    body: request.body ?? {},
    messages: request.messages ?? messages,
    system: request.system ?? "You are helpful",
    tools: request.tools ?? [],
    answer: request.answer ?? null,
    isAnswered: request.answer != null,
    isRead: true,
  });
}

/** Calls of the task tool with these prompts, as an answer has them. */
export function taskAnswer(tool: string, ...prompts: string[]): Record<string, unknown>[] {
  return prompts.map((prompt, n) => ({
    type: "tool_use",
    id: `toolu_${tool}_${prompt}_${n}`,
    name: tool,
    input: { description: prompt, prompt },
  }));
}
