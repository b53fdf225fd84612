/**
 * Recommendations of Spark, an MCP server with a team's knowledge, in conversations: calls of its tool and their results. What does
 * not have the expected form is no recommendation and is shown as any tool call. Pure; called by the dashboard.
 */
import { SparkSessionId } from "../../schemas/api/spark.ts";
import { isObject, type JsonObject, parseJson } from "../json/json.ts";
import { plainText } from "../truncate.ts";

/** The name that Claude Code gives the tool of an MCP server called `spark`. */
export const SPARK_TOOL = "mcp__spark__get_recommendation";

const MAX_TITLE = 160;
const MAX_QUERY = 1_000;
const MAX_SOURCES = 20;
const MAX_SOURCE = 500;
/** The end of a text that a transcript shortens. */
const CUT_MARK = "…";
/** Longest escape that a cut may leave unfinished: a pair of \uXXXX. */
const MAX_UNFINISHED = 12;

export interface RecommendationSource {
  label: string;
  /** Null where it names no http or https address. */
  url: string | null;
}

export interface Recommendation {
  /** Names the recommendation when feedback is sent. */
  sessionId: string;
  title: string;
  /** Markdown, without the heading that is the title. */
  text: string;
  /** A share from 0 to 1, a word such as "high", or null where Spark gives none. */
  confidence: number | string | null;
  sources: RecommendationSource[];
  /** What the agent asked for. */
  query: string | null;
  /** The text is the beginning of a longer one, as shortened by the transcript. */
  isCut: boolean;
}

/** The recommendation of a tool call; null for other tools and for results of another form. Linear in the result. */
export function readRecommendation(toolName: string, input: unknown, result: string): Recommendation | null {
  if (toolName !== SPARK_TOOL) return null;
  const whole = parseJson(result);
  const body = whole === undefined ? readCut(result) : whole;
  if (!isObject(body)) return null;
  const sessionId = SparkSessionId.safeParse(body["session_id"]);
  const response = body["response"];
  if (!sessionId.success || typeof response !== "string" || response.trim() === "") return null;
  const metadata = isObject(body["metadata"]) ? body["metadata"] : {};
  const query = queryOf(input);
  const { heading, text } = withoutHeading(response);
  return {
    sessionId: sessionId.data,
    title: line(body["title"], MAX_TITLE) ?? heading ?? line(query, MAX_TITLE) ?? "Recommendation",
    text,
    confidence: confidenceOf(body["confidence"] ?? metadata["confidence"]),
    sources: sourcesOf(body, metadata),
    query,
    isCut: whole === undefined,
  };
}

/** An object that was cut within a string of its own; undefined for another text. */
function readCut(result: string): unknown {
  if (!result.startsWith("{") || !result.endsWith(CUT_MARK)) return undefined;
  const text = result.slice(0, -CUT_MARK.length);
  for (let dropped = 0; dropped <= MAX_UNFINISHED; dropped++) {
    const value = parseJson(`${text.slice(0, text.length - dropped)}"}`);
    if (value !== undefined) return value;
  }
  return undefined;
}

function queryOf(input: unknown): string | null {
  const request = isObject(input) ? input["request"] : null;
  return line(isObject(request) ? request["query"] : isObject(input) ? input["query"] : null, MAX_QUERY);
}

/** A text in one line; null where it is none or empty. */
function line(value: unknown, max: number): string | null {
  const text = typeof value === "string" ? plainText(value, max) : "";
  return text === "" ? null : text;
}

/** The heading that begins the text, if one does, without bold and code, and the text after it; the ids of sections (`{#id}`) are left out of headings. */
function withoutHeading(markdown: string): { heading: string | null; text: string } {
  const lines = markdown.trim().split("\n").map(withoutSectionId);
  const first = /^#{1,6} (.*)/.exec(lines[0]!)?.[1];
  const heading = line(first?.replaceAll(/\*\*|`/g, ""), MAX_TITLE);
  return { heading, text: (heading === null ? lines : lines.slice(1)).join("\n").trim() };
}

function withoutSectionId(heading: string): string {
  if (!heading.startsWith("#")) return heading;
  const end = heading.trimEnd();
  const start = end.endsWith("}") ? end.lastIndexOf("{#") : -1;
  return start === -1 ? heading : end.slice(0, start).trimEnd();
}

/** Numbers above 1 are per cent. */
function confidenceOf(value: unknown): number | string | null {
  if (typeof value === "string") return line(value, 40);
  if (typeof value !== "number" || !(value >= 0 && value <= 100)) return null;
  return value > 1 ? value / 100 : value;
}

/** The sources that Spark lists beside the text, each once. Tables of sources are part of the text. */
function sourcesOf(body: JsonObject, metadata: JsonObject): RecommendationSource[] {
  const given = body["sources"] ?? body["source"] ?? metadata["sources"] ?? metadata["source"];
  const listed: unknown[] = Array.isArray(given) ? given : [given];
  const sources = listed.slice(0, MAX_SOURCES).flatMap(sourceOf);
  return [...new Map(sources.map((source) => [source.url ?? source.label, source])).values()];
}

function sourceOf(value: unknown): RecommendationSource[] {
  const members = isObject(value) ? value : { title: value };
  const address = members["url"] ?? members["source_url"] ?? members["title"];
  const label = line(members["title"] ?? members["name"] ?? address, MAX_SOURCE);
  if (label === null) return [];
  const isAddress = typeof address === "string" && address.length <= MAX_SOURCE && isWebAddress(address);
  return [{ label, url: isAddress ? address : null }];
}

function isWebAddress(text: string): boolean {
  return /^https?:\/\/[^\s]+$/i.test(text) && URL.canParse(text);
}
