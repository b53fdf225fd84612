/** The assembly of a stream, event by event; whole responses and recordings are in read-response.test.ts and read-response-recorded.test.ts. */
import { describe, expect, test } from "vitest";
import { assembleStream } from "./assemble-stream.ts";

type Event = Record<string, unknown>;

const wire = (events: Event[]) =>
  new TextEncoder().encode(
    events.map((event) => `event: ${String(event["type"])}\ndata: ${JSON.stringify(event)}\n\n`).join(""),
  );
const read = (...events: Event[]) => assembleStream(wire(events));

const start = (extra: Event = {}): Event => ({
  type: "message_start",
  message: {
    id: "msg_1",
    type: "message",
    role: "assistant",
    model: "claude-opus-5-5",
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { input_tokens: 3, output_tokens: 1 },
    ...extra,
  },
});
const open = (index: number, content_block: Event): Event => ({
  type: "content_block_start",
  index,
  content_block,
});
const delta = (index: number, delta: Event): Event => ({ type: "content_block_delta", index, delta });
const close = (index: number): Event => ({ type: "content_block_stop", index });
const stop: Event = { type: "message_stop" };
const end = (delta: Event = { stop_reason: "end_turn" }, extra: Event = {}): Event => ({
  type: "message_delta",
  delta,
  usage: { output_tokens: 9 },
  ...extra,
});
const blocks = (...events: Event[]) => read(start(), ...events, end(), stop).message!["content"] as Event[];

describe("blocks", () => {
  test("come together from every known delta", () => {
    const content = blocks(
      open(0, { type: "thinking", thinking: "", signature: "" }),
      delta(0, { type: "thinking_delta", thinking: "one " }),
      delta(0, { type: "thinking_delta", thinking: "two" }),
      delta(0, { type: "signature_delta", signature: "c2ln" }),
      close(0),
      open(1, { type: "text", text: "" }),
      delta(1, { type: "text_delta", text: "Hello " }),
      { type: "ping" },
      delta(1, { type: "text_delta", text: "wörld 😀" }),
      delta(1, { type: "citations_delta", citation: { cited_text: "a" } }),
      delta(1, { type: "citations_delta", citation: { cited_text: "b" } }),
      close(1),
      open(2, { type: "tool_use", id: "toolu_1", name: "Bash", input: {}, caller: { type: "direct" } }),
      delta(2, { type: "input_json_delta", partial_json: "" }),
      delta(2, { type: "input_json_delta", partial_json: '{"command":"l' }),
      delta(2, { type: "input_json_delta", partial_json: 's"}' }),
      close(2),
      open(3, { type: "compaction", content: null, encrypted_content: null }),
      delta(3, { type: "compaction_delta", content: "Summary", encrypted_content: "x" }),
      close(3),
      open(4, { type: "redacted_thinking", data: "abc" }),
      close(4),
    );
    expect(content).toEqual([
      { type: "thinking", thinking: "one two", signature: "c2ln" },
      { type: "text", text: "Hello wörld 😀", citations: [{ cited_text: "a" }, { cited_text: "b" }] },
      { type: "tool_use", id: "toolu_1", name: "Bash", input: { command: "ls" }, caller: { type: "direct" } },
      { type: "compaction", content: "Summary", encrypted_content: "x" },
      { type: "redacted_thinking", data: "abc" },
    ]);
  });

  test("keep the input of a tool that takes none", () => {
    const call = { type: "tool_use", id: "t", name: "n", input: {} };
    expect(blocks(open(0, call), delta(0, { type: "input_json_delta", partial_json: "" }), close(0))).toEqual(
      [call],
    );
  });

  test("keep a tool input that is no JSON as text, and say so", () => {
    const content = blocks(
      open(0, { type: "server_tool_use", id: "t", name: "n", input: {} }),
      delta(0, { type: "input_json_delta", partial_json: '{"a":' }),
      close(0),
    );
    expect(content[0]).toMatchObject({ input: '{"a":', _nexus: { unparsed_input: true } });
  });

  test("keep a tool input as text that would overflow the stack of whoever writes it down", () => {
    const partial_json = "[".repeat(50_000) + "]".repeat(50_000);
    const content = blocks(
      open(0, { type: "tool_use", name: "n", input: {} }),
      delta(0, { type: "input_json_delta", partial_json }),
    );
    expect(content[0]).toMatchObject({ input: partial_json, _nexus: { unparsed_input: true } });
    expect(() => JSON.stringify(content)).not.toThrow();
  });

  test("add up the token estimates of thinking whose text is omitted", () => {
    const thinking = (estimated_tokens: number | null) =>
      delta(0, { type: "thinking_delta", thinking: "", estimated_tokens });
    const content = blocks(
      open(0, { type: "thinking", thinking: "" }),
      thinking(50),
      thinking(null),
      thinking(100),
    );
    expect(content).toEqual([{ type: "thinking", thinking: "", _nexus: { estimated_tokens: 150 } }]);
  });

  test("stand in the order of their index, those with the same one in the order of their start", () => {
    const text = (text: string) => ({ type: "text", text });
    expect(blocks(open(1, text("b")), open(0, text("a")), open(1, text("c")))).toEqual(
      ["a", "b", "c"].map(text),
    );
  });
});

