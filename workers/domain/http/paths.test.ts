import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { isEndpointAllowed, carriesCredentials, isPlainPath, rawHost, rawTarget } from "./paths.ts";
import { isSecretName } from "../masking/redact.ts";

it.each([
  ["http://a/v1/messages", "/v1/messages", ""],
  ["http://a/v1/messages?beta=true", "/v1/messages", "?beta=true"],
  ["http://a/v1/x?a=/../b?c&d=%zz{}", "/v1/x", "?a=/../b?c&d=%zz{}"],
  ["http://a/v1/a/../b", "/v1/a/../b", ""],
  ["http://a//v1/x", "//v1/x", ""],
  ["http://a/v1/%2e%2e/x", "/v1/%2e%2e/x", ""],
  ["http://a/v1/x\\y", "/v1/x\\y", ""],
  ["http://[::1]:8787/v1/x?", "/v1/x", "?"],
  ["http://a/v1/x#y?z", "/v1/x", ""],
  ["http://a", "/", ""],
  ["http://a?x=1", "", "?x=1"],
])("rawTarget splits %s without resolving it", (url, path, query) => {
  expect(rawTarget(url)).toEqual({ path, query });
});

it.each([
  ["http://Team.Example:8787/v1", "Team.Example:8787"],
  ["http://[::1]:8787/v1", "[::1]:8787"],
  ["https://a", "a"],
  ["http://a?x=://b/", "a"],
])("rawHost finds it in %s", (url, host) => {
  expect(rawHost(url)).toBe(host);
});

it.each([
  "/v1/messages",
  "/v1/messages/",
  "/v1/files/file_01.pdf",
  "/v1/models/claude-opus-5-5",
  "/v1/x/%7Bid%7D",
  "/v1/x/a%20b",
  "/v1/x/100%25",
  "/v1/x/%zz",
  "/v1/x/...",
  "/v1/x/.hidden",
  "/v1/x/a..b",
  "/v1/x/%C3%A9",
  "/v1/sessions/a:b@c,d;e=f",
])("isPlainPath lets %s pass", (path) => {
  expect(isPlainPath(path)).toBe(true);
});

it.each([
  "",
  "v1/x",
  "//v1/x",
  "/v1//x",
  "/v1/x//",
  "/v1/./x",
  "/v1/../x",
  "/v1/x/..",
  "/v1/x/.",
  "/v1/..;a/x",
  "/v1/%2e%2e/x",
  "/v1/%2E./x",
  "/v1/.%2e",
  "/v1/x%2fy",
  "/v1/x%2Fy",
  "/v1/x%5cy",
  "/v1/x\\y",
  "/v1/x%252fy",
  "/v1/x%25252fy",
  "/v1/x%2525252fy",
  "/v1/%252e%252e/x",
  "/v1/%25%32%65%25%32%65/x",
  "/v1/x%00",
  "/v1/x%0d%0ay",
  "/v1/x\u0007",
])("isPlainPath refuses %j", (path) => {
  expect(isPlainPath(path)).toBe(false);
});

it("isEndpointAllowed allows all of /v1/ but administration and login when there is no list", () => {
  expect(isEndpointAllowed("/v1/messages", null)).toBe(true);
  expect(isEndpointAllowed("/v1/messages/batches/b_1/results", null)).toBe(true);
  expect(isEndpointAllowed("/v1/something_new", null)).toBe(true);
  expect(isEndpointAllowed("/v1/organizationsx", null)).toBe(true);
  for (const path of [
    "/v1/organizations",
    "/v1/organizations/users",
    "/v1/oauth/token",
    "/v1/oauth",
    "/v1/OAuth/token",
    "/v1/%6fauth/token",
    "/v1/%256fauth/token",
    "/v1/organizations;x=1/users",
    "/v1/organizations%20",
    "/v1/organizations%20/users",
    "/v1/%20organizations/users",
    "/v1/organizations./users",
    "/v1/organizations%2e",
    "/v1/organizations;/users",
    "/v1/organizations%3b/users",
    "/v1/organizations%253b/users",
    "/v1/organizations%c2%a0/users",
    "/v1/organizations%3f",
    "/v1/organizations+/users",
    "/v1/oauth%20/token",
    "/v1/OAuth.%20;x/token",
  ])
    expect(isEndpointAllowed(path, null), path).toBe(false);
});

