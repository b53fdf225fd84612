/** `/api/live`: what happens right now, as server-sent events out of the LiveFeed object. */
import { createRoute, z } from "@hono/zod-openapi";
import { LIVE_FEED_NAME } from "../../runtime/constants.ts";
import { errorText, log } from "../../runtime/log.ts";
import { timeoutOrNull } from "../../runtime/timeout.ts";
import type { InFlight } from "../../schemas/api/live.ts";
import { newRoutes } from "../http/context.ts";
import { errorResponses } from "../http/openapi.ts";
import { ApiError } from "../http/errors.ts";

/** The figure is one of many on its page; the page does not wait longer for it. */
const IN_FLIGHT_TIMEOUT_MS = 500;

const live = createRoute({
  method: "get",
  path: "/api/live",
  tags: ["Live"],
  summary: "Events as they happen: exchange.started, exchange.stored, window.updated",
  description:
    "Server-sent events, each with an `id`; `exchange.stored` carries the row as `/api/requests` lists it. Come back with `Last-Event-ID` for what was missed (1,000 events are kept; `event: reset` means that more is gone: load the lists again). A stream ends after ten minutes; EventSource comes back by itself.",
  request: {
    headers: z.object({
      "last-event-id": z.string().optional().describe("The id of the last event seen."),
    }),
  },
  responses: {
    200: {
      description: "A stream without end.",
      content: { "text/event-stream": { schema: z.string() } },
    },
    ...errorResponses,
  },
});

export const liveRoutes = newRoutes().openapi(live, async (c) => {
  const { "last-event-id": last } = c.req.valid("header");
  try {
    const headers = new Headers(last === undefined ? [] : [["last-event-id", last]]);
    const stream = await c.env.LIVE_FEED.getByName(LIVE_FEED_NAME).fetch("http://live-feed/", { headers });
    // As one whose headers may be added to.
    return new Response(stream.body, stream);
  } catch (thrown) {
    log.error("live: the feed did not answer", { error: errorText(thrown) });
    throw new ApiError("unavailable", "The live feed does not answer just now. Try again in a minute.", {
      headers: { "retry-after": "5" },
    });
  }
});

/** Exchanges under way; null when the feed does not say so at once. */
export async function readInFlight(env: Env): Promise<InFlight | null> {
  try {
    const inFlight = env.LIVE_FEED.getByName(LIVE_FEED_NAME).inFlight();
    return await timeoutOrNull(IN_FLIGHT_TIMEOUT_MS, inFlight);
  } catch (thrown) {
    log.warn("live: nobody knows what is in flight", { error: errorText(thrown) });
    return null;
  }
}
