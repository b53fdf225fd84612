import { expect, test } from "vitest";
import { mayCall, roleNeeded } from "./permissions.ts";

test("reading needs a viewer, everything else an administrator", () => {
  for (const method of ["GET", "HEAD", "OPTIONS"]) expect(roleNeeded(method, "/api/requests")).toBe("viewer");
  for (const method of ["POST", "PUT", "PATCH", "DELETE", "QUERY", "get"])
    expect(roleNeeded(method, "/api/requests")).toBe("administrator");
});

test("the audit log and logins that wait are for administrators", () => {
  expect(roleNeeded("GET", "/api/audit")).toBe("administrator");
  expect(roleNeeded("GET", "/api/audit/1")).toBe("administrator");
  expect(roleNeeded("GET", "/api/audits")).toBe("viewer");
  expect(roleNeeded("GET", "/api/environment")).toBe("administrator");
  expect(roleNeeded("GET", "/api/accounts/a/oauth/login")).toBe("administrator");
  expect(roleNeeded("GET", "/api/accounts/a/oauth")).toBe("viewer");
});

test("an administrator may do what a viewer may, not the other way round", () => {
  expect(mayCall("administrator", "viewer")).toBe(true);
  expect(mayCall("administrator", "administrator")).toBe(true);
  expect(mayCall("viewer", "viewer")).toBe(true);
  expect(mayCall("viewer", "administrator")).toBe(false);
});
