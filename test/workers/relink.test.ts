/** Relinking: correct links stay, unlinked requests are linked, a dry run changes nothing. */
import { beforeEach, describe, expect, it } from "vitest";
import { conversationTurn } from "../support/conversation.ts";
import { makeExchange, messageRequest, NOON } from "../support/exchanges.ts";
import { responseStream } from "../support/response-stream.ts";
import { apiJson, call } from "../support/worker-api.ts";
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
  queryRows<
    Record<string, unknown>
  >(`SELECT id, conversation_id, branch_id, branch_key, parent_request_id, serves_request_id,
    link_kind, linked_by, link_confidence
    FROM requests ORDER BY id`);
const sums = () => queryRows("SELECT to_jsonb(c) AS sums FROM conversations c ORDER BY id");
const relink = (body: object) =>
  apiJson<RelinkResult>("/api/relink", { method: "POST", body: { domain: "team.example", ...body } });

describe("relinking", () => {
  it("changes no link that ingest made", async () => {
    const before = await links();
    expect(await relink({})).toMatchObject({ checked: 6, changed: 0, remaining: 0, nextCursor: null });
    expect(await links()).toEqual(before);
  });

  it("derives keys and hashes from the stored content, not from the stored keys and hashes", async () => {
    const nested = "<system-reminder>a <system-reminder>b</system-reminder> c</system-reminder>look";
    const call = {
      type: "tool_use",
      id: "toolu_1",
      name: "Task",
      input: { description: "d", prompt: nested },
    };
    await ingest(
      makeExchange({
        startedAt: NOON + 10_000,
        requestBody: messageRequest(nested),
        responseBody: responseStream(
          { content: [call] },
          { id: "msg_1", model: "claude-opus-5-5", usage: {} },
        ),
      }),
    );
    const stored = () =>
      queryRows(`SELECT e.*, r.message_hash, r.parent_message_hash, t.prompt_key FROM requests r
        JOIN link_evidence e ON e.request_id = r.id LEFT JOIN task_invocations t ON t.request_id = r.id ORDER BY r.id`);
    const before = await stored();
    await queryRows(`UPDATE link_evidence SET end_key = end_key / 2, answer_key = answer_key / 2,
      prior_end_key = prior_end_key / 2, prior_answer_key = prior_answer_key / 2, message_key = message_key / 2`);
    await queryRows("UPDATE requests SET message_hash = '\\x00', parent_message_hash = '\\x00'");
    await queryRows("UPDATE task_invocations SET prompt_key = prompt_key / 2");
    expect(await stored()).not.toEqual(before);
    expect(await relink({})).toMatchObject({ checked: 7, changed: 0 });
    expect(await stored()).toEqual(before);
  });

  it("takes side requests out of conversations in which they were stored, and returns their branch", async () => {
    const headers = {
      "content-type": "application/json",
      "user-agent": "claude-cli/2.1.332",
      "x-claude-code-session-id": "s",
    };
    const chat = (n: number, ...texts: string[]) =>
      makeExchange({
        startedAt: NOON + n * 1_000,
        requestBody: messageRequest("", {
          messages: texts.map((content, i) => ({ role: i % 2 === 0 ? "user" : "assistant", content })),
          tools: [{ name: "Bash", input_schema: {} }],
        }),
        requestMetadata: { headers },
      });
    const turns = [
      chat(20, "a"),
      chat(21, "a", "Well.", "[SUGGESTION MODE: x]"),
      chat(22, "a", "Well.", "b"),
    ];
    await ingest(...turns);
    const [before, summed] = [await links(), await sums()];
    const [root, side, second] = turns.map(({ id }) => id);
    expect(before.find(({ id }) => id === side)).toMatchObject({ link_kind: "aux", serves_request_id: root });
    await queryRows(
      `UPDATE requests SET link_kind = 'turn', branch_id = 'main', branch_key = $2, parent_request_id = $2, serves_request_id = NULL,
        conversation_id = (SELECT conversation_id FROM requests WHERE id = $2) WHERE id = $1`,
      [side, root],
    );
    await queryRows("UPDATE requests SET branch_id = 'branch_1', branch_key = id WHERE id = $1", [second]);
    expect(await relink({})).toMatchObject({ checked: 9, changed: 2 });
    expect(await links()).toEqual(before);
    expect(await sums()).toEqual(summed);
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
      const relinked = await relink({ limit: 2, cursor });
      expect(relinked).toMatchObject({ checked: 2, changed: 2, remaining: 4 - 2 * n });
      cursor = relinked.nextCursor ?? undefined;
    }
    expect(cursor).toBeUndefined();
    expect(await links()).toEqual(before);
    expect(await sums()).toEqual(summed);
  });

  it("responds 404 for an unknown domain", async () => {
    const { status } = await call("/api/relink", { method: "POST", body: { domain: "unknown.example" } });
    expect(status).toBe(404);
  });
});
