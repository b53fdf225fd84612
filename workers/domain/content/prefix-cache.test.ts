import { describe, expect, it } from "vitest";
import { conversationTurn } from "../../../test/support/conversation.ts";
import { STEP_BYTES } from "../../runtime/constants.ts";
import { finish } from "../steps.ts";
import { splitBody, splitInSteps } from "./split-body.ts";
import { PrefixCache } from "./prefix-cache.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const listOf = (messages: string) => bytesOf(`{"messages":[${messages}]}`);
const one = '{"role":"user","content":"one"}';
const two = '{"role":"assistant","content":"two"}';

describe("the prefix cache", () => {
  it("returns the same elements for a known prefix and splits the rest", () => {
    const cache = new PrefixCache(1_000_000);
    const first = splitBody(listOf(one), cache);
    const second = splitBody(listOf(`${one},${two}`), cache);
    expect(second.messages[0]).toBe(first.messages[0]);
    expect(second.messages).toHaveLength(2);
    expect(second).toEqual(splitBody(listOf(`${one},${two}`)));
    const third = splitBody(listOf(`${one},${two},${one}`), cache);
    expect(third.messages.slice(0, 2)).toEqual(second.messages);
    expect(third.messages[1]).toBe(second.messages[1]);
  });

  it("compares every byte, and the end of numbers", () => {
    const cache = new PrefixCache(1_000_000);
    for (const messages of [
      "12",
      "123",
      "12 ",
      " 12",
      "12,3",
      "12,34",
      "12 ,3",
      one,
      `${one} `,
      `${one}, ${two}`,
    ])
      expect(splitBody(listOf(messages), cache), messages).toEqual(splitBody(listOf(messages)));
  });

  it("keeps lists apart: removals of messages and tools differ", () => {
    const cache = new PrefixCache(1_000_000);
    const element = '{"content":[{"type":"text","text":"a","cache_control":1}]}';
    for (const list of ["messages", "tools", "system"]) {
      const body = bytesOf(`{"${list}":[${element}]}`);
      expect(splitBody(body, cache)).toEqual(splitBody(body));
    }
  });

  it("keeps no view on a body", () => {
    const cache = new PrefixCache(1_000_000);
    const body = listOf(`${one},${two}`);
    const { messages } = splitBody(body, cache);
    body.fill(0x20);
    expect(messages).toEqual(splitBody(listOf(`${one},${two}`)).messages);
    expect(splitBody(listOf(one), cache).messages[0]).toBe(messages[0]);
  });

  it("evicts the least recently used list beyond its size", () => {
    const conversation = (seed: number, turn: number) => conversationTurn(turn, { seed }).bytes;
    const cache = new PrefixCache(1_000_000);
    const of = (seed: number) => splitBody(conversation(seed, 3), cache).messages[0];
    const [first, second] = [of(1), of(2)];
    expect(of(1)).toBe(first);
    for (let seed = 10; seed < 40; seed++) {
      of(seed);
      expect(of(1)).toBe(first);
    }
    expect(of(2)).not.toBe(second);
    expect(of(2)).toEqual(second);
  });

  it("keeps its size when a prefix is evicted while its list is split in steps", () => {
    const listOfSize = (name: number, elements: number) =>
      listOf(Array.from({ length: elements }, (_, n) => `"${name} ${n} ${"x".repeat(2_000)}"`).join());
    // Each element takes 7,036 bytes of the cache.
    const cache = new PrefixCache(63_000);
    for (let round = 0; round < 20; round++) {
      splitBody(listOfSize(round, 1), cache);
      const steps = splitInSteps(bytesOf(`${" ".repeat(STEP_BYTES)}${textOf(listOfSize(round, 2))}`), cache);
      steps.next(); // has looked its prefix up
      for (let other = 0; other < 12; other++) splitBody(listOfSize(1_000 + other, 1), cache);
      finish(steps);
    }
    const kept = Array.from({ length: 20 }, (_, n) => splitBody(listOfSize(2_000 + n, 1), cache).messages[0]);
    const isKept = kept.map(
      (element, n) => cache.lookup("messages", listOfSize(2_000 + n, 1), 13).elements[0] === element,
    );
    expect(isKept.filter(Boolean)).toHaveLength(8);
  });

  it("does not store a list larger than a quarter of its size", () => {
    const cache = new PrefixCache(100_000);
    const known = splitBody(listOf(one), cache).messages[0];
    const large = listOf(`{"role":"user","content":"${"x".repeat(200_000)}"}`);
    const [a, b] = [splitBody(large, cache), splitBody(large, cache)];
    expect(a.messages[0]).not.toBe(b.messages[0]);
    expect(a.messages[0]!.hash).toEqual(b.messages[0]!.hash);
    expect(splitBody(listOf(one), cache).messages[0]).toBe(known);
  });
});
