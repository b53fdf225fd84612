/** Everyday jobs that fit any project: explaining, testing, documenting, reviewing one of its functions. */
import type { Random } from "../../fake-claude/random.ts";
import type { Project, Task } from "./scenario.ts";

type Symbol = Project["symbols"][number];
type Job = (project: Project, symbol: Symbol, random: Random) => Task;

const FENCE: Record<Project["language"], string> = { ts: "ts", go: "go", python: "python" };
const COMMENT: Record<Project["language"], string> = { ts: "// ", go: "// ", python: "# " };

function firstLine(text: string, name: string): string {
  const plain = name.split(".").at(-1) ?? name;
  return (
    text.split("\n").find((line) => line.includes(plain)) ??
    text.split("\n").find((line) => line !== "") ??
    ""
  );
}

function base(project: Project, symbol: Symbol): Task {
  const declared = firstLine(symbol.text, symbol.name);
  const at = symbol.text.split("\n").indexOf(declared) + 1;
  return {
    title: `Look at ${symbol.name}`,
    ask: `What does ${symbol.name} do exactly?`,
    opening: `I'll read \`${symbol.path}\` and see who uses it.`,
    pattern: symbol.name.split(".").at(-1) ?? symbol.name,
    hits: [`${symbol.path}:${at}:${declared}`],
    file: { path: symbol.path, text: symbol.text },
    plan: [],
    diagnosis: "",
    edits: [],
    check: { command: project.test, failing: null, passing: project.green },
    summary: `\`${symbol.name}\` ${symbol.purpose}.`,
    commit: `Look at ${symbol.name}`,
  };
}

const explain: Job = (project, symbol, random) => ({
  ...base(project, symbol),
  title: `Explain ${symbol.name}`,
  ask: random.pick([
    `Can you explain ${symbol.name} in ${symbol.path} to me? I'm new to this part.`,
    `What does ${symbol.name} do, and who calls it?`,
    `Walk me through ${symbol.path} please.`,
  ]),
  summary: `\`${symbol.name}\` ${symbol.purpose}.\n\n\`\`\`${FENCE[project.language]}\n${symbol.text.trim().split("\n").slice(0, 18).join("\n")}\n\`\`\`\n\nThree things to know before you change it:\n\n1. It has no state of its own; everything it needs comes in as an argument.\n2. Errors are passed on to the caller, who decides whether to try again.\n3. It is covered by tests in the same folder, which run in about a second.\n\nIt belongs to ${project.about}.`,
  questions: [
    [
      random.pick(["Where would you start if you had to replace it?", "Is there anything odd about it?"]),
      "I would write down its contract as tests first: the normal case, the empty case and the one where the dependency fails. Then a second implementation can live beside the old one and be compared on recorded input before anything is switched over.\n\nNothing about it is odd, but the name promises a little less than it does; a sentence above it would help the next reader.",
    ],
  ],
  commit: `Say what ${symbol.name} promises`,
});

const document: Job = (project, symbol, random) => {
  const declared = firstLine(symbol.text, symbol.name);
  return {
    ...base(project, symbol),
    title: `Document ${symbol.name}`,
    ask: random.pick([
      `Please add a short comment to ${symbol.name} that says what it guarantees.`,
      `${symbol.name} needs a docstring, one or two lines, no essay.`,
    ]),
    edits: [
      {
        before: declared,
        after: `${COMMENT[project.language]}What this promises: it ${symbol.purpose}.\n${declared}`,
        say: "One line about the promise is enough here; the how is in the code.",
      },
    ],
    diagnosis: "The code is clear about *how*; what is missing is the promise to its callers.",
    summary: `Done: \`${symbol.name}\` now says that it ${symbol.purpose}. Nothing else changed and the tests are green.`,
    commit: `Say what ${symbol.name} promises`,
  };
};

const test: Job = (project, symbol, random) => ({
  ...base(project, symbol),
  title: `Test the edges of ${symbol.name}`,
  ask: random.pick([
    `Which edge cases of ${symbol.name} are not tested? Add the ones that matter.`,
    `Coverage says ${symbol.path} is at 71%. Can you add the tests that are worth having?`,
  ]),
  plan: ["List the branches without a test", "Add tests for the ones that can happen", "Run the suite"],
  diagnosis:
    "Two branches have no test: empty input, and a dependency that fails half-way. The third uncovered line cannot be reached from outside, so a test for it would only repeat the code.",
  summary: `I added two tests for \`${symbol.name}\`:\n\n- **empty input** gives the neutral result instead of an error,\n- **a failure half-way** leaves nothing behind.\n\nBoth fail when I break the code on purpose, and pass as it is. The remaining uncovered line is a guard that no caller can reach.`,
  questions: [
    [
      "Did either of them find a bug?",
      "No. The empty case worked already, and the half-way failure is handled by the caller. They are there so that it stays that way.",
    ],
  ],
  commit: `Test the edges of ${symbol.name}`,
});

const review: Job = (project, symbol, random) => ({
  ...base(project, symbol),
  title: `Review the change to ${symbol.path}`,
  ask: random.pick([
    `Can you review my uncommitted change to ${symbol.path}?`,
    `Second pair of eyes on ${symbol.path} before I push, please.`,
  ]),
  opening: `I'll look at \`${symbol.path}\` as it is now and at its callers.`,
  check: {
    command: `git diff --stat -- ${symbol.path}`,
    failing: null,
    passing: ` ${symbol.path} | 11 ++++++-----\n 1 file changed, 6 insertions(+), 5 deletions(-)`,
  },
  summary: `Looks good to me, with one question and two small remarks.\n\n**Question.** What should happen when it is called twice at the same time? Today the second call wins, and nothing says whether that is meant.\n\n**Small.**\n- The new name in line 4 is longer than it needs to be inside a ten-line function.\n- The early return could come before the allocation.\n\nThe behaviour otherwise is unchanged: \`${symbol.name}\` still ${symbol.purpose}.`,
  questions: [
    [
      "Twice at the same time can't happen, the caller holds a lock. I'll write that down.",
      "Then one sentence next to the lock is the right place for it, because that is where somebody would take it away. From my side it can go in.",
    ],
  ],
  commit: `Tidy ${symbol.path}`,
});

const JOBS: readonly Job[] = [explain, document, test, review];

/** One everyday job of a project, chosen by chance. */
export function smallJob(project: Project, random: Random): Task {
  return random.pick(JOBS)(project, random.pick(project.symbols), random);
}
