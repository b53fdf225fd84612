import { build } from "esbuild";
import { expect, test } from "vitest";

test("the MCP library makes no code from strings in a Worker, which workerd forbids", async () => {
  const { outputFiles } = await build({
    stdin: { contents: 'export * from "@modelcontextprotocol/server";', resolveDir: import.meta.dirname },
    bundle: true,
    write: false,
    format: "esm",
    // As wrangler bundles.
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    // zod tries it once and gets an error; the Worker has it anyway.
    plugins: [
      {
        name: "without-zod",
        setup: (b) => void b.onResolve({ filter: /^zod(\/|$)/ }, () => ({ external: true })),
      },
    ],
  });
  const { text } = outputFiles[0]!;
  expect(text.length).toBeGreaterThan(100_000);
  expect(text).not.toMatch(/\bnew Function\(|\beval\(|(?<![.\w])Function\(/);
});
