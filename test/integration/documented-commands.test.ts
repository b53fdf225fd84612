/** The commands in the documents: each exists with its options, and what can run without a network runs. */
import { execFile } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { commandLine } from "../../scripts/nexus.ts";
import { childEnvironment } from "../support/child-environment.ts";

const root = join(import.meta.dirname, "../..");
const documents = globSync(["*.md", "docs/*.md"], { cwd: root }).filter((file) => file !== "CHANGELOG.md");
const deployOptions = readFileSync(join(root, "scripts/deploy.ts"), "utf8");

/** In code, up to the end of the line, a comment or a pipe; without what stands for something else. */
function commandsIn(file: string, start: string): string[] {
  const text = readFileSync(join(root, file), "utf8");
  const found = text.matchAll(new RegExp(`${start} ([^\`\n#|]+)`, "g"));
  return [...new Set([...found].map(([, words]) => words!.trim()))];
}

/** What a command line names that does not exist. */
function unknownIn(words: string): string[] {
  const [...rest] = words.replaceAll(/[[\]]/g, "").split(/\s+/);
  const program = commandLine();
  let command: Command = program;
  for (let next = named(command, rest[0]); next; next = named(command, rest[0])) {
    command = next;
    rest.shift();
  }
  const options = [...program.options, ...command.options].map(({ long }) => long);
  const unknown = rest.filter(
    (word) => word.startsWith("--") && ![...options, "--help"].includes(word.split("=")[0]),
  );
  if (command === program && !unknown.length && !rest[0]?.startsWith("-")) return [`${words}: no command`];
  return unknown.map((word) => `${words}: ${word}`);
}

const named = ({ commands }: Command, name: string | undefined) =>
  commands.find((command) => command.name() === name);

describe("the documents name commands that exist", () => {
  it("of npx nexus", () => {
    const found = documents.flatMap((file) => commandsIn(file, "npx nexus"));
    expect(found.length).toBeGreaterThan(30);
    expect(found.filter((words) => !words.startsWith("<")).flatMap(unknownIn)).toEqual([]);
    expect(["keys list a", "status --watch", "nothing"].flatMap(unknownIn)).toEqual([
      "status --watch: --watch",
      "nothing: no command",
    ]);
  });

  it("of npx nexus, in the table of all of them", () => {
    const text = readFileSync(join(root, "docs/operating.md"), "utf8");
    const table = /^### Use the command line\n([\s\S]*?)^### /m.exec(text)![1]!;
    const rows = [...table.matchAll(/^\| (`.*?`) \|/gm)].flatMap(([, cell]) =>
      cell!.split(/`,? ?`?/).filter(Boolean),
    );
    expect(rows.flatMap(unknownIn)).toEqual([]);
    const listed = (command: Command, path: string): string[] =>
      command.commands.length === 0
        ? [path]
        : command.commands.flatMap((one) => listed(one, `${path} ${one.name()}`));
    const all = listed(commandLine(), "").map((path) => path.trim());
    expect(all.filter((path) => !rows.some((row) => row === path || row.startsWith(`${path} `)))).toEqual([]);
  });

  it("of npm run deploy", () => {
    const options = documents
      .flatMap((file) => commandsIn(file, "npm run deploy --"))
      .flatMap((words) => words.match(/--[\w-]+/g) ?? []);
    expect(options.filter((option) => !deployOptions.includes(`"${option}`))).toEqual([]);
    expect(options).toContain("--dry-run");
  });
});

it("npm run deploy -- --dry-run builds and says what it would do, without a network", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ["scripts/deploy.ts", "--dry-run"], {
    cwd: root,
    env: childEnvironment({ https_proxy: "http://127.0.0.1:9" }),
  });
  expect(stdout).toMatch(/^1\/9 Cloudflare account: wrangler whoami.*\n2\/9 Build: nexus\n3\/9 /);
});
