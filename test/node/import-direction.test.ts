/** Holds the direction of imports: who may know whom is the architecture, so it is a test and not a wish. */
import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");

/** room → rooms and packages it may import. A room not named here is refused, so a new room needs a decision. */
const allowed: Record<string, { rooms: string[]; packages: RegExp }> = {
  "workers/schemas": { rooms: ["workers/schemas"], packages: /^zod$/ },
  "workers/domain": {
    rooms: ["workers/domain", "workers/schemas", "workers/constants"],
    packages: /^(zod|uuid|jose|node:crypto|node:buffer|@hono\/zod-openapi)$/,
  },
  "workers/constants": { rooms: [], packages: /^$/ },
  "workers/config": { rooms: ["workers/schemas", "workers/domain", "workers/constants"], packages: /^zod$/ },
  "workers/seal": {
    rooms: ["workers/schemas", "workers/domain", "workers/config"],
    packages: /^node:crypto$/,
  },
  "workers/log": { rooms: ["workers/domain"], packages: /^$/ },
  "workers/errors": { rooms: ["workers/domain", "workers/schemas"], packages: /^$/ },
  "workers/health": {
    rooms: [
      "workers/store",
      "workers/domain",
      "workers/schemas",
      "workers/config",
      "workers/constants",
      "workers/errors",
      "workers/log",
    ],
    packages: /^$/,
  },
  "workers/context": { rooms: ["workers/domain", "workers/schemas", "workers/config"], packages: /^hono/ },
  "workers/store": {
    rooms: [
      "workers/store",
      "workers/domain",
      "workers/schemas",
      "workers/constants",
      "workers/config",
      "workers/seal",
      "workers/log",
      "drizzle",
    ],
    packages: /^(drizzle-orm|@neondatabase\/serverless|zod|uuid|node:)/,
  },
  "workers/proxy": {
    rooms: [
      "workers/proxy",
      "workers/store",
      "workers/domain",
      "workers/schemas",
      "workers/constants",
      "workers/config",
      "workers/seal",
      "workers/log",
      "workers/errors",
      "workers/context",
    ],
    packages: /^(cloudflare:|zod|uuid|node:)/,
  },
  "workers/ingest": {
    rooms: [
      "workers/ingest",
      "workers/store",
      "workers/domain",
      "workers/schemas",
      "workers/constants",
      "workers/config",
      "workers/alert",
      "workers/seal",
      "workers/log",
    ],
    packages: /^(cloudflare:|zod|uuid|node:)/,
  },
  "workers/scheduled": {
    rooms: [
      "workers/scheduled",
      "workers/ingest",
      "workers/store",
      "workers/domain",
      "workers/schemas",
      "workers/constants",
      "workers/config",
      "workers/alert",
      "workers/seal",
      "workers/log",
    ],
    packages: /^(cloudflare:|zod|uuid|node:)/,
  },
  "workers/api": {
    rooms: [
      "workers/api",
      "workers/store",
      "workers/domain",
      "workers/schemas",
      "workers/constants",
      "workers/config",
      "workers/alerts",
      "workers/alert",
      "workers/seal",
      "workers/log",
      "workers/context",
      "durable-objects",
    ],
    packages: /^(cloudflare:|hono|@hono\/|zod|uuid|jose|node:)/,
  },
  "workers/alert": {
    rooms: ["workers/domain", "workers/schemas", "workers/constants", "workers/config", "workers/log"],
    packages: /^$/,
  },
  "workers/alerts": {
    rooms: [
      "workers/alerts",
      "workers/store",
      "workers/domain",
      "workers/schemas",
      "workers/constants",
      "workers/config",
      "workers/log",
    ],
    packages: /^cloudflare:/,
  },
  "workers/app": { rooms: ["workers"], packages: /^hono/ },
  "workers/index": { rooms: ["workers", "durable-objects"], packages: /^$/ },
  "durable-objects": {
    rooms: [
      "durable-objects",
      "workers/domain",
      "workers/schemas",
      "workers/constants",
      "workers/config",
      "workers/alert",
      "workers/seal",
      "workers/log",
    ],
    packages: /^(cloudflare:|zod|node:)/,
  },
  drizzle: { rooms: ["drizzle", "workers/schemas"], packages: /^(drizzle-orm|node:buffer)/ },
};

function roomOf(path: string): string {
  const [top, second] = path.split("/");
  return top === "workers" ? `workers/${second?.replace(/\.ts$/, "")}` : (top ?? "");
}

interface Import {
  from: string;
  to: string;
  typeOnly: boolean;
}

function importsOf(file: string): Import[] {
  const source = ts.createSourceFile(
    file,
    readFileSync(join(root, file), "utf8"),
    ts.ScriptTarget.Latest,
    true,
  );
  const found: Import[] = [];
  const add = (specifier: ts.Node | undefined, typeOnly: boolean) => {
    if (!specifier || !ts.isStringLiteralLike(specifier)) return;
    const to = specifier.text.startsWith(".")
      ? normalize(join(dirname(file), specifier.text))
      : specifier.text;
    found.push({ from: file, to, typeOnly });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node))
      add(node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword);
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], false);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const sources = globSync("{workers,durable-objects,drizzle}/**/*.ts", { cwd: root }).filter(
  (file) => !file.endsWith(".test.ts"),
);
const dashboard = globSync("dashboard/{functions,src}/**/*.{ts,tsx}", { cwd: root }).filter(
  (file) => !/\.test\.tsx?$/.test(file),
);

describe("imports", () => {
  test("every source file is seen", () => {
    expect(sources.length).toBeGreaterThan(10);
  });

  test("rooms import only what lies below them", () => {
    const wrong = sources.flatMap(importsOf).filter(({ from, to }) => {
      const rule = allowed[roomOf(from)];
      if (!rule) return true;
      const isPath = /^(workers|durable-objects|drizzle|dashboard|scripts|test|bench)\//.test(to);
      return isPath
        ? !rule.rooms.some((room) => (room === "workers" ? to.startsWith("workers/") : roomOf(to) === room))
        : !rule.packages.test(to);
    });
    expect(wrong.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
  });

  test("the dashboard takes only types from the Worker", () => {
    const wrong = dashboard
      .flatMap(importsOf)
      .filter(({ to, typeOnly }) => /^(workers|durable-objects|drizzle)\//.test(to) && !typeOnly);
    expect(wrong.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
  });
});
