/** The most expensive names with their share of the cost; the others as one line. */
import { type NamedTotals, rankByCost } from "../../api/named-totals.ts";
import { ShareBar } from "../../charts/share-bar.tsx";
import { totalTokens } from "../../format/token-kinds.ts";
import { formatCount, formatExact, formatShare, formatShort } from "../../format/number.ts";
import { formatMoneySum } from "../../../../workers/domain/pricing/format-money.ts";
import { CardTitle } from "../ui/controls.tsx";
import { NameLink } from "../ui/values.tsx";

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
  const all = rankByCost(entries);
  const shown = all.slice(0, limit);
  const rest = all.slice(limit);
  const restTokens = rest.reduce((sum, entry) => sum + totalTokens(entry), 0);
  return (
    <section class="card top-list">
      <CardTitle title={title} note="share of cost" />
      {shown.length === 0 && <p class="mute">No usage in this period.</p>}
      <ul>
        {shown.map((entry) => {
          const tokens = totalTokens(entry);
          return (
            <li>
              <NameLink
                name={labelOf(entry.name)}
                length={48}
                href={href(entry.name)}
                class="top-list-name"
              />
              <span
                class="number top-list-value"
                title={`${formatCount(tokens, "token")}, ${formatCount(entry.requests, "request")}`}
              >
                {formatShort(tokens)}
              </span>
              <span class="number mute top-list-share">{formatShare(entry.shareOfCost)}</span>
              <span class="number top-list-cost">{formatMoneySum(entry)}</span>
              <ShareBar share={entry.shareOfCost ?? 0} />
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
