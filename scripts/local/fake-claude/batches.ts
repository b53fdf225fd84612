/** Message batches, kept in memory: create, list, retrieve, cancel, results, delete. https://docs.claude.com/en/api/creating-message-batches */
import { page } from "./models.ts";
import { digest } from "./random.ts";
import { errorReply, isRecord, type Reply } from "./http.ts";

interface Batch {
  id: string;
  createdAt: number;
  cancelledAt: number | null;
  endedAt: number | null;
  requests: { custom_id: string; params: Record<string, unknown> }[];
  results: Map<string, Record<string, unknown>>;
}

export interface BatchEndpoints {
  /** Handles /v1/messages/batches…; `path` is the rest, "" or beginning with "/". */
  handle(method: string, path: string, query: URLSearchParams, json: unknown): Reply;
}

interface BatchSettings {
  seed: string;
  /** Time from creation until a batch has ended. */
  readyAfterMs: () => number;
  origin: () => string;
  now: () => number;
  /** The result of one request: `{type: "succeeded", message}` or `{type: "errored", error}`. */
  resultOf: (params: Record<string, unknown>) => Record<string, unknown>;
}

const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());

export function batchEndpoints(settings: BatchSettings): BatchEndpoints {
  const batches: Batch[] = [];

  const describe = (batch: Batch) => {
    const types = batch.requests.map((request) => batch.results.get(request.custom_id)?.type);
    const count = (type: string) => types.filter((found) => found === type).length;
    const ended = batch.endedAt !== null;
    return {
      id: batch.id,
      type: "message_batch",
      processing_status: ended ? "ended" : batch.cancelledAt === null ? "in_progress" : "canceling",
      request_counts: {
        processing: batch.requests.length - batch.results.size,
        succeeded: count("succeeded"),
        errored: count("errored"),
        canceled: count("canceled"),
        expired: 0,
      },
      created_at: iso(batch.createdAt),
      expires_at: iso(batch.createdAt + 86_400_000),
      ended_at: iso(batch.endedAt),
      cancel_initiated_at: iso(batch.cancelledAt),
      archived_at: null,
      results_url: ended ? `${settings.origin()}/v1/messages/batches/${batch.id}/results` : null,
    };
  };

  const moveOn = (batch: Batch) => {
    const now = settings.now();
    if (batch.endedAt !== null || now < batch.createdAt + settings.readyAfterMs()) return;
    batch.endedAt = now;
    for (const { custom_id, params } of batch.requests)
      batch.results.set(
        custom_id,
        batch.cancelledAt === null ? settings.resultOf(params) : { type: "canceled" },
      );
  };

  const create = (json: unknown): Reply => {
    const entries = isRecord(json) && Array.isArray(json.requests) ? (json.requests as unknown[]) : null;
    if (!entries || entries.length === 0) return errorReply(400, "requests: Field required");
    const requests: Batch["requests"] = [];
    for (const [index, entry] of entries.entries()) {
      if (!isRecord(entry) || typeof entry.custom_id !== "string" || !isRecord(entry.params))
        return errorReply(400, `requests.${index}: custom_id and params are required`);
      requests.push({ custom_id: entry.custom_id, params: entry.params });
    }
    if (new Set(requests.map((request) => request.custom_id)).size < requests.length)
      return errorReply(400, "requests: custom_id must be unique");
    const id = `msgbatch_01${digest(settings.seed, "batch", batches.length).slice(0, 22)}`;
    const batch: Batch = {
      id,
      createdAt: settings.now(),
      cancelledAt: null,
      endedAt: null,
      requests,
      results: new Map(),
    };
    batches.unshift(batch);
    return { kind: "json", status: 200, body: describe(batch) };
  };

  const results = (batch: Batch): Reply => {
    moveOn(batch);
    if (batch.endedAt === null) return errorReply(400, "Batch has not finished processing");
    const lines = [...batch.results].map(([custom_id, result]) => JSON.stringify({ custom_id, result }));
    return {
      kind: "raw",
      status: 200,
      headers: { "content-type": "application/x-jsonl" },
      chunks: lines.map((line) => ({ delayMs: 0, bytes: Buffer.from(`${line}\n`) })),
      vendorHeaders: true,
    };
  };

  return {
    handle(method, path, query, json) {
      if (path === "")
        return method === "POST"
          ? create(json)
          : (batches.forEach(moveOn), page(batches.map(describe), query));
      const [, id, action] = path.split("/");
      const batch = batches.find((one) => one.id === id);
      if (!batch) return errorReply(404, `Message batch ${id} not found`);
      if (action === "results" && method === "GET") return results(batch);
      if (action === "cancel" && method === "POST") {
        if (batch.endedAt === null) batch.cancelledAt ??= settings.now();
        return { kind: "json", status: 200, body: describe(batch) };
      }
      if (action !== undefined) return errorReply(404, "Not found");
      if (method === "DELETE") {
        if (batch.endedAt === null) return errorReply(400, "Batches in progress cannot be deleted");
        batches.splice(batches.indexOf(batch), 1);
        return { kind: "json", status: 200, body: { id, type: "message_batch_deleted" } };
      }
      moveOn(batch);
      return { kind: "json", status: 200, body: describe(batch) };
    },
  };
}
