/** A tool call in one line (name, what it did, size, outcome) that opens to its input and its result. */
import type { Child } from "hono/jsx";
import type { Block } from "../../transcript/blocks.ts";
import { isObject } from "../../../../workers/domain/json/json.ts";
import { diffLines } from "../../transcript/diff.ts";
import { languageOfPath, highlightNumbered } from "../../transcript/highlight.ts";
import { type HtmlBudget, spendBudget } from "../../transcript/html-budget.ts";
import { toolSummary } from "../../transcript/tool-summary.ts";
import { formatCount } from "../../format/number.ts";
import { countLines, cutAt, printable } from "../../format/text.ts";
import { Icon } from "../ui/icon.tsx";
import { JsonTree } from "./json-tree.tsx";
import { NotShown, PlainText } from "./long-text.tsx";
import { COLLAPSE_AT, type TranscriptContext } from "./transcript-context.ts";
import { UntrustedText } from "../ui/values.tsx";

export type ToolUse = Extract<Block, { kind: "tool_use" }>;
export type ToolResult = Extract<Block, { kind: "tool_result" }>;

interface Props {
  /** Null: a result whose call is not in this request. */
  use: ToolUse | null;
  /** Null: no result seen in this request. */
  result: ToolResult | null;
  context: TranscriptContext;
  /** Renders a block of the result that is not plain text. */
  renderBlock: (block: Block) => Child;
}

/** Blocks of a result, and edits of a call. */
const MAX_SHOWN_BLOCKS = 30;

export function ToolCall({ use, result, context, renderBlock }: Props) {
  return (
    <details class={`tool ${result?.isError ? "failed" : ""}`.trim()}>
      <summary>
        <Icon name={use?.where === "server" ? "server" : use?.where === "mcp" ? "plug" : "wrench"} />
        <span class="tool-name">{use ? <UntrustedText text={use.name} length={48} /> : "Result"}</span>
        <span class="tool-summary">
          {use ? (
            <UntrustedText text={toolSummary(use.input)} length={120} />
          ) : (
            <span class="mute">call not in this request</span>
          )}
        </span>
        <span class="tool-end">
          <ToolOutcome result={result} />
        </span>
      </summary>
      <div class="tool-body">
        {use && (
          <section>
            <h4>
              Input
              {use.id && <code class="mute">{cutAt(use.id, 60)}</code>}
            </h4>
            <ToolInput name={use.name} input={use.input} context={context} />
          </section>
        )}
        {result && (
          <section>
            <h4>{result.isError ? "Result: error" : "Result"}</h4>
            {result.content.length === 0 && <p class="mute">Empty.</p>}
            {result.content
              .slice(0, MAX_SHOWN_BLOCKS)
              .map((block) =>
                block.kind === "text" && !result.isError ? (
                  <PlainText
                    text={block.text}
                    collapseAt={COLLAPSE_AT}
                    context={context}
                    highlight={context.highlight && highlightNumbered(context.highlight)}
                    language={languageOfPath(pathOf(use?.input))}
                  />
                ) : (
                  renderBlock(block)
                ),
              )}
            <NotShown
              what="block"
              count={result.content.length - MAX_SHOWN_BLOCKS}
              rawHref={context.rawHref}
            />
          </section>
        )}
      </div>
    </details>
  );
}

function ToolOutcome({ result }: { result: Props["result"] }) {
  if (!result) return <span class="mute">no result in this request</span>;
  const lines = result.content.reduce(
    (sum, block) => sum + (block.kind === "text" ? countLines(block.text) : 0),
    0,
  );
  const images = result.content.filter((block) => block.kind === "image").length;
  const size = [lines > 0 && formatCount(lines, "line"), images > 0 && formatCount(images, "image")].filter(
    Boolean,
  );
  return (
    <>
      <span class="mute">{size.join(", ")}</span>
      {result.isError ? (
        <span class="status error">
          <Icon name="cross" />
          failed
        </span>
      ) : (
        <span class="status good">
          <Icon name="check" label="succeeded" />
        </span>
      )}
    </>
  );
}

