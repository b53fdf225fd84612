/** Summarizes a tool call by the most telling member of its input. */
import { oneLine } from "../format/text.ts";
import { isObject } from "../../../workers/domain/json/json.ts";

/** Members by how well they distinguish calls. */
const SUMMARY_KEYS = [
  "command",
  "file_path",
  "path",
  "notebook_path",
  "pattern",
  "query",
  "url",
  "description",
  "skill",
  "subject",
  "prompt",
  "name",
  "id",
] as const;

export function toolSummary(input: unknown): string {
  if (!isObject(input)) return typeof input === "string" ? oneLine(input, 120) : "";
  const todos = input.todos;
  if (Array.isArray(todos)) return `${todos.length} items`;
  for (const member of SUMMARY_KEYS) {
    const value = input[member];
    if (typeof value === "string" && value.trim() !== "") return oneLine(value, 120);
  }
  const first = Object.values(input).find((value) => typeof value === "string" && value.trim() !== "");
  return typeof first === "string" ? oneLine(first, 120) : "";
}
