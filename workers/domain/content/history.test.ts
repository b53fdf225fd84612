import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { conversationTurn } from "../../../test/support/conversation.ts";
import { assistantElement, type SplitBody, splitBody, rebuildBody } from "./split-body.ts";

const FOLDER = join(import.meta.dirname, "../../../test/fixtures/claude-code");
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** The contents and nodes of a domain, and what a further body adds to them. */
function newStore() {
  const contents = new Map<string, string>();
  const nodes = new Set<string>();
  return {
    contents,
    add(body: SplitBody) {
      const added = { contents: 0, contentBytes: 0, nodes: 0, overlayBytes: 0 };
      for (const element of [...body.messages, ...body.system, ...body.tools]) {
        if (!contents.has(hex(element.contentSha256))) {
          contents.set(hex(element.contentSha256), textOf(element.content));
          added.contents++;
          added.contentBytes += element.content.length;
        }
        if (!nodes.has(hex(element.hash))) {
          nodes.add(hex(element.hash));
          added.nodes++;
          added.overlayBytes += element.overlay?.length ?? 0;
        }
      }
      if (!contents.has(hex(body.skeletonSha256))) {
        contents.set(hex(body.skeletonSha256), textOf(body.skeleton));
        added.contents++;
        added.contentBytes += body.skeleton.length;
      }
      return added;
    },
  };
}

/** Recorded request bodies as sent, in order. */
function recorded(file: string): Uint8Array[] {
  const lines = readFileSync(join(FOLDER, file), "utf8").split("\n").filter(Boolean);
  return lines
    .map((line) => (JSON.parse(line) as { request: { body: unknown } }).request.body)
    .filter((body) => typeof body === "object" && body !== null)
    .map((body) => new TextEncoder().encode(JSON.stringify(body)));
}

describe("recorded requests of Claude Code", () => {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith(".jsonl"));

  test.each(files)("%s rebuilds to the byte and stores no message twice", (file) => {
    const bodies = recorded(file);
    expect(bodies.length).toBeGreaterThan(0);
    const store = newStore();
    for (const bytes of bodies) {
      const body = splitBody(bytes);
      expect(body).toMatchObject({ kind: "json", masked: false });
      expect(textOf(rebuildBody(body))).toBe(textOf(bytes));
      expect(body.skeleton.length).toBeLessThan(1_500);
      store.add(body);
    }
    const texts = [...store.contents.values()];
    expect(texts.filter((text) => text.includes('"cache_control":{"type":"ephemeral"'))).toEqual([]);
    const meanings = texts.map((text) => {
      const { role, content, ...rest } = JSON.parse(text) as { role?: unknown; content?: unknown };
      const one =
        Array.isArray(content) && content.length === 1 ? (content[0] as Record<string, unknown>) : {};
      return JSON.stringify({ role, content: one.type === "text" ? one.text : content, rest });
    });
    expect(new Set(meanings).size).toBe(meanings.length);
  });

  test("a turn adds its new messages, not the history", () => {
    const store = newStore();
    const added = recorded("v330-tools.jsonl").map((bytes) => store.add(splitBody(bytes)));
    // Each further turn: the answer and the tool result with their nodes, and a node for the previous newest message.
    for (const turn of added.slice(1)) {
      expect(turn.contents).toBeLessThanOrEqual(3);
      expect(turn.nodes).toBe(3);
      expect(turn.contentBytes).toBeLessThan(2_000);
    }
  });
});

describe("a conversation of 300 turns", () => {
  const turns = Array.from({ length: 300 }, (_, n) => conversationTurn(n, { newText: 400, toolText: 4_000 }));

  test("stores as much at its end as at its beginning", () => {
    const store = newStore();
    const added = turns.map(({ bytes }) => store.add(splitBody(bytes)));
    expect(added[0]!.contents).toBe(2 + 3 + 12 + 1); // messages, system blocks, tools, skeleton
    for (const turn of added.slice(1)) {
      expect(turn).toMatchObject({ contents: 2, nodes: 3 });
      expect(turn.contentBytes).toBeLessThan(1_000);
      expect(turn.overlayBytes).toBeLessThan(120);
    }
  });

  test("stores each response under the content that it has as history", () => {
    const echoes = splitBody(turns[299]!.bytes).messages.map(({ contentSha256 }) => hex(contentSha256));
    for (const { response: answer } of turns.slice(0, 299))
      expect(echoes).toContain(hex(assistantElement(answer).sha256));
  });
});
