/**
 * The documents name only files, identifiers, npm scripts, links and anchors that exist, and their diagrams are well formed.
 * Paths are written from the root of the repository. Comments of the code name only TypeScript files that exist.
 */
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { getTableConfig, PgTable } from "drizzle-orm/pg-core";
import { describe, expect, test } from "vitest";
import * as schema from "../../drizzle/schema.ts";

const root = join(import.meta.dirname, "../..");
const documents = globSync(["*.md", "docs/**/*.md", ".github/**/*.md"], { cwd: root }).sort();
const read = (file: string) => readFileSync(join(root, file), "utf8");
const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };

const FENCE = /^```(\w*)[^\n]*\n([\s\S]*?)^```$/gm;
const DIAGRAM = /^(flowchart|graph|sequenceDiagram|stateDiagram-v2|classDiagram|erDiagram)\b/;
const SOURCE_FILE = /\.(tsx?|m?js|css|sql|md|ya?ml|toml|sh)$/;
const FOLDER = /^(\.ci|\.github|bench|dashboard|docs|drizzle|durable-objects|scripts|test|workers)\//;
const OUTSIDE = /(?<![\w/.:-])(?:\.\.\/|~\/|\/(?:home|Users|root|tmp|work|var)\/)[\w./-]*/g;

/** Words of inline code and fenced blocks, without the punctuation around them. */
function codeWords(text: string): string[] {
  const fenced = [...text.matchAll(FENCE)].map(([, , body]) => body!);
  const inline = [...text.replace(FENCE, "").matchAll(/`([^`\n]+)`/g)].map(([, code]) => code!);
  return [...fenced, ...inline]
    .flatMap((code) => code.split(/[\s"'(),;|]+/))
    .map((word) => word.replace(/[.:]+$/, ""));
}

/** Paths that a document names in code and that no file or folder has. `*` and `{}` are globs, `<…>` is a placeholder. */
function missingPaths(text: string): string[] {
  const named = codeWords(text).filter(
    (word) => (FOLDER.test(word) || SOURCE_FILE.test(word)) && !/[<…=$]|^\/|^https?:|NNNN/.test(word),
  );
  const exists = (path: string) =>
    existsSync(join(root, path)) || (/[*{]/.test(path) && globSync(path, { cwd: root }).length > 0);
  return [...new Set(named)].filter((path) => !exists(path));
}

/** Words of the source code and of its configuration. */
const known = new Set(
  globSync(
    [
      "*.{ts,js,json,toml}",
      "{workers,durable-objects,dashboard,drizzle,scripts,bench,test}/**/*.{ts,tsx,js}",
    ],
    {
      cwd: root,
      exclude: (file) => /node_modules|package-lock|public/.test(file),
    },
  ).flatMap((file) => (file === "test/node/documents.test.ts" ? [] : read(file).match(/\w+/g)!)),
);
/** In mixed case or with underscores between capitals, unlike words of prose. */
const IDENTIFIER = /^(?:(?=.*[a-z])(?=.*[A-Z])[A-Za-z]\w{4,}|[A-Z][A-Z0-9]*_[A-Z0-9_]*[A-Z0-9])$/;

/** Identifiers that a document names in code and the source code does not have. */
const missingNames = (text: string) => [
  ...new Set(codeWords(text).filter((word) => IDENTIFIER.test(word) && !known.has(word))),
];

const sourceFiles = globSync(
  ["*.ts", "{workers,durable-objects,dashboard,drizzle,scripts,bench,test}/**/*.{ts,tsx}"],
  { cwd: root, exclude: (file) => /node_modules/.test(file) },
);

const COMMENT = /(?<=^|[\s{(])(?:\/\/.*|\/\*[\s\S]*?\*\/)/gm;

/** TypeScript files that comments name, by the end of their path, and that do not exist. */
const missingInComments = (code: string) =>
  (code.match(COMMENT) ?? [])
    .flatMap((comment) => comment.match(/(?<![\w*{}<>$[\]/.-])[\w[\]-][\w./[\]-]*\.tsx?\b/g) ?? [])
    .filter((name) => !sourceFiles.some((file) => `/${file}`.endsWith(`/${name}`)));

function missingScripts(text: string): string[] {
  const named = [...text.matchAll(/\bnpm (?:run |(?=test\b|start\b))([\w:-]+)/g)].map(([, name]) => name!);
  return [...new Set(named)].filter((name) => !(name in scripts));
}

/** As GitHub makes them; a heading that occurs again gets a number. */
function anchorsOf(text: string): Set<string> {
  const seen = new Map<string, number>();
  const headings = [...text.replace(FENCE, "").matchAll(/^#{1,6} (.+)$/gm)].map(([, heading]) => heading!);
  return new Set(
    headings.map((heading) => {
      const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
      const slug = words.replace(/[^\p{L}\p{N}_ -]/gu, "").replaceAll(" ", "-");
      const times = seen.get(slug) ?? 0;
      seen.set(slug, times + 1);
      return times === 0 ? slug : `${slug}-${times}`;
    }),
  );
}

function brokenLinks(document: string, text: string): string[] {
  const plain = text.replace(FENCE, "").replace(/`[^`\n]+`/g, "");
  const targets = [...plain.matchAll(/\]\(([^()\s]+)\)/g)].map(([, target]) => target!);
  return targets.filter((target) => {
    if (/^(https?|mailto):/.test(target)) return false;
    const [path = "", anchor] = target.split("#");
    const file = path === "" ? document : normalize(join(dirname(document), path));
    if (file.startsWith("..") || !existsSync(join(root, file))) return true;
    const linked = file === document ? text : anchor === undefined ? "" : read(file);
    return anchor !== undefined && !anchorsOf(linked).has(anchor);
  });
}

