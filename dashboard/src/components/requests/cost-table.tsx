/** The cost as an addition a person can check: quantity × rate = amount, line by line, and what there is to say about it. */
import type { CostBreakdown, CostLine } from "../../../../workers/schemas/cost.ts";
import { formatMoneyExact } from "../../format/money.ts";
import { formatExact, UNKNOWN } from "../../format/number.ts";
import { UntrustedText } from "../ui/values.tsx";
import { ColumnHead, TableHead } from "../ui/table-head.tsx";

interface Props {
  breakdown: CostBreakdown | null;
  total: string | null;
  version: string | null;
}

export function CostTable({ breakdown, total, version }: Props) {
  const lines = breakdown?.lines ?? [];
  return (
    <>
      {total === null && <p class="note">Unpriced: no price is known for this model or request type.</p>}
      {breakdown?.notes.map(({ text }) => (
        <p class="mute">{text}</p>
      ))}
      {lines.length > 0 && (
        <details class="collapsible">
          <summary>Cost breakdown</summary>
          <div class="scroll" tabindex={0}>
            <table class="rows cost">
              <TableHead>
                <ColumnHead label="Item" />
                <ColumnHead label="Quantity" isNumber />
                <ColumnHead label="Rate" isNumber />
                <ColumnHead label="Cost" isNumber />
              </TableHead>
              <tbody>
                {lines.map((line) => (
                  <tr>
                    <td>
                      <UntrustedText text={labelOf(line, lines)} length={100} />
                      {line.note !== null && <div class="mute">{line.note}</div>}
                    </td>
                    <td class="right">{formatExact(line.quantity)}</td>
                    <td class="right">{rateOf(line)}</td>
                    <td class="right">{line.costUsd === null ? UNKNOWN : formatMoneyExact(line.costUsd)}</td>
                  </tr>
                ))}
                <tr class="sum">
                  <td>Total{breakdown?.floor ? " (minimum)" : breakdown?.estimated ? " (estimated)" : ""}</td>
                  <td></td>
                  <td></td>
                  <td class="right">{total === null ? UNKNOWN : formatMoneyExact(total)}</td>
                </tr>
              </tbody>
            </table>
          </div>
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
