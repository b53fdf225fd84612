/** One number of a period with its change against the previous period. */
import type { Child } from "hono/jsx";
import { Sparkline } from "./sparkline.tsx";
import { NO_EARLIER_DATA } from "../../format/number.ts";
import { Help } from "./help.tsx";

interface Props {
  label: string;
  value: string;
  /** The exact value, on hover. */
  exact: string;
  /** Change against the previous period; null where a value is unknown or not compared. */
  change?: string | null;
  /** Whether a rise is good, bad, or neither. */
  increase?: "good" | "bad" | "neutral";
  /** Null where nothing was measured: a gap in the line. */
  spark?: readonly (number | null)[];
  /** What is counted, where the label does not say it. */
  help?: string;
  children?: Child;
}

export function StatCard({
  label,
  value,
  exact,
  change = null,
  increase = "neutral",
  spark = [],
  help,
  children,
}: Props) {
  return (
    <div class="stat-card">
      <dt>
        {label}
        {help !== undefined && (
          <>
            {" "}
            <Help label={label} text={help} />
          </>
        )}
      </dt>
      <dd>
        <span class="stat-value number" title={exact}>
          {value}
        </span>
        {change && (
          <span
            class={`stat-change ${changeTone(change, increase)}`}
            title="Compared with the previous period"
          >
            {change}
          </span>
        )}
        {children}
        <Sparkline values={spark} />
      </dd>
    </div>
  );
}

function changeTone(change: string, increase: "good" | "bad" | "neutral"): string {
  if (increase === "neutral" || change.startsWith("±") || change === NO_EARLIER_DATA) return "mute";
  const isGood = change.startsWith("+") === (increase === "good");
  return isGood ? "good" : "warning";
}
