/** What a model is sent: instructions from the templates of prompts/analysis/, and the transcript as data in a fenced turn of its own. */
import { toHex } from "../bytes.ts";
import { fenced } from "../fence.ts";
import { failed, ok, type Result } from "../result.ts";
import { sha256 } from "../sha256.ts";
import { readTemplate } from "../templates/read-template.ts";
import { renderTemplate } from "../templates/render-template.ts";
import { describeTemplateError, type Template, type TemplateError } from "../templates/template.ts";

/** The files of prompts/analysis/ by name without extension. */
export interface PromptFiles {
  /** What a caller's `customPrompt` replaces. */
  instructions: string;
  system: string;
}

export interface AnalysisPrompt {
  system: string;
  user: string;
}

export interface SystemInput {
  /** Null: the default instructions. */
  customPrompt: string | null;
  /** Why the previous response was not valid. */
  problem: string | null;
}

export interface AnalysisPrompts {
  /** The default instructions. */
  instructions: string;
  /** Hex SHA-256 of the files: analyses with the same hash have the same instructions. */
  hash: string;
  /** Throws where a template exceeds its limits. */
  system(input: SystemInput): string;
  /** The user's turn. */
  user(transcript: string): string;
}

/** Reads the templates; the error names file, line and column. */
export function analysisPrompts(files: PromptFiles): Result<AnalysisPrompts, string> {
  const templates = new Map<string, Template>();
  for (const name of ["instructions", "system"] as const) {
    const read = readTemplate(name, files[name]);
    const error: TemplateError | undefined = read.ok ? read.value.failures[0] : read.error;
    if (error || !read.ok) return failed(error ? describeTemplateError(error) : name);
    templates.set(name, read.value);
  }
  const renderFile = (name: keyof PromptFiles, context: object) =>
    renderTemplate(templates.get(name)!, context, templates);
  const system = (input: SystemInput) => {
    const rendered = renderFile("system", input);
    if (!rendered.ok) throw new Error(describeTemplateError(rendered.error));
    return rendered.value.trim();
  };
  const instructions = renderFile("instructions", {});
  const whole = renderFile("system", { problem: "none" });
  for (const rendered of [instructions, whole])
    if (!rendered.ok) return failed(describeTemplateError(rendered.error));
  return ok({
    instructions: instructions.ok ? instructions.value.trim() : "",
    hash: toHex(sha256(JSON.stringify([files.instructions, files.system]))),
    system,
    user: (transcript) => fenced("transcript", transcript),
  });
}
