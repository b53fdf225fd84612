/** Failed requests as a short table: time, status, model, domain and error. Errors and Health show it. */
import type { View } from "../../context/view.ts";
import { linkTo } from "../../context/filters.ts";
import { type RequestOutcome, shortModel, StatusBadge, Time, UntrustedText } from "../ui/values.tsx";

export interface FailedRow extends RequestOutcome {
  requestId: string;
  timestamp: string;
  domain: string;
  error: string | null;
  /** What was asked: a model, or an endpoint that has none. Left out where nothing is known of it. */
  target?: string;
}

export function FailedRows({ rows, view }: { rows: readonly FailedRow[]; view: View }) {
  return (
    <table class="rows last-errors" role="table" data-rows>
      <caption class="visually-hidden">Failed requests, newest first</caption>
      <tbody role="rowgroup">
        {rows.map((row) => (
          <tr role="row" data-row>
            <td role="cell" class="cell-time">
              <a class="row-link" href={linkTo(`/requests/${row.requestId}`, view.filters)}>
                <Time at={row.timestamp} view={view} />
              </a>
            </td>
            <td role="cell" class="cell-status">
              <StatusBadge row={row} />
            </td>
            {row.target !== undefined && (
              <td role="cell" class="cell-model">
                <UntrustedText text={shortModel(row.target)} length={32} />
              </td>
            )}
            <td role="cell" class="cell-domain">
              <UntrustedText text={row.domain} length={40} />
            </td>
            <td role="cell" class="cell-error">
              <UntrustedText text={row.error} length={160} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
