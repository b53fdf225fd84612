import { describe, expect, test } from "vitest";
import type { AccessApplication } from "./access-identity.ts";
import { accessApplication, identify } from "./access-identity.ts";

function application(changes: Record<string, string> = {}): AccessApplication {
  const made = accessApplication({
    ACCESS_TEAM_DOMAIN: "team.cloudflareaccess.com",
    ACCESS_AUD: "aud-tag",
    ACCESS_ADMIN_EMAILS: "Ann@Example.com, bob@example.com,",
    ...changes,
  });
  if (typeof made === "string") throw new Error(made);
  return made;
}

describe("the Access application", () => {
  test("is described by team domain and audience", () => {
    expect(application()).toEqual({
      issuer: "https://team.cloudflareaccess.com",
      audience: "aud-tag",
      administrators: new Set(["ann@example.com", "bob@example.com"]),
    });
    expect(application({ ACCESS_TEAM_DOMAIN: "https://team.cloudflareaccess.com/" }).issuer).toBe(
      "https://team.cloudflareaccess.com",
    );
  });

  test("half of it is not none of it", () => {
    expect(accessApplication({})).toBe("none");
    expect(accessApplication({ ACCESS_AUD: "aud-tag" })).toBe("incomplete");
    expect(accessApplication({ ACCESS_TEAM_DOMAIN: "team.cloudflareaccess.com" })).toBe("incomplete");
  });

  test.each(["http://team.cloudflareaccess.com", "team.example/path", "a b", "https://u:p@team.example"])(
    "%s is no team domain",
    (ACCESS_TEAM_DOMAIN) => {
      expect(accessApplication({ ACCESS_TEAM_DOMAIN, ACCESS_AUD: "aud-tag" })).toBe("incomplete");
    },
  );

  test("may be a fake on loopback", () => {
    expect(application({ ACCESS_TEAM_DOMAIN: "http://127.0.0.1:12345" }).issuer).toBe(
      "http://127.0.0.1:12345",
    );
  });
});

test("a person is administrator only when named, whatever the case of the address", () => {
  expect(identify(application(), { email: "ANN@example.com" })).toEqual({
    role: "administrator",
    actor: "ann@example.com",
  });
  expect(identify(application(), { email: "eve@example.com" })?.role).toBe("viewer");
  expect(identify(application({ ACCESS_ADMIN_EMAILS: "" }), { email: "ann@example.com" })?.role).toBe(
    "viewer",
  );
});

test("a person without an address is a service token or nobody", () => {
  expect(identify(application(), { common_name: "ci.access" })).toEqual({
    role: "viewer",
    actor: "access-service:ci.access",
  });
  expect(identify(application(), { email: "", common_name: "ann@example.com" })).toBeNull();
  expect(identify(application(), { sub: "x" })).toBeNull();
  expect(identify(application(), { email: ["ann@example.com"] })).toBeNull();
  expect(identify(application(), null)).toBeNull();
});
