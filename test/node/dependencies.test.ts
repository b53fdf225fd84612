/** What `npm ci` puts on the disk. Measured are the packages of package-lock.json: a work tree may hold others besides. */
import { existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
const LIMIT_MB = 450;

const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
  packages: Record<string, { resolved?: string }>;
};

/** Bytes of the files in `directory`, each hard-linked file once, without packages nested in it. */
function sizeOf(directory: string, seen: Set<number>): number {
  let bytes = 0;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) bytes += entry.name === "node_modules" ? 0 : sizeOf(path, seen);
    else {
      const { ino, nlink, size } = lstatSync(path);
      if (nlink === 1 || !seen.has(ino)) bytes += size;
      seen.add(ino);
    }
  }
  return bytes;
}

it(`the installed packages have at most ${LIMIT_MB} MB`, () => {
  const seen = new Set<number>();
  const sizes = Object.keys(packages)
    .filter((path) => path !== "" && existsSync(join(root, path)))
    .map((path) => ({ path, megabytes: sizeOf(join(root, path), seen) / 1e6 }))
    .sort((a, b) => b.megabytes - a.megabytes);
  const total = sizes.reduce((sum, { megabytes }) => sum + megabytes, 0);
  const largest = sizes.slice(0, 20).map(({ path, megabytes }) => `${path}: ${megabytes.toFixed(1)} MB`);
  expect(total, `largest packages:\n${largest.join("\n")}`).toBeLessThan(LIMIT_MB);
});

it("no lock file names the host of a registry", () => {
  const tools = readdirSync(join(root, "scripts/tools")).map((name) => `scripts/tools/${name}/`);
  const named = ["", ...tools].filter((directory) =>
    /"resolved"/.test(readFileSync(join(root, `${directory}package-lock.json`), "utf8")),
  );
  expect(named).toEqual([]);
});
