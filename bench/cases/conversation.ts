/** Conversations as Claude Code sends them through the local stack's proxy: each turn repeats its history. */
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { lorem } from "../harness/lorem.ts";
import { withClient } from "../../scripts/local/database/client.ts";

export interface Shape {
  turns: number;
  /** New text per turn, half from the user, half from the model. */
  bytes: number;
  /** Messages before the first turn. */
  history?: number;
}

/** Sends all turns in sequence; returns the session id. */
export async function sendConversation(
  proxyUrl: string,
  { turns, bytes, history = 0 }: Shape,
): Promise<string> {
  const session = randomUUID();
  const messages = Array.from({ length: history }, (_, index) => message(index, bytes / 2));
  for (let turn = 0; turn < turns; turn++) {
    messages.push(message(messages.length, bytes / 2));
    const content = await send(proxyUrl, session, messages, bytes / 2);
    messages.push({ role: "assistant", content });
  }
  return session;
}

/** Returns the content of the response. */
async function send(
  proxyUrl: string,
  session: string,
  messages: object[],
  responseBytes: number,
): Promise<unknown> {
  const response = await fetch(`${proxyUrl}/v1/messages?beta=true`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "anthropic-version": "2023-06-01",
      "user-agent": "claude-cli/2.1.330 (external, cli)",
      "x-claude-code-session-id": session,
      "x-bench-answer": `words ${responseBytes}`,
      authorization: "Bearer bench",
    },
    body: JSON.stringify({
      model: "claude-sonnet-4-5",
      max_tokens: 1024,
      system: [{ type: "text", text: "You are Claude Code, Anthropic's official CLI for Claude." }],
      messages,
    }),
  });
  if (!response.ok) throw new Error(`the proxy returned ${response.status}: ${await response.text()}`);
  return ((await response.json()) as { content: unknown }).content;
}

function message(index: number, bytes: number): object {
  return { role: index % 2 ? "assistant" : "user", content: [{ type: "text", text: lorem(bytes) }] };
}

/** Resolves when `count` requests of the session are stored. */
export async function untilStored(databaseUrl: string, session: string | null, count: number): Promise<void> {
  const deadline = Date.now() + 120_000;
  await withClient(databaseUrl, async (db) => {
    for (;;) {
      const { rows } = await db.query<{ n: number }>(
        "SELECT count(*)::int AS n FROM requests WHERE $1::text IS NULL OR session_id = $1",
        [session],
      );
      if ((rows[0]?.n ?? 0) >= count) return;
      if (Date.now() > deadline)
        throw new Error(`only ${rows[0]?.n} of ${count} requests were stored within 2 minutes`);
      await pause(50);
    }
  });
}

/** The conversation of a session's requests. */
export function conversationOf(databaseUrl: string, session: string): Promise<string> {
  return withClient(databaseUrl, async (db) => {
    const { rows } = await db.query<{ id: string | null }>(
      "SELECT conversation_id AS id FROM requests WHERE session_id = $1 LIMIT 1",
      [session],
    );
    const id = rows[0]?.id;
    if (!id) throw new Error("the requests of the session are not in a conversation");
    return id;
  });
}
