/** The outcome of something that may fail in ways its caller handles. `error` is a tag or a tagged object. */
export type Result<T, E> = { ok: true; value: T } | { ok: false; error: E };

export function ok<T>(value: T): { ok: true; value: T } {
  return { ok: true, value };
}

export function failed<const E>(error: E): { ok: false; error: E } {
  return { ok: false, error };
}
