/**
 * Highlights code of transcripts on the server. Characters per block, line and page are limited, because patterns over
 * malicious text are slow and marked-up text is a multiple of plain text; beyond a limit code stays plain.
 */
import { highlighter } from "./highlighter.js";

const MAX_BLOCK = 12_000;
const MAX_LINE = 1_000;
const MAX_PAGE = 30_000;

/** Colours code; null where it stays plain. */
export type Highlighter = (code: string, language: string | null) => string | null;

/** A highlighter for one page. Returns safe HTML: escaped text in spans with classes. */
export function createHighlighter(): Highlighter {
  let left = MAX_PAGE;
  return (code, language) => {
    if (!language || code.length > MAX_BLOCK || code.length > left) return null;
    if (!highlighter.getLanguage(language) || hasLongLine(code)) return null;
    left -= code.length;
    return highlighter.highlight(code, { language, ignoreIllegals: true }).value;
  };
}

/** Highlights tool results with numbered lines, "  12→code", line by line. Text without numbers stays plain. */
export function highlightNumbered(highlight: Highlighter): Highlighter {
  return (code, language) => {
    const lines = code.split("\n");
    if (language === null || lines.length > 400 || !lines.every((line) => line === "" || NUMBERED.test(line)))
      return null;
    const highlighted: string[] = [];
    for (const line of lines) {
      const [, number = "", rest = ""] = NUMBERED.exec(line) ?? [];
      const html = highlight(rest, language);
      if (html === null) return null;
      highlighted.push(number === "" ? html : `<span class="line-number">${number}</span>${html}`);
    }
    return highlighted.join("\n");
  };
}

const NUMBERED = /^(\s*\d+[→\t])(.*)$/;

const hasLongLine = (code: string) => code.split("\n").some((line) => line.length > MAX_LINE);

const BY_ENDING: Readonly<Record<string, string>> = {
  sh: "bash",
  zsh: "bash",
  h: "c",
  cc: "cpp",
  hpp: "cpp",
  cs: "csharp",
  scss: "css",
  less: "css",
  patch: "diff",
  toml: "ini",
  cfg: "ini",
  mjs: "javascript",
  cjs: "javascript",
  jsonc: "json",
  kts: "kotlin",
  pyi: "python",
  mts: "typescript",
  cts: "typescript",
  vue: "xml",
};

/** The language of a file by its name; null when nothing is known of it. */
export function languageOfPath(path: unknown): string | null {
  if (typeof path !== "string") return null;
  const name = path.slice(-200).split(/[/\\]/).at(-1)?.toLowerCase() ?? "";
  if (name === "dockerfile") return "dockerfile";
  const ending = /\.([a-z0-9]{1,10})$/.exec(name)?.[1];
  if (ending === undefined) return null;
  const language = Object.hasOwn(BY_ENDING, ending) ? BY_ENDING[ending]! : ending;
  return highlighter.getLanguage(language) ? language : null;
}
