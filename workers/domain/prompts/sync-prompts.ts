/**
 * Brings the prompts of a Git repository up to date. Pure but for the port: reads the head, the tree and the blobs that are new,
 * and returns the next state, which the caller stores as a whole where the state that it read is still stored. Only what came from
 * the repository is replaced; the last good version of a file serves as long as its path exists.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { failed, ok, type Result } from "../result.ts";
import { sha256 } from "../sha256.ts";
import { toHex } from "../bytes.ts";
import { truncate } from "../truncate.ts";
import {
  MAX_FILE_CHARACTERS,
  MAX_PROMPTS,
  Prompt,
  PROMPTS_FOLDER,
  PromptProblem,
  type RepositoryFailure,
} from "../../schemas/prompt.ts";
import { assemblePrompts } from "./assemble-prompts.ts";
import { limitProblems, problemOf, promptName } from "./prompt.ts";
import { readPrompt, type PromptFile } from "./read-prompt.ts";

/** All files of a repository together. */
const MAX_TOTAL_BYTES = 4 * 1024 * 1024;
/** GitHub counts calls at once against a limit of its own. */
const BLOBS_AT_ONCE = 4;
/** Of all files. */
const MAX_PROBLEMS = 200;
/** Those of prompts are shorter; Git's limit is 4,096. */
const MAX_PATH_CHARACTERS = 500;
const START = { line: 1, column: 1 };

/** Names a version of the bundled prompts. */
const DIGEST_CHARACTERS = 16;

