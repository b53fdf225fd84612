/** The material of the demo's conversations: what a project looks like and what people do in it on one day. */

export interface SourceFile {
  /** Path under the project's root. */
  path: string;
  text: string;
}

export interface Edit {
  path: string;
  before: string;
  after: string;
  /** What is said before the change is made. */
  say: string;
}

/** Work handed to a sub-agent. */
export interface SubagentTask {
  description: string;
  prompt: string;
  /** What it searches for, and finds. */
  pattern: string;
  hits: string[];
  report: string;
}

/** One piece of work: from a person's question to the commit. Texts may hold Markdown. */
export interface Task {
  title: string;
  ask: string;
  /** First words of the answer, before the search. */
  opening: string;
  pattern: string;
  hits: string[];
  files: SourceFile[];
  plan: string[];
  diagnosis: string;
  edits: Edit[];
  /** Command that shows the fault, its output before and after the change. */
  check: { command: string; failing: string | null; passing: string };
  summary: string;
  /** What is asked afterwards, and answered without tools. */
  questions: { ask: string; answer: string }[];
  subtask?: SubagentTask;
  commit: string;
}

export interface Project {
  /** Short name: folder, account and domain are made of it. */
  name: string;
  about: string;
  instructions: string;
  tasks: Task[];
  /** Functions and the files they are in, for the small everyday jobs. */
  symbols: { name: string; path: string; text: string; purpose: string }[];
  language: "ts" | "go" | "python";
  test: string;
  /** Last lines of a green test run. */
  green: string;
}
