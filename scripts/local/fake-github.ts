/**
 * The part of GitHub's REST API that the sync of prompts calls, on loopback. It checks the headers that it is sent as GitHub does, and
 * more: `GET /script` says what was wrong with them. `PUT /script/<owner>/<name>` makes a repository or changes it.
 */
import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { startHttpServer } from "./network/http-server.ts";

/** Text, bytes in base64, or something that is no file. */
export type FakeContent = string | { base64: string } | { link: string } | { commit: string };
export type FakeFiles = Record<string, FakeContent>;

export interface FakeTreeEntry {
  path: string;
  mode: string;
  type: string;
  sha: string;
  size?: number;
}

type Call = "head" | "tree" | "blob";

/** What happens instead of a response of this kind of call. */
export interface FakeFault {
  on: Call;
  status?: number;
  headers?: Record<string, string>;
  body?: string;
  /** How many calls; default: all. */
  times?: number;
  /** So many calls of this kind get their response first. */
  after?: number;
  /** Calls wait until as many have arrived. */
  together?: number;
}

export interface FakeRepositoryScript {
  branch?: string;
  files: FakeFiles;
  /** Without the token, and with another one, there is no repository. */
  token?: string;
  faults?: FakeFault[];
  /** Recursive trees are cut. */
  isTruncated?: boolean;
  /** Its calls are redirected to `/repositories/1`. */
  isRenamed?: boolean;
}

interface Repository extends FakeRepositoryScript {
  objects: GitObjects;
  calls: string[];
}

interface GitObjects {
  commit: string;
  trees: Map<string, FakeTreeEntry[]>;
  blobs: Map<string, Buffer>;
}

const shaOf = (kind: string, bytes: Buffer) =>
  createHash("sha1").update(`${kind} ${bytes.length}\0`).update(bytes).digest("hex");

/** Blobs have Git's hashes; those of trees and commits are only unique. */
export function gitObjects(files: FakeFiles): GitObjects {
  const trees = new Map<string, FakeTreeEntry[]>();
  const blobs = new Map<string, Buffer>();
  const entryOf = (path: string, content: FakeContent): FakeTreeEntry => {
    if (typeof content === "object" && "commit" in content)
      return { path, mode: "160000", type: "commit", sha: content.commit };
    const isLink = typeof content === "object" && "link" in content;
    const bytes =
      typeof content === "string"
        ? Buffer.from(content)
        : "link" in content
          ? Buffer.from(content.link)
          : Buffer.from(content.base64, "base64");
    const sha = shaOf("blob", bytes);
    blobs.set(sha, bytes);
    return { path, mode: isLink ? "120000" : "100644", type: "blob", sha, size: bytes.length };
  };
  const treeOf = (inside: FakeFiles): string => {
    const entries: FakeTreeEntry[] = [];
    const below = new Map<string, FakeFiles>();
    for (const [path, content] of Object.entries(inside)) {
      const slash = path.indexOf("/");
      if (slash <= 0) entries.push(entryOf(path, content));
      else {
        const first = path.slice(0, slash);
        below.set(first, { ...below.get(first), [path.slice(slash + 1)]: content });
      }
    }
    for (const [path, more] of below) entries.push({ path, mode: "040000", type: "tree", sha: treeOf(more) });
    const sha = shaOf("tree", Buffer.from(JSON.stringify(entries)));
    trees.set(sha, entries);
    return sha;
  };
  const root = treeOf(files);
  const commit = shaOf("commit", Buffer.from(root));
  trees.set(commit, trees.get(root)!);
  return { commit, trees, blobs };
}

/** The entries of a tree, with those of the trees in it. */
export function flatTree({ trees }: Pick<GitObjects, "trees">, sha: string, prefix = ""): FakeTreeEntry[] {
  return (trees.get(sha) ?? []).flatMap((entry) => [
    { ...entry, path: prefix + entry.path },
    ...(entry.type === "tree" ? flatTree({ trees }, entry.sha, `${prefix}${entry.path}/`) : []),
  ]);
}

const ACCEPT: Record<Call, string> = {
  head: "application/vnd.github.sha",
  tree: "application/vnd.github+json",
  blob: "application/vnd.github.raw+json",
};

