/** The head of a table: names of the columns, alignment of their values, and help. */
import type { Child } from "hono/jsx";
import { Help } from "./help.tsx";

/** Explicit roles: narrow screens show tables as blocks, which removes the implicit ones. */
export function TableHead({ children }: { children?: Child }) {
  return (
    <thead role="rowgroup">
      <tr role="row">{children}</tr>
    </thead>
  );
}

interface Props {
  label: string;
  /** Numbers are read downwards: they stand at the right. */
  isNumber?: boolean | undefined;
  /** A bar with its share. */
  isShare?: boolean | undefined;
  /** What is counted, behind a question mark. */
  help?: string | undefined;
}

export function ColumnHead({ label, isNumber = false, isShare = false, help }: Props) {
  const kind = isNumber ? "right" : isShare ? "share" : null;
  return (
    <th role="columnheader" scope="col" {...(kind ? { class: kind } : {})}>
      <bdi>{label}</bdi>
      {help !== undefined && (
        <>
          {" "}
          <Help label={label} text={help} />
        </>
      )}
    </th>
  );
}
