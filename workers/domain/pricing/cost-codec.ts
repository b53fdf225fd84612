/**
 * Packs the bill of a request for storing: JSON in a text column, because jsonb takes twelve bytes per number and repeats every
 * name. Called by workers/store.
 */
import type { Bill, BillLine } from "../../schemas/cost.ts";
import { TOKEN_KINDS } from "../../schemas/tokens.ts";
import { parseJson } from "../json/json.ts";

const BILLED = TOKEN_KINDS.flatMap(({ billed }) => (billed ? [billed] : []));
const CODE_OF = new Map<string, string>(BILLED);
const KIND_OF = new Map<string, string>(BILLED.map(([kind, code]) => [code, kind]));

/** `[models, lines]`, followed by notes and received tokens if there are any: `[models, lines, notes, received]`. */
export function packBill({ models, lines, notes, received }: Bill): string {
  const packed = lines.map(([kind, ...rest]) => [CODE_OF.get(kind) ?? kind, ...rest]);
  const tail = received === undefined ? (notes ? [notes] : []) : [notes ?? [], received];
  return JSON.stringify([models, packed, ...tail]);
}

/** The bill in a stored value; null if it is none. Accepts text and parsed JSON, because drivers differ. */
export function unpackBill(stored: unknown): Bill | null {
  const value = typeof stored === "string" ? parseJson(stored) : stored;
  if (!Array.isArray(value)) return null;
  const [models, lines, notes, received] = value as unknown[];
  if (!Array.isArray(models) || !Array.isArray(lines)) return null;
  const bill: Bill = {
    models: models as string[],
    lines: (lines as BillLine[]).map(([kind, ...rest]) => [KIND_OF.get(kind) ?? kind, ...rest]),
  };
  if (Array.isArray(notes) && notes.length > 0) bill.notes = notes as string[];
  if (typeof received === "number") bill.received = received;
  return bill;
}
