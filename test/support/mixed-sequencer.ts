/**
 * The order of test files: those of each project spread evenly over the run, the larger before the smaller. So a test that waits
 * mostly runs beside one that computes, and no long one is left for the end. What lies in a directory of a file's name
 * ("dashboard/" beside "dashboard.test.ts") are its parts and counts with it.
 */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { TestSpecification } from "vitest/node";
import { BaseSequencer } from "vitest/node";

export class MixedSequencer extends BaseSequencer {
  override sort(specifications: TestSpecification[]): Promise<TestSpecification[]> {
    const ofProject = Map.groupBy(specifications, ({ project }) => project.name);
    const placed = [...ofProject.values()].flatMap((files) =>
      files
        .map((file) => ({ file, bytes: bytesOf(file.moduleId) }))
        .sort((a, b) => b.bytes - a.bytes)
        .map(({ file }, n) => ({ file, at: n / files.length })),
    );
    return Promise.resolve(placed.sort((a, b) => a.at - b.at).map(({ file }) => file));
  }
}

function bytesOf(path: string): number {
  const parts = path.replace(/\.test\.ts$/, "");
  const inside = existsSync(parts) ? readdirSync(parts).map((name) => join(parts, name)) : [];
  return [path, ...inside].reduce((sum, file) => sum + statSync(file).size, 0);
}
