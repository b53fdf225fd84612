/** /requests and /requests/:id. */
import { Hono } from "hono";
import type { Context } from "hono";
import type { RequestDetail } from "../api/types.ts";
import { queryString } from "../api/client.ts";
import { Icon } from "../components/ui/icon.tsx";
import { Model, StatusBadge, Time, UntrustedText } from "../components/ui/values.tsx";
import type { AppEnv } from "../context/environment.ts";
import { linkTo } from "../context/filters.ts";
import { shortId } from "../format/text.ts";
import { loadHealth, renderPage, loadFailurePage } from "../layout/render.tsx";
import { RequestPage, requestTab } from "../pages/requests/request.tsx";
import type { StreamBytes } from "../pages/requests/stream-tab.tsx";
import { loadRequests, RequestFilters, RequestsPage } from "../pages/requests/list.tsx";
import { viewOf, type View } from "../context/view.ts";
import { loadFilterOptions } from "./filter-options.ts";

export function requestRoutes(): Hono<AppEnv> {
  const routes = new Hono<AppEnv>();

  routes.get("/requests", async (c) => {
    const view = viewOf(c);
    const [list, options, health] = await Promise.all([
      loadRequests(c.get("api"), view),
      loadFilterOptions(c),
      loadHealth(c),
    ]);
    const head = <RequestFilters view={view} options={options} types={options.requestTypes} />;
    return renderPage(
      c,
      200,
      health,
      { title: "Requests", toolbar: head },
      <RequestsPage view={view} list={list} />,
    );
  });

  routes.get("/requests/:id", async (c) => {
    const view = viewOf(c);
    const path = `/api/requests/${encodeURIComponent(c.req.param("id"))}`;
    const [detail, stream, health] = await Promise.all([
      c.get("api").get<RequestDetail>(path),
      requestTab(view) === "stream" ? loadStreamBytes(c, `${path}/response`) : null,
      loadHealth(c),
    ]);
    const title = `Request ${shortId(c.req.param("id"))}`;
    const breadcrumb = (
      <a class="back" href={linkTo("/requests", view.filters)}>
        <Icon name="left" /> Requests
      </a>
    );
    if (!detail.ok) {
      const failed = { problem: detail.problem, what: "this request" };
      return loadFailurePage(c, health, { title, breadcrumb }, failed);
    }
    return renderPage(
      c,
      200,
      health,
      { title, breadcrumb, heading: <Heading detail={detail.data} view={view} /> },
      <RequestPage view={view} detail={detail.data} stream={stream} />,
    );
  });

  return routes;
}

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
async function loadStreamBytes(c: Context<AppEnv>, path: string): Promise<StreamBytes> {
  const requestId = c.get("requestId");
  try {
    const response = await c.get("api").raw(path + queryString({}));
    if (!response.ok) {
      const text = await response.text();
      const parsed = JSON.parse(text) as { error?: { code?: string; message?: string } };
      return {
        ok: false,
        problem: {
          status: response.status,
          code: parsed.error?.code ?? "unexpected",
          message: parsed.error?.message ?? `The API returned status ${response.status}.`,
          requestId,
        },
      };
    }
    const { bytes, isWhole } = await readAtMost(response, MAX_READ_BYTES);
    return { ok: true, bytes, isWhole };
  } catch {
    return {
      ok: false,
      problem: {
        status: 0,
        code: "unreachable",
        message: "The API did not return a valid response.",
        requestId,
      },
    };
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
    if (read.done || !read.value) return { bytes: concatenate(chunks, size), isWhole: true };
    chunks.push(read.value);
    size += read.value.byteLength;
  }
  await reader?.cancel();
  return { bytes: concatenate(chunks, size).subarray(0, limit), isWhole: reader === undefined };
}

function concatenate(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const all = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.byteLength;
  }
  return all;
}
