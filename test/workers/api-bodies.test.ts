/** One exchange with its bodies, and downloads of their bytes. */
import { beforeEach, describe, expect, it } from "vitest";
import type { RequestDetail } from "../../workers/schemas/api/requests.ts";
import { messageStream, type ExchangeOptions, messageRequest, jsonResponse } from "../support/exchanges.ts";
import { queryRows, resetDatabase } from "../support/worker-database.ts";
import { apiJson, call, DATABASE_DOWN, apiError, store } from "../support/worker-api.ts";

beforeEach(resetDatabase);

const UNKNOWN = "019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6071";

async function stored(options: ExchangeOptions = {}) {
  const [made] = await store(options);
  const path = `/api/requests/${made!.id}`;
  return { made: made!, path, detail: await apiJson<RequestDetail>(path) };
}

describe("GET /api/requests/:id", () => {
  it("is the row and both bodies, the response as one message", async () => {
    const body = messageRequest("How are you?", { system: "Be brief.", temperature: 0.5 });
    const { made, detail } = await stored({ requestBody: body, responseBody: messageStream("Well.") });
    expect(detail).toMatchObject({
      requestId: made.id,
      requestBody: body,
      requestBodyState: "whole",
      responseBody: {
        id: "msg_1",
        model: "claude-opus-5-5",
        role: "assistant",
        content: [{ type: "text", text: "Well." }],
        usage: { input_tokens: 12 },
      },
      responseBodyState: "whole",
      requestHeaders: { "content-type": "application/json", "user-agent": "claude-cli/2.1.330" },
      responseHeaders: { "content-type": "text/event-stream; charset=utf-8" },
      usageData: { input_tokens: 12 },
      streamingChunks: [],
      query: "?beta=true",
    });
  });

  it("shows the JSON of errors and of other endpoints, and anything else as text", async () => {
    const error = { type: "error", error: { type: "overloaded_error", message: "busy" } };
    expect((await stored(jsonResponse(error, { status: 529 }))).detail.responseBody).toEqual(error);
    const models = {
      requestBody: "",
      requestMetadata: { method: "GET", path: "/v1/models" },
      ...jsonResponse({ data: [] }),
    };
    expect((await stored(models)).detail).toMatchObject({
      requestBody: null,
      requestBodyState: "none",
      responseBody: { data: [] },
    });
    const html = "<html>502</html>";
    expect((await stored({ requestBody: html, responseBody: html })).detail).toMatchObject({
      requestBody: html,
      responseBody: html,
    });
    const binary = new Uint8Array([0xff, 0xfe, 0x00]);
    expect((await stored({ requestBody: binary })).detail).toMatchObject({
      requestBody: null,
      requestBodyState: "whole",
    });
  });

  it("returns bodies nested deeper than the stack, and names like __proto__", async () => {
    const deep = `{"messages":[],"x":${"[".repeat(50_000)}${"]".repeat(50_000)}}`;
    const { detail } = await stored({ requestBody: deep });
    expect(detail.requestBody === deep, "shown as the text it is").toBe(true);
    const odd = '{"__proto__":{"a":1},"constructor":2,"messages":[]}';
    const { path } = await stored({ requestBody: odd });
    expect((await call(path)).text).toContain(
      '"requestBody":{"__proto__":{"a":1},"constructor":2,"messages":[]}',
    );
  });

  it("has the state of bodies that were truncated or removed", async () => {
    const head = { recorded: "head", bytes: 40_000_000, sha256: "00".repeat(32) } as const;
    const cut = await stored({ requestBody: '{"mess', requestMetadata: { body: head } });
    expect(cut.detail.bodyTruncated).toBe(true);
    const { made, path } = await stored();
    await queryRows("DELETE FROM response_bodies WHERE request_id = $1", [made.id]);
    expect(await apiJson(path), "the history keeps the message").toMatchObject({
      responseBody: { role: "assistant", content: [{ type: "text", text: "Well." }] },
      responseBodyState: "removed",
    });
    await queryRows("UPDATE requests SET response_content_id = NULL, body_content_id = NULL WHERE id = $1", [
      made.id,
    ]);
    expect(await apiJson(path)).toMatchObject({
      requestBody: null,
      requestBodyState: "removed",
      responseBody: null,
      responseBodyState: "removed",
    });
  });

  it("leaves out bodies that are too large, with their state", async () => {
    const { made, path } = await stored();
    await queryRows(
      "UPDATE requests SET body_bytes = 30000000, response_bytes = 30000000, response_content_id = NULL WHERE id = $1",
      [made.id],
    );
    expect(await apiJson(path)).toMatchObject({
      requestBody: null,
      requestBodyState: "large",
      responseBody: null,
      responseBodyState: "large",
    });
  });

  it("finds exchanges by ids without a time, in any case", async () => {
    const { made } = await stored();
    const other = "ABCDEF01-0000-4000-8000-000000000001";
    await queryRows("UPDATE requests SET id = $1 WHERE id = $2", [other, made.id]);
    expect(await apiJson(`/api/requests/${other}`)).toMatchObject({ requestId: other.toLowerCase() });
  });
});

