/** The tab "Analysis" of a conversation: the analysis of one branch in each of its states. */
import type { AnalysisPlan, AnalysisView } from "../../../../workers/schemas/api/analyses.ts";
import type { ApiClient, Problem, Result } from "../../api/client.ts";
import { FailedAttempts, FailureReason } from "../../components/analyses/attempts.tsx";
import { AnalysisStatusBadge, ProviderName } from "../../components/analyses/labels.tsx";
import { AnalysisRequest, BudgetProblem, ResumeForm } from "../../components/analyses/request-form.tsx";
import { AnalysisResultView, Paragraph } from "../../components/analyses/result.tsx";
import { type ComparedVersion, VersionComparison } from "../../components/analyses/version-comparison.tsx";
import { versionHref, Versions } from "../../components/analyses/versions.tsx";
import { PlainText } from "../../components/transcript/long-text.tsx";
import { CardTitle, FoldCard } from "../../components/ui/controls.tsx";
import { DefinitionList } from "../../components/ui/definition-list.tsx";
import { ProblemCard } from "../../components/ui/problem.tsx";
import { Money, Time, UntrustedText, VariableText } from "../../components/ui/values.tsx";
import { linkTo } from "../../context/filters.ts";
import type { View } from "../../context/view.ts";
import { formatExact, formatShort } from "../../format/number.ts";
import { printable } from "../../format/text.ts";
import { formatDuration } from "../../format/time.ts";

/** Messages shown above the one that a tip names. */
const MESSAGES_BEFORE = 2;
const COLLAPSE_CONTENT_AT = 3_000;

export interface AnalysisState {
  plan: Result<AnalysisPlan>;
  /** Null: the branch has none. */
  analysis: Result<AnalysisView> | null;
  /** The last version with a result, where the current one has none. */
  earlier: AnalysisView | null;
  /** The version to compare with; null where none is. */
  against: AnalysisView | null;
}

/** What the API rejected of the form, and what was typed into it. */
export interface AnalysisNotice {
  problem: Problem;
  customPrompt: string | null;
}

/** Of the branch and the versions that the address names. */
export async function loadAnalysis(
  api: ApiClient,
  conversationId: string,
  view: View,
): Promise<AnalysisState> {
  const { branch: branchId = "main", version, against } = view.query;
  const name = { conversationId, branchId };
  const read = (which: string | undefined) =>
    api.get("/api/analyses/{conversationId}/{branchId}", { ...name, version: which });
  const [plan, analysis, other] = await Promise.all([
    loadPlan(api, conversationId, view),
    read(version),
    against === undefined ? null : read(against),
  ]);
  const completed = analysis.ok && version === undefined ? analysis.data.completedVersion : null;
  const earlier =
    analysis.ok && completed !== null && completed !== analysis.data.version
      ? await read(String(completed))
      : null;
  const isNone = !analysis.ok && analysis.problem.status === 404 && version === undefined && plan.ok;
  return {
    plan,
    analysis: isNone ? null : analysis,
    earlier: earlier?.ok ? earlier.data : null,
    against: other?.ok ? other.data : null,
  };
}

export function loadPlan(api: ApiClient, conversationId: string, view: View): Promise<Result<AnalysisPlan>> {
  const { branch: branchId = "main" } = view.query;
  return api.get("/api/analyses/{conversationId}/{branchId}/plan", { conversationId, branchId });
}

/** Whether the page should be loaded again by itself. */
export function isChanging({ analysis }: AnalysisState): boolean {
  return analysis?.ok === true && isOpen(analysis.data);
}

const isOpen = ({ status }: AnalysisView) => status === "pending" || status === "processing";

interface Props {
  view: View;
  /** Address of the conversation. */
  path: string;
  state: AnalysisState;
  notice: AnalysisNotice | null;
}

