/** /conversations and /conversations/:id. */
import { Hono } from "hono";
import type { ConversationDetail, Transcript } from "../../../workers/schemas/api-conversations.ts";
import { Icon } from "../components/icon.tsx";
import { Time, Wire } from "../components/values.tsx";
import type { AppEnv } from "../environment.ts";
import { linkTo } from "../filters.ts";
import { healthOf, page, unreadablePage } from "../http/render.tsx";
import { ConversationPage } from "../pages/conversation.tsx";
import { ConversationFilters, ConversationsPage, loadConversations } from "../pages/conversations.tsx";
import { viewOf } from "../view.ts";
import { choicesOf } from "./choices.ts";
import { loadDomains, loadOverview } from "./looks.tsx";

/** Requests that say where branches leave each other. */
const REQUESTS = 500;

export function conversationRoutes(): Hono<AppEnv> {
  const routes = new Hono<AppEnv>();

  routes.get("/conversations", async (c) => {
    const view = viewOf(c);
    const [list, overview, domains, health] = await Promise.all([
      loadConversations(c.get("api"), view),
      loadOverview(c, view),
      loadDomains(c),
      healthOf(c),
    ]);
    const head = <ConversationFilters view={view} choices={choicesOf(domains, overview)} />;
    return page(
      c,
      200,
      health,
      { title: "Conversations", head },
      <ConversationsPage view={view} list={list} />,
    );
  });

  routes.get("/conversations/:id", async (c) => {
    const view = viewOf(c);
    const path = `/api/conversations/${encodeURIComponent(c.req.param("id"))}`;
    const { branch, cursor, requestId } = view.query;
    const [detail, transcript, health] = await Promise.all([
      c.get("api").get<ConversationDetail>(path, { limit: REQUESTS }),
      c.get("api").get<Transcript>(`${path}/messages`, { branch, cursor, requestId }),
      healthOf(c),
    ]);
    const above = (
      <a class="back" href={linkTo("/conversations", view.filters)}>
        <Icon name="left" /> Conversations
      </a>
    );
    if (!detail.ok) {
      const failed = { problem: detail.problem, what: "This conversation" };
      return unreadablePage(c, health, { title: "Conversation", above }, failed);
    }
    const { data } = detail;
    const heading = (
      <span class="request-heading">
        <Wire text={data.title ?? "Only programs spoke"} length={100} />
        <span class="mute">
          <Wire text={data.domain} length={40} />
        </span>
        <span class="mute">
          <Time at={data.endedAt} view={view} />
        </span>
      </span>
    );
    return page(
      c,
      200,
      health,
      { title: (data.title ?? "Conversation").slice(0, 100), above, heading },
      <ConversationPage view={view} detail={data} transcript={transcript} />,
    );
  });

  return routes;
}
