/**
 * The direction of imports, type imports included: which folder may import which. Each folder of product code is a layer or a
 * concept within a layer; see ARCHITECTURE.md. Also: no cycle of files or folders, and at most 25 files per folder.
 */
import { globSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");

interface Rule {
  /** Folders, sub-folders included, or single files without extension. */
  paths: string[];
  packages: RegExp;
}

const BELOW_STORE = ["workers/schemas", "workers/domain", "workers/runtime"];

/** Layer → what it may import. The longest prefix counts; a file that no layer covers is refused, so a new layer needs a decision. */
const LAYERS: Record<string, Rule> = {
  "workers/schemas": { paths: ["workers/schemas"], packages: /^(zod|@anthropic-ai\/sdk\/)/ },
  "workers/domain": {
    paths: ["workers/domain", "workers/schemas", "workers/runtime/constants"],
    packages: /^(zod|uuid|jose|yaml|handlebars\/.*|node:crypto|node:buffer|@hono\/zod-openapi)$/,
  },
  "workers/runtime": {
    paths: BELOW_STORE,
    packages: /^(zod|node:crypto)$/,
  },
  "workers/store": {
    paths: ["workers/store", ...BELOW_STORE, "drizzle"],
    packages: /^(drizzle-orm|@neondatabase\/serverless|zod|uuid|node:)/,
  },
  "workers/proxy": {
    paths: ["workers/proxy", "workers/store", ...BELOW_STORE],
    packages: /^(cloudflare:|zod|uuid|node:)/,
  },
  "workers/ingest": {
    paths: ["workers/ingest", "workers/store", ...BELOW_STORE],
    packages: /^(cloudflare:|zod|uuid|node:)/,
  },
  "workers/scheduled": {
    paths: ["workers/scheduled", "workers/store", ...BELOW_STORE],
    packages: /^(cloudflare:|zod|uuid|node:)/,
  },
  "workers/analysis": {
    paths: ["workers/analysis", "workers/store", ...BELOW_STORE],
    packages: /^(zod|node:)/,
  },
  "workers/alerts": {
    paths: ["workers/alerts", "workers/store", ...BELOW_STORE],
    packages: /^cloudflare:/,
  },
  "workers/api": {
    paths: ["workers/api", "workers/store", ...BELOW_STORE],
    packages: /^(cloudflare:|hono|@hono\/|zod|uuid|jose|node:)/,
  },
  // Callers are admitted and counted as the proxy does it.
  "workers/mcp": {
    paths: [
      "workers/mcp",
      "workers/proxy/auth",
      "workers/proxy/record/counters",
      "workers/store",
      ...BELOW_STORE,
    ],
    packages: /^(zod|@modelcontextprotocol\/server)$/,
  },
  "workers/app": { paths: ["workers"], packages: /^hono/ },
  "workers/index": { paths: ["workers", "durable-objects"], packages: /^$/ },
  "durable-objects": {
    paths: ["durable-objects", ...BELOW_STORE],
    packages: /^(cloudflare:|zod|node:)/,
  },
  drizzle: { paths: ["drizzle", "workers/schemas"], packages: /^(drizzle-orm|node:buffer)/ },
  "dashboard/functions": { paths: ["dashboard/src"], packages: /^$/ },
  "dashboard/src/islands": { paths: ["dashboard/src", "workers/schemas"], packages: /^d3-/ },
  "dashboard/src": {
    paths: [
      "dashboard/src",
      "workers/schemas",
      "workers/domain",
      "workers/runtime/timeout",
      "workers/runtime/constants",
    ],
    packages: /^(hono|zod|d3-|markdown-it|highlight\.js|@hono\/)/,
  },
  "dashboard/build": { paths: ["dashboard/src/context/assets"], packages: /^(node:|esbuild)/ },
  "scripts/lib": { paths: ["scripts/lib", "dashboard/build"], packages: /./ },
  scripts: {
    paths: [
      "scripts",
      "workers/schemas",
      "workers/domain",
      "workers/runtime",
      "workers/store/db/rights",
      "workers/index",
      "dashboard/build",
    ],
    packages: /./,
  },
  bench: {
    paths: ["bench", "scripts", "workers/schemas", "workers/domain", "workers/runtime", "workers/store"],
    packages: /./,
  },
};

interface Import {
  from: string;
  to: string;
  /** Loaded when the program starts: neither a dynamic import nor one of types only. */
  isEager: boolean;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), "utf8");
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: Import[] = [];
  const add = (specifier: ts.Node | undefined, isEager: boolean) => {
    if (!specifier || !ts.isStringLiteralLike(specifier)) return;
    const isRelative = specifier.text.startsWith(".");
    found.push({
      from: file,
      to: isRelative ? normalize(join(dirname(file), specifier.text)) : specifier.text,
      isEager,
    });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, !node.importClause?.isTypeOnly);
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, !node.isTypeOnly);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], false);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      add(node.argument.literal, false);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const sources = globSync(
  [
    "{workers,durable-objects,scripts,bench}/**/*.ts",
    "drizzle/*.ts",
    "dashboard/*.ts",
    "dashboard/{functions,src}/**/*.{ts,tsx}",
  ],
  { cwd: root },
).filter((file) => !/\.test\.tsx?$|node_modules/.test(file));
const imports = sources.flatMap(importsOf);
const known = new Set(sources);

