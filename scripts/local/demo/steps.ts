/** A task as a sequence of steps: prompts, tool calls with results, responses. */
import { SPARK_TOOL } from "../../../workers/domain/spark/recommendation.ts";
import type { Random } from "../fake-claude/random.ts";
import type { Project, SparkAdvice, SubagentTask, Task } from "./scenarios/scenario.ts";

export interface Call {
  name: string;
  input: Record<string, unknown>;
  result: string;
  isError?: boolean;
}

export type Step =
  | { kind: "prompt"; text: string }
  /** The model calls tools; their results are the next request. */
  | { kind: "calls"; think: string | null; say: string | null; calls: Call[] }
  | { kind: "subtask"; say: string; subtask: SubagentTask; background: boolean }
  /** The model ends its turn. */
  | { kind: "answer"; think: string | null; text: string };

export function numbered(text: string): string {
  return text
    .split("\n")
    .map((line, index) => `${index + 1}\t${line}`)
    .join("\n");
}

const THOUGHTS = {
  search: [
    "I should find the place before I form an opinion.",
    "Let me see how often this occurs before reading whole files.",
    "The name in the question may differ from the name in the code, so I search a little wider.",
  ],
  read: [
    "One hit looks like the cause. I'll read the file in full, the context matters here.",
    "The file is short; reading it all is cheaper than guessing.",
  ],
  check: [
    "Before changing anything I want to see it fail.",
    "If I can reproduce it, I'll know when it is fixed.",
  ],
  edit: [
    "The cause is clear now. The smallest change is at this place.",
    "I'd rather change the cause than guard against the effect.",
  ],
  after: [
    "Now the check again, and it has to be green for the right reason.",
    "This should do it. Run the check.",
  ],
  end: [
    "Everything is green. I'll sum up what changed and what did not.",
    "Done; the user wants the result first, then the reason.",
  ],
};

function todos(plan: string[], done: number): Call {
  return {
    name: "TodoWrite",
    input: {
      todos: plan.map((content, index) => ({
        content,
        status: index < done ? "completed" : index === done ? "in_progress" : "pending",
        activeForm: content,
      })),
    },
    result: "The task list has been updated. Go on with the step in progress.",
  };
}

/** The steps of a task, about five to twenty requests. */
export function taskSteps(task: Task, project: Project, root: string, random: Random): Step[] {
  const steps: Step[] = [];
  const path = `${root}/${task.file.path}`;
  const maybe = (list: string[]) => (random.chance(0.6) ? random.pick(list) : null);
  const add = (think: string | null, say: string | null, ...calls: Call[]) =>
    steps.push({ kind: "calls", think, say, calls });
  steps.push({ kind: "prompt", text: task.ask });
  add(random.pick(THOUGHTS.search), task.opening, {
    name: "Grep",
    input: { pattern: task.pattern, path: root, output_mode: "content" },
    result: task.hits.join("\n"),
  });
  add(
    maybe(THOUGHTS.read),
    null,
    { name: "Read", input: { file_path: path }, result: numbered(task.file.text) },
    ...(random.chance(0.3) ? [gitLog(project, random)] : []),
  );
  if (task.subtask && random.chance(0.75))
    steps.push({
      kind: "subtask",
      say: "While I look at this place, a sub-agent can check the rest of the repository for the same thing.",
      subtask: task.subtask,
      background: random.chance(0.4),
    });
  if (task.advice) add(null, "The team may have met this before; I'll ask Spark.", sparkCall(task.advice));
  else if (task.plan.length > 0) add(null, null, todos(task.plan, 0));
  if (task.check.failing !== null)
    add(random.pick(THOUGHTS.check), null, {
      name: "Bash",
      input: { command: task.check.command, description: "Show the fault" },
      result: task.check.failing,
      isError: true,
    });
  task.edits.forEach((edit, index) => {
    add(maybe(THOUGHTS.edit), index === 0 && task.diagnosis ? `${task.diagnosis}\n\n${edit.say}` : edit.say, {
      name: "Edit",
      input: { file_path: path, old_string: edit.before, new_string: edit.after },
      result: `The file ${path} has been updated.`,
    });
  });
  add(maybe(THOUGHTS.after), task.edits.length === 0 && task.diagnosis ? task.diagnosis : null, {
    name: "Bash",
    input: { command: task.check.command, description: "Run the check" },
    result: task.check.passing,
  });
  if (task.plan.length > 0) add(null, null, todos(task.plan, task.plan.length));
  steps.push({ kind: "answer", think: maybe(THOUGHTS.end), text: task.summary });
  for (const [ask, text] of task.questions ?? []) {
    steps.push({ kind: "prompt", text: ask });
    steps.push({ kind: "answer", think: maybe(THOUGHTS.read), text });
  }
  if (task.edits.length > 0 && random.chance(0.7)) steps.push(...commitSteps(task, random));
  return steps;
}

function sparkCall({ sessionId, query, context, response, confidence, sources }: SparkAdvice): Call {
  const returned = {
    session_id: sessionId,
    response,
    confidence,
    sources,
    feedback: "None",
    error_message: null,
    metadata: {},
  };
  return { name: SPARK_TOOL, input: { request: { query, context } }, result: JSON.stringify(returned) };
}

function gitLog(project: Project, random: Random): Call {
  const input = { command: "git log --oneline -5", description: "Show recent commits" };
  return { name: "Bash", input, result: recentCommits(project, random).join("\n") };
}

function commitSteps(task: Task, random: Random): Step[] {
  const hash = random.hex(7);
  const { path } = task.file;
  const bash = (command: string, description: string, result: string): Call => ({
    name: "Bash",
    input: { command, description },
    result,
  });
  const text = random.pick(["Great, commit it.", "Please commit this.", "Looks good. Commit, don't push."]);
  const stat = ` ${path} | ${random.between(4, 14)} ++++++---\n 1 file changed`;
  const commit = `git commit -m ${JSON.stringify(task.commit)} -- ${path}`;
  const say = "Only the files of this change are touched, so I commit exactly those.";
  return [
    { kind: "prompt", text },
    {
      kind: "calls",
      think: null,
      say: null,
      calls: [
        bash("git status --short", "Show what has changed", ` M ${path}`),
        bash("git diff --stat", "Show the size of the change", stat),
      ],
    },
    {
      kind: "calls",
      think: null,
      say,
      calls: [bash(commit, "Commit the change", `[main ${hash}] ${task.commit}\n 1 file changed`)],
    },
    { kind: "answer", think: null, text: `Committed as \`${hash}\`: “${task.commit}”. Nothing is pushed.` },
  ];
}

export function recentCommits(project: Project, random: Random): string[] {
  return random
    .shuffle([
      ...project.tasks.map((task) => task.commit),
      ...project.symbols.map((one) => `Tidy ${one.path}`),
    ])
    .slice(0, 4)
    .map((title) => `${random.hex(7)} ${title}`);
}
