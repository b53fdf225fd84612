/** Names of prompts, problems of their files, and the set of a deployment. */
import type { Prompt, PromptProblem } from "../../schemas/prompt.ts";
import type { Position } from "../templates/template.ts";
import { plainText } from "../truncate.ts";

/** Messages quote the file. */
const MAX_MESSAGE_CHARACTERS = 500;
/** Of a file. Further ones usually follow from the first. */
const MAX_FILE_PROBLEMS = 20;

export const problemOf = (
  file: string,
  { line, column }: Position,
  severity: PromptProblem["severity"],
  message: string,
): PromptProblem => ({ file, line, column, severity, message: plainText(message, MAX_MESSAGE_CHARACTERS) });

/** At most `max` problems. If there are more: the errors first, and one problem that counts the rest. */
export function limitProblems(problems: readonly PromptProblem[], max = MAX_FILE_PROBLEMS): PromptProblem[] {
  if (problems.length <= max) return [...problems];
  const [errors, warnings] = (["error", "warning"] as const).map((severity) =>
    problems.filter((problem) => problem.severity === severity),
  );
  const sorted = [...errors!, ...warnings!];
  const next = sorted[max - 1]!;
  return [...sorted.slice(0, max - 1), { ...next, message: `and ${sorted.length - max + 1} more problems` }];
}

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
