import { describe, expect, it } from "vitest";
import { domainOfHost, isLoopbackName } from "./host.ts";

describe("domainOfHost", () => {
  it.each([
    ["team.example", "team.example"],
    ["Team.EXAMPLE:8787", "team.example"],
    ["team.example.", "team.example"],
    ["team.example.:443", "team.example"],
    ["localhost:8787", "localhost"],
    ["127.0.0.1:8787", "127.0.0.1"],
    ["[::1]:8787", "[::1]"],
    ["[::1]", "[::1]"],
    ["[0:0:0:0:0:0:0:1]", "[::1]"],
    ["[FE80::A]:1", "[fe80::a]"],
    ["xn--mnchen-3ya.de", "xn--mnchen-3ya.de"],
    ["my_team.example", "my_team.example"],
    ["team.example:", "team.example"],
  ])("reads %s as %s", (host, domain) => {
    expect(domainOfHost(host)).toBe(domain);
  });

  it.each([
    "",
    ".",
    ":8787",
    "a..b",
    "-a.example",
    "a-.example",
    "a b.example",
    "a/b",
    "a@b.example",
    "münchen.de",
    "a%2eb",
    "::1",
    "[::1",
    "[::1]x",
    "[:::]",
    "[]",
    "a:b",
    "a:123456",
    "a\u0000b",
    "team.example..",
    `${"a".repeat(64)}.example`,
    Array(64).fill("abc").join("."),
  ])("refuses %j", (host) => {
    expect(domainOfHost(host)).toBeNull();
  });

  it("takes the longest name and label that DNS allows", () => {
    const longest = `${"a".repeat(63)}.${"b".repeat(63)}.${"c".repeat(63)}.${"d".repeat(61)}`;
    expect(domainOfHost(`${longest}.:80`)).toBe(longest);
    expect(domainOfHost(`${longest}d`)).toBeNull();
  });
});

it("isLoopbackName knows the three names of this machine and no other", () => {
  expect(["localhost", "127.0.0.1", "[::1]"].every(isLoopbackName)).toBe(true);
  expect(["localhost.example", "127.0.0.2", "[::]", "a.localhost", ""].some(isLoopbackName)).toBe(false);
});
