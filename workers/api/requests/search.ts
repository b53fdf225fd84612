/** `/api/search`: full-text search over messages. */
import { createRoute } from "@hono/zod-openapi";
import { redact } from "../../domain/masking/redact.ts";
import { plainText } from "../../domain/truncate.ts";
import { AUDIT_READING_MS } from "../../runtime/constants.ts";
import { SearchQuery, SearchResults } from "../../schemas/api/search.ts";
import { writeAuditOnce } from "../../store/admin/audit.ts";
import { searchMessages } from "../../store/search/query.ts";
import { auditActor } from "../admin/audit-context.ts";
import { newRoutes } from "../http/context.ts";
import { json, errorResponses } from "../http/openapi.ts";
import { listParameters } from "../http/parameters.ts";

const MAX_AUDITED_QUERY = 300;

const search = createRoute({
  method: "get",
  path: "/api/search",
  tags: ["Search"],
  summary: "Messages that contain these words, each once, newest first",
  request: { query: SearchQuery },
  responses: { 200: json("One page.", SearchResults), ...errorResponses },
});

export const searchRoutes = newRoutes().openapi(search, async (c) => {
  const { cursor, ...filter } = c.req.valid("query");
  const before = listParameters({ cursor, ...filter }, "number");
  const found = await searchMessages(c.get("config"), { ...filter, before });
  const { via } = c.get("caller");
  // Anyone could add entries without end.
  const target = via === "read_only" ? "*" : redact(plainText(filter.q, MAX_AUDITED_QUERY));
  const details = filter.domain === undefined ? {} : { domain: filter.domain };
  const entry = { ...auditActor(c), action: "messages.search", target, details };
  await writeAuditOnce(c.get("config"), entry, AUDIT_READING_MS);
  return c.json(found, 200);
});
