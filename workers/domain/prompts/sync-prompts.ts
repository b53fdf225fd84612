/**
 * Brings the prompts of a Git repository up to date. Pure but for the port: reads the head, the tree and the blobs that are new,
 * and returns the next state, which the caller stores as a whole where the state that it read is still stored. Only what came from
 * the repository is replaced; a file with an error keeps its last good version.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { failed, ok, type Result } from "../result.ts";
import { readPrompts } from "./assemble-prompts.ts";
import { MAX_FILE_CHARACTERS, Prompt, PromptProblem, type RepositoryFailure } from "../../schemas/prompt.ts";
import { promptName } from "./prompt.ts";

/** All files of a repository together. */
const MAX_TOTAL_BYTES = 4 * 1024 * 1024;
/** GitHub counts calls at once against a limit of its own. */
const BLOBS_AT_ONCE = 4;

/** The prompts of a repository as they are stored: one row. */
export const SyncedPrompts = z.object({
  /** The commit that was read last; `null` before the first sync. */
  commit: z.string().nullable(),
  /** Of the response that named the commit. */
  etag: z.string().nullable(),
  files: z.array(
    z.object({
      path: z.string(),
      /** SHA-1 of the blob that was read last. */
      sha: z.string(),
      /** The last good text; `null` if there was none. */
      text: z.string().nullable(),
    }),
  ),
  /** What is served. */
  prompts: z.array(Prompt),
  /** Of the files of the commit, also of those whose last good version is served. */
  problems: z.array(PromptProblem),
});
export type SyncedPrompts = z.infer<typeof SyncedPrompts>;

export const NO_SYNCED_PROMPTS: SyncedPrompts = {
  commit: null,
  etag: null,
  files: [],
  prompts: [],
  problems: [],
};

export interface TreeEntry {
  path: string;
  mode: string;
  type: string;
  sha: string;
  /** Bytes; of blobs only. */
  size?: number | undefined;
}

type Outcome<T> = Promise<Result<T, RepositoryFailure>>;

/** The calls that a sync makes of a repository. */
export interface PromptRepository {
  /** The newest commit of the branch; `null` if it is the one that `etag` belongs to. */
  head(etag: string | null): Outcome<{ commit: string; etag: string | null } | null>;
  /** The entries of a tree or commit. */
  tree(sha: string, isRecursive: boolean): Outcome<{ entries: readonly TreeEntry[]; isTruncated: boolean }>;
  blob(sha: string): Outcome<Uint8Array>;
}

export interface SyncResult {
  state: SyncedPrompts;
  /** Whether other prompts are served than before. */
  isChanged: boolean;
}

export interface SyncOptions {
  /** Folder of the prompts in the repository; empty: the root. */
  folder: string;
  /** Names of prompts that do not come from the repository, for partials. */
  otherNames: ReadonlySet<string>;
}

/** On a failure nothing changes. `state` is not modified. */
export async function syncPrompts(
  repository: PromptRepository,
  state: SyncedPrompts,
  options: SyncOptions,
): Outcome<SyncResult> {
  const head = await repository.head(state.etag);
  if (!head.ok) return head;
  if (head.value === null || head.value.commit === state.commit) {
    const etag = head.value?.etag ?? state.etag;
    return ok({ state: { ...state, etag }, isChanged: false });
  }
  const entries = await folderEntries(repository, head.value.commit, options.folder);
  if (!entries.ok) return entries;
  const { wanted, problems } = choose(entries.value);
  const read = await readFiles(repository, state, wanted);
  if (!read.ok) return read;
  const served = serve(read.value, options.otherNames);
  problems.push(...served.problems);
  const { etag, commit } = head.value;
  // Of files that were never good, none replaces what is served.
  const isUseless = wanted.length > 0 && served.files.every(({ text }) => text === null);
  if (isUseless) return ok({ state: { ...state, commit, etag, problems }, isChanged: false });
  return ok({
    state: { commit, etag, files: served.files, prompts: served.prompts, problems },
    isChanged: true,
  });
}

/** The entries below a folder, with paths relative to it. Walks to the folder, so that a large repository is not listed. */
async function folderEntries(
  repository: PromptRepository,
  commit: string,
  folder: string,
): Outcome<readonly TreeEntry[]> {
  let sha = commit;
  for (const segment of folder.split("/").filter((part) => part !== "")) {
    const tree = await repository.tree(sha, false);
    if (!tree.ok) return tree;
    const entry = tree.value.entries.find(({ path, type }) => path === segment && type === "tree");
    if (!entry)
      return failed({ reason: "not_found", message: `There is no folder ${folder}.`, retryAt: null });
    sha = entry.sha;
  }
  const tree = await repository.tree(sha, true);
  if (!tree.ok) return tree;
  if (tree.value.isTruncated) {
    const message = "The repository has more files than GitHub lists: name a folder.";
    return failed({ reason: "too_large", message, retryAt: null });
  }
  return ok(tree.value.entries);
}

