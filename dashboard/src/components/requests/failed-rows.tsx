/** Failed requests as a short table: time, status, model, domain and error. Errors and Health show it. */
import type { View } from "../../context/view.ts";
import { requestColumns } from "./request-table.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { type RequestOutcome, shortModel, UntrustedText } from "../ui/values.tsx";

export interface FailedRow extends RequestOutcome {
  requestId: string;
  timestamp: string;
  domain: string;
  error: string | null;
  /** The model, or the endpoint of a request without one. Absent if unknown. */
  target?: string;
}

export function FailedRows({ rows, view }: { rows: readonly FailedRow[]; view: View }) {
  const { time, status, domain } = requestColumns(view);
  const columns: Column<FailedRow>[] = [
    time,
    status,
    {
      label: "Model",
      class: "cell-model",
      cell: ({ target }) => target !== undefined && <UntrustedText text={shortModel(target)} length={32} />,
    },
    domain,
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