const outsidePaths = (text: string) =>
  (text.replace(/\]\([^()\s]+\)/g, "").match(OUTSIDE) ?? []).filter((path) => path !== "../");

function brokenDiagrams(text: string): string[] {
  const diagrams = [...text.matchAll(FENCE)].filter(([, language]) => language === "mermaid");
  return diagrams.flatMap(([, , body = ""]) => {
    const lines = body.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("%%"));
    const [first = ""] = lines;
    if (!DIAGRAM.test(first)) return [`unknown diagram: ${first}`];
    return lines.filter((line) => !isBalanced(line.replace(/"[^"]*"/g, ""))).map((line) => line.trim());
  });
}

function isBalanced(line: string): boolean {
  const closing: Record<string, string> = { ")": "(", "]": "[", "}": "{" };
  const open: string[] = [];
  for (const character of line) {
    if ("([{".includes(character)) open.push(character);
    else if (character in closing && open.pop() !== closing[character]) return false;
  }
  return open.length === 0;
}

describe("the detectors", () => {
  test("find a file that does not exist", () => {
    const text =
      "`workers/index.ts`, `workers/nothing.ts`, `nothing.md`, `workers/domain/*/nothing.ts`, `/v1/x.ts`";
    expect(missingPaths(text)).toEqual(["workers/nothing.ts", "nothing.md", "workers/domain/*/nothing.ts"]);
    expect(missingPaths("```\nnpx vitest run workers/nothing.test.ts\n```\n")).toEqual([
      "workers/nothing.test.ts",
    ]);
  });

  test("find an identifier that does not exist", () => {
    const text =
      "`AccountWindow`, `missingThing` and `NO_SUCH_NUMBER` in `STREAM_MAX_MS`; missingProse, `Other words`";
    expect(missingNames(text)).toEqual(["missingThing", "NO_SUCH_NUMBER"]);
  });

  test("find a file that a comment names and that does not exist", () => {
    const text = `/** See nothing.ts. */ const a = "// gone.ts"; // index.ts, proxy/exchange.ts, workers/index.ts
      f(/* workers/gone.ts */ a); // domain/index.ts`;
    expect(missingInComments(text)).toEqual(["nothing.ts", "workers/gone.ts", "domain/index.ts"]);
  });

  test("find an npm script that does not exist", () => {
    expect(missingScripts("`npm run build`, `npm run nothing`, npm test, npm ci")).toEqual(["nothing"]);
  });

  test("find a link to a file or a heading that does not exist", () => {
    const text = "## A key, twice\n[a](#a-key-twice) [b](#b) [c](nothing.md) [d](LICENSE) [e](../out.md)";
    expect(brokenLinks("README.md", text)).toEqual(["#b", "nothing.md", "../out.md"]);
    expect([...anchorsOf("# A\n## A\n## `x` and [y](z)")]).toEqual(["a", "a-1", "x-and-y"]);
  });

  test("find a path outside the repository", () => {
    const text =
      "See ../shared/plan.md, /home/ann/notes or ~/notes; not https://x.example/home/ or [x](../README.md).";
    expect(outsidePaths(text)).toEqual(["../shared/plan.md", "/home/ann/notes", "~/notes"]);
  });

  test("find a diagram of unknown type or with an open bracket", () => {
    const diagram = (body: string) => `\`\`\`mermaid\n${body}\n\`\`\`\n`;
    expect(brokenDiagrams(diagram('flowchart LR\n  a["(x"] --> b[(y)]'))).toEqual([]);
    expect(brokenDiagrams(diagram("flowchart LR\n  a[x --> b(y])"))).toEqual(["a[x --> b(y])"]);
    expect(brokenDiagrams(diagram("drawing\n  a"))).toEqual(["unknown diagram: drawing"]);
  });
});

test("comments name only TypeScript files that exist", () => {
  const missing = sourceFiles
    .filter((file) => file !== "test/node/documents.test.ts")
    .flatMap((file) => missingInComments(read(file)).map((name) => `${file}: ${name}`));
  expect(missing).toEqual([]);
});

test("README.md has at most 90 lines and ARCHITECTURE.md at most 9,216 bytes", () => {
  expect(read("README.md").trimEnd().split("\n").length).toBeLessThanOrEqual(90);
  expect(Buffer.byteLength(read("ARCHITECTURE.md"))).toBeLessThanOrEqual(9_216);
});

test("every decision in docs/adr is numbered once and listed in its index", () => {
  const files = globSync("docs/adr/[0-9]*.md", { cwd: root }).map((file) => file.slice("docs/adr/".length));
  expect(new Set(files.map((file) => file.slice(0, 4))).size).toBe(files.length);
  const index = read("docs/adr/README.md");
  expect(files.filter((file) => !index.includes(`(${file})`))).toEqual([]);
});

test("docs/storage-schema.md describes every table and column", () => {
  const sections = new Map(
    read("docs/storage-schema.md")
      .split(/^### /m)
      .map((section) => [section.slice(0, section.indexOf("\n")), section]),
  );
  const missing = Object.values(schema as Record<string, unknown>)
    .filter((value) => value instanceof PgTable)
    .map(getTableConfig)
    .flatMap(({ name, columns }) =>
      columns
        .filter((column) => !sections.get(name)?.includes(`\`${column.name}\``))
        .map((column) => `${name}.${column.name}`),
    );
  expect(missing).toEqual([]);
});

/** Bold and italic words: labels of the dashboard, as the guides write them. */
const labelsIn = (text: string) => [...text.matchAll(/\*{1,2}([^*\n]+)\*{1,2}/g)].map(([, label]) => label!);

test("the guides name labels that the dashboard has", () => {
  const pages = globSync("dashboard/src/**/*.{ts,tsx}", { cwd: root })
    .map((file) => read(file).replace(/\/\*\*[\s\S]*?\*\//g, ""))
    .join("\n");
  const missing = (text: string) => labelsIn(text).filter((label) => !pages.includes(label));
  expect(missing("**Compare**, *Turns*, **No such label**")).toEqual(["No such label"]);
  expect(missing(read("docs/dashboard.md") + read("docs/conversations.md"))).toEqual([]);
});

describe.each(documents)("%s", (document) => {
  const text = read(document);

  test("names only what exists", () => {
    expect(missingPaths(text)).toEqual([]);
    // Past decisions and releases may name removed code.
    if (!/^(docs\/adr\/0|CHANGELOG)/.test(document)) expect(missingNames(text)).toEqual([]);
    expect(missingScripts(text)).toEqual([]);
    expect(brokenLinks(document, text)).toEqual([]);
    expect(outsidePaths(text)).toEqual([]);
    expect(brokenDiagrams(text)).toEqual([]);
  });
});