/** The blobs that can be prompts, in the order of their paths. */
function choose(entries: readonly TreeEntry[]): { wanted: TreeEntry[]; problems: PromptProblem[] } {
  const problems: PromptProblem[] = [];
  const wanted: TreeEntry[] = [];
  let total = 0;
  for (const entry of entries.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    const named = promptName(entry.path);
    const size = entry.size ?? 0;
    const report = (message: string) =>
      problems.push({ file: entry.path, line: 1, column: 1, severity: "error", message });
    if (entry.type === "commit") report("is a submodule, which is not read");
    else if (entry.type !== "blob" || !named) continue;
    else if (entry.mode === "120000") report("is a symbolic link, which is not read");
    else if ("problem" in named) report(named.problem);
    else if (size > MAX_FILE_CHARACTERS) report(`is longer than ${MAX_FILE_CHARACTERS} bytes`);
    else if (total + size > MAX_TOTAL_BYTES) report(`is beyond ${MAX_TOTAL_BYTES} bytes of all files`);
    else {
      total += size;
      wanted.push(entry);
    }
  }
  return { wanted, problems };
}

interface ReadFile {
  path: string;
  sha: string;
  /** `null` if the bytes are no UTF-8. */
  text: string | null;
  /** The text that was good before. */
  lastGood: string | null;
}

/** Blobs never change, so that one is fetched once: also a renamed file is not fetched again. */
async function readFiles(
  repository: PromptRepository,
  { files }: SyncedPrompts,
  wanted: readonly TreeEntry[],
): Outcome<ReadFile[]> {
  const texts = new Map(files.map(({ sha, text }) => [sha, text]));
  const before = new Map(files.map(({ path, text }) => [path, text]));
  // The last good text of a bad file is of another blob.
  const isRead = (sha: string) => {
    const text = texts.get(sha);
    return typeof text === "string" && isBlob(new TextEncoder().encode(text), sha);
  };
  const missing = new Map(wanted.filter(({ sha }) => !isRead(sha)).map(({ sha, path }) => [sha, path]));
  const blobs = await readBlobs(repository, missing);
  if (!blobs.ok) return blobs;
  return ok(
    wanted.map(({ path, sha }) => {
      const text = blobs.value.has(sha) ? blobs.value.get(sha)! : texts.get(sha)!;
      return { path, sha, text, lastGood: before.get(path) ?? null };
    }),
  );
}

/** The texts of blobs, each with a path for messages; `null` for bytes that are no UTF-8. */
async function readBlobs(
  repository: PromptRepository,
  paths: ReadonlyMap<string, string>,
): Outcome<Map<string, string | null>> {
  const read = new Map<string, string | null>();
  const waiting = [...paths];
  let failure: RepositoryFailure | undefined;
  const readWaiting = async () => {
    for (let next = waiting.shift(); next && !failure; next = waiting.shift()) {
      const [sha, path] = next;
      const blob = await repository.blob(sha);
      if (!blob.ok) failure ??= blob.error;
      else if (isBlob(blob.value, sha)) read.set(sha, decode(blob.value));
      else {
        const message = `The content of ${path} does not match its hash.`;
        failure ??= { reason: "invalid", message, retryAt: null };
      }
    }
  };
  await Promise.all(Array.from({ length: BLOBS_AT_ONCE }, readWaiting));
  return failure ? failed(failure) : ok(read);
}

const isBlob = (bytes: Uint8Array, sha: string): boolean =>
  createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex") === sha;

function decode(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    return null;
  }
}

/** Each file with an error is served in its last good version, which may in turn not fit to the others. */
function serve(
  read: readonly ReadFile[],
  otherNames: ReadonlySet<string>,
): Pick<SyncedPrompts, "files" | "prompts" | "problems"> {
  const lastGood = new Map(read.map((file) => [file.path, file.lastGood]));
  const texts = new Map<string, string>();
  const problems: PromptProblem[] = [];
  for (const { path, text } of read) {
    if (text === null)
      problems.push({ file: path, line: 1, column: 1, severity: "error", message: "is not UTF-8" });
    const used = text ?? lastGood.get(path);
    if (typeof used === "string") texts.set(path, used);
  }
  let set = readPrompts(texts, otherNames);
  problems.push(...set.problems);
  for (let bad = errorFiles(set.problems); bad.size > 0; bad = errorFiles(set.problems)) {
    for (const path of bad) {
      const good = lastGood.get(path);
      if (typeof good === "string" && texts.get(path) !== good) texts.set(path, good);
      else texts.delete(path);
    }
    set = readPrompts(texts, otherNames);
  }
  const files = read.map(({ path, sha }) => ({ path, sha, text: texts.get(path) ?? null }));
  return { files, prompts: set.prompts, problems };
}

const errorFiles = (problems: readonly PromptProblem[]): Set<string> =>
  new Set(problems.filter(({ severity }) => severity === "error").map(({ file }) => file));
