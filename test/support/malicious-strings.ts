/** Malicious strings: markup, formulas, control characters, text directions, sizes. All must be shown as text. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const MARKUP = `<script>alert(1)</script><img src=x onerror="alert(2)">"'&lt;`;
export const MALICIOUS_STRINGS = [
  MARKUP,
  "\u202Egnp.exe\u202C שלום עולם مرحبا",
  "n".repeat(2_000),
  "nul\u0000bell\u0007esc\u001b[31m",
  "👩‍👩‍👧‍👦🏳️‍🌈💥 ".repeat(20),
  "Z̸̧͉̝̠̓a̷̢̺̭͋l̴̨̛͖̇g̵̰̈́o̶͎͝",
  '=HYPERLINK("http://x")',
  "javascript:alert(1)",
  " ",
  "__proto__",
];

/** Members of responses that clients and upstream fill. */
const FREE_TEXT =
  /^(domain|accountId|model|modelServed|latestModel|modelsUsed|requestType|path|error|errorType|stopReason|sessionId|agentId|upstreamRequestId|title|prompt|description|subagentType|name|branchId|message|actor|target|reason|client|user-agent|domains|accounts|models|requestTypes)$/;
const NUMBERS: Readonly<Record<string, unknown>> = {
  costUsd: "123456789.123456789012",
  inputTokens: Number.MAX_SAFE_INTEGER,
  durationMs: 1e12,
};

/** A request body and a response whose every text is malicious; one result is a line of a megabyte. */
const bodies = JSON.parse(
  readFileSync(join(import.meta.dirname, "../fixtures/dashboard/malicious.json"), "utf8"),
  (_name, value: unknown) =>
    typeof value === "string" && /^x{9999,}$/.test(value) ? "x".repeat(1_000_000) : value,
) as { requestBody: { messages: ({ role?: string; content?: unknown } | null)[] }; responseBody: unknown };

/** A recorded response with malicious strings in every text that is not ours, and enormous numbers. */
export function withMaliciousStrings(recorded: unknown): unknown {
  let count = 0;
  const next = () => MALICIOUS_STRINGS[count++ % MALICIOUS_STRINGS.length]!;
  const replace = (value: unknown, name: string): unknown => {
    if (name === "requestBody" || name === "responseBody") return bodies[name];
    if (name === "toolCalls" && value !== null) return { [MARKUP]: 3, [MALICIOUS_STRINGS[2]!]: 1 };
    if (name === "data" && typeof value === "object" && value !== null)
      return Object.fromEntries(Object.values(value).map((inner) => [next(), inner as unknown]));
    if (name === "messages" && Array.isArray(value)) return messagesLike(value as object[]);
    if (Array.isArray(value)) return value.map((member) => replace(member, name));
    if (typeof value === "object" && value !== null)
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, replace(inner, key)]));
    if (typeof value === "string" && FREE_TEXT.test(name)) return next();
    return value !== null && Object.hasOwn(NUMBERS, name) ? NUMBERS[name] : value;
  };
  return replace(recorded, "");
}

/** Messages of a transcript with the positions that were recorded. */
function messagesLike(recorded: readonly object[]): object[] {
  const { messages } = bodies.requestBody;
  return recorded.map((message, n) => {
    const { role, content } = messages[n % messages.length] ?? {};
    return { ...message, role: role ?? "user", content: content ?? null };
  });
}
