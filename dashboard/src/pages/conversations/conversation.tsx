/** /conversations/:id: what it took, the tree of its requests, and the transcript of one branch beside it. */
import type {
  Branch,
  ConversationDetail,
  ConversationTree,
  Transcript as TranscriptBody,
} from "../../../../workers/schemas/api/conversations.ts";
import type { AnalysisPlan } from "../../../../workers/schemas/api/analyses.ts";
import type { Result } from "../../api/client.ts";
import type { SparkFeedback } from "../../api/spark.ts";
import { AnalysisCard } from "../../components/analyses/analysis-card.tsx";
import { BranchList } from "../../components/tree/branch-list.tsx";
import { ConversationStats } from "../../components/conversations/stats.tsx";
import { ProblemCard } from "../../components/ui/problem.tsx";
import { Tabs } from "../../components/ui/tabs.tsx";
import { type DrawnTree, drawTree, TreePanel } from "../../components/tree/panel.tsx";
import { linkTo } from "../../context/filters.ts";
import type { View } from "../../context/view.ts";
import { type AnalysisNotice, type AnalysisState, AnalysisTab } from "../analyses/analysis-tab.tsx";
import { type Comparison, ComparePage } from "./compare.tsx";
import { TimelinePage } from "./timeline.tsx";
import { TranscriptView } from "./transcript.tsx";

const VIEWS = [
  ["read", "Transcript"],
  ["tree", "Tree"],
  ["timeline", "Timeline"],
  ["analysis", "Analysis"],
] as const;
export type ConversationView = (typeof VIEWS)[number][0] | "compare";

/** The tab that `view` selects. */
export function conversationView(view: View): ConversationView {
  if (view.query.compare) return "compare";
  return VIEWS.find(([key]) => key === view.query.view)?.[0] ?? "read";
}

interface Props {
  view: View;
  detail: ConversationDetail;
  /** These two are null where they are not looked at. */
  tree: Result<ConversationTree> | null;
  transcript: Result<TranscriptBody> | null;
  /** Null without recommendations. */
  sparkFeedback: SparkFeedback | null;
  /** Null where nothing is compared, or there are no two branches to. */
  comparison: Comparison | null;
  /** The tab "Analysis"; null on the others. */
  analysis: { state: AnalysisState; notice: AnalysisNotice | null } | null;
  /** Null where no transcript is shown. */
  plan: Result<AnalysisPlan> | null;
}

export function ConversationPage(props: Props) {
  const { view, detail, tree, transcript, comparison: compared, analysis, plan } = props;
  const path = `/conversations/${detail.conversationId}`;
  const look = conversationView(view);
  const read = transcript?.ok ? transcript.data : null;
  const branchKey = read?.branchKey ?? branchOf(detail, view.query.branch)?.branchKey ?? null;
  const drawn = tree?.ok ? drawTree(tree.data, view, branchKey) : null;
  const messages = new Map<string, number>();
  for (const { requestId, position } of read?.messages ?? [])
    if (requestId !== null && !messages.has(requestId)) messages.set(requestId, position);
  const beside = { view, path, model: detail.latestModel, messages };
  const branches = (
    <BranchList
      view={view}
      path={path}
      branches={detail.branches}
      tree={drawn?.tree ?? null}
      now={branchKey}
      {...(analysis && { tab: "analysis" })}
    />
  );
  return (
    <>
      <ConversationStats detail={detail} />
      <div class="tab-row">
        <Tabs
          label="Conversation views"
          active={look}
          tabs={[
            ...VIEWS.map(([key, label]) => ({
              key,
              label,
              href: linkTo(path, view.filters, {
                view: key === "read" ? null : key,
                branch: view.query.branch ?? null,
              }),
            })),
            ...(look === "compare" ? [{ key: look, label: "Comparison", href: "" }] : []),
          ]}
        />
        <a
          class="button quiet"
          href={linkTo("/requests", view.filters, { conversationId: detail.conversationId })}
        >
          View requests
        </a>
      </div>
      {look === "compare" ? (
        compared ? (
          <ComparePage view={view} path={path} comparison={compared} />
        ) : (
          <p class="note">These branches cannot be compared: one does not exist, or both are the same.</p>
        )
      ) : analysis ? (
        <>
          <AnalysisTab view={view} path={path} {...analysis} />
          {detail.branches.length > 1 && branches}
        </>
      ) : look === "timeline" ? (
        <TimelinePage view={view} path={path} detail={detail} />
      ) : look === "tree" ? (
        <>
          {drawn ? <TreePanel {...beside} drawn={drawn} isFullPage /> : <NoTree tree={tree} view={view} />}
          {branches}
        </>
      ) : (
        <div class="reading">
          <div class="conversation-side">
            {drawn ? <TreePanel {...beside} drawn={drawn} /> : <NoTree tree={tree} view={view} />}
            {branches}
            {plan && <AnalysisCard view={view} path={path} plan={plan} />}
          </div>
          {transcript?.ok === false ? (
            <ProblemCard problem={transcript.problem} what="the transcript" view={view} />
          ) : (
            read && (
              <TranscriptView
                view={view}
                detail={detail}
                transcript={read}
                sparkFeedback={props.sparkFeedback}
                itemOf={itemsByRequest(drawn)}
              />
            )
          )}
        </div>
      )}
    </>
  );
}

function NoTree({ tree, view }: { tree: Result<ConversationTree> | null; view: View }) {
  return tree === null || tree.ok ? null : (
    <ProblemCard problem={tree.problem} what="the conversation tree" view={view} />
  );
}

/** The branch of this key or name; `main` when nothing is named. */
export function branchOf(detail: ConversationDetail, named: string | undefined): Branch | undefined {
  return detail.branches.find(({ branchKey, branchId, kind }) =>
    named ? branchKey === named || branchId === named : kind === "main",
  );
}

function itemsByRequest(drawn: DrawnTree | null): (requestId: string) => number | null {
  if (!drawn) return () => null;
  const { tree, drawing } = drawn;
  const items = new Map(tree.nodes.map(({ id }, place) => [id, drawing.itemOf[place] ?? null]));
  return (requestId) => items.get(requestId) ?? null;
}
