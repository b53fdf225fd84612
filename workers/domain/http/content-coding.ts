/**
 * Content-codings of responses (RFC 9110 8.4): in which one a response reaches the client. Upstream is asked for none, and some
 * gateways code nevertheless. The client never gets a coding that it does not accept.
 */

/**
 * The runtime decodes gzip and br for the archive and would code them again for the client: twice the work for
 * a hop inside a data centre. Uncompressed is what nearly every client accepts.
 */
const PREFERRED_UPSTREAM = "identity";

/** Codings that the runtime undoes on the body it hands to us, and redoes when the header stays. Spelt exactly so. */
const CODED_BY_RUNTIME: readonly string[] = ["gzip", "br"];

/** Codings that workers/proxy/body/decode-body.ts undoes. */
export type Coding = "gzip" | "deflate" | "br" | "zstd";
const DECODABLE: ReadonlyMap<string, Coding> = new Map([
  ["gzip", "gzip"],
  ["x-gzip", "gzip"],
  ["deflate", "deflate"],
  ["br", "br"],
  ["zstd", "zstd"],
]);
/** Codings of one body that are undone: one is usual, two are a mistake, and each takes a decoder's memory. */
export const MAX_DECODED_CODINGS = 4;

/** How the response body is passed on. */
export interface EncodingDecision {
  /** `content-encoding` as the client gets it, null for none. The runtime codes a body with gzip or br by this header. */
  contentEncoding: string | null;
  /** Whether the client gets the body without upstream's coding. */
  isDecoded: boolean;
  /** Codings that are left to undo for that, the outermost first; the runtime has undone the others. */
  undone: readonly Coding[];
  /** Bytes of the body as the client gets it, or null where that is not known beforehand. */
  length: number | null;
  /** Coding of the bytes that are archived. */
  storedEncoding: string;
}

/** Decides it from upstream's headers and what the client accepts. Null: the client does not accept the coding, and it cannot be undone. */
export function negotiateEncoding(
  contentEncoding: string | null,
  contentLength: string | null,
  accepted: string | null,
): EncodingDecision | null {
  const codings = contentEncoding === null ? [] : codingsOf(contentEncoding);
  const length = contentLength && /^\d{1,15}$/.test(contentLength) ? Number(contentLength) : null;
  const plain = { undone: [], length: null, storedEncoding: "identity" };
  if (codings.length === 0) {
    const coded = codingInsteadOfIdentity(accepted);
    const kept = { contentEncoding: coded ?? contentEncoding, isDecoded: false };
    return { ...plain, ...kept, length: coded === null ? length : null };
  }
  const weights = weightsOf(accepted ?? "");
  const isAccepted = codings.every((coding) => isAcceptedBy(weights, coding));
  if (contentEncoding !== null && CODED_BY_RUNTIME.includes(contentEncoding)) {
    if (isAccepted) return { ...plain, contentEncoding, isDecoded: false };
    return { ...plain, contentEncoding: codingInsteadOfIdentity(accepted), isDecoded: true };
  }
  if (isAccepted)
    return { contentEncoding, isDecoded: false, undone: [], length, storedEncoding: codings.join(", ") };
  const undone = codings.map((coding) => DECODABLE.get(coding)).filter((coding) => coding !== undefined);
  if (undone.length < codings.length || undone.length > MAX_DECODED_CODINGS) return null;
  return {
    ...plain,
    contentEncoding: codingInsteadOfIdentity(accepted),
    isDecoded: true,
    undone: undone.reverse(),
  };
}

/** The codings of a `content-encoding` in the order in which they were applied, in lower case. */
export function codingsOf(contentEncoding: string): string[] {
  return contentEncoding
    .toLowerCase()
    .split(",")
    .map((coding) => coding.trim())
    .filter((coding) => coding !== "" && coding !== "identity");
}

/** `accept-encoding` for upstream: no coding, unless the client refuses just that. */
export function upstreamAcceptEncoding(client: string | null): string {
  return client !== null && refusesIdentity(client) ? client : PREFERRED_UPSTREAM;
}

/** What the runtime codes a plain body with for a client that refuses it plain; null: it stays plain. */
function codingInsteadOfIdentity(accepted: string | null): string | null {
  if (accepted === null || !refusesIdentity(accepted)) return null;
  return CODED_BY_RUNTIME.find((coding) => acceptsEncoding(accepted, coding)) ?? null;
}

/** Whether a client refuses a body without coding: `identity;q=0`, or `*;q=0` without `identity`. RFC 9110 12.5.3 */
function refusesIdentity(acceptEncoding: string): boolean {
  // No weight, as in nearly every request.
  if (!acceptEncoding.includes("=")) return false;
  const weights = weightsOf(acceptEncoding);
  return weights.get("identity") ?? weights.get("*") ?? false;
}

/** Whether a client that sent this `accept-encoding` reads the coding. No header: it did not ask for any. RFC 9110 12.5.3 */
export function acceptsEncoding(acceptEncoding: string | null, coding: string): boolean {
  return isAcceptedBy(weightsOf(acceptEncoding ?? ""), coding);
}

function isAcceptedBy(weights: ReadonlyMap<string, boolean>, coding: string): boolean {
  // `x-gzip` is another name of `gzip`. RFC 9110 8.4.1.3
  const names = coding === "gzip" || coding === "x-gzip" ? ["gzip", "x-gzip"] : [coding];
  const refused = names.map((name) => weights.get(name)).find((isRefused) => isRefused !== undefined);
  return !(refused ?? weights.get("*") ?? true);
}

/** Whether each listed coding is refused (weight 0). Of a coding that is listed twice the first counts. */
function weightsOf(acceptEncoding: string): ReadonlyMap<string, boolean> {
  const weights = new Map<string, boolean>();
  for (const item of acceptEncoding.toLowerCase().split(",")) {
    const [name = "", ...parameters] = item.split(";").map((part) => part.trim());
    const isRefused = parameters.some((parameter) => /^q\s*=\s*0(\.0*)?$/.test(parameter));
    if (!weights.has(name)) weights.set(name, isRefused);
  }
  return weights;
}
