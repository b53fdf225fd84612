/** /prompts/<name>: one prompt, its arguments, and the text that they make. */
import type { PromptView, RenderResult } from "../../../../workers/schemas/api/prompts.ts";
import type { Result } from "../../api/client.ts";
import { Callout, FoldCard, SubmitButton } from "../../components/ui/controls.tsx";
import { CodeBlock } from "../../components/ui/code-block.tsx";
import { DefinitionList } from "../../components/ui/definition-list.tsx";
import { TextField } from "../../components/ui/text-field.tsx";
import { Copyable, UntrustedText } from "../../components/ui/values.tsx";
import type { View } from "../../context/view.ts";
import { formatCount } from "../../format/number.ts";
import { printable } from "../../format/text.ts";
import { CsrfField } from "../../layout/frame.tsx";
import { InstallLines } from "./install.tsx";
import { promptPath, SOURCES } from "./list.tsx";

interface Props {
  view: View;
  prompt: PromptView;
  rendered: Result<RenderResult>;
  /** Of the form, by argument. */
  values: Readonly<Record<string, string>>;
  domain: string | undefined;
}

/** The name of an argument's field: it may be any word, also that of a filter. */
export const argumentField = (name: string) => `argument.${name}`;

export function PromptPage({ view, prompt, rendered, values, domain }: Props) {
  const { uses, usesLast30Days, lastUsedOn } = prompt;
  const problem = rendered.ok ? rendered.data.error : rendered.problem.message;
  return (
    <>
      <section class="card prompt-facts">
        <p class="prompt-description">
          <UntrustedText text={prompt.description} />
        </p>
        {prompt.problems.some(({ severity }) => severity === "error") && (
          <Callout
            tone="error"
            text="The file has an error. Its last good version is served until a commit mends it."
          />
        )}
        {prompt.problems.map(({ line, column, message }) => (
          <p class="mute prompt-note">
            Line {line}, column {column}: <UntrustedText text={message} length={500} />
          </p>
        ))}
        <DefinitionList
          items={{
            Title: prompt.title !== null && <UntrustedText text={prompt.title} />,
            "In Claude Code": <Copyable text={command(prompt)} label="command" />,
            Source:
              prompt.file === null ? (
                SOURCES[prompt.source]
              ) : (
                <>
                  {SOURCES[prompt.source]}, <UntrustedText text={prompt.file} length={120} />
                </>
              ),
            Used:
              lastUsedOn === null
                ? "Never"
                : `${formatCount(uses, "time")}, ${formatCount(usesLast30Days, "time")} in the last 30 days, last on ${lastUsedOn} (UTC)`,
          }}
        />
      </section>
      <div class="pair prompt-try">
        <section class="card">
          <h2>Arguments</h2>
          <form method="post" action={promptPath(prompt.name)} class="stack" data-prompt={prompt.name}>
            <CsrfField view={view} />
            {prompt.arguments.length === 0 && <p class="mute">This prompt takes none.</p>}
            {prompt.arguments.map((argument) => (
              <ArgumentField argument={argument} value={values[argument.name] ?? ""} />
            ))}
            {prompt.arguments.length > 0 && <SubmitButton label="Render" tone="plain" />}
          </form>
          {prompt.arguments.length > 0 && <ClaudeCodeNote prompt={prompt} />}
        </section>
        <section class="card">
          <h2>Text</h2>
          <pre
            class={problem === null ? "prompt-text" : "prompt-text prompt-error"}
            data-prompt-text
            aria-live="polite"
            tabindex={0}
            aria-label="Rendered prompt"
            role="region"
          >
            {printable(problem ?? (rendered.ok ? (rendered.data.text ?? "") : ""))}
          </pre>
        </section>
      </div>
      <FoldCard title="Template">
        <CodeBlock text={prompt.template} label="template" />
      </FoldCard>
      <FoldCard title="Add to a client">
        <InstallLines view={view} domain={domain} />
      </FoldCard>
    </>
  );
}

type Argument = PromptView["arguments"][number];

function ArgumentField({ argument, value }: { argument: Argument; value: string }) {
  const { name, description, required, values = [] } = argument;
  const field = argumentField(name);
  const listId = `${field}-values`;
  return (
    <>
      <TextField
        label={required ? `${name} (required)` : name}
        name={field}
        problem={null}
        value={value}
        maxlength={10_000}
        {...(values.length > 0 ? { list: listId } : {})}
      >
        {description !== undefined && <UntrustedText text={description} />}
      </TextField>
      {values.length > 0 && (
        <datalist id={listId}>
          {values.map((one) => (
            <option value={one} />
          ))}
        </datalist>
      )}
    </>
  );
}

/** As it is typed: required arguments by name, others in brackets. */
const command = (prompt: PromptView): string =>
  [
    `/mcp__nexus__${prompt.name}`,
    ...prompt.arguments.map(({ name, required }) => (required ? name : `[${name}]`)),
  ].join(" ");

function ClaudeCodeNote({ prompt }: { prompt: PromptView }) {
  const names = prompt.arguments.map(({ name }) => name);
  const [first, second] = names;
  return (
    <p class="mute prompt-note">
      Claude Code assigns arguments by position and splits at every blank; quotes do not keep words together.{" "}
      <code>/mcp__nexus__{prompt.name} one two three</code> gives {first} “one”
      {second === undefined ? "" : `, ${second} “two”`}
      {names.length < 3 ? ". Further words are no argument, but the model sees the whole line." : "."}
    </p>
  );
}