export async function startFakeGitHub(scripts: Record<string, FakeRepositoryScript> = {}) {
  const repositories = new Map<string, Repository>();
  const problems: string[] = [];
  const waiting = new Map<FakeFault, (() => void)[]>();

  function script(name: string, wanted: FakeRepositoryScript): void {
    repositories.set(name, { ...wanted, objects: gitObjects(wanted.files), calls: [] });
  }
  for (const [name, wanted] of Object.entries(scripts)) script(name, wanted);

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname: path, searchParams } = new URL(request.url ?? "/", "http://github.example");
    const send = (status: number, body: string | Buffer | object, headers: Record<string, string> = {}) => {
      const isJson = typeof body === "object" && !Buffer.isBuffer(body);
      const type = isJson ? "application/json; charset=utf-8" : "text/plain; charset=utf-8";
      response.writeHead(status, { "content-type": type, ...headers });
      response.end(isJson ? JSON.stringify(body) : body);
    };
    const message = (status: number, text: string, headers = {}) => send(status, { message: text }, headers);

    const [, first = "", ...rest] = path.split("/").map(decodeURIComponent);
    if (first === "script") return control(request, rest.join("/"), send);
    if (request.headers["user-agent"] !== "claude-nexus-edge")
      return message(
        403,
        "Request forbidden by administrative rules. Please make sure your request has a User-Agent header",
      );
    const isById = first === "repositories" && rest[0] === "1";
    const name = isById
      ? ([...repositories].find(([, { isRenamed }]) => isRenamed)?.[0] ?? "")
      : rest.slice(0, 2).join("/");
    const repository = repositories.get(name);
    if ((first !== "repos" && !isById) || !repository) return message(404, "Not Found");
    const tail = rest.slice(isById ? 1 : 2).join("/");
    if (repository.isRenamed && !isById)
      return message(301, "Moved Permanently", {
        location: `/repositories/1/${tail}${searchParams.size ? `?${searchParams}` : ""}`,
      });

    const [, kind, key = ""] = /^(commits|git\/trees|git\/blobs)\/(.+)$/.exec(tail) ?? [];
    const call: Call = kind === "commits" ? "head" : kind === "git/trees" ? "tree" : "blob";
    repository.calls.push(call);
    const { accept, authorization } = request.headers;
    if (accept !== ACCEPT[call]) problems.push(`${call}: accept is ${accept}`);
    if (request.headers["x-github-api-version"] !== "2022-11-28") problems.push(`${call}: no version`);
    if (request.method !== "GET") problems.push(`${call}: ${request.method}`);
    if (await applyFault(repository, call, send)) return;
    if (authorization !== undefined && authorization !== `Bearer ${repository.token}`)
      return message(401, "Bad credentials");
    if (authorization === undefined && repository.token !== undefined) return message(404, "Not Found");

    const { commit, trees, blobs } = repository.objects;
    if (call === "head") {
      if (key !== (repository.branch ?? "main")) return message(404, "Not Found");
      if (Object.keys(repository.files).length === 0) return message(409, "Git Repository is empty.");
      // GitHub's ETags are weak, and depend on Accept and the token.
      const hash = createHash("sha256").update(`${commit} ${accept} ${authorization}`).digest("hex");
      const etag = `W/"${hash}"`;
      if (request.headers["if-none-match"] === etag) return void response.writeHead(304, { etag }).end();
      return send(200, commit, { etag });
    }
    if (call === "tree") {
      if (!trees.has(key)) return message(404, "Not Found");
      const isRecursive = searchParams.get("recursive") === "1";
      const entries = isRecursive ? flatTree(repository.objects, key) : trees.get(key)!;
      return send(200, {
        sha: key,
        tree: entries,
        truncated: isRecursive && repository.isTruncated === true,
      });
    }
    const bytes = blobs.get(key);
    return bytes ? send(200, bytes) : message(404, "Not Found");
  }

  /** Whether the call has got its response. */
  async function applyFault(
    { faults = [], calls }: Repository,
    call: Call,
    send: (status: number, body: string | object, headers?: Record<string, string>) => void,
  ): Promise<boolean> {
    const arrived = calls.filter((one) => one === call).length;
    const fault = faults.find(
      ({ on, times = Infinity, after = 0 }) => on === call && times > 0 && arrived > after,
    );
    if (!fault) return false;
    if (fault.times !== undefined) fault.times--;
    if (fault.together !== undefined) {
      const resume = waiting.get(fault) ?? [];
      waiting.set(fault, resume);
      const isTogether = new Promise<void>((resolve) => resume.push(resolve));
      if (arrived >= fault.together) for (const go of resume) go();
      await isTogether;
    }
    if (fault.status === undefined && fault.body === undefined) return false;
    send(fault.status ?? 200, fault.body ?? { message: "Scripted." }, fault.headers);
    return true;
  }

  async function control(
    request: IncomingMessage,
    name: string,
    send: (status: number, body: object) => void,
  ): Promise<void> {
    if (request.method === "PUT") {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      script(name, JSON.parse(Buffer.concat(chunks).toString()) as FakeRepositoryScript);
    }
    send(200, { calls: repositories.get(name)?.calls ?? [], problems });
  }

  const { url, stop } = await startHttpServer((request, response) => {
    respond(request, response).catch(() => response.destroy());
  });
  return {
    /** For GITHUB_API_URL. */
    url,
    script,
    stop,
  };
}
