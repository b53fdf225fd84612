/** Links of recorded Claude Code sessions against the expected ones, with the client's ids and without. */
import { beforeAll, describe, expect, it } from "vitest";
import { newExchangeId } from "../exchange-id.ts";
import type { Link } from "./link-store.ts";
import { evidenceOfRecording } from "../../../test/support/linking-evidence.ts";
import { MemoryLinkStore } from "../../../test/support/memory-link-store.ts";
import { expectedLinks, loadRecordings, recordingKey } from "../../../test/support/recordings.ts";

const recordings = loadRecordings();
const ids = new Map<string, string>();
const keys = new Map<string, string>();
recordings.forEach((recording, n) => {
  const id = newExchangeId(Date.parse(recording.t), new Uint8Array(10).fill(n % 251));
  ids.set(recordingKey(recording), id);
  keys.set(id, recordingKey(recording));
});

interface Compared {
  key: string;
  expected: string;
  actual: string;
  link: Link | undefined;
  hasRightParent: boolean;
}

async function compare(withIds: boolean): Promise<Compared[]> {
  const store = new MemoryLinkStore();
  const made = recordings.flatMap(
    (recording) => evidenceOfRecording(recording, ids.get(recordingKey(recording))!, withIds) ?? [],
  );
  await store.link(made);
  const seq = (id: string | null | undefined) => (id == null ? null : keys.get(id)!);
  return expectedLinks().map((truth) => {
    const key = recordingKey(truth);
    const link = store.links.get(ids.get(key)!);
    const name = (n: number | null) => (n === null ? null : recordingKey({ file: truth.file, seq: n }));
    const taskParent = link?.linkKind === "subtask" ? seq(link.parentTaskRequestId) : null;
    const parent = seq(link?.parentRequestId);
    return {
      key,
      expected: [truth.kind, name(truth.parent), name(truth.taskParent)].join(" "),
      actual: [link?.linkKind ?? "aux", parent, taskParent].join(" "),
      link,
      hasRightParent: parent === name(truth.parent) && taskParent === name(truth.taskParent),
    };
  });
}

describe("recorded sessions", () => {
  let withIds: Compared[];
  let without: Compared[];
  beforeAll(async () => {
    withIds = await compare(true);
    without = await compare(false);
  });

  it("all get the expected links", () => {
    expect(
      withIds
        .filter(({ expected, actual }) => expected !== actual)
        .map(
          ({ key, expected, actual, link }) =>
            `${key}: ${actual}, not ${expected} (${link?.linkedBy} ${link?.linkConfidence})`,
        ),
    ).toEqual([]);
  });

  it("get at least 95 % of the parents without ids, the others with low confidence", () => {
    const wrong = without.filter(({ hasRightParent }) => !hasRightParent);
    expect(
      wrong.filter(({ link }) => link?.parentRequestId != null && link.linkConfidence !== "low"),
    ).toEqual([]);
    expect(wrong.length / without.length).toBeLessThanOrEqual(0.05);
  });
});
