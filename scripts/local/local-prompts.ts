/**
 * The prompts of a folder for the local stack: served on loopback, where the Worker reads them (LOCAL_PROMPTS), and read again when a file
 * changes. A file with an error keeps its last good version.
 */
import { type FSWatcher, globSync, watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describeProblem, mergePrompts, promptName } from "../../workers/domain/prompts/prompt.ts";
import type { PromptSet } from "../../workers/domain/prompts/assemble-prompts.ts";
import type { Prompt } from "../../workers/schemas/prompt.ts";
import { startHttpServer } from "./network/http-server.ts";

/** Editors write a file in several steps. */
const SETTLE_MS = 100;

interface Options {
  folder: string;
  /** Reads and checks the files of the folder. */
  readFolder: () => Promise<PromptSet>;
  /** What the build has made of the folder. */
  bundle: string;
  /** One line for each time that files were read again. */
  log: (line: string) => void;
}

export async function startLocalPrompts({ folder, readFolder, bundle, log }: Options) {
  let loaded: Prompt[] | undefined;
  /** Until a file changes, those of the build: the readers of YAML and templates take memory. */
  const prompts = async () => (loaded ??= JSON.parse(await readFile(bundle, "utf8")) as Prompt[]);
  let timer: NodeJS.Timeout | undefined;

  async function reload(): Promise<void> {
    try {
      const { prompts: read, problems } = await readFolder();
      const errors = problems.filter(({ severity }) => severity === "error");
      const bad = new Set(errors.map(({ file }) => nameOf(file)));
      const kept = (await prompts()).filter(({ name }) => bad.has(name));
      loaded = mergePrompts(kept, read);
      const [first] = errors;
      log(
        first === undefined
          ? `prompts        ${loaded.length} loaded`
          : `prompts        ${describeProblem(first)}${errors.length > 1 ? ` (and ${errors.length - 1} more)` : ""}; ` +
              (kept.some(({ name }) => name === nameOf(first.file))
                ? "the last good version stays"
                : "not served"),
      );
    } catch (error) {
      log(`prompts        not read: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  let reloaded = Promise.resolve();
  /** One after the other: of two at once, the one that began first could end last. */
  const reloadInTurn = () => void (reloaded = reloaded.then(reload));

  const watchers = new Map<string, FSWatcher>();
  const changed = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      watchFolders();
      reloadInTurn();
    }, SETTLE_MS);
  };
  /** Each folder by itself: Node's recursive watcher loses a file that is replaced by another, as editors do. */
  function watchFolders(): void {
    const folders = new Set([folder, ...globSync("**/", { cwd: folder }).map((path) => join(folder, path))]);
    for (const [path, watcher] of watchers)
      if (!folders.has(path)) {
        watcher.close();
        watchers.delete(path);
      }
    for (const path of folders)
      if (!watchers.has(path))
        watchers.set(
          path,
          watch(path, changed).on("error", () => undefined),
        );
  }
  watchFolders();
  const { url, stop } = await startHttpServer((_request, response) => {
    prompts().then(
      (list) => response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(list)),
      () => response.writeHead(503).end(),
    );
  });
  return {
    /** For LOCAL_PROMPTS. */
    url: `${url}/`,
    async stop() {
      clearTimeout(timer);
      for (const watcher of watchers.values()) watcher.close();
      await stop();
    },
  };
}

function nameOf(file: string): string {
  const named = promptName(file);
  return named !== null && "name" in named ? named.name : file;
}
