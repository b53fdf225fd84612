/** The largest consumers with a bar for their share; the others as one line. */
import type { NamedTotals } from "../../api/named-totals.ts";
import { ShareBar } from "../../charts/share-bar.tsx";
import { byTokens, totalTokens } from "../../format/token-kinds.ts";
import { formatCount, formatExact, formatShare, formatShort } from "../../format/number.ts";
import { formatMoney } from "../../../../workers/domain/pricing/format-money.ts";
import { UntrustedText } from "../ui/values.tsx";

interface Props {
  title: string;
  entries: readonly NamedTotals[];
  /** Link of a name. */
  href: (name: string) => string;
  /** Label of a name; default: the name. */
  labelOf?: (name: string) => string;
  limit?: number;
}

export function TopList({ title, entries, href, labelOf = (name) => name, limit = 6 }: Props) {
  const all = byTokens(entries);
  const total = all.reduce((sum, entry) => sum + totalTokens(entry), 0);
  const shown = all.slice(0, limit);
  const rest = all.slice(limit);
  const restTokens = rest.reduce((sum, entry) => sum + totalTokens(entry), 0);
  return (
    <section class="card top-list">
      <h2>{title}</h2>
      {shown.length === 0 && <p class="mute">No usage in this period.</p>}
      <ul>
        {shown.map((entry) => {
          const tokens = totalTokens(entry);
          return (
            <li>
              <a href={href(entry.name)} class="top-list-name">
                <UntrustedText text={labelOf(entry.name) || "(none)"} length={48} />
              </a>
              <span
                class="number top-list-value"
                title={`${formatCount(tokens, "token")}, ${formatCount(entry.requests, "request")}`}
              >
                {formatShort(tokens)}
              </span>
              <span class="number mute top-list-share">
                {formatShare(total === 0 ? null : tokens / total)}
              </span>
              <span class="number top-list-cost">{formatMoney(entry.costUsd)}</span>
              <ShareBar share={total === 0 ? 0 : tokens / total} />
            </li>
          );
        })}
      </ul>
      {rest.length > 0 && (
        <p class="mute card-foot">
          and {formatExact(rest.length)} more ({formatShort(restTokens)} tokens)
        </p>
      )}
    </section>
  );
}
