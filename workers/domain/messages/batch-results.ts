/**
 * Message batches in responses: the id of a created batch, and the messages of its results, one JSON text per line. Called by
 * workers/ingest. Source: the Message Batches pages of the Claude API.
 */
import type { BilledMessage } from "../../schemas/cost.ts";
import type { Endpoint } from "../http/endpoint.ts";
import { isObject, parseJsonBytes, storableJson, type JsonObject } from "../json/json.ts";
import { STEP_BYTES } from "../../runtime/constants.ts";
import { finish, type Steps } from "../steps.ts";
import { plainText } from "../truncate.ts";
import { estimateOutputTokens } from "./estimate-output-tokens.ts";

/** The API takes at most this many requests in a batch. */
const MAX_RESULTS = 100_000;
/** Of results in memory: a result takes about 300 characters, so these are 50,000. */
const MAX_RESULT_CHARACTERS = 16 * 1_048_576;
const MAX_ID = 200;
const LINE_FEED = 0x0a;
/** The client asked for a range. */
const PARTIAL_CONTENT = 206;

export interface BatchResult {
  customId: string;
  /** A BilledMessage as JSON: of 100,000 results the objects would take several times the memory. */
  message: string;
}

/** What a response says of a batch. */
export interface BatchPart {
  batchId: string;
  /** The response is that of the batch's creation. */
  isCreated: boolean;
  /** Requests of a created batch; null where it is not known. */
  requestCount: number | null;
  /** Custom ids with a result of any kind. */
  resultCount: number;
  /** Every line is a result, so that the response may hold all; null where it was asked for, sent or recorded in part. */
  isComplete: boolean | null;
  /** Those with a message. The others (errored, canceled, expired) are free. */
  results: BatchResult[];
}

export interface BatchResponse {
  endpoint: Endpoint;
  method: string;
  path: string;
  status: number | null;
  /** Decoded. */
  body: Uint8Array;
  /** The body was received and recorded to its end. */
  isWhole: boolean;
}

/** Null where the response is not that of a batch's creation or of its results. Never throws. */
export const readBatch = (response: BatchResponse): BatchPart | null => finish(readBatchInSteps(response));

/** `readBatch` in steps. */
export function* readBatchInSteps({
  endpoint,
  method,
  path,
  status,
  body,
  isWhole,
}: BatchResponse): Steps<BatchPart | null> {
  if (status === null || status < 200 || status >= 300) return null;
  if (endpoint === "batch_results" && method.toUpperCase() === "GET") {
    const batchId = idOf(/\/batches\/([^/?]+)\/results/.exec(path)?.[1]);
    if (batchId === null) return null;
    const { areValid, ...read } = yield* readResults(body);
    const isAll = isWhole && status !== PARTIAL_CONTENT;
    return { batchId, isCreated: false, requestCount: null, isComplete: isAll ? areValid : null, ...read };
  }
  if (endpoint !== "batches" || method.toUpperCase() !== "POST") return null;
  const batch = parseJsonBytes(body);
  const batchId = isObject(batch) ? idOf(batch["id"]) : null;
  if (batchId === null) return null;
  const requestCount = countOf(isObject(batch) ? batch["request_counts"] : null);
  return { batchId, isCreated: true, requestCount, isComplete: null, resultCount: 0, results: [] };
}

/** The sum of the counts by state; null where there is none. */
function countOf(counts: unknown): number | null {
  const numbers = isObject(counts)
    ? Object.values(counts).filter((count) => Number.isSafeInteger(count))
    : [];
  return (numbers as number[]).reduce((sum, count) => sum + count, 0) || null;
}

/** The number of requests in the body of a batch's creation; null where it cannot be read. Never throws. */
export function countRequests(body: Uint8Array): number | null {
  const batch = parseJsonBytes(body);
  const requests = isObject(batch) ? batch["requests"] : null;
  return Array.isArray(requests) ? requests.length : null;
}

/** `areValid`: there are results, and every line is one; the last line of a download that was cut off usually is not. */
function* readResults(
  body: Uint8Array,
): Steps<Pick<BatchPart, "results" | "resultCount"> & { areValid: boolean }> {
  const results: BatchResult[] = [];
  const ids = new Set<string>();
  let areValid = true;
  let lines = 0;
  let start = 0;
  let charactersLeft = MAX_RESULT_CHARACTERS;
  let stepEnd = STEP_BYTES;
  for (; start < body.length && lines < MAX_RESULTS && charactersLeft > 0;) {
    if (start > stepEnd) {
      yield;
      stepEnd = start + STEP_BYTES;
    }
    const feed = body.indexOf(LINE_FEED, start);
    const line = body.subarray(start, feed === -1 ? body.length : feed);
    start += line.length + 1;
    if (line.every((byte) => byte === 0x20 || byte === 0x0d)) continue;
    lines++;
    const value = parseJsonBytes(line);
    const customId = isObject(value) ? value["custom_id"] : null;
    const result = isObject(value) ? value["result"] : null;
    if (typeof customId !== "string" || !isObject(result)) areValid = false;
    else ids.add(customId);
    if (typeof customId === "string" && isObject(result) && isObject(result["message"])) {
      const message = billed(result["message"]);
      charactersLeft -= customId.length + message.length;
      results.push({ customId, message });
    }
  }
  return { results, resultCount: ids.size, areValid: areValid && lines > 0 && start >= body.length };
}

function billed(message: JsonObject): string {
  const usage = message["usage"];
  return JSON.stringify({
    model: idOf(message["model"]),
    stopReason: idOf(message["stop_reason"]),
    receivedTokens: estimateOutputTokens(message),
    usage: isObject(usage) ? storableJson(usage) : null,
  } satisfies BilledMessage);
}

function idOf(value: unknown): string | null {
  return (typeof value === "string" && plainText(value, MAX_ID)) || null;
}
