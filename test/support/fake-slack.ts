/**
 * Slack's incoming webhooks over HTTP, scripted by the address: `/services/<channel>/<how>`, where how is `ok`, `slow` (never
 * responds), `down` (500), `limited` (429 once), `moved` (redirects to another channel) or `gone` (404). It validates
 * payloads as Slack does and records them: `GET /seen`, `DELETE /seen`.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { startHttpServer } from "../../scripts/local/network/http-server.ts";

/** Payloads that Slack accepts; anything else gets 400. */
const Payload = z.strictObject({
  text: z.string().min(1).max(40_000),
  channel: z.string().min(1).optional(),
  username: z.string().min(1).optional(),
  icon_emoji: z.string().min(1).optional(),
  attachments: z
    .array(
      z.strictObject({
        color: z.string().optional(),
        fallback: z.string().optional(),
        footer: z.string().max(300).optional(),
        ts: z.number().int().max(9_999_999_999).optional(),
        fields: z
          .array(z.strictObject({ title: z.string(), value: z.string().min(1), short: z.boolean() }))
          .optional(),
      }),
    )
    .optional(),
});

export interface SeenBySlack {
  channel: string;
  how: string;
  status: number;
  payload: unknown;
}

export async function startFakeSlack() {
  let seen: SeenBySlack[] = [];

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? "/";
    if (path === "/seen") {
      const body = JSON.stringify(seen);
      if (request.method === "DELETE") seen = [];
      return void response.writeHead(200, { "content-type": "application/json" }).end(body);
    }
    const [, services, channel = "", how = ""] = path.split("/");
    const payload = await bodyOf(request);
    const isOdd = request.method !== "POST" || services !== "services" || !Payload.safeParse(payload).success;
    const before = seen.filter((one) => one.channel === channel).length;
    const status = isOdd ? 400 : statusOf(how, before);
    seen.push({ channel, how, status, payload });
    if (how === "slow") return; // the connection stays open
    response.writeHead(status, {
      "content-type": "text/plain",
      ...(status === 429 ? { "retry-after": "1" } : {}),
      ...(status === 302 ? { location: "https://hooks.slack.com/services/elsewhere/ok" } : {}),
    });
    response.end(
      status === 200 ? "ok" : status === 404 ? "no_service" : status === 400 ? "invalid_payload" : "",
    );
  }

  const { port, stop } = await startHttpServer((request, response) => void respond(request, response));
  return { address: `127.0.0.1:${port}`, close: stop };
}

function statusOf(how: string, before: number): number {
  switch (how) {
    case "down":
      return 500;
    case "limited":
      return before === 0 ? 429 : 200;
    case "moved":
      return 302;
    case "gone":
      return 404;
    default:
      return 200;
  }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  if (!request.headers["content-type"]?.startsWith("application/json")) return undefined;
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8")) as unknown;
  } catch {
    return undefined;
  }
}
