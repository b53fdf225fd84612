/** `/api/live`: server-sent events of the LiveFeed Durable Object. */
import { createRoute, z } from "@hono/zod-openapi";
import { LIVE_FEED_NAME, LIVE_READER_HEADER } from "../../runtime/constants.ts";
import { errorText, log } from "../../runtime/log.ts";
import { timeoutOrNull } from "../../runtime/timeout.ts";
import type { InFlight } from "../../schemas/api/live.ts";
import { newRoutes } from "../http/context.ts";
import { errorResponses } from "../http/openapi.ts";
import { ApiError } from "../http/errors.ts";

/** The count is one of many on its page, which does not wait longer for it. */
const IN_FLIGHT_TIMEOUT_MS = 500;

const live = createRoute({
  method: "get",
  path: "/api/live",
  tags: ["Live"],
  summary: "Events as they happen: exchange.started, exchange.stored, window.updated",
  description:
    "Server-sent events, each with an `id`; `exchange.stored` carries the row as `/api/requests` lists it. Reconnect with `Last-Event-ID` to receive missed events (1,000 are kept; `event: reset` means that more were missed: reload the lists). A stream ends after ten minutes; EventSource reconnects by itself.",
  request: {
    headers: z.object({
      "last-event-id": z.string().optional().describe("The id of the last received event."),
    }),
  },
  responses: {
    200: {
      description: "The event stream.",
      content: { "text/event-stream": { schema: z.string() } },
    },
    ...errorResponses,
  },
});

export const liveRoutes = newRoutes().openapi(live, async (c) => {
  const { "last-event-id": last } = c.req.valid("header");
  try {
    const headers = new Headers(last === undefined ? [] : [["last-event-id", last]]);
    headers.set(LIVE_READER_HEADER, c.get("caller").actor);
    const stream = await c.env.LIVE_FEED.getByName(LIVE_FEED_NAME).fetch("http://live-feed/", { headers });
    // A copy with mutable headers.
    return new Response(stream.body, stream);
  } catch (thrown) {
    log.error("live: LiveFeed failed", { error: errorText(thrown) });
    throw new ApiError("unavailable", "The live feed is unavailable. Try again in a minute.", {
      headers: { "retry-after": "5" },
    });
  }
});

/** Exchanges in flight; null when LiveFeed fails or times out. */
export async function readInFlight(env: Env): Promise<InFlight | null> {
  try {
    const inFlight = env.LIVE_FEED.getByName(LIVE_FEED_NAME).inFlight();
    return await timeoutOrNull(IN_FLIGHT_TIMEOUT_MS, inFlight);
  } catch (thrown) {
    log.warn("live: exchanges in flight unknown", { error: errorText(thrown) });
    return null;
  }
}
