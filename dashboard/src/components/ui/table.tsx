/** A table whose columns are data: head, cells and alignment of a column are stated once. */
import type { Child } from "hono/jsx";
import { Help } from "./help.tsx";

export interface Column<Row> {
  label: string;
  /** Numbers are read downwards: they stand at the right. */
  isNumber?: boolean;
  /** The cell is a bar with its share. */
  isShare?: boolean;
  /** What is counted, behind a question mark. */
  help?: string;
  /** Class of the cells. */
  class?: string;
  cell: (row: Row, index: number) => Child;
  /** Text of a cell on hover. */
  title?: (row: Row) => string | undefined;
}

interface Props<Row> {
  rows: readonly Row[];
  columns: readonly Column<Row>[];
  /** Further classes of the table. */
  kind?: string;
  caption?: string;
  isHeadless?: boolean;
  /** Each row is a block on narrow screens. Explicit roles, because blocks lose the implicit ones. */
  isStacked?: boolean;
  /** The keys j and k move through the rows. */
  isNavigable?: boolean;
  /** A further row above a row. */
  rowBefore?: (row: Row) => Child;
  /** A further row below a row. */
  rowAfter?: (row: Row) => Child;
  /** Further rows. */
  children?: Child;
}

export function Table<Row>(props: Props<Row>) {
  const { rows, columns, kind, caption, isStacked = false, children } = props;
  const roleOf = (role: string) => (isStacked ? role : undefined);
  const isNavigable = props.isNavigable || undefined;
  return (
    <table class={classes("rows", kind)} role={roleOf("table")} data-rows={isNavigable}>
      {caption && <caption class="visually-hidden">{caption}</caption>}
      {!props.isHeadless && (
        <thead role="rowgroup">
          <tr role="row">
            {columns.map((column) => (
              <ColumnHead column={column} />
            ))}
          </tr>
        </thead>
      )}
      <tbody role={roleOf("rowgroup")}>
        {rows.map((row, index) => (
          <>
            {props.rowBefore?.(row)}
            <tr role={roleOf("row")} data-row={isNavigable}>
              {columns.map((column) => (
                <td
                  role={roleOf("cell")}
                  class={classes(column.class, column.isNumber && "right", column.isShare && "share")}
                  title={column.title?.(row)}
                >
                  {column.cell(row, index)}
                </td>
              ))}
            </tr>
            {props.rowAfter?.(row)}
          </>
        ))}
        {children}
      </tbody>
    </table>
  );
}

/** Explicit roles: narrow screens show tables as blocks, which removes the implicit ones. */
function ColumnHead<Row>({ column }: { column: Column<Row> }) {
  const { label, isNumber, isShare, help } = column;
  return (
    <th role="columnheader" scope="col" class={isNumber ? "right" : isShare ? "share" : undefined}>
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

/** A table that is scrolled sideways where it is wider than its card. */
export function WideTable<Row>(props: Props<Row>) {
  return (
    <div class="scroll" tabindex={0}>
      <Table {...props} />
    </div>
  );
}

const classes = (...names: (string | false | undefined)[]) => names.filter(Boolean).join(" ") || undefined;
