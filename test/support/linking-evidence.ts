/** Evidence of recordings and of requests written by hand, made as ingest makes it; links of such requests. */
import { evidenceOf, type FullEvidence } from "../../workers/domain/linking/evidence/evidence.ts";
import { readResponse } from "../../workers/domain/messages/read-response.ts";
import { newExchangeId } from "../../workers/domain/exchange-id.ts";
import { MemoryLinkStore } from "./memory-link-store.ts";
import { type Recording, responseBytes } from "./recordings.ts";

const ID_HEADERS = ["x-claude-code-session-id", "x-claude-code-agent-id", "x-claude-code-parent-agent-id"];

/** The evidence of a recording under this id; null for side requests. */
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
  const assembled = readResponse({
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
    response: assembled.message?.["content"] ?? null,
    isResponseComplete: status !== 499,
    isBodyComplete: true,
  });
}

export type MessageContent = string | Record<string, unknown>[];

export interface WrittenRequest {
  /** "10:00:00.000" of 23 July 2025, or a whole ISO time. */
  at: string;
  /** The contents of alternating messages, the user's first. */
  turns?: unknown[];
  /** Instead of `turns`, messages as they are. */
  messages?: unknown[];
  response?: MessageContent | null;
  system?: string;
  headers?: Record<string, string>;
  tools?: Record<string, unknown>[];
  /** Of the body, without its lists. */
  body?: Record<string, unknown>;
}

/** The evidence of a request written by hand; ids of requests of one time rise with `n`. */
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
    response: request.response ?? null,
    isResponseComplete: request.response != null,
    isBodyComplete: true,
  });
}

/** A response with task calls of these prompts. */
export function taskCalls(tool: string, ...prompts: string[]): Record<string, unknown>[] {
  return prompts.map((prompt, n) => ({
    type: "tool_use",
    id: `toolu_${tool}_${prompt}_${n}`,
    name: tool,
    input: { description: prompt, prompt },
  }));
}

export const text = (value: string, more: object = {}) => ({ type: "text", text: value, ...more });
export const reminder = (value: string) => `<system-reminder>\n${value}\n</system-reminder>`;
export const user = (content: unknown) => ({ role: "user", content });
export const assistant = (content: unknown) => ({ role: "assistant", content });
export const toolUse = (id: string, input: object = {}) => ({ type: "tool_use", id, name: "Edit", input });
export const toolResult = (id: string, content: unknown = "ok") => ({
  type: "tool_result",
  tool_use_id: id,
  content,
});
export const session = (id: string) => ({ "x-claude-code-session-id": id });

/** A request sent one second after the previous one, where it states no time. */
export type TestRequest = Omit<WrittenRequest, "at"> & { at?: string };
/** A request of one message, and the link of the turn that follows it. */
export const HELLO = { turns: ["hello"], response: "hi" };
export const TURN = "turn 0 - main";

/** The links of these requests, by position: "kind parent spawner branch"; "aux" for side requests, with the turn they serve. */
export async function linked(...requests: readonly TestRequest[]): Promise<string[]> {
  return linkedInOrder(requests);
}

/** The same for requests that arrive in another order than they were sent, `together` at a time. */
export async function linkedInOrder(
  requests: readonly TestRequest[],
  order: readonly number[] = [...requests.keys()],
  together = 1,
): Promise<string[]> {
  const store = new MemoryLinkStore();
  const evidence = requests.map((request, n) => writtenEvidence({ at: `10:00:0${n}.000`, ...request }, n));
  for (let at = 0; at < order.length; at += together)
    await store.link(order.slice(at, at + together).flatMap((n) => evidence[n] ?? []));
  const ids = evidence.map((each) => each?.requestId);
  const position = (id: string | null) => (id === null ? "-" : String(ids.indexOf(id)));
  return ids.map((id) => {
    const link = id === undefined ? undefined : store.links.get(id);
    const served = id === undefined ? undefined : store.served.get(id);
    if (!link) return served == null ? "aux" : `aux ${position(served)}`;
    const { linkKind, parentRequestId, parentTaskRequestId, branchId } = link;
    return `${linkKind} ${position(parentRequestId)} ${position(parentTaskRequestId)} ${branchId}`;
  });
}
