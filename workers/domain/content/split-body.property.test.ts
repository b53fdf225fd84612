import { describe, expect, test } from "vitest";
import { maliciousBody, pick } from "../../../test/support/malicious-json.ts";
import { random } from "../../../test/support/prose.ts";
import { type SplitBody, splitBody, rebuildBody, restoreElement } from "./split-body.ts";
import { PrefixCache } from "./prefix-cache.ts";
import { sha256 } from "../sha256.ts";

/** Other cases: CONTENT_SEED=7 npx vitest run workers/domain/content/split-body.property.test.ts */
const seed = Number(process.env.CONTENT_SEED ?? 20_261_123);
const CASES = 3_000;
const LISTS = ["messages", "system", "tools"] as const;
type Json = Record<string, unknown>;

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const same = (a: unknown, b: unknown) => expect(JSON.stringify(a)).toBe(JSON.stringify(b));
const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function* cases(options?: { tricks: boolean }) {
  const next = random(seed);
  for (let i = 0; i < CASES; i++) yield { text: maliciousBody(next, options), next };
}

describe(`malicious JSON, seed ${seed}`, () => {
  test("rebuilds to the byte, with the elements that a parser sees", () => {
    let elements = 0;
    for (const { text } of cases()) {
      const bytes = new TextEncoder().encode(text);
      const body = splitBody(bytes);
      expect(body.kind, text).toBe("json");
      expect(textOf(rebuildBody(body))).toBe(text);
      expect(body.sha256).toEqual(sha256(bytes));
      const parsed = JSON.parse(text) as Json;
      for (const list of LISTS) {
        const restored = body[list].map(
          ({ content, overlay: form }) => JSON.parse(restoreElement(content, form)) as unknown,
        );
        elements += restored.length;
        if (Array.isArray(parsed[list])) same(restored, parsed[list]);
        else if (list === "system" && typeof parsed[list] === "string") same(restored, [parsed[list]]);
        else expect(restored).toEqual([]);
      }
    }
    expect(elements).toBeGreaterThan(CASES);
  });

  test("is split alike with a cache of any content and size", () => {
    for (const maxBytes of [1_000_000, 20_000]) {
      const cache = new PrefixCache(maxBytes);
      let before = "";
      let cached = 0;
      let left = CASES / 3;
      for (const { text, next } of cases()) {
        if (left-- <= 0) break;
        // A conversation continues, branches, or is another one; broken bodies are not cached.
        const texts = [grown(before, text, next), text, broken(text, next)];
        for (const each of texts) {
          const bytes = new TextEncoder().encode(each);
          const body = splitBody(bytes, cache);
          cached += body.messages.filter(({ content }) => content.buffer !== bytes.buffer).length;
          expect(describeBody(body), each).toBe(describeBody(splitBody(bytes)));
          expect(textOf(rebuildBody(body))).toBe(each);
        }
        before = text;
      }
      expect(cached).toBeGreaterThan(CASES / 10);
    }
  });

  test("is normalised as over parsed values", () => {
    let normalised = 0;
    for (const { text } of cases({ tricks: false })) {
      const body = splitBody(new TextEncoder().encode(text));
      const parsed = JSON.parse(text) as Json;
      for (const list of LISTS) {
        const sent = parsed[list];
        if (!Array.isArray(sent)) continue;
        const contents = body[list].map(({ content }) => JSON.parse(textOf(content)) as unknown);
        normalised += body[list].filter(({ overlay: form }) => form !== null).length;
        same(contents, sent.map(list === "messages" ? plainMessage : withoutMarker));
      }
    }
    expect(normalised).toBeGreaterThan(CASES / 2);
  });

  test("with a changed byte is JSON exactly where JSON.parse accepts it, and is kept", () => {
    const counts = { json: 0, raw: 0, bytes: 0 };
    for (const { text, next } of cases()) {
      const broken = new TextEncoder().encode(text);
      const at = Math.floor(next() * broken.length);
      broken[at] =
        next() < 0.2
          ? Math.floor(next() * 256)
          : pick(
              next,
              [...'{}[]",:\\ u0eE-.\n\t'].map((c) => c.charCodeAt(0)),
            );
      const body = splitBody(broken);
      counts[body.kind]++;
      expect(body.kind, textOf(broken)).toBe(isJsonObject(broken) ? "json" : "bytes");
      // A name may have lost its end: "max_token".
      if (!body.masked) expect(Buffer.compare(rebuildBody(body), broken)).toBe(0);
    }
    expect(counts.raw).toBe(0);
    expect(Math.min(counts.json, counts.bytes)).toBeGreaterThan(CASES / 20);
  });
});

