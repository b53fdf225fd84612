/** Relinking: correct links stay, unlinked requests are linked, a dry run changes nothing. */
import { beforeEach, describe, expect, it } from "vitest";
import { conversationTurn } from "../support/conversation.ts";
import { makeExchange, NOON } from "../support/exchanges.ts";
import { ask, call } from "../support/worker-api.ts";
import { queryRows } from "../support/worker-database.ts";
import { resetStorage, ingest } from "../support/worker-ingest.ts";
import type { RelinkResult } from "../../workers/schemas/api/relink.ts";

beforeEach(async () => {
  await resetStorage();
  const turns = Array.from({ length: 6 }, (_, n) => {
    const turn = conversationTurn(n, { seed: 1 });
    return makeExchange({ startedAt: NOON + n * 1_000, requestBody: turn.bytes, responseBody: turn.stream });
  });
  await ingest(...turns);
});

const links = () =>
  queryRows(`SELECT id, conversation_id, branch_id, branch_key, parent_request_id, link_kind, linked_by, link_confidence
    FROM requests ORDER BY id`);
const sums = () => queryRows("SELECT to_jsonb(c) AS sums FROM conversations c ORDER BY id");
const relink = (body: object) =>
  ask<RelinkResult>("/api/relink", { method: "POST", body: { domain: "team.example", ...body } });

describe("relinking", () => {
  it("changes no link that ingest made", async () => {
    const before = await links();
    expect(await relink({})).toMatchObject({ checked: 6, changed: 0, remaining: 0, nextCursor: null });
    expect(await links()).toEqual(before);
  });

  it("links unlinked requests batch by batch as ingest does", async () => {
    const [before, summed] = [await links(), await sums()];
    await queryRows("DELETE FROM link_evidence");
    await queryRows("DELETE FROM link_keys");
    await queryRows("DELETE FROM conversations");
    await queryRows(`UPDATE requests SET conversation_id = NULL, branch_id = NULL, branch_key = NULL,
      parent_request_id = NULL, link_kind = NULL, linked_by = NULL, link_confidence = NULL`);
    const unlinked = await links();
    expect(await relink({ dryRun: true })).toMatchObject({ checked: 6, changed: 6 });
    expect(await links()).toEqual(unlinked);
    let cursor: string | undefined;
    for (let n = 0; n < 3; n++) {
      const answer = await relink({ limit: 2, cursor });
      expect(answer).toMatchObject({ checked: 2, changed: 2, remaining: 4 - 2 * n });
      cursor = answer.nextCursor ?? undefined;
    }
    expect(cursor).toBeUndefined();
    expect(await links()).toEqual(before);
    expect(await sums()).toEqual(summed);
  });

  it("responds 404 for an unknown domain", async () => {
    const { status } = await call("/api/relink", { method: "POST", body: { domain: "nobody.example" } });
    expect(status).toBe(404);
  });
});
