/** Evidence out of recordings and out of bodies written by hand, made the way ingest makes it. */
import { evidenceOf, type MadeEvidence } from "../../workers/domain/linking/evidence.ts";
import { readAnswer } from "../../workers/domain/answer.ts";
import { type Recording, responseBytes } from "./recordings.ts";

const ID_HEADERS = ["x-claude-code-session-id", "x-claude-code-agent-id", "x-claude-code-parent-agent-id"];

/** The evidence of a recording under this id; null for what is no conversation. */
export function evidenceOfRecording(
  recording: Recording,
  requestId: string,
  withIds: boolean,
): MadeEvidence | null {
  const { messages, system, tools, ...rest } = recording.request.body;
  const { metadata: _, ...anonymous } = rest;
  const headers = Object.fromEntries(
    Object.entries(recording.request.headers)
      .map(([name, value]) => [name.toLowerCase(), value] as const)
      .filter(([name]) => withIds || !ID_HEADERS.includes(name)),
  );
  const { status } = recording.response;
  const contentType = recording.response.headers["content-type"];
  const answer = readAnswer({
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
