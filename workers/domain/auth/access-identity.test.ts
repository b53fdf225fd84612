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
  if (made === "none" || "problem" in made) throw new Error(JSON.stringify(made));
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

  test("half of it is not none of it: the missing variable is named", () => {
    const partOf = (settings: Parameters<typeof accessApplication>[0]) => accessApplication(settings);
    const problem = (missing: string) => ({
      problem: `${missing} must be set too: Cloudflare Access is configured in part.`,
    });
    expect(partOf({})).toBe("none");
    expect(partOf({ ACCESS_AUD: "aud-tag" })).toEqual(problem("ACCESS_TEAM_DOMAIN"));
    expect(partOf({ ACCESS_TEAM_DOMAIN: "team.cloudflareaccess.com" })).toEqual(problem("ACCESS_AUD"));
    expect(partOf({ ACCESS_ADMIN_EMAILS: "ann@example.com" })).toEqual(
      problem("ACCESS_TEAM_DOMAIN and ACCESS_AUD"),
    );
  });

  test.each(["http://team.cloudflareaccess.com", "team.example/path", "a b", "https://u:p@team.example"])(
    "%s is no team domain",
    (ACCESS_TEAM_DOMAIN) => {
      expect(accessApplication({ ACCESS_TEAM_DOMAIN, ACCESS_AUD: "aud-tag" })).toEqual({
        problem: "ACCESS_TEAM_DOMAIN must be a team domain such as team.cloudflareaccess.com.",
      });
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

test("an identity without an address is a service token or none", () => {
  expect(identify(application(), { common_name: "ci.access" })).toEqual({
    role: "viewer",
    actor: "access-service:ci.access",
  });
  expect(identify(application(), { email: "", common_name: "ann@example.com" })).toBeNull();
  expect(identify(application(), { sub: "x" })).toBeNull();
  expect(identify(application(), { email: ["ann@example.com"] })).toBeNull();
  expect(identify(application(), null)).toBeNull();
});
