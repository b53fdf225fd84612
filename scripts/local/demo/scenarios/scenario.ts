/** Types of the demo's scenarios: projects and their tasks. */

export interface SourceFile {
  /** Path under the project's root. */
  path: string;
  text: string;
}

/** Of the task's file. */
export interface Edit {
  before: string;
  after: string;
  /** Text before the change. */
  say: string;
}

/** A task for a subagent. */
export interface SubagentTask {
  description: string;
  prompt: string;
  /** Its search and the results. */
  pattern: string;
  hits: string[];
  report: string;
}

/** What Spark recommends for a task. */
export interface SparkAdvice {
  sessionId: string;
  query: string;
  context: string[];
  /** Markdown that begins with the title. */
  response: string;
  confidence: number;
  /** Besides those that the text names. */
  sources: { title: string; url: string }[];
  /** Feedback that Spark already has. */
  opinion?: { rating: number; comments: string };
}

/** One task, from the prompt to the commit. Texts may contain Markdown. */
export interface Task {
  title: string;
  ask: string;
  /** Text before the search. */
  opening: string;
  pattern: string;
  hits: string[];
  file: SourceFile;
  plan: string[];
  diagnosis: string;
  edits: Edit[];
  /** Command that shows the bug, with its output before and after the change. */
  check: { command: string; failing: string | null; passing: string };
  summary: string;
  /** Follow-up questions, with responses that call no tools. */
  questions?: [ask: string, response: string][];
  subtask?: SubagentTask;
  advice?: SparkAdvice;
  commit: string;
}

export interface Project {
  /** Short name for folder, account and domain. */
  name: string;
  about: string;
  instructions: string;
  tasks: Task[];
  /** Functions and their files, for small jobs. */
  symbols: { name: string; path: string; text: string; purpose: string }[];
  language: "ts" | "go" | "python";
  test: string;
  /** Last lines of a passing test run. */
  green: string;
}
