/** Failed requests as a short table: time, status, model, domain and error. Errors and Health show it. */
import type { View } from "../../context/view.ts";
import { linkTo } from "../../context/filters.ts";
import { type Column, Table } from "../ui/table.tsx";
import { type RequestOutcome, shortModel, StatusBadge, Time, UntrustedText } from "../ui/values.tsx";

export interface FailedRow extends RequestOutcome {
  requestId: string;
  timestamp: string;
  domain: string;
  error: string | null;
  /** The model, or the endpoint of a request without one. Absent if unknown. */
  target?: string;
}

export function FailedRows({ rows, view }: { rows: readonly FailedRow[]; view: View }) {
  const columns: Column<FailedRow>[] = [
    {
      label: "Time",
      class: "cell-time",
      cell: (row) => (
        <a class="row-link" href={linkTo(`/requests/${row.requestId}`, view.filters)}>
          <Time at={row.timestamp} view={view} />
        </a>
      ),
    },
    { label: "Status", class: "cell-status", cell: (row) => <StatusBadge row={row} /> },
    {
      label: "Model",
      class: "cell-model",
      cell: ({ target }) => target !== undefined && <UntrustedText text={shortModel(target)} length={32} />,
    },
    {
      label: "Domain",
      class: "cell-domain",
      cell: (row) => <UntrustedText text={row.domain} length={40} />,
    },
    { label: "Error", class: "cell-error", cell: (row) => <UntrustedText text={row.error} length={160} /> },
  ];
  const hasTargets = rows.some(({ target }) => target !== undefined);
  return (
    <Table
      kind="last-errors"
      caption="Failed requests, newest first"
      rows={rows}
      columns={columns.filter(({ label }) => label !== "Model" || hasTargets)}
      isHeadless
      isStacked
      isNavigable
    />
  );
}
