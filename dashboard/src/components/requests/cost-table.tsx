/** The cost as an addition a person can check: quantity × rate = amount, line by line, with notes. */
import type { CostBreakdown, CostLine } from "../../../../workers/schemas/cost.ts";
import { modelsWithoutPrice } from "../../../../workers/domain/pricing/cost-breakdown.ts";
import { formatMoneyExact } from "../../format/money.ts";
import { formatExact, UNKNOWN } from "../../format/number.ts";
import { UntrustedText } from "../ui/values.tsx";
import { WideTable } from "../ui/table.tsx";

interface Props {
  breakdown: CostBreakdown | null;
  total: string | null;
  version: string | null;
}

export function CostTable({ breakdown, total, version }: Props) {
  const lines = breakdown?.lines ?? [];
  const notes = breakdown?.notes ?? [];
  return (
    <>
      {total === null && <Unpriced breakdown={breakdown} />}
      {notes.map(({ text }) => (
        <p class="mute">{text}</p>
      ))}
      {lines.length > 0 && (
        <details class="collapsible">
          <summary>Cost breakdown</summary>
          <WideTable
            kind="cost"
            rows={lines}
            columns={[
              {
                label: "Item",
                cell: (line) => (
                  <>
                    <UntrustedText text={labelOf(line, lines)} length={100} />
                    {line.note !== null && <div class="mute">{line.note}</div>}
                  </>
                ),
              },
              { label: "Quantity", isNumber: true, cell: (line) => formatExact(line.quantity) },
              { label: "Rate", isNumber: true, cell: rateOf },
              { label: "Cost", isNumber: true, cell: ({ costUsd }) => amountOf(costUsd) },
            ]}
          >
            <tr class="sum">
              <td>Total{breakdown?.floor ? " (minimum)" : breakdown?.estimated ? " (estimated)" : ""}</td>
              <td></td>
              <td></td>
              <td class="right">{amountOf(total)}</td>
            </tr>
          </WideTable>
          {version && (
            <p class="mute">
              Price list: <UntrustedText text={version} length={80} />
            </p>
          )}
        </details>
      )}
    </>
  );
}

/** What of the request has no price; notes give other reasons. */
function Unpriced({ breakdown }: { breakdown: CostBreakdown | null }) {
  const models = breakdown ? modelsWithoutPrice(breakdown) : [];
  if (models.length === 0 && breakdown && breakdown.notes.length > 0) return null;
  return (
    <p class="note">
      Unpriced: no price is known for{" "}
      {models.length === 0 ? "this request" : <UntrustedText text={models.join(", ")} length={200} />}.
    </p>
  );
}

const amountOf = (costUsd: string | null) => (costUsd === null ? UNKNOWN : formatMoneyExact(costUsd));

/** The model only where several are billed. */
function labelOf({ kind, entry, model }: CostLine, lines: CostLine[]): string {
  const models = new Set(lines.flatMap((line) => line.model ?? []));
  const parts = [kind.replaceAll("_", " "), entry?.replaceAll("_", " "), models.size > 1 ? model : null];
  return parts.filter(Boolean).join(" · ");
}

function rateOf({ rateUsd, ratePer }: CostLine): string {
  return rateUsd === null
    ? UNKNOWN
    : `${formatMoneyExact(rateUsd)} per ${ratePer === 1_000_000 ? "million" : formatExact(ratePer)}`;
}
