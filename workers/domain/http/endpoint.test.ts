import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { endpointOf } from "./endpoint.ts";

test.each([
  ["POST /v1/messages", "messages"],
  ["post /v1/messages/", "messages"],
  ["POST /v1/messages///", "messages"],
  ["POST /v1/messages?beta=true", "messages"],
  ["POST /v1/messages/count_tokens", "count_tokens"],
  ["POST /v1/messages/batches", "batches"],
  ["GET /v1/messages/batches/", "batches"],
  ["GET /v1/messages/batches/msgbatch_1", "batch"],
  ["DELETE /v1/messages/batches/msgbatch_1", "batch"],
  ["GET /v1/messages/batches/msgbatch_1/results", "batch_results"],
  ["POST /v1/messages/batches/msgbatch_1/cancel/", "batch_cancel"],
  ["POST /v1/complete", "complete"],
  ["GET /v1/models", "models"],
  ["HEAD /v1/models", "models"],
  ["GET /v1/models/claude-opus-5-5", "model"],
  ["POST /v1/files", "files"],
  ["DELETE /v1/files/file_1", "file"],
  ["GET /v1/files/file_1/content", "file_content"],
  ["GET /v1/skills", "skills"],
  ["GET /v1/skills/s/versions", "skill_versions"],
  ["GET /v1/skills/s/versions/1", "skill_version"],
  ["POST /v1/agents", "agents"],
  ["POST /v1/agents/a/archive", "agent"],
  ["GET /v1/agents/a/versions", "agent_versions"],
  ["POST /v1/sessions/s/events", "session_events"],
  ["GET /v1/sessions/s/events/stream", "session_stream"],
  ["GET /v1/sessions/s/threads/t", "session_threads"],
  ["GET /v1/environments/e/work/poll", "environment_work"],
  ["POST /v1/oauth/token", "oauth"],
  ["GET /v1/organizations", "organizations"],
  ["GET /v1/organizations/me", "organizations"],
])("%s is %s", (request, name) => {
  const [method, path] = request.split(" ") as [string, string];
  expect(endpointOf(method, path)).toBe(name);
});

test.each([
  "GET /v1/messages",
  "OPTIONS /v1/messages",
  "POST /v1/messages/other",
  "POST /v1/messagesx",
  "POST /v2/messages",
  "POST /V1/messages",
  "POST //v1/messages",
  "GET /v1/models/a/b",
  "GET /v1/messages/batches//results",
  "POST /v1/agentsx",
  "GET /",
  "GET ",
  "GET /v1/embeddings",
])("%s is other", (request) => {
  const [method, path] = request.split(" ") as [string, string];
  expect(endpointOf(method, path)).toBe("other");
});

test("every path that the vendor's SDK calls has a name", () => {
  const sdk = join(dirname(fileURLToPath(import.meta.resolve("@anthropic-ai/sdk"))), "resources");
  const calls = globSync("**/*.mjs", { cwd: sdk })
    .filter((file) => !file.includes("organization"))
    .flatMap((file) => [
      ...readFileSync(join(sdk, file), "utf8").matchAll(
        /_client\s*\.(get|post|put|patch|delete|getAPIList)\((?:path\s*`([^`]+)`|'([^']+)')/g,
      ),
    ])
    .map(([, verb, template, plain]) => [
      verb === "getAPIList" ? "GET" : verb!.toUpperCase(),
      (template ?? plain!).replaceAll(/\$?\{[^}]+\}/g, "id_1"),
    ]);
  expect(calls.length).toBeGreaterThan(100);
  expect(calls.filter(([method, path]) => endpointOf(method!, path!) === "other")).toEqual([]);
});