export function AnalysisTab({ view, path, state, notice }: Props) {
  const { plan, analysis, earlier } = state;
  if (!plan.ok) return <ProblemCard problem={plan.problem} what="the analysis" view={view} />;
  if (analysis?.ok === false)
    return <ProblemCard problem={analysis.problem} what="the analysis" view={view} />;
  const shown = analysis?.data ?? null;
  const sides = comparedSides(shown, state.against);
  const isCurrent = shown === null || shown.version === shown.versions[0]?.version;
  return (
    <div class="analysis" id="analysis" data-live="analysis">
      {shown === null ? (
        <section class="card">
          <CardTitle title="Analyze this branch" note={<BranchName plan={plan.data} />} />
          <AnalysisRequest
            view={view}
            plan={plan.data}
            path={path}
            action="create"
            label="Analyze"
            customPrompt={notice?.customPrompt ?? null}
            problem={notice?.problem}
          />
        </section>
      ) : (
        <>
          <Overview view={view} path={path} plan={plan.data} analysis={shown} isCurrent={isCurrent} />
          {sides && <VersionComparison view={view} path={path} sides={sides} />}
          {!sides && <Response view={view} path={path} analysis={shown} />}
          {isCurrent && !isOpen(shown) && !sides && (
            <Again view={view} path={path} plan={plan.data} analysis={shown} notice={notice} />
          )}
          {earlier && (
            <>
              <p class="note">
                Version {shown.version} has no result{isOpen(shown) && " yet"}. This is{" "}
                <a href={versionHref(view, path, earlier.version)}>version {earlier.version}</a> of{" "}
                <Time at={earlier.createdAt} view={view} />.
              </p>
              <Response view={view} path={path} analysis={earlier} />
            </>
          )}
          <Versions view={view} path={path} analysis={shown} />
        </>
      )}
    </div>
  );
}

function Response({ view, path, analysis }: Pick<Props, "view" | "path"> & { analysis: AnalysisView }) {
  const { data, content } = analysis;
  if (data !== null)
    return <AnalysisResultView result={data} messageHref={(position) => messageHref(view, path, position)} />;
  return content === null ? null : <Unstructured analysis={analysis} />;
}

function comparedSides(
  shown: AnalysisView | null,
  against: AnalysisView | null,
): readonly [ComparedVersion, ComparedVersion] | null {
  if (!shown?.data || !against?.data) return null;
  return [
    { ...shown, data: shown.data },
    { ...against, data: against.data },
  ];
}

/** Status, progress or reason of failure, and what the analysis took. */
function Overview({
  view,
  path,
  plan,
  analysis,
  isCurrent,
}: {
  view: View;
  path: string;
  plan: AnalysisPlan;
  analysis: AnalysisView;
  isCurrent: boolean;
}) {
  const { status, version, tokenUsage: tokens, costUsd, durationMs, customPrompt, note, error } = analysis;
  const { unreportedCostUsd: unreported } = analysis;
  return (
    <section class="card analysis-overview">
      <h2>
        <AnalysisStatusBadge status={status} /> <BranchName plan={plan} />
        {analysis.versions.length > 1 && (
          <span class="mute">
            version {version}
            {!isCurrent && (
              <>
                {" "}
                of {analysis.versions.length},{" "}
                <a href={versionHref(view, path, null)}>show the current one</a>
              </>
            )}
          </span>
        )}
      </h2>
      <Progress view={view} analysis={analysis} plan={plan} />
      {(analysis.waitsFor === "budget" || analysis.waitsFor === "provider") && (
        <ResumeForm view={view} path={path} plan={plan} />
      )}
      {status === "failed" && error !== null && <FailureReason error={error} />}
      {note !== null && <p class="note">{printable(note)}</p>}
      <DefinitionList
        items={{
          "Read by": <ProviderName {...analysis} />,
          Requested: (
            <>
              <Time at={analysis.createdAt} view={view} /> by{" "}
              <UntrustedText text={analysis.requestedBy} length={60} />
            </>
          ),
          Tokens: tokens && (
            <span class="number">
              <span title={formatExact(tokens.prompt)}>{formatShort(tokens.prompt)}</span> in,{" "}
              <span title={formatExact(tokens.completion)}>{formatShort(tokens.completion)}</span> out
              {tokens.thinking > 0 && <span class="mute"> ({formatShort(tokens.thinking)} thinking)</span>}
            </span>
          ),
          Cost: (tokens !== null || unreported !== null) && (
            <>
              {tokens !== null && <Money amount={costUsd} />}
              {tokens !== null && unreported !== null && " and "}
              {unreported !== null && (
                <>
                  about <Money amount={unreported} /> that the provider did not report
                </>
              )}{" "}
              <span class="mute">apart from proxied requests</span>
            </>
          ),
          Duration: durationMs !== null && formatDuration(durationMs),
          Instructions: customPrompt !== null && (
            <details class="collapsible">
              <summary>Custom</summary>
              <Paragraph text={customPrompt} />
            </details>
          ),
        }}
      />
      {(status !== "failed" || analysis.errors.length > 1) && (
        <FailedAttempts errors={analysis.errors} view={view} />
      )}
    </section>
  );
}

