/** /conversations and /conversations/:id. */
import { Hono } from "hono";
import type { Branch } from "../../../workers/schemas/api/conversations.ts";
import { loadSparkFeedback } from "../api/spark.ts";
import { BackLink, Time, UntrustedText } from "../components/ui/values.tsx";
import type { AppEnv } from "../context/environment.ts";
import { linkTo } from "../context/filters.ts";
import { renderPage, loadFailurePage } from "../layout/render.tsx";
import { loadComparison } from "../pages/conversations/compare.tsx";
import { ConversationPreview } from "../pages/conversations/preview.tsx";
import { TIMELINE_ROWS } from "../pages/conversations/timeline.tsx";
import { branchOf, ConversationPage, conversationView } from "../pages/conversations/conversation.tsx";
import { ConversationFilters, ConversationsPage, loadConversations } from "../pages/conversations/list.tsx";
import { viewOf } from "../context/view.ts";
import { sparkSessions } from "../transcript/recommendations.ts";
import { loadFilterOptions } from "./filter-options.ts";
import { exportConversation } from "./conversation-export.ts";

/** A page with this much transcript and the conversation's tree fits in a first screen of 100 KB. */
const FIRST_PAGE = { limit: 40, maxBytes: 20_000 };

export const conversationRoutes = new Hono<AppEnv>();

conversationRoutes.get("/conversations", async (c) => {
  const view = viewOf(c);
  const [list, options] = await Promise.all([loadConversations(c.get("api"), view), loadFilterOptions(c)]);
  const toolbar = <ConversationFilters view={view} options={options} />;
  const content = <ConversationsPage view={view} list={list} />;
  return renderPage(c, { title: "Conversations", toolbar }, content);
});

conversationRoutes.get("/conversations/:id", async (c) => {
  const view = viewOf(c);
  const id = c.req.param("id");
  const { branch, cursor, requestId } = view.query;
  const shownView = conversationView(view);
  const [detail, tree, transcript] = await Promise.all([
    // Its requests are the tree's, but for the timeline.
    shownView === "timeline"
      ? c.get("api").get("/api/conversations/{id}", { id, branch, cursor, limit: TIMELINE_ROWS })
      : c.get("api").get("/api/conversations/{id}", { id, limit: 1 }),
    shownView === "timeline" ? null : c.get("api").get("/api/conversations/{id}/tree", { id }),
    shownView === "read"
      ? c.get("api").get("/api/conversations/{id}/messages", { id, branch, cursor, requestId, ...FIRST_PAGE })
      : null,
  ]);
  const breadcrumb = <BackLink href={linkTo("/conversations", view.filters)}>Conversations</BackLink>;
  if (!detail.ok) {
    const failure = { problem: detail.problem, what: "this conversation" };
    return loadFailurePage(c, { title: "Conversation", breadcrumb }, failure);
  }
  const { data } = detail;
  const comparison =
    shownView === "compare"
      ? await loadComparison(
          c.get("api"),
          id,
          [branchOf(data, branch), branchOf(data, view.query.compare)],
          tree?.ok ? tree.data : null,
        )
      : null;
  const sessions = transcript?.ok ? sparkSessions(transcript.data.messages) : [];
  const heading = (
    <span class="request-heading">
      <UntrustedText text={data.title ?? "Automated (no user message)"} length={100} />
      <span class="mute">
        <UntrustedText text={data.domain} length={40} />
      </span>
      <span class="mute">
        <Time at={data.endedAt} view={view} />
      </span>
    </span>
  );
  const content = (
    <ConversationPage
      view={view}
      detail={data}
      tree={tree}
      transcript={transcript}
      sparkFeedback={await loadSparkFeedback(c.get("api"), sessions)}
      comparison={comparison}
    />
  );
  return renderPage(c, { title: (data.title ?? "Conversation").slice(0, 100), breadcrumb, heading }, content);
});

conversationRoutes.get("/conversations/:id/export", exportConversation);

conversationRoutes.get("/conversations/:id/preview", async (c) => {
  const id = c.req.param("id");
  const detail = await c.get("api").get("/api/conversations/{id}", { id, limit: 1 });
  if (!detail.ok) return c.html(<ConversationPreview transcript={detail} />);
  const { branches, latestRequestId: requestId } = detail.data;
  const latest = branches
    .filter(({ kind }) => kind !== "subtask")
    .reduce<Branch | null>(
      (one, other) => (one && one.lastMessageTime >= other.lastMessageTime ? one : other),
      null,
    );
  const transcript = await c.get("api").get("/api/conversations/{id}/messages", {
    id,
    branch: latest?.branchKey ?? null,
    requestId,
    purpose: "preview",
  });
  return c.html(<ConversationPreview transcript={transcript} />);
});
