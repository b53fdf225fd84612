/** The result of an analysis, laid out to be read: what happened first, then advice with links to its messages, then figures. */
import type { Child } from "hono/jsx";
import type { AnalysisResult } from "../../../../workers/schemas/analysis.ts";
import { ShareBar } from "../../charts/share-bar.tsx";
import { cutAt, oneLine, printable } from "../../format/text.ts";
import { formatExact } from "../../format/number.ts";
import { DefinitionList } from "../ui/definition-list.tsx";
import { SENTIMENTS, valueLabel } from "./labels.tsx";

const MAX_SCORE = 10;
/** Shown of each list and of each text; a result has far less, but nothing forces a model to. */
const MAX_ITEMS = 50;
const MAX_CHARACTERS = 10_000;

interface Props {
  result: AnalysisResult;
  /** Address of a message of the branch. */
  messageHref: (position: number) => string;
}

export function AnalysisResultView({ result, messageHref }: Props) {
  return (
    <div class="analysis-result">
      <div class="analysis-main">
        <section class="card">
          <h2>Summary</h2>
          <Paragraph text={result.summary} />
          <h3>What you wanted</h3>
          <Paragraph text={result.userIntent} />
          <TextList title="Outcomes" texts={result.outcomes} />
        </section>
        <Tips tips={result.promptingTips} messageHref={messageHref} />
        <ActionItems items={result.actionItems} />
        <TechnicalDetails details={result.technicalDetails} />
      </div>
      <div class="analysis-side">
        <Quality result={result} />
        <Patterns patterns={result.interactionPatterns} />
      </div>
    </div>
  );
}

function Quality({ result }: { result: AnalysisResult }) {
  const { conversationQuality: quality, keyTopics, sentiment } = result;
  const advised = (value: string, advice: string | undefined): Child => (
    <>
      {valueLabel(value)}
      {advice !== undefined && advice !== "" && (
        <span class="analysis-advice mute" dir="auto">
          {shownText(advice)}
        </span>
      )}
    </>
  );
  return (
    <section class="card">
      <h2>Quality</h2>
      <DefinitionList
        items={{
          Sentiment: SENTIMENTS[sentiment],
          Effectiveness: advised(quality.effectiveness, quality.effectivenessImprovement),
          Clarity: advised(quality.clarity, quality.clarityImprovement),
          Completeness: advised(quality.completeness, quality.completenessImprovement),
          Topics: keyTopics.length > 0 && <Chips texts={keyTopics} />,
        }}
      />
    </section>
  );
}

function Patterns({ patterns }: { patterns: AnalysisResult["interactionPatterns"] }) {
  return (
    <section class="card">
      <h2>Interaction</h2>
      <DefinitionList
        items={{
          "Prompt clarity": <Score value={patterns.promptClarity} />,
          "Context given": <Score value={patterns.contextCompleteness} />,
          "Follow-ups": valueLabel(patterns.followUpEffectiveness),
        }}
      />
      <TextList title="Strengths" texts={patterns.strengths} />
      <TextList title="Common issues" texts={patterns.commonIssues} />
    </section>
  );
}

export function Score({ value }: { value: number }) {
  return (
    <span class="score">
      <ShareBar share={value / MAX_SCORE} />
      <span class="number">{scoreText(value)}</span>
    </span>
  );
}

/** "6.4 of 10". */
export const scoreText = (value: number) => `${Math.round(value * 10) / 10} of ${MAX_SCORE}`;