/** The prompts of a repository as they are stored: one row. */
export const SyncedPrompts = z.object({
  /** The commit that was read last; `null` before the first sync. */
  commit: z.string().nullable(),
  /** Of the response that named the commit. */
  etag: z.string().nullable(),
  /** The bundled prompts that the set was assembled with, as `digestOf` names them; `null` before the first sync. */
  bundle: z.string().nullable(),
  files: z.array(
    z.object({
      path: z.string(),
      /** SHA-1 of the blob that is in the commit. */
      sha: z.string(),
      /** The last good text; `null` if there was none. */
      text: z.string().nullable(),
    }),
  ),
  /** What was fetched and is no file's last good text: bad files, and those of a sync that failed. */
  blobs: z.array(
    z.object({
      sha: z.string(),
      /** `null` if the bytes are no text. */
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
  bundle: null,
  files: [],
  blobs: [],
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
  /** The prompts that are served where the repository has none of their name, and that its files may call as partials. */
  bundled: readonly Prompt[];
}

export interface SyncFailure {
  failure: RepositoryFailure;
  /** For the next try, which does not fetch them again. */
  blobs: SyncedPrompts["blobs"];
}

/** On a failure nothing that is served changes. `state` is not modified. */
export async function syncPrompts(
  repository: PromptRepository,
  state: SyncedPrompts,
  { folder, bundled }: SyncOptions,
): Promise<Result<SyncResult, SyncFailure>> {
  const fail = (failure: RepositoryFailure) => failed({ failure, blobs: state.blobs });
  const bundle = digestOf(bundled);
  // With other bundled prompts, the same files may make another set.
  const isAssembled = state.bundle === bundle;
  const head = await repository.head(isAssembled ? state.etag : null);
  if (!head.ok) return fail(head.error);
  if (head.value === null || (isAssembled && head.value.commit === state.commit)) {
    const etag = head.value?.etag ?? state.etag;
    return ok({ state: { ...state, etag }, isChanged: false });
  }
  const entries = await folderEntries(repository, head.value.commit, folder);
  if (!entries.ok) return fail(entries.error);
  const { candidates, problems } = choose(entries.value, state);
  const read = await readFiles(repository, state, candidates);
  if (!read.ok) return failed(read.error);
  const served = serve(read.value, bundled);
  problems.push(...served.problems);
  const { etag, commit } = head.value;
  // Without a good file nothing is replaced: only a folder without prompts empties the set.
  const isKept = candidates.length > 0 && served.prompts.length === 0;
  if (isKept && state.prompts.length > 0)
    problems.unshift(
      problemOf(
        PROMPTS_FOLDER,
        START,
        "warning",
        "no file can be served: the prompts of an earlier commit stay",
      ),
    );
  if (candidates.length === 0) {
    const message = "has no files .yaml or .yml, so that no prompt of the repository is served";
    problems.unshift(problemOf(PROMPTS_FOLDER, START, "warning", message));
  }
  const { files, prompts } = isKept ? state : served;
  return ok({
    state: {
      commit,
      etag,
      bundle,
      files,
      blobs: served.blobs,
      prompts,
      problems: limitProblems(problems, MAX_PROBLEMS),
    },
    isChanged: JSON.stringify(plain(prompts)) !== JSON.stringify(plain(state.prompts)),
  });
}

/** With the keys in one order: the database stores them in another. */
const plain = (prompts: readonly Prompt[]) => prompts.map((prompt) => Prompt.parse(prompt));

const digestOf = (bundled: readonly Prompt[]): string =>
  toHex(sha256(JSON.stringify(bundled))).slice(0, DIGEST_CHARACTERS);

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
    if (!entry) {
      const message = `There is no folder ${folder} in this branch: push one, or set MCP_GITHUB_PATH (/ is the root).`;
      return failed({ reason: "not_found", message, retryAt: null });
    }
    sha = entry.sha;
  }
  const tree = await repository.tree(sha, true);
  if (!tree.ok) return tree;
  if (tree.value.isTruncated) {
    const message =
      "The repository has more files than GitHub lists: set MCP_GITHUB_PATH to the folder of the prompts.";
    return failed({ reason: "too_large", message, retryAt: null });
  }
  return ok(tree.value.entries);
}

/** A file of the commit that is a prompt by its path. */
interface Candidate {
  path: string;
  sha: string;
  /** Why it is not read. */
  refusal: string | null;
  /** The text that was good before. */
  lastGood: string | null;
}

/**
 * The prompts of a commit. Those that have a good version come first, so that no number or size of new files takes their
 * place.
 */
function choose(
  entries: readonly TreeEntry[],
  { files }: Pick<SyncedPrompts, "files">,
): { candidates: Candidate[]; problems: PromptProblem[] } {
  const problems: PromptProblem[] = [];
  const report = (path: string, severity: PromptProblem["severity"], message: string) =>
    problems.push(problemOf(truncate(path, MAX_PATH_CHARACTERS), START, severity, message));
  const good = new Map(files.map(({ path, text }) => [path, text]));
  const hidden = new Set<string>();
  const named: TreeEntry[] = [];
  for (const entry of entries.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    const name = promptName(entry.path);
    const isPrompt = name !== null && entry.type !== "tree";
    // As the build does with folders like .github.
    const hiddenAt = /(?:^|\/)\.(?!\.?\/)/.exec(entry.path);
    if (hiddenAt) {
      const end = entry.path.indexOf("/", hiddenAt.index + 1);
      if (isPrompt) hidden.add(end < 0 ? entry.path : entry.path.slice(0, end));
    } else if (entry.type === "commit" && !isPrompt) report(entry.path, "error", SUBMODULE);
    else if (isPrompt && "problem" in name) report(entry.path, "error", name.problem);
    else if (isPrompt) named.push(entry);
  }
  for (const path of hidden)
    report(path, "warning", "is skipped: files and folders that begin with a dot are not read");
  const candidates: Candidate[] = [];
  let kept = 0;
  let total = 0;
  const order = ({ path }: TreeEntry) => `${typeof good.get(path) === "string" ? 0 : 1}${path}`;
  for (const entry of named.toSorted((a, b) => (order(a) < order(b) ? -1 : 1))) {
    const { path, sha, type, mode, size = 0 } = entry;
    const lastGood = good.get(path) ?? null;
    const refusal =
      type === "commit"
        ? SUBMODULE
        : mode === "120000"
          ? "is a symbolic link, which is not read"
          : size > MAX_FILE_CHARACTERS
            ? `is longer than ${MAX_FILE_CHARACTERS} bytes`
            : kept >= MAX_PROMPTS
              ? `is beyond ${MAX_PROMPTS} prompts`
              : total + size > MAX_TOTAL_BYTES
                ? `is beyond ${MAX_TOTAL_BYTES} bytes of all files`
                : null;
    if (refusal === null) total += size;
    else report(path, "error", refusal);
    if (refusal === null || lastGood !== null) kept++;
    candidates.push({ path, sha, refusal, lastGood });
  }
  return { candidates, problems };
}

const SUBMODULE = "is a submodule, which is not read";

interface ReadFile extends Candidate {
  /** `null` if it is refused or its bytes are no text. */
  text: string | null;
}

/** Blobs never change, so that one is fetched once: also a renamed file is not fetched again. */
async function readFiles(
  repository: PromptRepository,
  { files, blobs }: SyncedPrompts,
  candidates: readonly Candidate[],
): Promise<Result<ReadFile[], SyncFailure>> {
  const texts = new Map(blobs.map(({ sha, text }) => [sha, text]));
  for (const { sha, text } of files)
    // The last good text of a bad file is of another blob.
    if (text !== null && isBlob(new TextEncoder().encode(text), sha)) texts.set(sha, text);
  const wanted = candidates.filter(({ refusal }) => refusal === null);
  const missing = new Map(wanted.filter(({ sha }) => !texts.has(sha)).map(({ sha, path }) => [sha, path]));
  const failure = await readBlobs(repository, missing, texts);
  if (failure) return failed({ failure, blobs: blobsOf(wanted, texts) });
  return ok(
    candidates.map((file) => ({ ...file, text: file.refusal === null ? texts.get(file.sha)! : null })),
  );
}

/** Each once. */
function blobsOf(
  wanted: readonly Pick<Candidate, "sha">[],
  texts: ReadonlyMap<string, string | null>,
): SyncedPrompts["blobs"] {
  const shas = new Set(wanted.map(({ sha }) => sha));
  return [...shas].flatMap((sha) => {
    const text = texts.get(sha);
    return text === undefined ? [] : [{ sha, text }];
  });
}

/** Adds the texts of blobs to `texts`, also those before a failure; `null` for bytes that are no text. `paths`: for messages. */
async function readBlobs(
  repository: PromptRepository,
  paths: ReadonlyMap<string, string>,
  texts: Map<string, string | null>,
): Promise<RepositoryFailure | undefined> {
  const waiting = [...paths];
  let failure: RepositoryFailure | undefined;
  const readWaiting = async () => {
    for (let next = waiting.shift(); next && !failure; next = waiting.shift()) {
      const [sha, path] = next;
      const blob = await repository.blob(sha);
      if (!blob.ok) failure ??= blob.error;
      else if (isBlob(blob.value, sha)) texts.set(sha, decode(blob.value));
      else {
        const message = `The content of ${path} does not match its hash.`;
        failure ??= { reason: "invalid", message, retryAt: null };
      }
    }
  };
  await Promise.all(Array.from({ length: BLOBS_AT_ONCE }, readWaiting));
  return failure;
}

const isBlob = (bytes: Uint8Array, sha: string): boolean =>
  createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex") === sha;

/** `null` unless they are UTF-8 without NUL, which YAML does not allow and Postgres does not store. */
function decode(bytes: Uint8Array): string | null {
  if (bytes.includes(0)) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** Each file with an error is served in its last good version, which may in turn not fit to the others. */
function serve(
  read: readonly ReadFile[],
  bundled: readonly Prompt[],
): Pick<SyncedPrompts, "files" | "blobs" | "prompts" | "problems"> {
  const problems: PromptProblem[] = [];
  const lastGood = new Map(read.map(({ path, lastGood: text }) => [path, text]));
  const chosen = new Map<string, PromptFile>();
  const isLastGood = new Set<string>();
  const useLastGood = (path: string) => {
    chosen.delete(path);
    const text = lastGood.get(path);
    if (typeof text !== "string" || isLastGood.has(path)) return;
    isLastGood.add(path);
    const { file } = readPrompt(path, text);
    if (file) chosen.set(path, file);
  };
  for (const { path, refusal, text } of read) {
    const reading = text === null ? null : readPrompt(path, text);
    if (reading) problems.push(...reading.problems);
    else if (refusal === null) problems.push(problemOf(path, START, "error", "is no text in UTF-8"));
    if (reading?.file) chosen.set(path, reading.file);
    else useLastGood(path);
  }
  let set = assemblePrompts([...chosen.values()], bundled);
  problems.push(...set.problems);
  for (let bad = errorFiles(set.problems); bad.size > 0; bad = errorFiles(set.problems)) {
    for (const path of bad) useLastGood(path);
    set = assemblePrompts([...chosen.values()], bundled);
  }
  const isServed = ({ path }: ReadFile) => chosen.has(path) && !isLastGood.has(path);
  // What is refused for the first time is only reported: there may be any number.
  const files = read
    .filter(({ refusal, lastGood: text }) => refusal === null || text !== null)
    .map((file) => ({ path: file.path, sha: file.sha, text: isServed(file) ? file.text : file.lastGood }));
  const others = read.filter((file) => file.refusal === null && !isServed(file));
  const blobs = blobsOf(others, new Map(others.map(({ sha, text }) => [sha, text])));
  return { files, blobs, prompts: set.prompts, problems };
}

const errorFiles = (problems: readonly PromptProblem[]): Set<string> =>
  new Set(problems.filter(({ severity }) => severity === "error").map(({ file }) => file));
