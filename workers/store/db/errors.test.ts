import { expect, it } from "vitest";
import { databaseError, DatabaseUnavailableError } from "./errors.ts";

const URL = "postgres://someone:hush@db.example/app";
const refused = (code: string, message: string) => Object.assign(new Error(message), { code });

it.each([
  ["a server that shuts down", refused("57P01", "terminating connection")],
  ["too many connections", refused("53300", "sorry, too many clients already")],
  ["a full disk", refused("53100", "could not extend file: No space left on device")],
  ["a disk that fails", refused("58030", "could not read block")],
  ["a replica", refused("25006", "cannot execute INSERT in a read-only transaction")],
  ["a read-only disk", refused("42501", 'could not open file "base/5/1": Read-only file system')],
  ["a broken connection", new Error("Connection terminated unexpectedly")],
])("%s passes: trying again later is right", (_, error) => {
  const found = databaseError(error, URL);
  expect(found).toBeInstanceOf(DatabaseUnavailableError);
  expect((found as Error).message).toContain("db.example");
  expect((found as Error).message).not.toContain("hush");
});

it.each([
  ["a violated constraint", refused("23505", "duplicate key value")],
  ["a missing right", refused("42501", "permission denied for table requests")],
  ["memory that one statement used up", refused("53200", "out of memory")],
  ["a mistake of ours", new TypeError("x is not a function")],
])("%s does not pass, and comes as it is", (_, error) => {
  expect(databaseError(error, URL)).toBe(error);
});