function Progress({ view, analysis, plan }: { view: View; analysis: AnalysisView; plan: AnalysisPlan }) {
  const { status, nextAttemptAt, waitsFor, attempts, updatedAt, errors } = analysis;
  const reload = <noscript> This page reloads every ten seconds.</noscript>;
  if (status === "processing")
    return (
      <p class="analysis-progress" role="status" data-changing>
        <span class="pulse" aria-hidden="true"></span>
        <span>
          Attempt {attempts} started <Time at={updatedAt} view={view} />. Long conversations take a few
          minutes.
          {reload}
        </span>
      </p>
    );
  if (status !== "pending") return null;
  const isLater = nextAttemptAt !== null && waitsFor !== "slot" && Date.parse(nextAttemptAt) > view.now;
  return (
    <p role="status" data-changing>
      {plan.state === "worker_off" ? (
        <>
          Waits: <code>AI_WORKER_ENABLED</code> is <code>false</code>.
        </>
      ) : plan.state === "not_configured" ? (
        <>
          Waits: no provider is configured. <VariableText text={plan.problem} />
        </>
      ) : isLater ? (
        <>
          {waitsFor === "budget" && plan.state === "budget_spent" && (
            <>
              <BudgetProblem plan={plan} />{" "}
            </>
          )}
          {errors.length > 0 ? "The next attempt starts" : "It starts"}{" "}
          <Time at={nextAttemptAt} view={view} />.
        </>
      ) : (
        "It starts when the ones before it have ended."
      )}
      {reload}
    </p>
  );
}

/** A response that is not valid is shown as the text it is. */
function Unstructured({ analysis }: { analysis: AnalysisView }) {
  const { conversationId, branchKey, version } = analysis;
  const rawHref = `/api/analyses/${conversationId}/${branchKey}?version=${version}`;
  return (
    <section class="card">
      <CardTitle title="Response" note="as text: it does not have the expected form" />
      <PlainText text={analysis.content ?? ""} collapseAt={COLLAPSE_CONTENT_AT} context={{ rawHref }} />
    </section>
  );
}

/** A further version: after a failure open, because it is what one wants then. */
function Again({
  view,
  path,
  plan,
  analysis,
  notice,
}: Pick<Props, "view" | "path" | "notice"> & { plan: AnalysisPlan; analysis: AnalysisView }) {
  const hasFailed = analysis.status === "failed";
  const request = (
    <AnalysisRequest
      view={view}
      plan={plan}
      path={path}
      action={hasFailed ? "create" : "regenerate"}
      label={hasFailed ? "Try again" : "Analyze again"}
      customPrompt={notice ? notice.customPrompt : analysis.customPrompt}
      problem={notice?.problem}
    />
  );
  return hasFailed ? (
    <section class="card">
      <h2>Try again</h2>
      {request}
    </section>
  ) : (
    <FoldCard title="Analyze again" isOpen={notice !== null}>
      {request}
    </FoldCard>
  );
}

function BranchName({ plan }: { plan: AnalysisPlan }) {
  return <UntrustedText text={plan.branchId} length={40} />;
}

function messageHref(view: View, path: string, position: number): string {
  const cursor = position - MESSAGES_BEFORE;
  const link = linkTo(path, view.filters, {
    branch: view.query.branch ?? null,
    cursor: cursor > 1 ? cursor : null,
  });
  return `${link}#message-${position}`;
}
