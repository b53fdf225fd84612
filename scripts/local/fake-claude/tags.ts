/**
 * Behaviour selected by the request: `[fake:name]`, `[fake:name=value]` or `[fake:name*times]` in the last text of the user.
 * `*times` ends the behaviour after that many identical requests, for tests of retries.
 */
import type { ModelResponse, Block } from "./model-response.ts";
import { prose, signature, thought, toolCalls } from "./compose.ts";
import { randomOf } from "./random.ts";
import { errorReply, type Reply } from "./http.ts";

export interface Tag {
  name: string;
  value: string | null;
  /** Infinity if not limited. */
  times: number;
}

export function tagsOf(text: string): Tag[] {
  return [...text.matchAll(/\[fake:([a-z0-9-]+)(?:=([^\]*]*))?(?:\*(\d+))?\]/g)].map((match) => ({
    name: match[1]!,
    value: match[2] ?? null,
    times: match[3] === undefined ? Infinity : Number(match[3]),
  }));
}

/** Changes to the stream of a response; read by stream.ts. */
export interface Treatment {
  coding?: "gzip" | "br" | "zstd" | "deflate";
  /** Milliseconds between deltas, independent of the fake's speed. */
  pauseMs?: number;
  /** Cut after this share of the events, then do `then`. */
  cutAt?: number;
  then?: "end" | "hang" | "reset";
  errorEvent?: string;
  unknownEvents?: boolean;
  invalidUtf8?: boolean;
  crlf?: boolean;
}

/** A tag changes the stream, selects the response, or is the reply. */
export interface Behaviour {
  reply?: Reply;
  response?: ModelResponse;
  treatment: Treatment;
}

const raw = (status: number, headers: Record<string, string>, text: string): Reply => ({
  kind: "raw",
  status,
  headers,
  chunks: text === "" ? [] : [{ delayMs: 0, bytes: Buffer.from(text) }],
  vendorHeaders: true,
});

const HTML =
  "<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head>\n<body><h1>502 Bad Gateway</h1><hr>cloudflare</body></html>\n";

/** Tags that replace the whole reply. */
function replyOf(tag: Tag): Reply | undefined {
  switch (tag.name) {
    case "overloaded":
      return errorReply(529, "Overloaded", { "x-should-retry": "true" });
    case "ratelimit":
      return errorReply(429, "This request would exceed your account's rate limit. Please try again later.", {
        "retry-after": tag.value ?? "1",
        "x-should-retry": "true",
      });
    case "hang":
      return { kind: "hang" };
    case "refuse":
      return { kind: "refuse" };
    case "empty":
      return raw(200, { "content-length": "0" }, "");
    case "html":
      return raw(502, { "content-type": "text/html; charset=UTF-8", server: "cloudflare" }, HTML);
    case "redirect":
      return raw(307, { location: tag.value ?? "https://example.com/moved", "content-length": "0" }, "");
    default:
      if (!/^[45]\d\d$/.test(tag.name)) return undefined;
      return errorReply(Number(tag.name), tag.value ?? `The request selected a ${tag.name}.`);
  }
}

function treatmentOf(tag: Tag): Treatment | undefined {
  const number = tag.value === null ? NaN : Number(tag.value);
  switch (tag.name) {
    case "gzip":
    case "br":
    case "zstd":
    case "deflate":
      return { coding: tag.name };
    case "slow":
      return { pauseMs: Number.isFinite(number) ? number : 250 };
    case "error-event":
      return { cutAt: 0.6, errorEvent: tag.value ?? "overloaded_error" };
    case "reset-mid-stream":
      return { cutAt: 0.6, then: "reset" };
    case "hang-mid-stream":
      return { cutAt: 0.6, then: "hang" };
    case "truncate":
      return { cutAt: 0.6, then: "end" };
    case "unknown-event":
      return { unknownEvents: true };
    case "invalid-utf8":
      return { invalidUtf8: true };
    case "crlf":
      return { crlf: true };
    default:
      return undefined;
  }
}

function searchResponse(name: string): ModelResponse {
  const random = randomOf(name, "search");
  const id = `srvtoolu_01${random.hex(22)}`;
  const result = {
    type: "web_search_result",
    url: "https://nodejs.org/en/blog/release",
    title: "Node.js release notes",
    encrypted_content: signature(random),
    page_age: "3 days ago",
  };
  const citation = {
    type: "web_search_result_location",
    url: result.url,
    title: result.title,
    encrypted_index: signature(random),
    cited_text: "The even-numbered lines receive long-term support.",
  };
  const content: Block[] = [
    { type: "text", text: "I will look that up." },
    { type: "server_tool_use", id, name: "web_search", input: { query: "node.js long-term support lines" } },
    { type: "web_search_tool_result", tool_use_id: id, content: [result] },
    {
      type: "text",
      text: "Even-numbered release lines are the ones with long-term support.",
      citations: [citation],
    },
    { type: "text", text: " Anything older should be planned out of production this quarter." },
  ];
  return { content, serverToolUse: { web_search_requests: 1, web_fetch_requests: 0 } };
}

function responseOf(tag: Tag, request: Record<string, unknown>, name: string): ModelResponse | undefined {
  const random = randomOf(name, tag.name);
  const number = tag.value === null ? NaN : Number(tag.value);
  const calls = (count: number): ModelResponse => ({
    content: [
      ...thought(request, random),
      { type: "text", text: "Let me look at that first." },
      ...toolCalls(request, random, count),
    ],
  });
  switch (tag.name) {
    case "tools":
      return calls(Number.isFinite(number) ? number : 1);
    case "parallel-tools":
      return calls(Number.isFinite(number) ? number : 3);
    case "thinking":
      return {
        content: [...thought(request, random, true), { type: "text", text: "I have thought it through." }],
      };
    case "citations":
      return searchResponse(name);
    case "long":
      return {
        content: [{ type: "text", text: prose(random, Number.isFinite(number) ? number : 1500) }],
      };
    case "say":
      return { content: [{ type: "text", text: tag.value ?? "" }] };
    default:
      return undefined;
  }
}

/** The combined behaviour of all tags of a text; `nth` counts earlier identical requests. */
export function behaviourOf(
  text: string,
  request: Record<string, unknown>,
  name: string,
  nth: number,
): Behaviour {
  const behaviour: Behaviour = { treatment: {} };
  for (const tag of tagsOf(text)) {
    if (nth >= tag.times) continue;
    const reply = replyOf(tag);
    const response = responseOf(tag, request, name);
    if (reply) behaviour.reply ??= reply;
    else if (response) behaviour.response ??= response;
    else Object.assign(behaviour.treatment, treatmentOf(tag));
  }
  return behaviour;
}
