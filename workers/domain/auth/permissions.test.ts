import { expect, test } from "vitest";
import { hasRole, requiredRole } from "./permissions.ts";

test("reading needs a viewer, everything else an administrator", () => {
  for (const method of ["GET", "HEAD", "OPTIONS"])
    expect(requiredRole(method, "/api/requests")).toBe("viewer");
  for (const method of ["POST", "PUT", "PATCH", "DELETE", "QUERY", "get"])
    expect(requiredRole(method, "/api/requests")).toBe("administrator");
});

test("the audit log and logins that wait are for administrators", () => {
  expect(requiredRole("GET", "/api/audit")).toBe("administrator");
  expect(requiredRole("GET", "/api/audit/1")).toBe("administrator");
  expect(requiredRole("GET", "/api/audits")).toBe("viewer");
  expect(requiredRole("GET", "/api/environment")).toBe("administrator");
  expect(requiredRole("GET", "/api/accounts/a/oauth/login")).toBe("administrator");
  expect(requiredRole("GET", "/api/accounts/a/oauth")).toBe("viewer");
});

test("feedback on many recommendations is read with POST", () => {
  expect(requiredRole("POST", "/api/spark/feedback/batch")).toBe("viewer");
  for (const [method, path] of [
    ["PUT", "/api/spark/feedback/batch"],
    ["POST", "/api/spark/feedback/batch/"],
    ["POST", "/api/spark/feedback"],
  ] as const)
    expect(requiredRole(method, path)).toBe("administrator");
});

test("an administrator may do what a viewer may, not the other way round", () => {
  expect(hasRole("administrator", "viewer")).toBe(true);
  expect(hasRole("administrator", "administrator")).toBe(true);
  expect(hasRole("viewer", "viewer")).toBe(true);
  expect(hasRole("viewer", "administrator")).toBe(false);
});
