/** Separates stored text, which is data, from instructions to a model. */
import { toHex } from "./bytes.ts";
import { sha256 } from "./sha256.ts";

/** The text between two lines that are named after its hash, so that it cannot contain its end. */
export function fenced(name: string, text: string): string {
  const fence = `${name}-${toHex(sha256(text).subarray(0, 8))}`;
  return `----- begin ${fence} -----\n${text}\n----- end ${fence} -----`;
}
