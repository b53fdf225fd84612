/** The recorded Claude Code traffic as exchanges, for tests in workerd, which has no file system. */
import { makeExchange, type ExchangeOptions, type TestExchange } from "./exchanges.ts";

export interface WorkerRecording {
  seq: number;
  t: string;
  ms: number;
  request: { method: string; url: string; headers: Record<string, string>; body: unknown };
  /** Status 499: upstream returned 200 and the client disconnected during the response. */
  response: { status: number; headers: Record<string, string | number>; body: unknown };
}

declare global {
  interface ImportMeta {
    /** Vite's: files come in as modules. */
    glob<T>(pattern: string, options: { query: string; import: string; eager: true }): Record<string, T>;
  }
}

const files = import.meta.glob<string>("../fixtures/claude-code/*.{jsonl,ndjson}", {
  query: "?raw",
  import: "default",
  eager: true,
});

/** The lines of a fixture, or of all recordings. */
export function fixtureLines<T>(name = ".jsonl"): T[] {
  return Object.entries(files)
    .filter(([path]) => path.endsWith(name))
    .flatMap(([, text]) => text.trim().split("\n"))
    .map((line) => JSON.parse(line) as T);
}

export function recordedExchange(
  { t, ms, request, response }: WorkerRecording,
  more: ExchangeOptions = {},
): TestExchange {
  const url = new URL(request.url, "http://host");
  const isAbandoned = response.status === 499;
  const { body } = response;
  return makeExchange({
    startedAt: Date.parse(t),
    requestBody: JSON.stringify(request.body),
    responseBody: typeof body === "string" ? body : JSON.stringify(body),
    requestMetadata: {
      method: request.method,
      path: url.pathname,
      query: url.search,
      headers: Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value]),
      ),
    },
    responseMetadata: {
      status: isAbandoned ? 200 : response.status,
      outcome: isAbandoned ? "client_gone" : "complete",
      durationMs: ms,
      headers: Object.fromEntries(
        Object.entries(response.headers).map(([name, value]) => [name, String(value)]),
      ),
    },
    ...more,
  });
}
