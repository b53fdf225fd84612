import { brotliDecompressSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { send, type SendOptions } from "../../scripts/local/demo/send.ts";
import { type FakeClaude, fakeClaudeForTest, testWithFake } from "../support/fake-claude.ts";
import { waitFor } from "../support/wait.ts";

const KEY = { "x-api-key": "sk-ant-api03-k", "anthropic-version": "2023-06-01" };

function ask(fake: FakeClaude, text: string, more: Partial<SendOptions> & { stream?: boolean } = {}) {
  const { stream = true, ...options } = more;
  return send({
    baseUrl: fake.url,
    method: "POST",
    path: "/v1/messages",
    headers: KEY,
    body: JSON.stringify({
      model: "claude-opus-5-5",
      max_tokens: 100,
      stream,
      messages: [{ role: "user", content: text }],
    }),
    ...options,
  });
}

describe("behaviour selected by tags", () => {
  test("a response has one chunk per event and is the same for the same seed", async () => {
    const [one, other] = [await fakeClaudeForTest(), await fakeClaudeForTest()];
    const [first, second] = [await ask(one, "Hello"), await ask(other, "Hello")];
    expect(first.body.equals(second.body)).toBe(true);
    expect(first.headers["content-type"]).toBe("text/event-stream; charset=utf-8");
    expect(first.body.toString()).toMatch(/^event: message_start\n[^]*event: message_stop\ndata: .*\n\n$/);
  });

  testWithFake(
    "refuse closes before headers, empty sends no body, html and redirect are not JSON",
    async ({ fake }) => {
      await expect(ask(fake, "[fake:refuse]")).rejects.toThrow(/socket hang up|ECONNRESET/);
      expect(await ask(fake, "[fake:empty]")).toMatchObject({ status: 200, body: Buffer.alloc(0) });
      expect((await ask(fake, "[fake:html]")).body.toString()).toContain("<title>502 Bad Gateway</title>");
      const moved = await ask(fake, "[fake:redirect=https://example.com/there]");
      expect(moved).toMatchObject({ status: 307, headers: { location: "https://example.com/there" } });
    },
  );

  testWithFake("reset breaks the stream, truncate ends it early", async ({ fake }) => {
    const reset = await ask(fake, "[fake:reset-mid-stream]");
    const short = await ask(fake, "[fake:truncate]");
    expect([reset.broken, short.broken]).toEqual([true, false]);
    for (const response of [reset, short]) {
      expect(response.body.toString()).toContain("event: message_start");
      expect(response.body.toString()).not.toContain("message_stop");
    }
    // The fake broke the connection: the client did not disconnect.
    expect(fake.requests.map((request) => request.abortedAt)).toEqual([null, null]);
  });

  testWithFake("hang sends nothing and detects the disconnect", async ({ fake }) => {
    await expect(ask(fake, "[fake:hang]", { timeoutMs: 150 })).rejects.toThrow(/no byte/);
    await waitFor(() => expect(fake.requests[0]?.abortedAt).not.toBeNull());
    expect(fake.requests[0]?.status).toBeNull();
  });

  testWithFake("invalid UTF-8 and unknown events are sent unchanged", async ({ fake }) => {
    const { body } = await ask(fake, "[fake:invalid-utf8][fake:unknown-event][fake:crlf]");
    expect(body.includes(Buffer.from([0x80, 0xf0, 0x9f, 0x98, 0x00, 0xc3]))).toBe(true);
    expect(body.toString()).toContain("event: quota_hint\r\n");
    expect(body.toString()).toContain(": end of the line\r\n");
  });

  testWithFake("an encoded response decodes to the same bytes", async ({ fake }) => {
    const whole = await ask(fake, "[fake:br][fake:say=one two three]");
    expect(whole.headers["content-encoding"]).toBe("br");
    expect(brotliDecompressSync(whole.body).toString()).toContain("message_stop");
  });

  test("speed 1 delays the first byte; slow has its own pauses", async () => {
    const fake = await fakeClaudeForTest({ speed: 1 });
    const quick = await ask(fake, "[fake:say=yes]", { stream: false, leave: () => true });
    expect(quick.timeToHeadersMs).toBeGreaterThan(290);
    fake.setSpeed(0);
    const slow = await ask(fake, "[fake:slow=20][fake:say=yes]");
    expect(slow.durationMs - slow.timeToHeadersMs).toBeGreaterThan(80);
  });
});

describe("controls", () => {
  testWithFake("hurry ends a response in progress at once and completely", async ({ fake }) => {
    const under = ask(fake, "[fake:slow=60000][fake:say=one two three]");
    await waitFor(() => expect(fake.requests[0]?.bytesSent).toBeGreaterThan(0));
    fake.hurry();
    expect((await under).body.toString()).toContain("message_stop");
  });

  testWithFake("rate-limit headers follow the credential's style", async ({ fake }) => {
    const bearer = { authorization: "Bearer gateway", "anthropic-version": "2023-06-01" };
    const key = await ask(fake, "Hello");
    const gateway = await ask(fake, "Hello", { headers: bearer });
    const full = await ask(fake, "[fake:ratelimit]", { headers: bearer });
    expect(key.headers["anthropic-ratelimit-tokens-remaining"]).toMatch(/^\d+$/);
    expect(key.headers["anthropic-ratelimit-unified-status"]).toBeUndefined();
    expect(gateway.headers["anthropic-ratelimit-unified-5h-utilization"]).toMatch(/^0\.\d+$/);
    expect(gateway.headers["anthropic-ratelimit-tokens-remaining"]).toBeUndefined();
    expect(full.headers).toMatchObject({
      "anthropic-ratelimit-unified-status": "rejected",
      "retry-after": "1",
    });
  });

  testWithFake("a script replaces the response as often as given", async ({ fake }) => {
    fake.script(
      (_received, json) => JSON.stringify(json).includes("scripted"),
      {
        kind: "response",
        response: {
          content: [{ type: "tool_use", id: "toolu_1", name: "Read", input: { file_path: "/a\u00e9\n" } }],
        },
      },
      { times: 1 },
    );
    const scripted = await ask(fake, "scripted", { stream: false });
    expect(JSON.parse(scripted.body.toString())).toMatchObject({
      stop_reason: "tool_use",
      content: [{ id: "toolu_1" }],
    });
    expect((await ask(fake, "scripted")).body.toString()).not.toContain("toolu_1");
  });

  testWithFake(
    "a revoked secret is rejected without a violation; warm-ups need none; unknown paths get 404",
    async ({ fake }) => {
      fake.revoke(KEY["x-api-key"]);
      expect((await ask(fake, "Hello")).status).toBe(401);
      expect(fake.violations).toEqual([]);
      const at = (method: string, path: string, headers: Record<string, string>) =>
        send({ baseUrl: fake.url, method, path, headers });
      expect((await at("HEAD", "/api/hello", {})).status).toBe(200);
      const other = await at("GET", "/v1/skills", { ...KEY, "x-api-key": "sk-ant-api03-other" });
      expect(JSON.parse(other.body.toString())).toMatchObject({ error: { type: "not_found_error" } });
    },
  );
});
