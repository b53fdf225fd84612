/** Names of prompts, problems as text, and the set of a deployment. */
import type { Prompt, PromptProblem } from "../../schemas/prompt.ts";

/** As compilers write it, so that editors find the place. */
export const describeProblem = ({ file, line, column, severity, message }: PromptProblem): string =>
  `${file}:${line}:${column}: ${severity}: ${message}`;

const MAX_SEGMENTS = 4;

/**
 * The name of a prompt: its path without `.yaml` or `.yml`. `null` for files of other types; `problem` where clients, partials or
 * file systems could not use the name.
 */
export function promptName(path: string): { name: string } | { problem: string } | null {
  const [, name] = /^(.+)\.ya?ml$/.exec(path) ?? [];
  if (name === undefined) return null;
  const segments = name.split("/");
  if (segments.length > MAX_SEGMENTS) return { problem: `is deeper than ${MAX_SEGMENTS} folders` };
  if (!segments.every((segment) => /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$/.test(segment)))
    return {
      problem: "has a name with other characters than letters, digits, . _ and -, or that begins with a dot",
    };
  return { name };
}

/** The prompts of a deployment: those of the repository replace bundled ones of the same name. */
export function mergePrompts(bundled: readonly Prompt[], synced: readonly Prompt[]): Prompt[] {
  const byName = new Map([...bundled, ...synced].map((prompt) => [prompt.name, prompt]));
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
