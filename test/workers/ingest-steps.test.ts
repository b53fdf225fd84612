/** A large body is read in steps, between which the isolate serves requests, whatever the body is. */
import { expect, it } from "vitest";
import { makeExchange } from "../support/exchanges.ts";
import { STEP_BYTES } from "../../workers/runtime/constants.ts";
import { exchangeRow, exchangeRowInSteps } from "../../workers/ingest/rows/exchange-row.ts";

const MB = 1_048_576;
const many = (count: number, make: (n: number) => string, separator = ",") =>
  Array.from({ length: count }, (_, n) => make(n)).join(separator);
const request = (messages: string) => `{"model":"claude-opus-5-5","max_tokens":5,"messages":[${messages}]}`;
const user = (text: string) => `{"role":"user","content":"${text}"}`;
const delta = '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"abc"}}';
const result = (n: number) =>
  `{"custom_id":"${n}","result":{"type":"succeeded","message":{"type":"message","role":"assistant","model":"m","content":[],"usage":{"input_tokens":1}}}}`;

interface Parts {
  requestBody?: string;
  responseBody?: string;
  requestMetadata?: object;
  responseMetadata?: object;
}

it.each<[string, Parts]>([
  [
    "a request of many messages",
    { requestBody: request(many(5_000, (n) => user(`${n} ${"a ".repeat(500)}`))) },
  ],
  ["a stream", { responseBody: `data: ${many(60_000, () => delta, "\n\ndata: ")}\n\n` }],
  [
    "a stream without events",
    {
      responseBody: "data:\n".repeat(MB),
      responseMetadata: { headers: { "content-type": "text/event-stream" } },
    },
  ],
  [
    "the results of a batch",
    {
      responseBody: many(40_000, result, "\n"),
      requestMetadata: { method: "GET", path: "/v1/messages/batches/msgbatch_1/results" },
      responseMetadata: { headers: { "content-type": "application/x-jsonl" } },
    },
  ],
])("%s", (_, { requestBody, responseBody, ...metadata }) => {
  const encoder = new TextEncoder();
  const { id, ...entry } = makeExchange({
    ...metadata,
    ...(requestBody !== undefined && { requestBody: encoder.encode(requestBody) }),
    ...(responseBody !== undefined && { responseBody: encoder.encode(responseBody) }),
  });
  const bytes = (requestBody ?? responseBody)!.length;
  expect(bytes).toBeGreaterThan(4 * MB);
  const message = { id, request: null, response: null };
  const steps = exchangeRowInSteps(message, entry);
  let taken = 1;
  let step = steps.next();
  for (; !step.done; step = steps.next()) taken++;
  expect(taken).toBeGreaterThan(bytes / (2 * STEP_BYTES));
  const { columns, batch } = step.value!.response!;
  expect(columns).toEqual(exchangeRow(message, entry)!.response!.columns);
  if (responseBody?.startsWith("{")) expect(batch?.resultCount).toBe(40_000);
});
