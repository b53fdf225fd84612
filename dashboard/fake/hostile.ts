/** What somebody could send to break a page: markup, formulas, control characters, directions, sizes. All of it must show as text. */
import type { RequestRow } from "../../workers/schemas/api/requests.ts";
import { busyRows } from "./rows.ts";

export const MARKUP = `<script>alert(1)</script><img src=x onerror="alert(2)">"'&lt;`;
const RTL = "\u202Egnp.exe\u202C שלום עולם مرحبا";
const LONG = "n".repeat(2_000);
const NUL = "nul\u0000bell\u0007esc\u001b[31m";
const EMOJI = "👩‍👩‍👧‍👦🏳️‍🌈💥 ".repeat(20);
const ZALGO = "Z̸̧͉̝̠̓a̷̢̺̭͋l̴̨̛͖̇g̵̰̈́o̶͎͝";
export const MALICIOUS_STRINGS = [
  MARKUP,
  RTL,
  LONG,
  NUL,
  EMOJI,
  ZALGO,
  '=HYPERLINK("http://x")',
  "javascript:alert(1)",
  " ",
  "__proto__",
];

/** Rows whose every text is hostile. */
export function hostileRows(now: number): RequestRow[] {
  return busyRows(now)
    .slice(0, 60)
    .map((row, index) => {
      const malicious = MALICIOUS_STRINGS[index % MALICIOUS_STRINGS.length]!;
      return {
        ...row,
        domain: malicious,
        accountId: malicious,
        model: malicious,
        modelServed: `${malicious}!`,
        requestType: malicious,
        path: `/v1/${malicious}`,
        error: index % 3 === 0 ? malicious : null,
        errorType: index % 3 === 0 ? malicious : null,
        responseStatus: index % 3 === 0 ? 599 : 200,
        stopReason: malicious,
        sessionId: index % 2 === 0 ? malicious : `${malicious}${index}`,
        agentId: malicious,
        toolCalls: { [MARKUP]: 3, [LONG]: 1, [RTL]: 2 },
        upstreamRequestId: malicious,
        costUsd: index % 4 === 0 ? null : "123456789.123456789012",
        inputTokens: 9_007_199_254_740_991,
        durationMs: index % 5 === 0 ? null : 1e12,
      };
    });
}

export function hostileRequestBody(): unknown {
  return {
    model: MARKUP,
    system: `${MARKUP}\n${RTL}`,
    tools: [{ name: MARKUP, description: LONG, input_schema: { [MARKUP]: MARKUP } }, null, 7, { type: NUL }],
    messages: [
      {
        role: "user",
        content: `# ${MARKUP}\n\n[click](javascript:alert(1)) [ok](https://example.com/?a=1&b=<x>) ![pic](https://evil.example/track.png) <b>bold</b>`,
      },
      { role: MARKUP, content: [{ type: MARKUP, [MARKUP]: MARKUP }] },
      {
        role: "assistant",
        content: [
          { type: "tool_use", id: MARKUP, name: MARKUP, input: { command: MARKUP } },
          { type: "redacted_thinking", data: "A".repeat(400) },
        ],
      },
      {
        role: "user",
        content: [{ type: "tool_result", tool_use_id: MARKUP, content: "x".repeat(1_000_000) }],
      },
      {
        role: "user",
        content: [
          {
            type: "tool_result",
            tool_use_id: "nobody",
            content: [
              { type: "image", source: { type: "base64", media_type: "image/svg+xml", data: "PHN2Zz4=" } },
            ],
          },
        ],
      },
      {
        role: "user",
        content: [
          { type: "document", title: MARKUP, source: { type: "text", media_type: "text/plain", data: RTL } },
          { type: "image", source: { type: "url", url: `https://evil.example/${MARKUP}` } },
        ],
      },
      {
        role: "assistant",
        content: [
          { type: "server_tool_use", id: "s1", name: "web_search", input: { query: EMOJI } },
          {
            type: "web_search_tool_result",
            tool_use_id: "s1",
            content: [{ type: "web_search_result", title: MARKUP, url: "javascript:alert(1)" }],
          },
        ],
      },
      { role: "user", content: 42 },
      null,
      "text",
      { role: "user", content: [] },
      {
        role: "user",
        content: `${EMOJI}${ZALGO.repeat(200)}\n${"> ".repeat(300)}deep\n${"*".repeat(3_000)}`,
      },
    ],
  };
}

export function hostileAnswer(): unknown {
  return {
    role: "assistant",
    content: [
      {
        type: "text",
        text: `${MARKUP}\n\n${RTL}\n\n\`\`\`"><script>\n${MARKUP}\n\`\`\`\n\n${"|".repeat(500)}`,
      },
    ],
  };
}
