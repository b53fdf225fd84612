/** Two versions of an analysis, field by field: what differs, and the names of the fields that do not. */
import type { Child } from "hono/jsx";
import type { AnalysisView } from "../../../../workers/schemas/api/analyses.ts";
import type { AnalysisResult } from "../../../../workers/schemas/analysis.ts";
import { formatShort } from "../../format/number.ts";
import type { View } from "../../context/view.ts";
import { Money, Time } from "../ui/values.tsx";
import { ProviderName, SENTIMENTS, valueLabel } from "./labels.tsx";
import { Bullets, Chips, Paragraph, scoreText } from "./result.tsx";
import { versionHref } from "./versions.tsx";

/** A version with a structured result. */
export type ComparedVersion = AnalysisView & { data: AnalysisResult };

/** Label, and a value as text or list of texts. */
const FIELDS: readonly (readonly [string, (result: AnalysisResult) => string | readonly string[]])[] = [
  ["Summary", ({ summary }) => summary],
  ["What you wanted", ({ userIntent }) => userIntent],
  ["Sentiment", ({ sentiment }) => SENTIMENTS[sentiment]],
  ["Effectiveness", (result) => valueLabel(result.conversationQuality.effectiveness)],
  ["Clarity", (result) => valueLabel(result.conversationQuality.clarity)],
  ["Completeness", (result) => valueLabel(result.conversationQuality.completeness)],
  ["Prompt clarity", (result) => scoreText(result.interactionPatterns.promptClarity)],
  ["Context given", (result) => scoreText(result.interactionPatterns.contextCompleteness)],
  ["Topics", ({ keyTopics }) => keyTopics],
  ["Outcomes", ({ outcomes }) => outcomes],
  [
    "Prompting tips",
    (result) => result.promptingTips.map(({ issue, suggestion }) => `${issue} ${suggestion}`),
  ],
  ["Action items", ({ actionItems }) => actionItems.map(({ description }) => description)],
];

interface Props {
  view: View;
  path: string;
  sides: readonly [ComparedVersion, ComparedVersion];
}

export function VersionComparison({ view, path, sides }: Props) {
  const [left, right] = sides;
  const isSame = ([, valueOf]: (typeof FIELDS)[number]) =>
    JSON.stringify(valueOf(left.data)) === JSON.stringify(valueOf(right.data));
  const same = FIELDS.filter(isSame).map(([label]) => label);
  return (
    <section class="card version-comparison">
      <h2>
        Version {left.version} and version {right.version}{" "}
        <a href={versionHref(view, path, left.version)}>Close comparison</a>
      </h2>
      <Row label="Made by" sides={sides}>
        {(side) => (
          <>
            <ProviderName {...side} />, <Time at={side.createdAt} view={view} />,{" "}
            {side.tokenUsage !== null && `${formatShort(side.tokenUsage.total)} tokens, `}
            <Money amount={side.costUsd} />
          </>
        )}
      </Row>
      {left.customPrompt !== right.customPrompt && (
        <Row label="Instructions" sides={sides}>
          {({ customPrompt }) => (customPrompt === null ? "Default" : <Paragraph text={customPrompt} />)}
        </Row>
      )}
      {FIELDS.filter((field) => !isSame(field)).map(([label, valueOf]) => (
        <Row label={label} sides={sides}>
          {({ data }) => <Value value={valueOf(data)} isShort={label === "Topics"} />}
        </Row>
      ))}
      {same.length > 0 && <p class="note">The same in both: {same.join(", ")}.</p>}
    </section>
  );
}

interface RowProps {
  label: string;
  sides: Props["sides"];
  children: (side: ComparedVersion) => Child;
}

function Row({ label, sides, children }: RowProps) {
  return (
    <div class="compared-field">
      <h3>{label}</h3>
      {sides.map((side) => (
        <div>
          <span class="mute">Version {side.version}</span>
          <div>{children(side)}</div>
        </div>
      ))}
    </div>
  );
}

function Value({ value, isShort }: { value: string | readonly string[]; isShort: boolean }) {
  if (typeof value === "string") return <Paragraph text={value} />;
  if (value.length === 0) return <span class="mute">None</span>;
  if (isShort) return <Chips texts={value} />;
  return <Bullets texts={value} />;
}
