/** Byte arrays made one. Used wherever bytes come in pieces. */

/** One array of all pieces, in order; where there is only one, that piece itself and no copy: the result is read only. */
export function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces;
  if (only && pieces.length === 1) return only;
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
