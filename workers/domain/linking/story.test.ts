/**
 * A day of requests without ids, the test case of the older proxy's linker. Different decisions are stated beside the request: a
 * retry is no branch, subtasks are numbered without gaps, a subtask has a spawner and no parent.
 */
import { beforeAll, describe, expect, it } from "vitest";
import type { Link } from "./link-store.ts";
import { taskCalls, writtenEvidence, type WrittenRequest } from "../../../test/support/linking-evidence.ts";
import { MemoryLinkStore } from "../../../test/support/memory-link-store.ts";

const SUMMARISER = "You are a helpful AI assistant tasked with summarizing conversations.";
const CONTINUED =
  "This session is being continued from a previous conversation that ran out of context. The conversation is summarized below:\n";
const SUMMARY = "The user greeted, delegated two tasks and was content.";
const CALLS = taskCalls("Task", "P1", "P2");
const RESULTS = CALLS.map(({ id }) => ({ type: "tool_result", tool_use_id: id, content: "done" }));
const Z = ["hello", "hi", "bye", "ok", "z"];
const MAIN = ["do tasks", CALLS, RESULTS];

const STORY: Record<string, WrittenRequest> = {
  R1: { at: "10:00:00.000", turns: ["hello"], response: "hi" },
  R2: { at: "10:00:10.000", turns: ["hello", "hi", "bye"], response: "ok" },
  R3: { at: "10:00:20.000", turns: ["hello", "hi", "other"], response: "ok" },
  R4: { at: "10:00:30.000", turns: ["hello", "hi", "other", "ok", "x"], response: "fine" },
  R5: { at: "10:00:40.000", turns: Z, response: "y" },
  R6: { at: "10:00:50.000", turns: [...Z, "y", "w"], response: "v", system: "You are terse" },
  R7: { at: "10:00:55.000", turns: [...Z, "y", "w"], response: "v", system: "You are terse" },
  R8: { at: "10:01:00.000", turns: [...Z, "y", "q1", "q2", "q3"], response: "q4" },
  R9: { at: "10:02:00.000", turns: ["hello"], response: "hi" },
  R10: { at: "10:02:10.000", turns: ["hello", "hi", "bye"], response: "ok" },
  R11: { at: "10:03:00.000", turns: ["hello", "prefill"], response: "ed" },
  R12: { at: "11:00:00.000", turns: ["do tasks"], response: CALLS },
  R13: { at: "11:00:05.000", turns: ["P1"], response: "r1" },
  R14: { at: "11:00:06.000", turns: ["P2"], response: "r2" },
  R15: { at: "11:00:07.000", turns: ["P1", "r1", "go"], response: "gone" },
  R16: { at: "13:00:00.000", turns: ["P1"], response: "r3" },
  R17: { at: "13:01:00.000", turns: MAIN, response: "done" },
  R18: {
    at: "14:00:00.000",
    turns: [...MAIN, "done", "please summarise"],
    response: SUMMARY,
    system: SUMMARISER,
  },
  R19: { at: "14:05:06.000", turns: [CONTINUED + SUMMARY], response: "go on" },
  R20: { at: "14:06:00.000", turns: [CONTINUED + SUMMARY, "go on", "next"], response: "yes" },
  R21: { at: "14:07:00.000", turns: [CONTINUED + SUMMARY, "go on", "another"], response: "yes" },
  R22: {
    at: "2025-07-31T10:00:00.000Z",
    turns: [`${CONTINUED}Somebody else wrote of other things entirely.`],
    response: "ok",
  },
};

/** Conversation, branch, kind, parent, spawner. */
const EXPECTED: Record<string, string> = {
  R1: "R1 main root",
  R2: "R1 main turn R1",
  R3: "R1 branch_20250723100020 turn R1",
  R4: "R1 branch_20250723100020 turn R3",
  R5: "R1 main turn R2",
  R6: "R1 main turn R5",
  // A retry continues the attempt that it repeats; before, it opened a branch.
  R7: "R1 main retry R6",
  // The response of the lost request is unknown, so this is another continuation of R5, after R6.
  R8: "R1 branch_20250723100100 turn R5",
  R9: "R9 main root",
  // The smallest conversation with that history; of several the newest.
  R10: "R9 main turn R9",
  R11: "R11 main root",
  R12: "R12 main root",
  R13: "R12 subtask_1 subtask by R12",
  // Numbered by start; before, it was subtask_3.
  R14: "R12 subtask_2 subtask by R12",
  R15: "R12 subtask_1 turn R13 by R12",
  R16: "R12 subtask_3 subtask by R12",
  R17: "R12 main turn R12",
  R18: "R12 main compact-ask R17",
  R19: "R12 compact_140506 compact R18",
  R20: "R12 compact_140506 turn R19",
  // A fork inside a compacted branch is a fork; before, it was missed.
  R21: "R12 branch_20250723140700 turn R19",
  R22: "R22 main compact",
};

describe("a day without ids", () => {
  const store = new MemoryLinkStore();
  const names = new Map<string, string>();
  const positions = new Map<string, string>();

  const describePosition = (link: Link): string => {
    const [root] = [...store.links.values()].filter(
      ({ conversationId, branchId, requestId, branchKey }) =>
        conversationId === link.conversationId && branchId === "main" && requestId === branchKey,
    );
    const parent = link.parentRequestId && names.get(link.parentRequestId);
    const spawner = link.parentTaskRequestId && `by ${names.get(link.parentTaskRequestId)}`;
    return [names.get(root!.requestId), link.branchId, link.linkKind, parent, spawner]
      .filter(Boolean)
      .join(" ");
  };

  beforeAll(async () => {
    const made = Object.entries(STORY).map(([name, request], n) => {
      const evidence = writtenEvidence(request, n)!;
      names.set(evidence.requestId, name);
      return evidence;
    });
    // One by one, in order of arrival.
    for (const each of made) await store.link([each]);
    for (const [id, name] of names) positions.set(name, describePosition(store.links.get(id)!));
  });

  it.each(Object.keys(STORY))("links %s", (name) => {
    expect(positions.get(name)).toBe(EXPECTED[name]);
  });

  it("marks the requests of subtasks only", () => {
    const marked = [...names].filter(([id]) => store.links.get(id)!.isSubtask).map(([, name]) => name);
    expect(marked).toEqual(["R13", "R14", "R15", "R16"]);
  });

  it("states the confidence", () => {
    const confidence = (name: string) => {
      const { linkedBy, linkConfidence } = store.links.get([...names].find(([, each]) => each === name)![0])!;
      return `${linkedBy} ${linkConfidence}`;
    };
    expect(["R1", "R2", "R7", "R10", "R13", "R19", "R22"].map(confidence)).toEqual([
      "none certain",
      "answer certain",
      "hash low",
      "answer low",
      "prompt likely",
      "summary likely",
      "none low",
    ]);
  });
});
