/** The prompt of analyses, from the files of prompts/analysis/ that the build has bundled and checked. */
import { estimateTokens } from "../../domain/analysis/estimate-tokens.ts";
import type { AnalysisPrompts } from "../../domain/analysis/prompt.ts";
import type { AnalysisProvider } from "../../schemas/analysis.ts";

let read: AnalysisPrompts | undefined;

/** Read once per isolate, when it first needs them: the parser of templates takes long to load. */
export async function bundledAnalysisPrompts(): Promise<AnalysisPrompts> {
  if (read) return read;
  const [{ analysisPrompts }, files] = await Promise.all([
    import("../../domain/analysis/prompt.ts"),
    import("../../../out/analysis-prompts.json"),
  ]);
  const prompts = analysisPrompts(files.default);
  if (!prompts.ok) throw new Error(prompts.error);
  return (read = prompts.value);
}

/** Estimated tokens of the instructions with a custom prompt; null: the default one. */
export async function instructionTokens(
  customPrompt: string | null,
  provider: AnalysisProvider,
): Promise<number> {
  const prompts = await bundledAnalysisPrompts();
  return estimateTokens(prompts.system({ customPrompt, problem: null }), provider);
}
