import js from "@eslint/js";
import tseslint from "typescript-eslint";

export default tseslint.config(
  {
    ignores: [
      "out/**",
      ".data/**",
      "worker-configuration.d.ts",
      "dashboard/public/**",
      "**/.wrangler/**",
      "test/fixtures/**",
    ],
  },
  js.configs.recommended,
  {
    files: ["**/*.{ts,tsx}"],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: {
        project: [
          "./tsconfig.json",
          "./tsconfig.node.json",
          "./test/workers/tsconfig.json",
          "./dashboard/tsconfig.json",
          "./dashboard/src/islands/tsconfig.json",
        ],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      "@typescript-eslint/require-await": "off",
      // Declarations of modules without types, for every project that includes the file.
      "@typescript-eslint/triple-slash-reference": ["error", { path: "always" }],
      "no-control-regex": "off",
      "no-useless-rename": "error",
      "object-shorthand": ["error", "properties"],
    },
  },
  {
    files: ["**/*.{js,mjs}"],
    languageOptions: { globals: { process: "readonly", console: "readonly", URL: "readonly" } },
  },
  {
    files: ["bench/worker/*.js"],
    languageOptions: {
      globals: { fetch: "readonly", Request: "readonly", Response: "readonly", TextDecoder: "readonly" },
    },
  },
);
