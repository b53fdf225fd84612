/**
 * A bill as it is stored beside each request: JSON in a text, because PostgreSQL's jsonb takes twelve bytes for a number and
 * repeats every name, and a row of a conversation should cost little more than what is new in it. Called by workers/store.
 */
import type { Bill, BillLine } from "../../schemas/cost.ts";
import { TOKEN_KINDS } from "../../schemas/tokens.ts";
import { parseJson } from "../json/json.ts";

const BILLED = TOKEN_KINDS.flatMap(({ billed }) => (billed ? [billed] : []));
const CODE_OF = new Map<string, string>(BILLED);
const KIND_OF = new Map<string, string>(BILLED.map(([kind, code]) => [code, kind]));

/** `[models, lines]`, and where there are any notes and received tokens: `[models, lines, notes, received]`. */
export function packBill({ models, lines, notes, received }: Bill): string {
  const packed = lines.map(([kind, ...rest]) => [CODE_OF.get(kind) ?? kind, ...rest]);
  const tail = received === undefined ? (notes ? [notes] : []) : [notes ?? [], received];
  return JSON.stringify([models, packed, ...tail]);
}

/** The bill in a stored value; null for whatever is none. Drivers parse a JSON text within JSON on their own, or do not. */
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
