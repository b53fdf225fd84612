/** Whether conversations of a domain may be analyzed, and the form that changes it, which names who reads them. */
import type { AnalysisReader } from "../../../../workers/schemas/api/analyses.ts";
import type { DomainDetail } from "../../../../workers/schemas/api/domains.ts";
import type { Problem, Result } from "../../api/client.ts";
import { linkTo } from "../../context/filters.ts";
import { canAdminister, type View } from "../../context/view.ts";
import { formatCount } from "../../format/number.ts";
import { CsrfField } from "../../layout/frame.tsx";
import { SubmitButton } from "../ui/controls.tsx";
import { RadioOption } from "../ui/radio-option.tsx";
import { FormError, TextField } from "../ui/text-field.tsx";
import { Money, VariableText } from "../ui/values.tsx";
import { ProviderName, WHAT_LEAVES } from "./labels.tsx";

interface Props {
  view: View;
  detail: DomainDetail;
  reader: Result<AnalysisReader>;
  problem: Problem | undefined;
}

export function AnalysisSettings({ view, detail, reader, problem }: Props) {
  const { domain, analysisEnabled: isOn, analysisAutomatic: automatic } = detail;
  const provider = reader.ok ? <ProviderName {...reader.data} /> : "The analysis provider";
  return (
    <section class="card" id="analysis">
      <h2>Analysis</h2>
      <p>
        {isOn ? (
          <>
            On. Administrators can have conversations of this domain analyzed. {provider} receives{" "}
            {WHAT_LEAVES}.
          </>
        ) : (
          "Off. No conversation of this domain is sent to an analysis provider."
        )}
        {isOn && automatic !== null && (
          <>
            {" "}
            Conversations with more than {formatCount(automatic.moreThanTurns, "turn")} are analyzed without a
            request once they are idle for {formatCount(automatic.idleMinutes, "minute")}, newest first,
            within the daily budget.
          </>
        )}
      </p>
      {reader.ok && reader.data.state === "not_configured" && (
        <p class="note">
          No provider is configured yet. <VariableText text={reader.data.problem} />
        </p>
      )}
      {isOn && (
        <p class="card-foot">
          <a href={linkTo("/analyses", { ...view.filters, domain })}>Show analyses</a>
        </p>
      )}
      {problem && <FormError problem={problem} />}
      {canAdminister(view) && isOn && (
        <AutomaticMode view={view} detail={detail} reader={reader} problem={problem} />
      )}
      {canAdminister(view) && (
        <details class="inner-fold" open={!isOn && problem !== undefined}>
          <summary>{isOn ? "Turn off" : "Turn on"}</summary>
          <form method="post" action={`/domains/${encodeURIComponent(domain)}/analysis`} class="stack">
            <CsrfField view={view} />
            <input type="hidden" name="analysisEnabled" value={isOn ? "false" : "true"} />
            <p>
              {isOn ? (
                "No further conversation is sent. Analyses that wait fail; finished ones stay readable."
              ) : (
                <>
                  {provider} will receive {WHAT_LEAVES}.
                </>
              )}
            </p>
            <SubmitButton
              label={isOn ? "Turn analysis off" : "Turn analysis on"}
              tone={isOn ? "danger" : "primary"}
            />
          </form>
        </details>
      )}
    </section>
  );
}

/** Suggested where the automatic mode was off. */
const SUGGESTED = { idleMinutes: 60, moreThanTurns: 4 };

function AutomaticMode({
  view,
  detail,
  reader,
  problem = null,
}: Omit<Props, "problem"> & { problem?: Problem | null }) {
  const { domain, analysisAutomatic: stored } = detail;
  const numberField = (label: string, name: keyof typeof SUGGESTED) => (
    <TextField
      label={label}
      name={name}
      parameter={`analysisAutomatic.${name}`}
      inputmode="numeric"
      value={String((stored ?? SUGGESTED)[name])}
      problem={problem}
    />
  );
  const mode = stored === null ? "request" : "automatic";
  return (
    <details class="inner-fold" open={problem !== null}>
      <summary>Change when conversations are analyzed</summary>
      <form method="post" action={`/domains/${encodeURIComponent(domain)}/analysis`} class="stack">
        <CsrfField view={view} />
        <RadioOption
          name="mode"
          value="request"
          selected={mode}
          label="Only when an administrator requests it"
        />
        <RadioOption
          name="mode"
          value="automatic"
          selected={mode}
          label="Also automatically, each conversation once"
        />
        <div class="field-row">
          {numberField("Minutes without a request", "idleMinutes")}
          {numberField("More turns than", "moreThanTurns")}
        </div>
        <p class="mute">
          {reader.ok ? <ProviderName {...reader.data} /> : "The analysis provider"} then receives
          conversations that no administrator has selected.{" "}
          {reader.ok && reader.data.dailyBudgetUsd !== null ? (
            <>
              All analyses of a day cost at most about <Money amount={reader.data.dailyBudgetUsd} />.
            </>
          ) : (
            <>
              It needs a daily budget: <code>AI_DAILY_BUDGET_USD</code>.
            </>
          )}
        </p>
        <SubmitButton label="Save" />
      </form>
    </details>
  );
}
