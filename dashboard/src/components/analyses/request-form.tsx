/** What an analysis would read and cost and who would read it, and the form that requests one; or why none can be requested. */
import type { Child } from "hono/jsx";
import type { AnalysisPlan, AnalysisReader } from "../../../../workers/schemas/api/analyses.ts";
import type { Problem } from "../../api/client.ts";
import { linkTo } from "../../context/filters.ts";
import { canAdminister, type View } from "../../context/view.ts";
import { formatMoneyExact } from "../../format/money.ts";
import { formatExact, formatShort } from "../../format/number.ts";
import { CsrfField } from "../../layout/frame.tsx";
import { Icon } from "../ui/icon.tsx";
import { SubmitButton } from "../ui/controls.tsx";
import { FormError } from "../ui/text-field.tsx";
import { Money, UntrustedText, VariableText } from "../ui/values.tsx";
import { ProviderName, WHAT_LEAVES } from "./labels.tsx";

const MAX_PROMPT = 20_000;

interface Props {
  view: View;
  plan: AnalysisPlan;
  /** Address of the conversation. */
  path: string;
  /** Of the current analysis: requests a new version, with its instructions. */
  action: "create" | "regenerate";
  label: string;
  /** Instructions in the form; null: the default ones. */
  customPrompt: string | null;
  problem: Problem | undefined;
}

export function AnalysisRequest(props: Props) {
  const { view, plan, problem } = props;
  if (plan.state === "not_configured")
    return (
      <Notice>
        No provider is configured. <VariableText text={plan.problem} />
      </Notice>
    );
  if (plan.state === "domain_off") return <DomainOff {...props} />;
  return (
    <>
      <p>
        <ProviderName {...plan} /> reads this branch: its messages, tool inputs and results, the long ones
        shortened. Secrets and personal data that are recognized are masked first.
      </p>
      <Estimate plan={plan} />
      {plan.state === "worker_off" && (
        <Notice>
          Analyses wait: <code>AI_WORKER_ENABLED</code> is <code>false</code>.
        </Notice>
      )}
      {plan.state === "budget_spent" && (
        <Notice>
          <BudgetProblem plan={plan} /> A new analysis waits{" "}
          {isPaused(plan) ? "until it is raised" : "until 00:00 UTC, or until the budget is raised"}.
        </Notice>
      )}
      {plan.state === "over_budget" && (
        <Notice>
          {plan.costUsd === null
            ? "The cost is not known, so that the daily budget cannot cover it. "
            : "The cost exceeds the budget of a day. "}
          <code>AI_DAILY_BUDGET_USD</code> is <Money amount={plan.dailyBudgetUsd} />.
        </Notice>
      )}
      {problem && <FormError problem={problem} />}
      {canAdminister(view) ? (
        <>
          {plan.state !== "over_budget" && <PromptForm {...props} />}
          <DomainSwitch {...props} turnsOn={false} />
        </>
      ) : (
        <p class="mute">Only administrators can request an analysis.</p>
      )}
    </>
  );
}

/** A budget of 0 is a pause. */
export const isPaused = ({ dailyBudgetUsd: budget }: Pick<AnalysisReader, "dailyBudgetUsd">): boolean =>
  budget !== null && Number(budget) === 0;

/** Why the budget of the day does not cover an analysis. */
export function BudgetProblem({ plan }: { plan: AnalysisPlan }) {
  const { spentTodayUsd: spent, dailyBudgetUsd: budget } = plan;
  if (isPaused(plan))
    return (
      <>
        <code>AI_DAILY_BUDGET_USD</code> is 0: analyses are paused.
      </>
    );
  const amounts = (
    <>
      <Money amount={spent} /> of <Money amount={budget} />
    </>
  );
  return Number(spent) < Number(budget) ? (
    <>What is left of today's budget does not cover it: {amounts} is spent.</>
  ) : (
    <>Today's budget is spent: {amounts}.</>
  );
}