describe("what is not known yet", () => {
  test("unknown events, blocks, deltas and members are all kept", () => {
    const { message } = read(
      start({ new_member: { a: 1 } }),
      { type: "new_event", payload: [1, 2] },
      open(0, { type: "new_block", shape: "round" }),
      delta(0, { type: "new_delta", piece: "x" }),
      delta(0, { type: "new_delta", piece: "y" }),
      delta(0, { type: "text_delta", text: "t", new_in_delta: 1 }),
      { type: "content_block_stop", index: 0, new_in_stop: 2 },
      { ...delta(0, { type: "text_delta", text: "u" }), new_in_event: 3 },
      end({ stop_reason: "new_reason", new_in_message_delta: 4 }, { new_beside_delta: 5 }),
      { type: "message_stop", invocationMetrics: { ms: 6 } },
    );
    expect(message).toMatchObject({
      new_member: { a: 1 },
      stop_reason: "new_reason",
      new_in_message_delta: 4,
      new_beside_delta: 5,
      invocationMetrics: { ms: 6 },
      _nexus: { unplaced: [{ type: "new_event", payload: [1, 2] }] },
    });
    expect(message!["content"]).toEqual([
      {
        type: "new_block",
        shape: "round",
        text: "tu",
        _nexus: {
          unplaced: [
            { type: "new_delta", piece: "x" },
            { type: "new_delta", piece: "y" },
            { type: "text_delta", new_in_delta: 1 },
            { type: "content_block_stop", new_in_stop: 2 },
            { type: "content_block_delta", new_in_event: 3 },
          ],
        },
      },
    ]);
  });

  test("events that are known but not as they should be are kept too", () => {
    const odd: Event[] = [
      { type: "content_block_start", index: 0, content_block: "text" },
      { type: "content_block_delta", index: 0, delta: null },
      { type: "message_start", message: 7 },
    ];
    const { message } = read(start(), ...odd, delta(0, { type: "text_delta", text: 5 }), stop);
    expect(message!["_nexus"]).toEqual({ unplaced: odd });
    expect(JSON.stringify(message!["content"])).toContain('{"type":"text_delta","text":5}');
  });

  test("data that is no JSON is kept as text", () => {
    const body = new TextEncoder().encode("event: odd\ndata: [DONE]\n\n");
    expect(assembleStream(Uint8Array.from([...wire([start()]), ...body])).message).toMatchObject({
      _nexus: { unplaced: [{ event: "odd", data: "[DONE]" }] },
    });
  });

  test("a later event cannot replace the content, the usage or the prototype", () => {
    const evil = JSON.parse('{"content":"gone","usage":5,"__proto__":{"polluted":1}}') as Event;
    const { message } = read(start(), open(0, { type: "text", text: "here" }), end(evil), stop);
    expect(message!["content"]).toEqual([{ type: "text", text: "here" }]);
    expect(message!["usage"]).toEqual({ input_tokens: 3, output_tokens: 9 });
    expect(message!["_nexus"]).toMatchObject({ unplaced: [{ content: "gone", usage: 5 }] });
    expect(message!["polluted"]).toBeUndefined();
  });
});

describe("the message", () => {
  test("takes over what several message_delta say, and null erases nothing", () => {
    const { message, usage, hasFinalUsage } = read(
      start(),
      end(
        { stop_reason: "tool_use", container: { id: "c1" } },
        { context_management: { applied_edits: [] } },
      ),
      { type: "message_delta", delta: { stop_reason: null, container: null }, usage: { output_tokens: 12 } },
      stop,
    );
    expect(message).toMatchObject({
      id: "msg_1",
      stop_reason: "tool_use",
      stop_sequence: null,
      container: { id: "c1" },
      context_management: { applied_edits: [] },
      usage: { input_tokens: 3, output_tokens: 12 },
    });
    expect(usage).toEqual({ input_tokens: 3, output_tokens: 12 });
    expect(hasFinalUsage).toBe(true);
  });

  test("names the model that took over within the response", () => {
    const hop = (model: string) => ({ type: "fallback", from: { model: "a" }, to: { model } });
    expect(read(start(), open(0, hop("b")), open(1, hop("c")), stop).modelServed).toBe("c");
    expect(read(start()).modelServed).toBe("claude-opus-5-5");
  });

  test("is put together from the middle of a stream whose beginning is lost", () => {
    const { message, stopped } = read(
      delta(0, { type: "thinking_delta", thinking: "lost start" }),
      delta(3, { type: "input_json_delta", partial_json: '{"a":1}' }),
      delta(4, { type: "new_delta" }),
      end(),
      stop,
    );
    expect(message).toEqual({
      stop_reason: "end_turn",
      content: [
        { type: "thinking", thinking: "lost start", _nexus: { start_missing: true } },
        { type: "tool_use", input: { a: 1 }, _nexus: { start_missing: true } },
        { _nexus: { start_missing: true, unplaced: [{ type: "new_delta" }] } },
      ],
      usage: { output_tokens: 9 },
    });
    expect(stopped).toBe(false);
  });

  test("is null for a stream about something else, of which little is held", () => {
    const { message, events } = read(
      ...Array.from({ length: 500 }, (_, n) => ({ type: "session.event", n })),
    );
    expect(message).toBeNull();
    expect(events).toBe(500);
  });
});
