/** The fake Gemini rejects what the real one rejects, so that tests with it find such a request. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { geminiCall } from "../../workers/domain/analysis/gemini.ts";
import { FAKE_GEMINI_KEY, startFakeGemini } from "./fake-gemini.ts";

let gemini: Awaited<ReturnType<typeof startFakeGemini>>;
beforeAll(async () => void (gemini = await startFakeGemini()));
afterAll(() => gemini.stop());

const request = { model: "m", prompt: { system: "s", user: "u" }, maxOutputTokens: 10 };
interface Body {
  generationConfig: Record<string, unknown>;
  [member: string]: unknown;
}

test.each<[string, number, (body: Body) => void, { key?: string; path?: string }?]>([
  ["takes the request of an analysis", 200, () => undefined],
  ["rejects an unknown field", 400, (body) => (body["metadata"] = {})],
  ["rejects a sampling parameter", 400, ({ generationConfig }) => (generationConfig["temperature"] = 0)],
  ["rejects an unknown keyword of a schema", 400, ({ generationConfig }) => (generationConfig["responseJsonSchema"] = { type: "object", properties: { a: { pattern: "x" } } })],
  ["rejects more output tokens than the model has", 400, ({ generationConfig }) => (generationConfig["maxOutputTokens"] = 65_537)],
  ["rejects another key", 400, () => undefined, { key: "other" }],
  ["has no other path", 404, () => undefined, { path: ":streamGenerateContent" }],
])("%s", async (_name, status, change, { key = FAKE_GEMINI_KEY, path = ":generateContent" } = {}) => {
  const { url, headers, body } = geminiCall(gemini.url, key, request);
  const changed = JSON.parse(body) as Body;
  change(changed);
  const address = url.replace(":generateContent", path);
  const response = await fetch(address, { method: "POST", headers, body: JSON.stringify(changed) });
  expect(response.status).toBe(status);
}); // prettier-ignore
