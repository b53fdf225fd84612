/**
 * Content and overlay: a list element without its removals, and the removals as data. One content serves every request that
 * sends the message, and the overlay restores each element to the byte.
 *
 * An overlay is JSON, `[offset, text, offset, text, …]`: the texts removed at these byte offsets of the content (rising). The
 * entry at offset 0 is the text between the predecessor (or the opening bracket) and the element, unless it is the default:
 * nothing for the first element, one comma for the others. Without entries the overlay is null. Overlays are stored: the layout
 * never changes.
 */
import { isUtf8 } from "node:buffer";
import { concat } from "../bytes.ts";
import { type Removal, MAX_REMOVALS } from "./normalize.ts";

/** An element's content and overlay, both UTF-8 bytes. */
export interface NormalizedElement {
  content: Uint8Array;
  overlay: Uint8Array | null;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
const COMMA = encoder.encode(",");
const NO_BYTES = new Uint8Array(0);

/**
 * Applies the removals (in any order, touching but not overlapping) to the element at [start, end). `leadStart` is the end of
 * its predecessor, or the first byte after the opening bracket. Without removals the content is a view on `bytes`.
 */
export function normalizeElement(
  bytes: Uint8Array,
  element: { leadStart: number; start: number; end: number; isFirst: boolean; removals: readonly Removal[] },
): NormalizedElement {
  const { leadStart, start, end } = element;
  const overlay: (number | string)[] = [];
  const lead = bytes.subarray(leadStart, start);
  const isDefaultLead = element.isFirst ? lead.length === 0 : lead.length === 1;
  if (!isDefaultLead) overlay.push(0, decoder.decode(lead));

  const removals = areTexts(bytes, element.removals) ? mergeTouching(element.removals) : [];
  const kept: Uint8Array[] = [];
  let at = start;
  let length = 0;
  for (const removal of removals) {
    kept.push(bytes.subarray(at, removal.start));
    length += removal.start - at;
    overlay.push(length, decoder.decode(bytes.subarray(removal.start, removal.end)));
    at = removal.end;
  }
  kept.push(bytes.subarray(at, end));
  return {
    content: concat(kept),
    overlay: overlay.length === 0 ? null : encoder.encode(JSON.stringify(overlay)),
  };
}

/** The bytes of an element as sent, in chunks, with (`isFirst` given) or without the bytes before it. */
export function restoreChunks({ content, overlay }: NormalizedElement, isFirst?: boolean): Uint8Array[] {
  const entries = overlay === null ? [] : (JSON.parse(decoder.decode(overlay)) as (number | string)[]);
  let lead = isFirst === false ? COMMA : NO_BYTES;
  const chunks: Uint8Array[] = [];
  let at = 0;
  for (let i = 0; i < entries.length; i += 2) {
    const offset = entries[i] as number;
    const text = encoder.encode(entries[i + 1] as string);
    if (offset === 0) {
      lead = text;
    } else {
      chunks.push(content.subarray(at, offset), text);
      at = offset;
    }
  }
  chunks.push(content.subarray(at));
  return isFirst === undefined ? chunks : [lead, ...chunks];
}

/** The text of an element as sent, `cache_control` included. */
export function restoreElement(content: Uint8Array, overlay: Uint8Array | null): string {
  return decoder.decode(concat(restoreChunks({ content, overlay })));
}

/** Whether an overlay can hold the removals: as texts they lose bytes that are not UTF-8. */
function areTexts(bytes: Uint8Array, removals: readonly Removal[]): boolean {
  return (
    removals.length <= MAX_REMOVALS && removals.every(({ start, end }) => isUtf8(bytes.subarray(start, end)))
  );
}

/** Sorted, with touching removals merged. */
function mergeTouching(removals: readonly Removal[]): Removal[] {
  const result: Removal[] = [];
  for (const removal of removals.toSorted((a, b) => a.start - b.start)) {
    const last = result.at(-1);
    if (last && last.end === removal.start) last.end = removal.end;
    else result.push({ ...removal });
  }
  return result;
}
