/** Accounts with the utilization of their windows, the fullest first. */
import type { WindowView } from "../../../../workers/schemas/api/windows.ts";
import { peakUtilization, windowRows, type WindowRow } from "../../api/windows.ts";
import { WindowBar } from "../../charts/window-bar.tsx";
import { formatMoneySum, NO_COST } from "../../../../workers/domain/pricing/format-money.ts";
import { formatCount, formatShare, formatShort } from "../../format/number.ts";
import type { View } from "../../context/view.ts";
import { Icon } from "../ui/icon.tsx";
import { Time, UntrustedText } from "../ui/values.tsx";

interface Props {
  windows: readonly WindowView[];
  view: View;
  /** Link of an account. */
  href: (accountId: string) => string;
  limit?: number;
}

export function WindowList({ windows, view, href, limit = Infinity }: Props) {
  const sorted = windows.toSorted((left, right) => peakUtilization(right) - peakUtilization(left));
  const left = sorted.length - limit;
  return (
    <>
      <ul class="window-list">
        {sorted.slice(0, limit).map((window) => (
          <li>
            <p class="window-account">
              <a href={href(window.accountId)}>
                <UntrustedText text={window.accountId} length={48} />
              </a>
              <span class="mute">
                Last 5 h: {formatCount(window.totals.requests, "request")},{" "}
                {formatShort(window.totals.outputTokens)} output tokens,{" "}
                {formatMoneySum(window.totals.requests === 0 ? NO_COST : window.totals)}
              </span>
            </p>
            <WindowRows rows={windowRows(window, view.now)} view={view} />
          </li>
        ))}
      </ul>
      {left > 0 && <p class="mute card-foot">{formatCount(left, "more account")} on the Usage page</p>}
    </>
  );
}

export function WindowRows({
  rows,
  view,
  isDetailed = false,
}: {
  rows: readonly WindowRow[];
  view: View;
  isDetailed?: boolean;
}) {
  if (rows.length === 0) {
    return <p class="mute window-none">No usage windows reported. API keys have none.</p>;
  }
  return (
    <ul class="window-rows">
      {rows.map((row) =>
        row.state !== null ? (
          <li>
            <span class="window-name">
              <UntrustedText text={row.name} length={24} />
            </span>
            <span class="window-state mute">
              <UntrustedText text={row.state} length={120} />
            </span>
          </li>
        ) : (
          <li class={row.isStale ? "stale" : undefined}>
            <span class="window-name">
              <UntrustedText text={row.name} length={24} />
            </span>
            <WindowBar row={row} />
            <span class={`number window-used ${row.tone}`}>
              {row.tone !== "good" && (
                <Icon name={row.tone === "error" ? "cross" : "warning"} label={row.tone} />
              )}
              {formatShare(row.used)}
            </span>
            <span class="mute window-reset">{row.reset}</span>
            {(isDetailed || row.tone !== "good" || row.isStale) && (
              <span class="window-forecast mute">
                {row.forecast}
                {row.reportedAt !== null && (isDetailed || row.isStale) && (
                  <>
                    {" "}
                    Reported <Time at={row.reportedAt} view={view} />
                  </>
                )}
              </span>
            )}
          </li>
        ),
      )}
    </ul>
  );
}
