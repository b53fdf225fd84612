/** The JSON schema of AnalysisResult with the keywords that a provider honours; it rejects or ignores others. */
import { z } from "zod";
import { type AnalysisProvider, AnalysisResult } from "../../schemas/analysis.ts";
import { isObject, type JsonObject } from "../json/json.ts";

const COMMON = [
  "type",
  "title",
  "description",
  "enum",
  "items",
  "properties",
  "required",
  "additionalProperties",
];
/** Gemini: the types of the vendor's SDK 3.3.0. Claude allows no bounds of numbers. */
const KEYWORDS: Record<AnalysisProvider, ReadonlySet<string>> = {
  gemini: new Set([...COMMON, "minimum", "maximum"]),
  claude: new Set(COMMON),
};

export function modelSchema(provider: AnalysisProvider): JsonObject {
  return stripped(z.toJSONSchema(AnalysisResult, { target: "draft-7" }), KEYWORDS[provider]);
}

function stripped(schema: JsonObject, keywords: ReadonlySet<string>): JsonObject {
  const kept: JsonObject = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (!keywords.has(keyword) || Math.abs(Number(value)) === Number.MAX_SAFE_INTEGER) continue;
    if (keyword === "properties" && isObject(value))
      kept[keyword] = Object.fromEntries(
        Object.entries(value).map(([name, each]) => [name, stripped(each as JsonObject, keywords)]),
      );
    else kept[keyword] = keyword === "items" && isObject(value) ? stripped(value, keywords) : value;
  }
  return kept;
}
