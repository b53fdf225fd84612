/**
 * The order of test files: project by project, and within a project the larger before the smaller, so that no long one is left for
 * the end. Files in a directory of a test's name ("dashboard/" beside "dashboard.test.ts") count with it.
 */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { TestSpecification } from "vitest/node";
import { BaseSequencer } from "vitest/node";

export class LargestFirstSequencer extends BaseSequencer {
  override sort(specifications: TestSpecification[]): Promise<TestSpecification[]> {
    const byProject = Map.groupBy(specifications, ({ project }) => project.name);
    return Promise.resolve(
      [...byProject.values()].flatMap((files) =>
        files
          .map((file) => ({ file, bytes: bytesOf(file.moduleId) }))
          .sort((a, b) => b.bytes - a.bytes)
          .map(({ file }) => file),
      ),
    );
  }
}

function bytesOf(path: string): number {
  const parts = path.replace(/\.test\.ts$/, "");
  const inside = existsSync(parts) ? readdirSync(parts).map((name) => join(parts, name)) : [];
  return [path, ...inside].reduce((sum, file) => sum + statSync(file).size, 0);
}
