/** Lines to take along: in mono, with a button that copies all of them. */
import { CopyButton } from "./values.tsx";

export function CodeBlock({ text, label }: { text: string; label: string }) {
  return (
    <div class="code-line">
      <pre tabindex={0}>
        <code>{text}</code>
      </pre>
      <CopyButton text={text} label={label} />
    </div>
  );
}
