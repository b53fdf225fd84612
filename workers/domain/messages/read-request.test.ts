import { describe, expect, test } from "vitest";
import {
  expectedLinks,
  loadRecordings,
  recordingKey,
  requestBytes,
} from "../../../test/support/recordings.ts";
import { readRequest, type RecordedRequest } from "./read-request.ts";

const SESSION = "147a7900-e4c2-4822-9993-dcf2fbdc50d8";
const HEX = "0f".repeat(32);

const read = (body: unknown, about: Partial<RecordedRequest> = {}) =>
  readRequest({
    body: new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body)),
    isTruncated: false,
    headers: {},
    ...about,
  });
const withUser = (user_id: unknown) => read({ metadata: { user_id } }).sessionId;

describe("readRequest", () => {
  test("reads model, stream and number of messages", () => {
    const body = { model: "claude-opus-5-5", stream: true, messages: [{}, {}] };
    expect(read(body)).toEqual({
      json: body,
      model: "claude-opus-5-5",
      stream: true,
      messageCount: 2,
      sessionId: null,
      agentId: null,
      parentAgentId: null,
    });
  });

  test("reads a body that has none of these", () => {
    expect(read({})).toMatchObject({ model: null, stream: false, messageCount: 0 });
  });

  test.each(["", "{", "null", "[1]", "--boundary\r\nfile", "\u0000"])("bears the body %j", (body) => {
    expect(read(body)).toMatchObject({
      json: null,
      model: null,
      stream: false,
      messageCount: 0,
      sessionId: null,
    });
  });

  test("bears members of the wrong type", () => {
    const odd = { model: 5, stream: "true", messages: { 0: "x" }, metadata: "m" };
    expect(read(odd)).toMatchObject({ model: null, stream: false, messageCount: 0, sessionId: null });
  });

  test("tames a wild model name", () => {
    const { model } = read({ model: `a\u0000b\n${"x".repeat(1_000)}` });
    expect(model).toMatch(/^a b x+$/);
    expect(model).toHaveLength(200);
  });
});

describe("ids", () => {
  test("come from Claude Code's headers, which beat the body", () => {
    const headers = {
      "x-claude-code-session-id": SESSION,
      "x-claude-code-agent-id": "a0123456789abcdef",
      "x-claude-code-parent-agent-id": "afedcba9876543210",
    };
    const body = { metadata: { user_id: `user_${HEX}_account__session_other` } };
    expect(read(body, { headers })).toMatchObject({
      sessionId: SESSION,
      agentId: "a0123456789abcdef",
      parentAgentId: "afedcba9876543210",
    });
  });

  test("come from a user id of either form where there is no header", () => {
    expect(withUser(`user_${HEX}_account_${SESSION.replace("1", "2")}_session_${SESSION}`)).toBe(SESSION);
    expect(withUser(`user_${HEX}_account__session_${SESSION}`)).toBe(SESSION);
    expect(withUser(JSON.stringify({ device_id: HEX, account_uuid: "", session_id: SESSION }))).toBe(SESSION);
  });

  test.each([
    "ann",
    "my_session_42",
    `user_${HEX}`,
    `user_${HEX}_account__session_`,
    "{}",
    '{"session_id":5}',
    '{"session_id":"a b"}',
    '{"session_id"',
    "[1]",
    null,
    { session_id: SESSION },
  ])("are not found in the user id %j", (userId) => {
    expect(withUser(userId)).toBeNull();
  });

  test.each(["", " ", "a b", "a\u0000", "é", "x".repeat(129)])(
    "are not taken from the header value %j",
    (value) => {
      const headers = { "x-claude-code-session-id": value, "x-claude-code-agent-id": value };
      const body = { metadata: { user_id: JSON.stringify({ session_id: "from-body" }) } };
      expect(read(body, { headers })).toMatchObject({ sessionId: "from-body", agentId: null });
    },
  );

  test("may have 128 characters", () => {
    const headers = { "x-claude-code-session-id": ` ${"x".repeat(128)} ` };
    expect(read({}, { headers }).sessionId).toBe("x".repeat(128));
  });
});

describe("a body of which only the beginning was recorded", () => {
  const full = JSON.stringify({
    model: "claude-opus-5-5",
    metadata: { user_id: `user_${HEX}_account__session_${SESSION}` },
    system: [{ type: "text", text: 'a "quoted" {[ text \\' }],
    stream: true,
    max_tokens: 128,
    messages: [{ role: "user", content: "x".repeat(100) }],
  });

  test("reads the members that are in it completely", () => {
    const cut = full.slice(0, full.indexOf("xxx"));
    expect(read(cut, { isTruncated: true })).toMatchObject({
      model: "claude-opus-5-5",
      stream: true,
      messageCount: 0,
      sessionId: SESSION,
      json: { max_tokens: 128, system: [{ text: 'a "quoted" {[ text \\' }] },
    });
  });

  test("does not say what it does not know", () => {
    const reading = read('{"model":"m","messages":[', { isTruncated: true });
    expect(reading).toMatchObject({ model: "m", stream: null });
    expect(read("--boundary", { isTruncated: true })).toMatchObject({ json: null, stream: null });
    expect(read('{"max_tokens":12', { isTruncated: true }).json).toEqual({});
  });

  test("never reads anything that the whole does not have, wherever it is cut", () => {
    const whole = JSON.parse(full) as Record<string, unknown>;
    for (let cut = 0; cut < full.length; cut++) {
      const { json } = read(full.slice(0, cut), { isTruncated: true });
      for (const [name, value] of Object.entries(json ?? {})) expect(value).toEqual(whole[name]);
    }
  });
});

test("every recorded request has the session and agent that are known to have sent it", () => {
  const links = new Map(expectedLinks().map((link) => [recordingKey(link), link]));
  for (const recording of loadRecordings()) {
    const { headers } = recording.request;
    const lowerCase = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
    );
    const reading = readRequest({ body: requestBytes(recording), isTruncated: false, headers: lowerCase });
    const link = links.get(recordingKey(recording))!;
    expect([reading.sessionId, reading.agentId ?? ""]).toEqual([link.session, link.agent]);
    expect(reading).toMatchObject({ model: recording.request.body["model"], stream: true });
  }
});