it("isEndpointAllowed allows exactly what a list names", () => {
  const endpoints = ["/v1/messages", "/v1/messages/*"];
  expect(isEndpointAllowed("/v1/messages", endpoints)).toBe(true);
  expect(isEndpointAllowed("/v1/messages/count_tokens", endpoints)).toBe(true);
  expect(isEndpointAllowed("/v1/messages/batches/b/results", endpoints)).toBe(true);
  expect(isEndpointAllowed("/v1/messagesx", endpoints)).toBe(false);
  expect(isEndpointAllowed("/v1/models", endpoints)).toBe(false);
  expect(isEndpointAllowed("/v1/models", [])).toBe(false);
  expect(isEndpointAllowed("/v1/messages/x", ["/v1/messages"])).toBe(false);
  expect(isEndpointAllowed("/v1/oauth/token", ["/v1/oauth/*"])).toBe(true);
  expect(isEndpointAllowed("/v1/models", ["/v1/*"])).toBe(true);
});

it.each([
  ["/v1/vaults/v/credentials", true],
  ["/v1/vaults", true],
  ["/v1/environments/e/work/poll", true],
  ["/v1/environments/e/keys", true],
  ["/v1/sessions", true],
  ["/v1/sessions/s", true],
  ["/v1/sessions/s/resources/r", true],
  ["/v1/Sessions/s/resources%20", true],
  ["/v1/vaults%20;x/v", true],
  ["/v1/deployments", true],
  ["/v1/tunnels/t/reveal_token", true],
  ["/v1/user_profiles/u/enrollment_url", true],
  ["/v1/organizations/api_keys", true],
  ["/v1/sessions/s/events", false],
  ["/v1/sessions/s/events/stream", false],
  ["/v1/sessions/s/threads/t/stream", false],
  ["/v1/deployment_runs", false],
  ["/v1/agents", false],
  ["/v1/messages/batches", false],
  ["/v1/files", false],
])("carriesCredentials of %s: %s", (path, expected) => {
  expect(carriesCredentials(path)).toBe(expected);
});

it("carriesCredentials names every path of the SDK whose types have members for secrets", () => {
  const sdk = join(dirname(fileURLToPath(import.meta.resolve("@anthropic-ai/sdk"))), "resources");
  // Their secrets are masked by name (tools of Messages), or come from the SDK itself (received webhooks).
  const files = globSync("beta/**/*.d.ts", { cwd: sdk }).filter((file) => !/messages|webhooks\.d/.test(file));
  const withSecrets = files.filter((file) =>
    [...readFileSync(join(sdk, file), "utf8").matchAll(/^\s+(\w+)\??: .*string/gm)].some(([, name]) =>
      isSecretName(name!),
    ),
  );
  const paths = withSecrets.flatMap((file) =>
    [
      ...readFileSync(join(sdk, file.replace(/\.d\.ts$/, ".mjs")), "utf8").matchAll(
        /(?:path\s*`|')(\/v1\/[^`'?]+)/g,
      ),
    ].map(([, template]) => template!.replaceAll(/\$?\{[^}]+\}/g, "id_1")),
  );
  expect(withSecrets.length).toBeGreaterThan(4);
  expect(paths.length).toBeGreaterThan(20);
  expect(paths.filter((path) => !carriesCredentials(path))).toEqual([]);
});

it("carriesCredentials sees login traffic however it is spelt", () => {
  expect(["/v1/oauth/token", "/v1/oauth", "/v1/OAUTH/x", "/v1/%6Fauth/x"].every(carriesCredentials)).toBe(
    true,
  );
  expect(["/v1/oauth%20/token", "/v1/oauth./token", "/v1/oauth;/token"].every(carriesCredentials)).toBe(true);
  expect(["/v1/messages", "/v1/x/oauth", "/v1/oauthx", "/v1/oauth2/token"].some(carriesCredentials)).toBe(
    false,
  );
});
