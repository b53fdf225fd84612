/** The reads of linking a turn of a long conversation: its parent, not its history. */
import { expect, it } from "vitest";
import { newExchangeId } from "../exchange-id.ts";
import { EvidenceFlag, type FullEvidence } from "./evidence/evidence.ts";
import type { FoundEvidence, Lookup } from "./evidence/lookup.ts";
import type { Link } from "./link-store.ts";
import { MemoryLinkStore } from "../../../test/support/memory-link-store.ts";

const TURNS = 2_000;
const NO_HASH = new Uint8Array(16);

/** Evidence of turn `n` of one conversation. */
function turn(n: number): FullEvidence {
  const hasPrior = n > 0;
  return {
    requestId: newExchangeId(Date.UTC(2026, 0, 1) + n * 10_000, new Uint8Array(10)),
    flags: EvidenceFlag.sessionInHeader | EvidenceFlag.hasResponse | (hasPrior ? EvidenceFlag.hasHistory : 0),
    sessionKey: 1n,
    agentKey: 0n,
    endKey: BigInt(10 * n),
    responseKey: BigInt(10 * n + 1),
    priorEndKey: hasPrior ? BigInt(10 * (n - 1)) : null,
    priorResponseKey: hasPrior ? BigInt(10 * (n - 1) + 1) : null,
    messageKey: BigInt(10 * n + 2),
    priorMessageKey: hasPrior ? BigInt(10 * (n - 1) + 2) : null,
    systemKey: null,
    deviceKey: null,
    directoryKey: null,
    textKey: null,
    keys: [],
    tasks: [],
    mentions: [],
    messageHash: NO_HASH,
    priorMessageHash: null,
    systemHash: null,
  };
}

class CountingStore extends MemoryLinkStore {
  statements = 0;
  rows = 0;

  override async find(lookups: readonly Lookup[]): Promise<FoundEvidence[][]> {
    return this.#counted(await super.find(lookups), (found) => found.flat().length);
  }
  override async familyOf(ids: readonly string[]): Promise<Link[]> {
    return this.#counted(await super.familyOf(ids), (links) => links.length);
  }
  override async conversationsOf(ids: readonly string[]): Promise<Link[]> {
    return this.#counted(await super.conversationsOf(ids), (links) => links.length);
  }
  #counted<T>(result: T, size: (result: T) => number): T {
    this.statements += 1;
    this.rows += size(result);
    return result;
  }
}

it("reads as much at turn 2,000 as at turn 20", async () => {
  const store = new CountingStore();
  const costs: { statements: number; rows: number }[] = [];
  for (let n = 0; n < TURNS; n++) {
    const [statements, rows] = [store.statements, store.rows];
    await store.link([turn(n)]);
    costs.push({ statements: store.statements - statements, rows: store.rows - rows });
  }
  expect(costs[TURNS - 1]).toEqual(costs[19]);
  expect(costs[19]!.statements).toBeLessThanOrEqual(2);
  expect(new Set([...store.links.values()].map(({ branchKey }) => branchKey)).size).toBe(1);
}, 60_000);
