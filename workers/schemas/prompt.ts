/** Prompts as they are bundled, stored and listed, what may be wrong with their files, and why a sync of them failed. */
import { z } from "zod";

/** Of what a parser of templates is given: it takes more than linear time for some. */
export const MAX_TEMPLATE_CHARACTERS = 64 * 1024;
const MAX_DESCRIPTION_CHARACTERS = 1024;
/** Claude Code takes them by position: more are of no use. */
export const MAX_ARGUMENTS = 32;
/** As `completion/complete` of MCP returns at most. */
const MAX_VALUES = 100;
/** A file of a repository; its template is shorter still. */
export const MAX_FILE_CHARACTERS = 64 * 1024;
export const MAX_PROMPTS = 500;

/** A database takes no others. */
const Text = z
  .string()
  .refine(
    (text) => text.isWellFormed() && !text.includes("\0"),
    "has a character that cannot be stored: NUL or half of a surrogate pair",
  );
const Line = Text.trim().min(1).max(MAX_DESCRIPTION_CHARACTERS);

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
  template: Text.min(1).max(MAX_TEMPLATE_CHARACTERS),
  arguments: z.array(PromptArgument).max(MAX_ARGUMENTS).default([]),
});

export const Prompt = PromptContent.extend({ name: z.string() });
export type Prompt = z.infer<typeof Prompt>;

/** In problems: the folder of the prompts itself. */
export const PROMPTS_FOLDER = ".";

export const PromptProblem = z.object({
  /** Path of the file below the folder of prompts, or `PROMPTS_FOLDER`. */
  file: z.string(),
  line: z.number(),
  column: z.number(),
  /** A prompt with an error is not served. */
  severity: z.enum(["error", "warning"]),
  message: z.string(),
});
export type PromptProblem = z.infer<typeof PromptProblem>;

/** Why a repository could not be read. */
export const RepositoryFailure = z.object({
  reason: z.enum([
    "unauthorized",
    "forbidden",
    "rate_limited",
    "not_found",
    "no_commits",
    "moved",
    "too_large",
    "invalid",
    "unavailable",
  ]),
  /** For the status page; holds no secret. */
  message: z.string(),
  /** Milliseconds since 1970 before which another try is of no use; `null`: as the interval says. */
  retryAt: z.number().nullable(),
});
export type RepositoryFailure = z.infer<typeof RepositoryFailure>;
