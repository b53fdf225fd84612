/** Reads the model's text as an AnalysisResult. */
import { AnalysisResult } from "../../schemas/analysis.ts";
import { parseJson } from "../json/json.ts";
import { failed, ok, type Result } from "../result.ts";

const MAX_PROBLEM = 500;

/**
 * The result, with the message numbers of tips that the transcript has (`positions`); a tip without any such number is left out. The error
 * says what is wrong, for the next request. Accepts JSON alone or one JSON object in prose.
 */
export function readResult(text: string, positions: readonly number[]): Result<AnalysisResult, string> {
  const json = parseJson(text) ?? parseJson(text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1));
  if (json === undefined) return failed("it is not one JSON object");
  const { success, data, error } = AnalysisResult.safeParse(json);
  if (!success) {
    const problems = error.issues.map(({ path, message }) => `${path.join(".") || "the object"}: ${message}`);
    return failed(problems.join("; ").slice(0, MAX_PROBLEM));
  }
  const known = new Set(positions);
  const promptingTips = data.promptingTips.flatMap((tip) => {
    const messages = tip.messages.filter((position) => known.has(position));
    return messages.length === 0 ? [] : [{ ...tip, messages }];
  });
  return ok({ ...data, promptingTips });
}
