/**
 * Builds the dashboard's static files into dashboard/public/assets, named after a hash of their content, and writes their
 * addresses to src/assets.gen.json, which the Pages functions import. Called by scripts/build.ts; works without network.
 */
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, extname, join } from "node:path";
import { build } from "esbuild";
import type { Assets } from "./src/assets.ts";

const HERE = import.meta.dirname;
const OUT = join(HERE, "public/assets");
const FONT = "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2";

/** Builds style sheet, script and font. Rejects with esbuild's words when a source does not compile. */
export async function buildAssets(): Promise<void> {
  await rm(OUT, { recursive: true, force: true });
  await mkdir(OUT, { recursive: true });
  const font = await place("inter.woff2", await readFile(createRequire(import.meta.url).resolve(FONT)));
  const styles = await bundle("src/styles/main.css");
  const face = `@font-face{font-family:"Inter Variable";font-weight:100 900;font-display:swap;src:url("${font}") format("woff2")}`;
  const assets: Assets = {
    font,
    style: await place("main.css", Buffer.concat([Buffer.from(face), styles])),
    script: await place("main.js", await bundle("src/islands/main.ts")),
  };
  await writeFile(join(HERE, "src/assets.gen.json"), `${JSON.stringify(assets, null, 2)}\n`);
}

async function bundle(entry: string): Promise<Uint8Array> {
  const result = await build({
    entryPoints: [join(HERE, entry)],
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    target: "es2022",
    logLevel: "silent",
  });
  return result.outputFiles[0]?.contents ?? new Uint8Array(0);
}

/** Writes a file under a name that says its content, and answers with its address. */
async function place(name: string, bytes: Uint8Array): Promise<string> {
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 12);
  const file = `${basename(name, extname(name))}.${hash}${extname(name)}`;
  await writeFile(join(OUT, file), bytes);
  return `/assets/${file}`;
}