describe("downloads", () => {
  it("are the bytes, sandboxed and never rendered", async () => {
    const text = '{ "model":"m", "messages" : [ {"role":"user","content":"<script>alert(1)</script>"} ]}\n';
    const { made, path } = await stored({ requestBody: text });
    for (const [part, bytes] of [
      ["body", made.request.body],
      ["response", made.response.body],
    ] as const) {
      const response = await call(`${path}/${part}`);
      expect(response.status).toBe(200);
      expect(response.bytes).toEqual(new Uint8Array(bytes));
      expect(Object.fromEntries(response.headers)).toMatchObject({
        "content-type": "application/octet-stream",
        "content-disposition": expect.stringMatching(
          /^attachment; filename="[0-9a-f-]{36}-\w+\.bin"$/,
        ) as string,
        "x-content-type-options": "nosniff",
        "content-security-policy": expect.stringContaining("sandbox") as string,
        "cache-control": "no-store",
        "x-nexus-truncated": "false",
      });
    }
  });

  it("are 410 after deletion, and 404 where nothing was recorded", async () => {
    const { made, path } = await stored();
    await queryRows("DELETE FROM response_bodies");
    await queryRows("UPDATE requests SET body_content_id = NULL");
    for (const part of ["body", "response"]) {
      const { status, code, message } = await apiError(`${path}/${part}`);
      expect([status, code]).toEqual([410, "gone"]);
      expect(message).toContain(made.id);
    }
    const empty = await stored({
      requestBody: "",
      responseBody: "",
      requestMetadata: { method: "GET", path: "/v1/x" },
    });
    for (const part of ["body", "response"])
      expect((await apiError(`${empty.path}/${part}`)).status).toBe(404);
  });

  it("are not in the audit log when there was no body", async () => {
    const { path } = await stored();
    await queryRows("DELETE FROM response_bodies");
    await apiError(`${path}/response`);
    expect(await queryRows("SELECT 1 FROM audit_log WHERE action = 'body.download'")).toEqual([]);
  });
});

it.each(["", "/body", "/response"])("an unknown id%s is 404, a malformed one 400", async (rest) => {
  expect((await apiError(`/api/requests/${UNKNOWN}${rest}`)).code).toBe("not_found");
  for (const id of ["7", "not-a-uuid", `${UNKNOWN}0`, "%27", UNKNOWN.replace("a", "g")]) {
    const { status, details } = await apiError(`/api/requests/${id}${rest}`);
    expect([status, details[0]?.in, details[0]?.parameter]).toEqual([400, "path", "id"]);
  }
  expect((await apiError(`/api/requests/${UNKNOWN}${rest}`, { bindings: DATABASE_DOWN })).status).toBe(503);
});
