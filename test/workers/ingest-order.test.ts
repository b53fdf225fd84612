/**
 * Several consumers at once over Postgres: generated conversations get the same links and sums as when they come in order.
 * On the embedded database, which has one session, transactions of several consumers alternate but never overlap. (Overlapping:
 * postgres/ingest-at-once.test.ts.)
 */
import { describe, expect, it } from "vitest";
import { random } from "../support/prose.ts";
import { generateMadeExchanges } from "../support/worker-generated-conversations.ts";
import { queryRows } from "../support/worker-database.ts";
import { deliver, resetStorage, journal, messageOf, ingest } from "../support/worker-ingest.ts";

const CASES = 4;
const CONSUMERS = 4;
const FIRST_SEED = 20_261_123;

const snapshot = async () => ({
  links: await queryRows(`SELECT id, conversation_id, branch_id, branch_key, parent_request_id, is_subtask,
    parent_task_request_id, serves_request_id, link_kind, linked_by, link_confidence FROM requests ORDER BY id`),
  calls: await queryRows(
    "SELECT request_id, position, agent_id, subtask_request_id FROM task_invocations ORDER BY 1, 2",
  ),
});

describe("several consumers at once", () => {
  it(`link as one does, in ${CASES} sets of conversations from seed ${FIRST_SEED} on`, async () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + CASES; seed++) {
      const exchanges = generateMadeExchanges(seed);
      await resetStorage();
      await ingest(...exchanges);
      const inOrder = await snapshot();
      await resetStorage();
      for (const each of exchanges) await journal(each);
      const next = random(seed);
      const shuffled = exchanges.map((each) => ({ each, at: next() })).sort((a, b) => a.at - b.at);
      const consumers = Array.from({ length: CONSUMERS }, (_, n) =>
        shuffled.filter((__, i) => i % CONSUMERS === n).map(({ each }) => messageOf(each)),
      );
      await Promise.all(
        consumers.map(async (batch) => {
          for (let at = 0; at < batch.length; at += 2) await deliver(batch.slice(at, at + 2));
        }),
      );
      expect(await snapshot(), `seed ${seed}`).toEqual(inOrder);
    }
  });
});
