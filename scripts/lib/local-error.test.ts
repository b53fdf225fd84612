import { expect, it } from "vitest";
import { isDiskFull, reasonOf } from "./local-error.ts";

const errnoError = (errno: number) => ({ name: "ErrnoError", errno });
const withCode = (code: string, message = "x") => Object.assign(new Error(message), { code });

it.each<[string, unknown, string, boolean]>([
  ["a full disk under PGlite", errnoError(51), "no space left on device", true],
  ["a read-only disk under PGlite", errnoError(69), "read-only file system", false],
  ["another error under PGlite", errnoError(7), "file system error 7", false],
  ["a full disk in Node", withCode("ENOSPC", "ENOSPC: no space"), "ENOSPC: no space", true],
  ["a full quota", withCode("EDQUOT"), "x", true],
  ["a full disk under Postgres", withCode("53100", "could not extend file"), "could not extend file", true],
  [
    "a statement that failed for it",
    new Error("Failed query", { cause: withCode("53100") }),
    "Failed query",
    true,
  ],
  [
    "a reason in words",
    new Error("it failed (no space left on device)"),
    "it failed (no space left on device)",
    true,
  ],
  ["an error with a code only", withCode("ECONNREFUSED", ""), "ECONNREFUSED", false],
  ["several errors", new AggregateError([withCode("ECONNREFUSED", "")]), "ECONNREFUSED", false],
  ["a text", "stopped", "stopped", false],
  ["nothing", null, "null", false],
])("%s: its reason is given", (_, thrown, reason, isFull) => {
  expect([reasonOf(thrown), isDiskFull(thrown)]).toEqual([reason, isFull]);
});