test(`different histories never share a node (seed ${seed})`, () => {
  const next = random(seed);
  const spellings = [
    '"a"',
    '{"content":"a"}',
    '{"content":[{"type":"text","text":"a"}]}',
    '{"content":[{"text":"a","type":"text"}]}',
  ];
  spellings.push(
    '{"content":[{"type":"text","text":"a","cache_control":1}]}',
    '{"content":"a","cache_control":1}',
    '{"cache_control":1,"content":"a"}',
  );
  const histories = new Map<string, string>();
  const contents = new Set<string>();
  for (let i = 0; i < CASES; i++) {
    const list = pick(next, LISTS);
    const pieces = Array.from(
      { length: 1 + Math.floor(next() * 3) },
      (_, n) => pick(next, n ? [",", ", ", " ,"] : ["", " "]) + pick(next, spellings),
    );
    const body = splitBody(new TextEncoder().encode(`{"${list}":[${pieces.join("")}]}`));
    body[list].forEach(({ hash, contentSha256 }, n) => {
      const key = Buffer.from(hash).toString("hex");
      const history = `${list}:${pieces.slice(0, n + 1).join("")}`;
      expect(histories.get(key) ?? history).toBe(history);
      histories.set(key, history);
      contents.add(Buffer.from(contentSha256).toString("hex"));
    });
  }
  expect(new Set(histories.values()).size).toBe(histories.size);
  expect(histories.size).toBeGreaterThan(500);
  // As messages the spellings have two contents; system blocks and tools keep their arrays.
  expect(contents.size).toBe(5);
});

/** A split body as one text: comparing arrays of numbers takes a hundred times as long. */
function describeBody(body: SplitBody): string {
  // A Buffer has a toJSON, which is called before a replacer.
  const plain = (value: unknown): unknown =>
    value instanceof Uint8Array
      ? Buffer.from(value).toString("latin1")
      : Array.isArray(value)
        ? value.map(plain)
        : isObject(value)
          ? Object.entries(value).map(([name, member]) => [name, plain(member)])
          : value;
  return JSON.stringify(plain(body));
}

/** One body with the messages of both, as a client sends its history before what is new. */
function grown(before: string, text: string, next: () => number): string {
  const listIn = (json: string) => /"messages"\s*:\s*\[/.exec(json);
  const [old, list] = [listIn(before), listIn(text)];
  if (!old || !list) return text;
  const elements = splitBody(new TextEncoder().encode(before)).messages.map(({ content, overlay: form }) =>
    restoreElement(content, form),
  );
  const kept = elements.slice(0, Math.ceil(next() * elements.length));
  if (kept.length === 0) return text;
  const at = list.index + list[0].length;
  const isEmpty = /^\s*\]/.test(text.slice(at));
  return `${text.slice(0, at)}${kept.join(pick(next, [",", " , "]))}${isEmpty ? "" : ","}${text.slice(at)}`;
}

/** With one character gone, or another in its place. */
function broken(text: string, next: () => number): string {
  const at = Math.floor(next() * text.length);
  const character = pick(next, ["", ...'{}[],:0 e"x']);
  return (text.slice(0, at) + character + text.slice(at + 1)).toWellFormed();
}

function isJsonObject(bytes: Uint8Array): boolean {
  try {
    return isObject(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return false;
  }
}

function withoutMarker(value: unknown): unknown {
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([key]) => key !== "cache_control"));
}

function plainMessage(message: unknown): unknown {
  const plain = withoutMarker(message);
  if (!isObject(plain) || !Array.isArray(plain.content)) return plain;
  const blocks = plain.content.map(withoutMarker).map((block) => {
    if (!isObject(block) || block.type !== "tool_result" || !Array.isArray(block.content)) return block;
    return { ...block, content: block.content.map(withoutMarker) };
  });
  const [only] = blocks;
  const isPlainText =
    blocks.length === 1 &&
    isObject(only) &&
    only.type === "text" &&
    typeof only.text === "string" &&
    Object.keys(only).length === 2;
  return { ...plain, content: isPlainText ? only.text : blocks };
}
