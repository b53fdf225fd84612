import { expect, it } from "vitest";
import { safeNext } from "./safe-next.ts";

it.each(["/requests", "/requests?status=429&domain=a.b", "/conversations/x#message-3"])(
  "the redirect target after signing in goes to %s",
  (next) => {
    expect(safeNext(next)).toBe(next);
  },
);

it.each([
  undefined,
  null,
  "",
  "requests",
  "https://evil.example/",
  "//evil.example",
  "/\\evil.example",
  "/\t/evil.example",
  "\u0000/x",
  "/\n/evil.example",
  "javascript:alert(1)",
  "/..//evil.example",
  "/sign-in?next=/x",
  "/sign-out",
  "/api/requests",
  "/assets/x.js",
  `/${"x".repeat(3_000)}`,
])("the redirect target after signing in refuses %j", (next) => {
  expect(safeNext(next)).toBe("/");
});