/** Edits as a diff, to-do lists as lists, commands and files as text, anything else as a tree. */
function ToolInput({ name, input, context }: { name: string; input: unknown; context: TranscriptContext }) {
  const { rawHref, budget } = context;
  if (!isObject(input)) return <JsonTree value={input} rawHref={rawHref} html={budget} />;
  const edits = editsOf(input);
  if (edits.length > 0) {
    return (
      <>
        <Path input={input} />
        {edits.slice(0, MAX_SHOWN_BLOCKS).map((edit) => (
          <Diff before={edit.before} after={edit.after} budget={budget} />
        ))}
        <NotShown what="edit" count={edits.length - MAX_SHOWN_BLOCKS} rawHref={rawHref} />
      </>
    );
  }
  if (Array.isArray(input.todos)) return <Todos todos={input.todos} />;
  const main = ["command", "content", "file_text", "prompt", "code"].find(
    (member) => typeof input[member] === "string",
  );
  if (main && name.length > 0) {
    const rest = Object.fromEntries(Object.entries(input).filter(([member]) => member !== main));
    return (
      <>
        <Path input={input} />
        <PlainText
          text={input[main] as string}
          collapseAt={COLLAPSE_AT}
          context={context}
          highlight={context.highlight}
          language={main === "command" ? "bash" : languageOfPath(pathOf(input))}
        />
        {Object.keys(rest).length > 0 && <JsonTree value={rest} rawHref={rawHref} html={budget} open={1} />}
      </>
    );
  }
  return <JsonTree value={input} rawHref={rawHref} html={budget} />;
}

const pathOf = (input: unknown) =>
  isObject(input) ? (input.file_path ?? input.path ?? input.notebook_path) : null;

function Path({ input }: { input: Record<string, unknown> }) {
  const path = pathOf(input);
  if (typeof path !== "string") return null;
  return (
    <p class="path">
      <code>
        <UntrustedText text={path} length={300} />
      </code>
    </p>
  );
}

function editsOf(input: Record<string, unknown>): { before: string; after: string }[] {
  const list: unknown[] = Array.isArray(input.edits) ? input.edits : [input];
  return list.flatMap((edit) => {
    if (!isObject(edit)) return [];
    const before = edit.old_string ?? edit.old_str;
    const after = edit.new_string ?? edit.new_str;
    return typeof before === "string" && typeof after === "string" ? [{ before, after }] : [];
  });
}

const MAX_DIFF_CHARACTERS = 20_000;

function Diff({ before, after, budget }: { before: string; after: string; budget: HtmlBudget | undefined }) {
  const cut = (text: string) => cutAt(text, spendBudget(budget, text, MAX_DIFF_CHARACTERS));
  const shown = [cut(before), cut(after)] as const;
  const lines = diffLines(...shown);
  const kinds = { "+": "added", "-": "removed", " ": "kept" } as const;
  return (
    <pre class="diff" tabindex={0} aria-label="Edit as a diff">
      {lines.map((line) => (
        <span class={`diff-line ${kinds[line.sign]}`}>{`${line.sign} ${printable(line.text)}\n`}</span>
      ))}
      {before.length + after.length > shown[0].length + shown[1].length && (
        <span class="mute">… diff shortened</span>
      )}
    </pre>
  );
}

function Todos({ todos }: { todos: readonly unknown[] }) {
  return (
    <ul class="todos">
      {todos.slice(0, 200).map((todo) => {
        const { content, subject, status } = isObject(todo) ? todo : {};
        const text =
          typeof content === "string"
            ? content
            : typeof subject === "string"
              ? subject
              : JSON.stringify(todo);
        const state = typeof status === "string" ? status : "pending";
        const mark = state === "completed" ? "☑" : state === "in_progress" ? "◐" : "☐";
        return (
          <li class={state === "completed" ? "mute" : ""}>
            <span aria-hidden="true">{mark}</span> <UntrustedText text={text} length={300} />{" "}
            <span class="mute">{state.replaceAll("_", " ")}</span>
          </li>
        );
      })}
    </ul>
  );
}
