/** /requests and /requests/:id. */
import { Hono } from "hono";
import type { Context } from "hono";
import type { RequestDetail } from "../../../workers/schemas/api/requests.ts";
import { problemOf, unreachableProblem } from "../api/client.ts";
import { loadSparkFeedback } from "../api/spark.ts";
import { concat } from "../../../workers/domain/bytes.ts";
import { isObject } from "../../../workers/domain/json/json.ts";
import { BackLink, Model, StatusBadge, Time, UntrustedText } from "../components/ui/values.tsx";
import type { AppEnv } from "../context/environment.ts";
import { linkTo } from "../context/filters.ts";
import { shortId } from "../format/text.ts";
import { renderPage, loadFailurePage } from "../layout/render.tsx";
import { RequestPage, requestTab } from "../pages/requests/request.tsx";
import type { StreamBytes } from "../pages/requests/stream-tab.tsx";
import { loadRequests, RequestFilters, RequestsPage } from "../pages/requests/list.tsx";
import { viewOf, type View } from "../context/view.ts";
import { sparkSessions } from "../transcript/recommendations.ts";
import { loadFilterOptions } from "./filter-options.ts";

export const requestRoutes = new Hono<AppEnv>();

requestRoutes.get("/requests", async (c) => {
  const view = viewOf(c);
  const [list, options] = await Promise.all([loadRequests(c.get("api"), view), loadFilterOptions(c)]);
  const toolbar = <RequestFilters view={view} options={options} types={options.requestTypes} />;
  const content = <RequestsPage view={view} list={list} />;
  return renderPage(c, { title: "Requests", toolbar }, content);
});

requestRoutes.get("/requests/:id", async (c) => {
  const view = viewOf(c);
  const id = c.req.param("id");
  const [detail, stream] = await Promise.all([
    c.get("api").get("/api/requests/{id}", { id }),
    requestTab(view) === "stream" ? loadStreamBytes(c, id) : null,
  ]);
  const title = `Request ${shortId(id)}`;
  const breadcrumb = <BackLink href={linkTo("/requests", view.filters)}>Requests</BackLink>;
  if (!detail.ok) {
    const failed = { problem: detail.problem, what: "this request" };
    return loadFailurePage(c, { title, breadcrumb }, failed);
  }
  const sparkFeedback =
    requestTab(view) === "conversation"
      ? await loadSparkFeedback(c.get("api"), sparkSessions(messagesIn(detail.data.requestBody)))
      : null;
  const content = (
    <RequestPage view={view} detail={detail.data} stream={stream} sparkFeedback={sparkFeedback} />
  );
  return renderPage(c, { title, breadcrumb, heading: <Heading detail={detail.data} view={view} /> }, content);
});

const messagesIn = (body: unknown): unknown[] =>
  isObject(body) && Array.isArray(body.messages) ? body.messages : [];

function Heading({ detail, view }: { detail: RequestDetail; view: View }) {
  return (
    <span class="request-heading">
      <Model name={detail.model ?? detail.endpoint} />
      <StatusBadge row={detail} />
      <span class="mute">
        <UntrustedText text={detail.domain} length={40} />
      </span>
      <span class="mute">
        <Time at={detail.timestamp} view={view} />
      </span>
    </span>
  );
}

/** Bytes of a response that a page reads; the download has all of them. */
const MAX_READ_BYTES = 4 * 1_048_576;

/** The recorded bytes, from the beginning. */
async function loadStreamBytes(c: Context<AppEnv>, id: string): Promise<StreamBytes> {
  const requestId = c.get("requestId");
  try {
    const response = await c.get("api").raw(`/api/requests/${encodeURIComponent(id)}/response`);
    if (!response.ok) return { ok: false, problem: await problemOf(response, requestId) };
    return { ok: true, ...(await readAtMost(response, MAX_READ_BYTES)) };
  } catch {
    return { ok: false, problem: unreachableProblem(requestId) };
  }
}

async function readAtMost(
  response: Response,
  limit: number,
): Promise<{ bytes: Uint8Array; isWhole: boolean }> {
  const reader = response.body?.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  while (reader && size < limit) {
    const read = (await reader.read()) as { done: boolean; value?: Uint8Array };
    if (read.done || !read.value) return { bytes: concat(chunks), isWhole: true };
    chunks.push(read.value);
    size += read.value.byteLength;
  }
  await reader?.cancel();
  return { bytes: concat(chunks).subarray(0, limit), isWhole: reader === undefined };
}