const isWithin = (file: string, path: string) =>
  file === path || file.startsWith(`${path}/`) || file.replace(/\.tsx?$/, "") === path;

function layerOf(file: string): string | undefined {
  return Object.keys(LAYERS)
    .filter((layer) => isWithin(file, layer))
    .sort((a, b) => b.length - a.length)[0];
}

/** Groups of nodes that reach each other (Tarjan). */
function cycles(edges: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const visit = (node: string) => {
    index.set(node, index.size);
    low.set(node, index.get(node)!);
    stack.push(node);
    for (const next of edges.get(node) ?? []) {
      if (!index.has(next)) visit(next);
      if (stack.includes(next)) low.set(node, Math.min(low.get(node)!, low.get(next)!));
    }
    if (low.get(node) !== index.get(node)) return;
    const group = stack.splice(stack.indexOf(node));
    if (group.length > 1) found.push(group.sort());
  };
  for (const node of edges.keys()) if (!index.has(node)) visit(node);
  return found;
}

function graph(nodeOf: (file: string) => string): Map<string, Set<string>> {
  const edges = new Map<string, Set<string>>(sources.map((file) => [nodeOf(file), new Set()]));
  for (const { from, to } of imports) {
    if (known.has(to) && nodeOf(from) !== nodeOf(to)) edges.get(nodeOf(from))!.add(nodeOf(to));
  }
  return edges;
}

/** Each detector is given a tree with a known fault; the repository's own tree is checked below. */
describe("the detectors", () => {
  const edges = (...pairs: [string, string][]) => {
    const map = new Map<string, Set<string>>();
    for (const [from, to] of pairs) {
      map.set(from, (map.get(from) ?? new Set()).add(to));
      map.set(to, map.get(to) ?? new Set());
    }
    return map;
  };

  test("find a cycle and leave a tree alone", () => {
    expect(cycles(edges(["a", "b"], ["b", "c"], ["c", "a"], ["c", "d"]))).toEqual([["a", "b", "c"]]);
    expect(cycles(edges(["a", "b"], ["a", "c"], ["b", "d"], ["c", "d"]))).toEqual([]);
  });

  test("see type imports, dynamic imports and re-exports", () => {
    const kinds = imports.filter(({ from }) => from === "workers/domain/content/split-body.ts");
    expect(kinds.map(({ to }) => to)).toContain("workers/domain/content/types.ts");
    expect(sources.length).toBeGreaterThan(500);
  });
});

describe("imports", () => {
  test("every layer imports only what lies below it", () => {
    const wrong = imports.filter(({ from, to }) => {
      const rule = LAYERS[layerOf(from) ?? ""];
      if (!rule) return true;
      const isPath = /^(workers|durable-objects|drizzle|dashboard|scripts|test|bench)\//.test(to);
      if (!isPath) return !to.endsWith(".json") && !/^(node:|\.)/.test(to) && !rule.packages.test(to);
      return !rule.paths.some((path) => isWithin(to, path)) && !to.endsWith(".json");
    });
    expect(wrong.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
  });

  test("what takes long to load is loaded when it is first used", () => {
    const eager = Map.groupBy(
      imports.filter(({ isEager }) => isEager),
      ({ from }) => from,
    );
    const loaded = new Set(["workers/index.ts"]);
    for (const file of loaded) for (const { to } of eager.get(file) ?? []) loaded.add(to);
    expect(loaded).toContain("workers/proxy/pipeline/handler.ts");
    const slow = [...loaded].filter((file) =>
      /^(@modelcontextprotocol\/|handlebars|yaml$)|^workers\/mcp\/(?!handler\.ts$)/.test(file),
    );
    expect(slow).toEqual([]);
  });

  test("no files import each other in a circle", () => {
    expect(cycles(graph((file) => file))).toEqual([]);
  });

  test("no folders import each other in a circle", () => {
    // The entry files in workers/ stand above its folders.
    const folder = (file: string) => (/^workers\/[^/]+\.ts$/.test(file) ? file : dirname(file));
    expect(cycles(graph(folder))).toEqual([]);
  });
});

describe("folders", () => {
  const folders = Map.groupBy(sources, (file) => dirname(file));

  test("hold at most 25 files", () => {
    const large = [...folders].filter(([, files]) => files.length > 25);
    expect(large.map(([folder, files]) => `${folder}: ${files.length}`)).toEqual([]);
  });

  test("are made where four files share a prefix", () => {
    const shared = [...folders].flatMap(([folder, files]) => {
      const prefixes = Map.groupBy(files, (file) => /^\[*([a-z0-9]+)/.exec(basename(file))?.[1] ?? "");
      return [...prefixes]
        .filter(([, group]) => group.length >= 4)
        .map(([prefix]) => `${folder}/${prefix}-*`);
    });
    expect(shared).toEqual([]);
  });
});
