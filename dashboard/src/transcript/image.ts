/** Which images of a transcript are drawn: the four formats of the API, checked by their first bytes, up to a size. */

const FORMATS: Readonly<Record<string, RegExp>> = {
  "image/png": /^iVBORw0KGgo/,
  "image/jpeg": /^\/9j\//,
  "image/gif": /^R0lGOD/,
  "image/webp": /^UklGR/,
};

/** Larger images are only in the raw body. */
export const MAX_IMAGE_BYTES = 1_500_000;

export type Drawable = { ok: true; src: string } | { ok: false; why: string };

/** A data: URL if the image may be shown, else the reason as text. SVG is never shown, because it may contain scripts. */
export function drawableImage(mediaType: string, base64: string): Drawable {
  const beginning = FORMATS[mediaType];
  if (!beginning) return { ok: false, why: `${mediaType || "unknown format"} is not drawn` };
  const bytes = Math.floor((base64.length * 3) / 4);
  if (bytes > MAX_IMAGE_BYTES) return { ok: false, why: "too large to draw here" };
  if (!beginning.test(base64) || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) {
    return { ok: false, why: `its bytes are not ${mediaType}` };
  }
  return { ok: true, src: `data:${mediaType};base64,${base64}` };
}
