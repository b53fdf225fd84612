import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readAnalysisFiles, readFolder } from "../../scripts/bundle-prompts.ts";
import { startLocalPrompts } from "../../scripts/local/local-prompts.ts";

const prompt = (template: string) => `description: d\ntemplate: ${JSON.stringify(template)}\n`;

test("npm start serves the prompts of the build, and reads files again when they change", async () => {
  const directory = await mkdtemp(join(tmpdir(), "prompts-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const folder = join(directory, "prompts");
  const bundle = join(directory, "prompts.json");
  const lines: string[] = [];
  await mkdir(join(folder, "team"), { recursive: true });
  await writeFile(join(folder, "a.yaml"), prompt("A1"));
  const local = await startLocalPrompts({
    folder,
    readFolder: () => readFolder(folder),
    bundle,
    log: (line) => lines.push(line),
  });
  onTestFinished(() => local.stop());
  expect((await fetch(local.url)).status).toBe(503);
  await writeFile(bundle, JSON.stringify([{ name: "a", description: "d", template: "A0", arguments: [] }]));
  const served = async () => {
    const list = (await (await fetch(local.url)).json()) as { name: string; template: string }[];
    return Object.fromEntries(list.map(({ name, template }) => [name, template]));
  };
  expect(await served()).toEqual({ a: "A0" });

  await writeFile(join(folder, "team/b.yaml"), prompt("B1"));
  await expect.poll(served).toEqual({ a: "A1", "team/b": "B1" });
  await expect.poll(() => lines).toContain("prompts        2 loaded");
  // As an editor saves: a file of another name, renamed.
  await writeFile(join(directory, "draft"), "description: d\ntemplate: {{x}}\n");
  await rename(join(directory, "draft"), join(folder, "a.yaml"));
  await expect
    .poll(() => lines.at(-1))
    .toMatch(/^prompts {8}a\.yaml:2:11: error: .*the last good version stays$/);
  expect(await served()).toEqual({ a: "A1", "team/b": "B1" });
  await writeFile(join(folder, "a.yaml"), prompt("A2"));
  await expect.poll(served).toEqual({ a: "A2", "team/b": "B1" });
  await writeFile(join(folder, "new.yaml"), "- x");
  await expect.poll(() => lines.at(-1)).toMatch(/^prompts {8}new\.yaml:1:1: error: .*; not served$/);
  await rm(join(folder, "team"), { recursive: true });
  await expect.poll(served).toEqual({ a: "A2" });
});

test("the templates of analyses are no prompts, and an error in one names file, line and column", async () => {
  const folder = await mkdtemp(join(tmpdir(), "prompts-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const analysis = join(folder, "analysis");
  await mkdir(analysis);
  const files = { instructions: "Sum it up.", system: "{{> instructions}}" };
  for (const [name, text] of Object.entries(files)) await writeFile(join(analysis, `${name}.hbs`), text);
  expect(await readFolder(folder)).toEqual({ prompts: [], problems: [] });
  expect(await readAnalysisFiles(analysis)).toEqual(files);
  await writeFile(join(analysis, "system.hbs"), "a\n{{missing 1}}");
  await expect(readAnalysisFiles(analysis)).rejects.toThrow(
    "prompts/analysis/system, line 2, column 1: Missing helper",
  );
  await rm(join(analysis, "instructions.hbs"));
  await expect(readAnalysisFiles(analysis)).rejects.toThrow("ENOENT");
});

test("two changes at once are read one after the other, and the last one counts", async () => {
  const folder = await mkdtemp(join(tmpdir(), "prompts-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const bundle = join(folder, "prompts.json");
  await writeFile(bundle, "[]");
  const readings: ((name: string) => void)[] = [];
  const lines: string[] = [];
  const local = await startLocalPrompts({
    folder,
    readFolder: () =>
      new Promise((resolve) =>
        readings.push((name) =>
          resolve({ prompts: [{ name, description: "d", template: "t", arguments: [] }], problems: [] }),
        ),
      ),
    bundle,
    log: (line) => lines.push(line),
  });
  onTestFinished(() => local.stop());
  const names = async () =>
    ((await (await fetch(local.url)).json()) as { name: string }[]).map(({ name }) => name);
  await writeFile(join(folder, "a.yaml"), "1");
  await expect.poll(() => readings.length).toBe(1);
  await writeFile(join(folder, "a.yaml"), "2");
  // Longer than the watcher collects changes: the second reading would have begun.
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(readings).toHaveLength(1);
  readings[0]!("old");
  await expect.poll(() => readings.length).toBe(2);
  readings[1]!("new");
  await expect.poll(names).toEqual(["new"]);
  expect(lines).toHaveLength(2);
});
