/**
 * The hash of a system prompt without what changes between sessions or days. It never breaks a link; it distinguishes a retry
 * from another question over the same history. Called by evidence.ts.
 */
import { sha256 } from "../../sha256.ts";
import { replaceElements } from "../../messages/elements.ts";
import { contentBlocks, stringMember } from "../../messages/content.ts";
import { normalizeText } from "./normalize-text.ts";

const BILLING = /^x-anthropic-billing-header:/;
/** Parts that change after the transient context, in this order: the git status with its lists. */
const MOVING = [
  /gitStatus:[\s\S]*?(?:\n\s*\n|$)/g,
  /^Status:\s*$[\s\S]*?(?:\n\s*\n|$(?![\s\S]))/gm,
  /^(?:Current branch|Main branch[^\n:]*):.*$/gm,
  /^Recent commits:[\s\S]*?(?:\n\s*\n|$(?![\s\S]))/gm,
];

/** The texts of a system prompt, empty for a block without one: stored hashes include its newline. */
export function systemTextsOf(system: unknown): string[] {
  return contentBlocks(system).map((block) => stringMember(block, "text"));
}

/** SHA-256 of the parts that do not change; null where nothing is left. */
export function systemHashOf(texts: readonly string[]): Uint8Array | null {
  let text = normalizeText(texts.filter((each) => !BILLING.test(each)).join("\n"));
  text = replaceElements(text, "transient_context", () => "\n\n");
  for (const moving of MOVING) text = text.replace(moving, "\n\n");
  text = text.replace(/\n{3,}/g, "\n\n").trim();
  return text === "" ? null : sha256(new TextEncoder().encode(text));
}
