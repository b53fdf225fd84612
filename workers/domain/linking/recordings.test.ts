/** Links of recorded Claude Code sessions against the expected ones, with the client's ids and without. */
import { beforeAll, describe, expect, it } from "vitest";
import { newExchangeId } from "../exchange-id.ts";
import type { Link } from "./link-store.ts";
import { evidenceOfRecording } from "../../../test/support/linking-evidence.ts";
import { MemoryLinkStore } from "../../../test/support/memory-link-store.ts";
import {
  expectedLinks,
  loadRecordings,
  type Recording,
  recordingKey,
} from "../../../test/support/recordings.ts";

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

const HINTS = ["x-claude-code-request-class", "x-claude-code-prompt-id"];

const asRecorded = (recording: Recording) => recording;

async function compare(withIds: boolean, change = asRecorded): Promise<Compared[]> {
  const store = new MemoryLinkStore();
  const made = recordings.flatMap(
    (recording) => evidenceOfRecording(change(recording), ids.get(recordingKey(recording))!, withIds) ?? [],
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

/** The recording with other words in prompt suggestions and side questions, and without HINTS. */
function withUnknownWords(recording: Recording): Recording {
  const { request, ...rest } = withoutHints(recording);
  const body = JSON.stringify(request.body)
    .replaceAll("[SUGGESTION MODE:", "Guess:")
    .replaceAll("This is a side question from the user", "Words of a client of tomorrow");
  return { ...rest, request: { ...request, body: JSON.parse(body) as Record<string, unknown> } };
}

function withoutHints(recording: Recording): Recording {
  const headers = Object.entries(recording.request.headers).filter(
    ([name]) => !HINTS.includes(name.toLowerCase()),
  );
  return { ...recording, request: { ...recording.request, headers: Object.fromEntries(headers) } };
}

/** Turns that are the only requests to continue their parent, and are on another branch. */
function strayedTurns(compared: readonly Compared[]): string[] {
  const linked = compared.flatMap(({ link, expected, key }) =>
    link && link.linkKind !== "retry" ? [{ link, key, isTurn: expected.startsWith("turn ") }] : [],
  );
  const branches = new Map(linked.map(({ link }) => [link.requestId, link.branchKey]));
  const continuations = new Map<string | null, number>();
  for (const { link } of linked)
    continuations.set(link.parentRequestId, (continuations.get(link.parentRequestId) ?? 0) + 1);
  return linked
    .filter(({ isTurn, link }) => isTurn && continuations.get(link.parentRequestId) === 1)
    .filter(({ link }) => branches.get(link.parentRequestId ?? "") !== link.branchKey)
    .map(({ key }) => key);
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

  it("keep straight turns on their branch", () => {
    expect(strayedTurns(withIds)).toEqual([]);
  });

  it.each([
    ["without the headers that state the kind of a request", withoutHints],
    ["where the words of side requests are unknown as well", withUnknownWords],
  ])("get the same links %s", async (_, change) => {
    const compared = await compare(true, change);
    expect(compared.filter(({ expected, actual }) => expected !== actual)).toEqual([]);
    expect(strayedTurns(compared)).toEqual([]);
  });

  it("get at least 98 % of the parents without ids, the others with low confidence", () => {
    const wrong = without.filter(({ hasRightParent }) => !hasRightParent);
    expect(
      wrong.filter(({ link }) => link?.parentRequestId != null && link.linkConfidence !== "low"),
    ).toEqual([]);
    expect(strayedTurns(without)).toEqual([]);
    expect(wrong.length / without.length).toBeLessThanOrEqual(0.02);
  });
});
