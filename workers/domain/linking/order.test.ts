/**
 * Links do not depend on the order of arrival: generated conversations (branches, retries, compactions, nested subtasks,
 * workflows, side requests, equal texts in two sessions, late responses) get the same links in every order, any batches, with duplicates.
 */
import { describe, expect, it } from "vitest";
import type { FullEvidence } from "./evidence/evidence.ts";
import { generateConversations } from "../../../test/support/generated-conversations.ts";
import { MemoryLinkStore } from "../../../test/support/memory-link-store.ts";
import { random } from "../../../test/support/prose.ts";

const CASES = process.env["SOAK"] ? 2_000 : 150;
const FIRST_SEED = Number(process.env["LINKING_SEED"] ?? 20_261_123);
/** Of these, 82, 153 and 229 differ where texts count beyond one conversation or where a served turn is not followed. */
const FIRST_REPETITIVE_SEED = Number(process.env["LINKING_SEED"] ?? 82);

function snapshot(store: MemoryLinkStore): unknown {
  return {
    served: [...store.served].sort(([a], [b]) => (a < b ? -1 : 1)),
    links: [...store.links.values()].sort((a, b) => (a.requestId < b.requestId ? -1 : 1)),
    calls: [...store.calls.values()]
      .map(({ requestId, position, subtaskRequestId }) => ({ requestId, position, subtaskRequestId }))
      .sort((a, b) => (`${a.requestId}${a.position}` < `${b.requestId}${b.position}` ? -1 : 1)),
  };
}

function shuffled<T>(items: readonly T[], next: () => number): T[] {
  const result = [...items];
  for (let n = result.length - 1; n > 0; n--) {
    const other = Math.floor(next() * (n + 1));
    [result[n], result[other]] = [result[other]!, result[n]!];
  }
  return result;
}

describe("the order of arrival", () => {
  it.each([
    ["conversations", FIRST_SEED, false],
    ["conversations with repeated side requests", FIRST_REPETITIVE_SEED, true],
  ])(`changes nothing, in ${CASES} sets of %s from seed %d on`, async (_, first, isRepetitive) => {
    for (let seed = first; seed < first + CASES; seed++) {
      const { evidence: made, unanswered } = generateConversations(seed, isRepetitive);
      const whole = new MemoryLinkStore();
      await whole.link(made);
      const next = random(seed + 1);
      // Some arrive first without their response, and some arrive twice.
      const early = made.flatMap(({ requestId }) => (next() < 0.15 ? (unanswered.get(requestId) ?? []) : []));
      const twice = made.filter(() => next() < 0.1);
      const arrivals = shuffled<FullEvidence>([...made, ...twice], next);
      const first = shuffled(early, next);
      const pieces = new MemoryLinkStore();
      const queue = [...first, ...arrivals];
      while (queue.length > 0) {
        const batch = new Map<string, FullEvidence>();
        for (const each of queue.splice(0, 1 + Math.floor(next() * 6))) batch.set(each.requestId, each);
        await pieces.link([...batch.values()]);
      }
      expect(snapshot(pieces), `seed ${seed}`).toEqual(snapshot(whole));
    }
  });
});
