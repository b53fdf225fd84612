/** /conversations and /conversations/:id. */
import { type Context, Hono } from "hono";
import type { Branch } from "../../../workers/schemas/api/conversations.ts";
import { loadSparkFeedback } from "../api/spark.ts";
import { BackLink, Time, UntrustedText } from "../components/ui/values.tsx";
import type { AppEnv } from "../context/environment.ts";
import { linkTo } from "../context/filters.ts";
import { problemStatus } from "../http/form-problem.ts";
import { field } from "../http/require-csrf.tsx";
import { renderPage, loadFailurePage } from "../layout/render.tsx";
import { type AnalysisNotice, isChanging, loadAnalysis, loadPlan } from "../pages/analyses/analysis-tab.tsx";
import { loadComparison } from "../pages/conversations/compare.tsx";
import { ConversationPreview } from "../pages/conversations/preview.tsx";
import { TIMELINE_ROWS } from "../pages/conversations/timeline.tsx";
import { branchOf, ConversationPage, conversationView } from "../pages/conversations/conversation.tsx";
import { ConversationFilters, ConversationsPage, loadConversations } from "../pages/conversations/list.tsx";
import { type View, viewOf } from "../context/view.ts";
import { sparkSessions } from "../transcript/recommendations.ts";
import { loadFilterOptions } from "./filter-options.ts";
import { exportConversation } from "./conversation-export.ts";

/** A page with this much transcript and the conversation's tree fits in a first screen of 100 KB. */
const FIRST_PAGE = { limit: 40, maxBytes: 20_000 };

/** Between two loads of a page whose analysis is not finished, without a script. */
const REFRESH_SECONDS = 10;

export const conversationRoutes = new Hono<AppEnv>();

conversationRoutes.get("/conversations", async (c) => {
  const view = viewOf(c);
  const [list, options] = await Promise.all([loadConversations(c.get("api"), view), loadFilterOptions(c)]);
  const toolbar = <ConversationFilters view={view} options={options} />;
  const content = <ConversationsPage view={view} list={list} />;
  return renderPage(c, { title: "Conversations", toolbar }, content);
});

conversationRoutes.get("/conversations/:id", (c) => conversationPage(c, viewOf(c), null));

/** Requests an analysis of a branch, or a new version. */
conversationRoutes.post("/conversations/:id/analysis", async (c) => {
  const conversationId = c.req.param("id");
  const form = await c.req.parseBody();
  const branchId = field(form, "branch") || "main";
  const typed = withNewlines(field(form, "customPrompt"));
  const customPrompt = typed === withNewlines(field(form, "defaultPrompt")) ? "" : typed;
  const api = c.get("api");
  const made =
    field(form, "action") === "regenerate"
      ? await api.send(
          "POST",
          "/api/analyses/{conversationId}/{branchId}/regenerate",
          { conversationId, branchId },
          { customPrompt },
        )
      : await api.send("POST", "/api/analyses", {}, { conversationId, branchId, customPrompt });
  const view = viewOf(c);
  const path = `/conversations/${conversationId}`;
  const query = { view: "analysis", ...(branchId !== "main" && { branch: branchId }) };
  if (made.ok) return c.redirect(linkTo(path, view.filters, query), 303);
  const notice = { problem: made.problem, customPrompt: customPrompt || null };
  return conversationPage(c, { ...view, path, query }, notice);
});

/** Browsers send line breaks of forms as CR LF. */
const withNewlines = (text: string) => text.replaceAll("\r\n", "\n");

async function conversationPage(
  c: Context<AppEnv, `/conversations/:id${string}`>,
  view: View,
  notice: AnalysisNotice | null,
) {
  const id = c.req.param("id");
  const { branch, cursor, requestId } = view.query;
  const shownView = conversationView(view);
  const hasTree = shownView !== "timeline" && shownView !== "analysis";
  const api = c.get("api");
  const [detail, tree, transcript, plan, analysis] = await Promise.all([
    // Its requests are the tree's, but for the timeline.
    shownView === "timeline"
      ? api.get("/api/conversations/{id}", { id, branch, cursor, limit: TIMELINE_ROWS })
      : api.get("/api/conversations/{id}", { id, limit: 1 }),
    hasTree ? api.get("/api/conversations/{id}/tree", { id }) : null,
    shownView === "read"
      ? api.get("/api/conversations/{id}/messages", { id, branch, cursor, requestId, ...FIRST_PAGE })
      : null,
    shownView === "read" ? loadPlan(api, id, view) : null,
    shownView === "analysis" ? loadAnalysis(api, id, view) : null,
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
          api,
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
      {...{ view, detail: data, tree, transcript, comparison, plan }}
      sparkFeedback={await loadSparkFeedback(api, sessions)}
      analysis={analysis && { state: analysis, notice }}
    />
  );
  const frame = {
    title: (data.title ?? "Conversation").slice(0, 100),
    breadcrumb,
    heading,
    status: problemStatus(notice?.problem),
    refreshSeconds: analysis && isChanging(analysis) ? REFRESH_SECONDS : undefined,
  };
  return renderPage(c, frame, content);
}

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
