/** GET /v1/models and /v1/models/:id, with the list's paging. https://docs.claude.com/en/api/models-list */
import { errorReply, type Reply } from "./http.ts";

const MODELS: [id: string, name: string, created: string, input: number, output: number][] = [
  ["claude-haiku-5-5", "Claude Haiku 5.5", "2026-10-07", 1_000_000, 64_000],
  ["claude-sonnet-5-5", "Claude Sonnet 5.5", "2026-09-28", 1_000_000, 128_000],
  ["claude-opus-5-5", "Claude Opus 5.5", "2026-09-22", 1_000_000, 128_000],
  ["claude-fable-5-1", "Claude Fable 5.1", "2026-09-01", 1_000_000, 128_000],
  ["claude-sonnet-5", "Claude Sonnet 5", "2026-06-30", 1_000_000, 128_000],
  ["claude-opus-5", "Claude Opus 5", "2026-06-30", 1_000_000, 128_000],
  ["claude-haiku-4-5-20251001", "Claude Haiku 4.5", "2025-10-01", 200_000, 64_000],
  ["claude-sonnet-4-5-20250929", "Claude Sonnet 4.5", "2025-09-29", 1_000_000, 64_000],
];

const described = MODELS.map(([id, display_name, created, max_input_tokens, max_tokens]) => ({
  type: "model",
  id,
  display_name,
  created_at: `${created}T00:00:00Z`,
  lifecycle: "active",
  line: id.split("-")[1],
  max_input_tokens,
  max_tokens,
  deprecated_at: null,
  retires_at: null,
  capabilities: null,
}));

/** One page of a list kept newest first; `after_id`, `before_id` and `limit` as in Anthropic's lists. */
export function page<T extends { id: string }>(all: readonly T[], query: URLSearchParams): Reply {
  const limit = Number(query.get("limit") ?? 20);
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000)
    return errorReply(400, "limit: Input should be between 1 and 1000");
  // Lists of the newer API version have a cursor for the next page; here it is the last id.
  const after = query.get("after_id") ?? query.get("page");
  const before = query.get("before_id");
  let from = 0;
  if (after !== null) from = all.findIndex((item) => item.id === after) + 1;
  else if (before !== null) from = Math.max(0, all.findIndex((item) => item.id === before) - limit);
  const data = all.slice(from, from + limit);
  const has_more = from + data.length < all.length;
  const last_id = data.at(-1)?.id ?? null;
  return {
    kind: "json",
    status: 200,
    body: { data, has_more, first_id: data[0]?.id ?? null, last_id, next_page: has_more ? last_id : null },
  };
}

export function modelList(query: URLSearchParams): Reply {
  return page(described, query);
}

export function modelById(id: string): Reply {
  const found = described.find((model) => model.id === id || model.id.replace(/-\d{8}$/, "") === id);
  return found ? { kind: "json", status: 200, body: found } : errorReply(404, `model: ${id}`);
}
