/** A prompt as it is bundled, stored and listed, and what may be wrong with its file. */
import { z } from "zod";
import { MAX_TEMPLATE_CHARACTERS } from "../templates/template.ts";

const MAX_DESCRIPTION_CHARACTERS = 1024;
/** Claude Code takes them by position: more are of no use. */
const MAX_ARGUMENTS = 32;
/** As `completion/complete` of MCP returns at most. */
const MAX_VALUES = 100;
/** A file of a repository; its template is shorter still. */
export const MAX_FILE_CHARACTERS = 64 * 1024;
export const MAX_PROMPTS = 500;

const Line = z.string().trim().min(1).max(MAX_DESCRIPTION_CHARACTERS);

export const ARGUMENT_NAME = /^[A-Za-z_][A-Za-z0-9_-]*$/;

export const PromptArgument = z.object({
  name: z.string().regex(ARGUMENT_NAME, "a name has letters, digits, _ and -, and begins with no digit"),
  description: Line.optional(),
  required: z.boolean().default(false),
  /** What clients suggest while the argument is typed. */
  values: z.array(Line).max(MAX_VALUES).optional(),
});
export type PromptArgument = z.infer<typeof PromptArgument>;

/** What a file says; its name is the prompt's name. */
export const PromptContent = z.object({
  title: Line.optional(),
  description: Line,
  template: z.string().min(1).max(MAX_TEMPLATE_CHARACTERS),
  arguments: z.array(PromptArgument).max(MAX_ARGUMENTS).default([]),
});

export const Prompt = PromptContent.extend({ name: z.string() });
export type Prompt = z.infer<typeof Prompt>;

export const PromptProblem = z.object({
  /** Path of the file below the folder of prompts. */
  file: z.string(),
  line: z.number(),
  column: z.number(),
  /** A prompt with an error is not served. */
  severity: z.enum(["error", "warning"]),
  message: z.string(),
});
export type PromptProblem = z.infer<typeof PromptProblem>;

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