function Tips({
  tips,
  messageHref,
}: {
  tips: AnalysisResult["promptingTips"];
  messageHref: Props["messageHref"];
}) {
  if (tips.length === 0) return null;
  return (
    <section class="card">
      <h2>
        Prompting tips <span class="mute">{formatExact(tips.length)}</span>
      </h2>
      <ol class="tips">
        {tips.slice(0, MAX_ITEMS).map(({ category, issue, suggestion, example, messages }) => (
          <li>
            <p>
              <span class="chip">{valueLabel(category)}</span> <strong dir="auto">{shownText(issue)}</strong>
            </p>
            <Paragraph text={suggestion} />
            {example !== undefined && example !== "" && (
              <blockquote class="tip-example" dir="auto">
                {shownText(example)}
              </blockquote>
            )}
            {messages.length > 0 && (
              <p class="tip-messages">
                {messages.length === 1 ? "Message" : "Messages"}
                {messages.slice(0, MAX_ITEMS).map((position) => (
                  <>
                    {" "}
                    <a href={messageHref(position)}>#{position}</a>
                  </>
                ))}
              </p>
            )}
          </li>
        ))}
      </ol>
      <Omitted count={tips.length} />
    </section>
  );
}

const ITEM_TYPES: Readonly<Record<string, string>> = {
  task: "Task",
  prompt_improvement: "Prompt",
  follow_up: "Follow-up",
};

function ActionItems({ items }: { items: AnalysisResult["actionItems"] }) {
  if (items.length === 0) return null;
  return (
    <section class="card">
      <h2>
        Action items <span class="mute">{formatExact(items.length)}</span>
      </h2>
      <ul class="action-items">
        {items.slice(0, MAX_ITEMS).map(({ type, description, priority }) => (
          <li>
            <span dir="auto">{shownText(description)}</span>
            <span class="mute">
              {ITEM_TYPES[type] ?? valueLabel(type)}
              {priority !== undefined && `, ${priority} priority`}
            </span>
          </li>
        ))}
      </ul>
      <Omitted count={items.length} />
    </section>
  );
}

function TechnicalDetails({ details }: { details: AnalysisResult["technicalDetails"] }) {
  const { frameworks, issues, solutions, toolUsageEfficiency, contextWindowManagement } = details;
  const ratings = {
    "Tool use": toolUsageEfficiency !== undefined && valueLabel(toolUsageEfficiency),
    "Context window": contextWindowManagement !== undefined && valueLabel(contextWindowManagement),
    Frameworks: frameworks.length > 0 && <Chips texts={frameworks} />,
  };
  const isEmpty =
    issues.length + solutions.length === 0 && Object.values(ratings).every((one) => one === false);
  if (isEmpty) return null;
  return (
    <section class="card">
      <h2>Technical details</h2>
      <DefinitionList items={ratings} />
      <TextList title="Issues" texts={issues} />
      <TextList title="Solutions" texts={solutions} />
    </section>
  );
}

function shownText(text: string): string {
  return text.length <= MAX_CHARACTERS ? printable(text) : `${printable(cutAt(text, MAX_CHARACTERS))}…`;
}

/** Below a list: how many of its entries are not shown. */
function Omitted({ count }: { count: number }) {
  return count <= MAX_ITEMS ? null : <p class="note">{formatExact(count - MAX_ITEMS)} more are not shown.</p>;
}

export function Paragraph({ text }: { text: string }) {
  if (text.trim() === "") return <p class="mute">–</p>;
  return (
    <p class="analysis-text" dir="auto">
      {shownText(text)}
    </p>
  );
}

function TextList({ title, texts }: { title: string; texts: readonly string[] }) {
  if (texts.length === 0) return null;
  return (
    <>
      <h3>{title}</h3>
      <Bullets texts={texts} />
    </>
  );
}

export function Bullets({ texts }: { texts: readonly string[] }) {
  return (
    <>
      <ul class="bullets">
        {texts.slice(0, MAX_ITEMS).map((text) => (
          <li dir="auto">{shownText(text)}</li>
        ))}
      </ul>
      <Omitted count={texts.length} />
    </>
  );
}

export function Chips({ texts }: { texts: readonly string[] }) {
  return (
    <span class="chips">
      {texts.slice(0, MAX_ITEMS).map((text) => (
        <bdi class="chip">{oneLine(text, 80)}</bdi>
      ))}
    </span>
  );
}
