/**
 * Content and form: a list element without what was cut out of it, and the cuts as data, so that one content serves
 * all sendings of the same message and each sending is still known to the byte.
 *
 * A form is JSON, `[offset, text, offset, text, …]`: at these byte offsets of the content (rising) these texts were
 * taken out. The entry at offset 0 is what stood before the element, back to its predecessor or the opening bracket,
 * where that is not the usual nothing (first element) or single comma (the others). No entries: no form (null).
 * Forms are stored: this layout never changes its meaning.
 */
import { concat } from "../bytes.ts";
import { type Removal, MAX_REMOVALS } from "./normalize.ts";

/** A piece of content with what normalising took out of it, both UTF-8 bytes. */
export interface NormalizedElement {
  content: Uint8Array;
  overlay: Uint8Array | null;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
const COMMA = encoder.encode(",");
const NOTHING = new Uint8Array(0);

/**
 * Takes the cuts (any order, they may touch but not overlap) out of the element at [start, end). `leadStart` is where
 * its predecessor ends, or the first byte behind the opening bracket. Without cuts the content is a view on `bytes`.
 */
export function normalizeElement(
  bytes: Uint8Array,
  element: { leadStart: number; start: number; end: number; isFirst: boolean; cuts: readonly Removal[] },
): NormalizedElement {
  const { leadStart, start, end } = element;
  const form: (number | string)[] = [];
  const lead = bytes.subarray(leadStart, start);
  const isUsual = element.isFirst ? lead.length === 0 : lead.length === 1;
  if (!isUsual) form.push(0, decoder.decode(lead));

  const cuts = element.cuts.length > MAX_REMOVALS ? [] : joined(element.cuts);
  const kept: Uint8Array[] = [];
  let at = start;
  let length = 0;
  for (const cut of cuts) {
    kept.push(bytes.subarray(at, cut.start));
    length += cut.start - at;
    form.push(length, decoder.decode(bytes.subarray(cut.start, cut.end)));
    at = cut.end;
  }
  kept.push(bytes.subarray(at, end));
  return {
    content: concat(kept),
    overlay: form.length === 0 ? null : encoder.encode(JSON.stringify(form)),
  };
}

/** The bytes of an element as it was sent, in pieces, with (`isFirst` given) or without what stood before it. */
export function restoreChunks(
  { content, overlay: form }: NormalizedElement,
  isFirst?: boolean,
): Uint8Array[] {
  const entries = form === null ? [] : (JSON.parse(decoder.decode(form)) as (number | string)[]);
  let lead = isFirst === false ? COMMA : NOTHING;
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (let i = 0; i < entries.length; i += 2) {
    const offset = entries[i] as number;
    const text = encoder.encode(entries[i + 1] as string);
    if (offset === 0) {
      lead = text;
    } else {
      pieces.push(content.subarray(at, offset), text);
      at = offset;
    }
  }
  pieces.push(content.subarray(at));
  return isFirst === undefined ? pieces : [lead, ...pieces];
}

/** The text of an element exactly as it was sent, `cache_control` and all. */
export function restoreElement(content: Uint8Array, form: Uint8Array | null): string {
  return decoder.decode(concat(restoreChunks({ content, overlay: form })));
}

/** In order, touching ones made one. */
function joined(cuts: readonly Removal[]): Removal[] {
  const result: Removal[] = [];
  for (const cut of cuts.toSorted((a, b) => a.start - b.start)) {
    const last = result.at(-1);
    if (last && last.end === cut.start) last.end = cut.end;
    else result.push({ ...cut });
  }
  return result;
}
