/**
 * Builds the dashboard's static files into dashboard/public/assets, named after a hash of their content, and writes their
 * addresses to src/assets.gen.json, which the Pages functions import. Called by scripts/lib/build.ts; works without network.
 */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { build } from "esbuild";
import type { Assets } from "./src/context/assets.ts";

const HERE = import.meta.dirname;
/** The Latin subset, which most pages need alone; preloaded before the style sheet. */
const FIRST_FONT = /inter-latin-wght-normal/;

/**
 * Builds style sheet, script and fonts and resolves to their addresses. Rejects with esbuild's words when a source does
 * not compile. Another `outDir` than the default must be served as /assets/ too.
 */
export async function buildAssets({ outDir = join(HERE, "public/assets") } = {}): Promise<Assets> {
  const result = await build({
    entryPoints: [join(HERE, "src/styles/main.css"), join(HERE, "src/islands/main.ts")],
    bundle: true,
    minify: true,
    format: "esm",
    // Code that only some pages need is a chunk of its own.
    splitting: true,
    chunkNames: "[name]-[hash]",
    target: ["es2022", "chrome123", "firefox120", "safari17.5"],
    outdir: outDir,
    publicPath: "/assets",
    entryNames: "[name]-[hash]",
    assetNames: "[name]-[hash]",
    loader: { ".woff2": "file" },
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  await rm(outDir, { recursive: true, force: true });
  await mkdir(outDir, { recursive: true });
  await Promise.all(result.outputFiles.map((file) => writeFile(file.path, file.contents)));

  const names = result.outputFiles.map((file) => basename(file.path));
  const address = (pattern: RegExp) => {
    const name = names.find((candidate) => pattern.test(candidate));
    if (!name) throw new Error(`The build made no file that matches ${String(pattern)}.`);
    return `/assets/${name}`;
  };
  const assets: Assets = {
    style: address(/^main-.*\.css$/),
    script: address(/^main-.*\.js$/),
    font: address(FIRST_FONT),
  };
  await writeFile(join(HERE, "src/assets.gen.json"), `${JSON.stringify(assets, null, 2)}\n`);
  return assets;
}

if (import.meta.main) await buildAssets();
