/**
 * The system prompt as it is compared: without what changes from one session or day to the next. It never breaks a link; it
 * tells a repeated request from another question over the same history. Called by evidence.ts.
 */
import { sha256 } from "../sha256.ts";
import { blocksOf, stringIn } from "./messages.ts";
import { normalizeText } from "./normalize-text.ts";

const BILLING = /^x-anthropic-billing-header:/;
/** In this order: a transient context, the state of the repository with all that is listed under it. */
const MOVING = [
  /<transient_context>[\s\S]*?<\/transient_context>/g,
  /gitStatus:[\s\S]*?(?:\n\s*\n|$)/g,
  /^Status:\s*$[\s\S]*?(?:\n\s*\n|$(?![\s\S]))/gm,
  /^(?:Current branch|Main branch[^\n:]*):.*$/gm,
  /^Recent commits:[\s\S]*?(?:\n\s*\n|$(?![\s\S]))/gm,
];

/** The texts of a system prompt, string or blocks. */
export function systemTextsOf(system: unknown): string[] {
  return blocksOf(system).map((block) => stringIn(block, "text"));
}

/** SHA-256 of what does not move; null where nothing is left. */
export function systemHashOf(texts: readonly string[]): Uint8Array | null {
  let text = normalizeText(texts.filter((each) => !BILLING.test(each)).join("\n"));
  for (const moving of MOVING) text = text.replace(moving, "\n\n");
  text = text.replace(/\n{3,}/g, "\n\n").trim();
  return text === "" ? null : sha256(new TextEncoder().encode(text));
}
