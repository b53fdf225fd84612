import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          environment: "node",
          include: ["{workers,dashboard,scripts,durable-objects}/**/*.test.ts", "test/node/**/*.test.ts"],
        },
      },
    ],
  },
});
