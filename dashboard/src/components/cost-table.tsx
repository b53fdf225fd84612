/** The cost as an addition a person can check. Reads the stored breakdown without trust: what it does not know it leaves out. */
import { isObject } from "../transcript/blocks.ts";
import { formatExact } from "../format/number.ts";
import { formatMoneyExact } from "../format/money.ts";
import { Wire } from "./values.tsx";

interface Props {
  breakdown: unknown;
  total: string | null;
  version: string | null;
}

interface Line {
  label: string;
  quantity: number | null;
  rate: string | null;
  amount: string | null;
}

export function CostTable({ breakdown, total, version }: Props) {
  const lines = linesOf(breakdown);
  if (lines.length === 0 || total === null) {
    return total === null ? (
      <p class="note">
        Unpriced: no rate is known for this model or this kind of call, so nothing is guessed.
      </p>
    ) : null;
  }
  return (
    <details class="fold-line">
      <summary>How the cost adds up</summary>
      <div class="scroll" tabindex={0}>
        <table class="rows cost">
          <thead>
            <tr>
              <th>Kind</th>
              <th class="right">Tokens</th>
              <th class="right">Rate per million</th>
              <th class="right">Amount</th>
            </tr>
          </thead>
          <tbody>
            {lines.map((line) => (
              <tr>
                <td>
                  <Wire text={line.label} length={60} />
                </td>
                <td class="right">{formatExact(line.quantity)}</td>
                <td class="right">{line.rate === null ? "–" : formatMoneyExact(line.rate)}</td>
                <td class="right">{line.amount === null ? "–" : formatMoneyExact(line.amount)}</td>
              </tr>
            ))}
            <tr class="sum">
              <td>Sum</td>
              <td></td>
              <td></td>
              <td class="right">{formatMoneyExact(total)}</td>
            </tr>
          </tbody>
        </table>
      </div>
      {version && (
        <p class="mute">
          Prices: <Wire text={version} length={80} />
        </p>
      )}
    </details>
  );
}

function linesOf(breakdown: unknown): Line[] {
  const list = isObject(breakdown) ? breakdown.lines : breakdown;
  if (!Array.isArray(list)) return [];
  return list.filter(isObject).map((line) => ({
    label: textOf(line.kind ?? line.name ?? line.label).replaceAll("_", " "),
    quantity: numberOf(line.tokens ?? line.quantity ?? line.count),
    rate: decimalOf(line.usdPerMillion ?? line.ratePerMillion ?? line.rate),
    amount: decimalOf(line.costUsd ?? line.amountUsd ?? line.amount),
  }));
}

const textOf = (value: unknown) => (typeof value === "string" ? value : "other");
const numberOf = (value: unknown) => (typeof value === "number" ? value : null);
const decimalOf = (value: unknown) =>
  typeof value === "string" ? value : typeof value === "number" ? String(value) : null;