/** Ends the wait of a pending analysis for a budget or a quota that may have been raised. */
export function ResumeForm({ view, plan, path }: Pick<Props, "view" | "plan" | "path">) {
  if (!canAdminister(view)) return null;
  return (
    <form method="post" action={`${path}/analysis`} class="analysis-form">
      <CsrfField view={view} />
      <BranchField plan={plan} />
      <input type="hidden" name="action" value="create" />
      <SubmitButton label="Try now" />
    </form>
  );
}

const BranchField = ({ plan: { branchId, branchKey } }: Pick<Props, "plan">) => (
  <input type="hidden" name="branch" value={branchId === "main" ? "main" : branchKey} />
);

function PromptForm({ view, plan, path, action, label, customPrompt }: Props) {
  const isCustom = customPrompt !== null;
  const willWait = plan.state !== "ready";
  return (
    <form method="post" action={`${path}/analysis`} class="analysis-form">
      <CsrfField view={view} />
      <BranchField plan={plan} />
      <input type="hidden" name="action" value={action} />
      <input type="hidden" name="defaultPrompt" value={plan.prompt} />
      <details class="inner-fold" open={isCustom}>
        <summary>{isCustom ? "Your instructions" : "Edit the instructions"}</summary>
        <label class="field">
          <span class="visually-hidden">Instructions for the model</span>
          <textarea name="customPrompt" rows={8} maxlength={MAX_PROMPT} spellcheck={true}>
            {customPrompt ?? plan.prompt}
          </textarea>
          <small>Empty: the default instructions. The form of the result stays the same.</small>
        </label>
      </details>
      <SubmitButton label={willWait ? `${label} later` : label} />
    </form>
  );
}

function Estimate({ plan: { inputTokens, costUsd } }: { plan: AnalysisPlan }) {
  return (
    <dl class="analysis-estimate">
      <div>
        <dt>Input</dt>
        <dd>
          {inputTokens === null ? (
            <span class="mute">unknown: no recorded usage</span>
          ) : (
            <span class="number" title={`${formatExact(inputTokens)} tokens`}>
              at most {formatShort(inputTokens)} tokens
            </span>
          )}
        </dd>
      </div>
      <div>
        <dt>Estimated cost</dt>
        <dd>
          {costUsd === null ? (
            <span class="mute">unknown: no price known</span>
          ) : (
            <span class="number" title={formatMoneyExact(costUsd)}>
              about <Money amount={costUsd} />
            </span>
          )}
        </dd>
      </div>
    </dl>
  );
}

/** Here as well as on the domain's page, which a domain that is served without being configured does not have. */
function DomainSwitch({
  view,
  plan: { domain },
  path,
  turnsOn,
}: Pick<Props, "view" | "plan" | "path"> & { turnsOn: boolean }) {
  const next = linkTo(path, view.filters, { view: "analysis", branch: view.query.branch ?? null });
  return (
    <form method="post" action={`/domains/${encodeURIComponent(domain)}/analysis`} class="analysis-switch">
      <CsrfField view={view} />
      <input type="hidden" name="analysisEnabled" value={String(turnsOn)} />
      <input type="hidden" name="next" value={next} />
      <SubmitButton
        label={turnsOn ? "Turn on for this domain" : "Turn analysis off for this domain"}
        tone={turnsOn ? "primary" : "quiet"}
      />
    </form>
  );
}

function DomainOff({ view, plan, path, problem }: Props) {
  return (
    <>
      <Notice>
        Analysis is off for{" "}
        <strong>
          <UntrustedText text={plan.domain} length={80} />
        </strong>
        . When it is on, <ProviderName {...plan} /> receives {WHAT_LEAVES}.
      </Notice>
      {problem && <FormError problem={problem} />}
      {canAdminister(view) ? (
        <DomainSwitch view={view} plan={plan} path={path} turnsOn />
      ) : (
        <p class="mute">An administrator can turn it on.</p>
      )}
    </>
  );
}

function Notice({ children }: { children?: Child }) {
  return (
    <p class="callout warning">
      <Icon name="warning" />
      <span>{children}</span>
    </p>
  );
}
