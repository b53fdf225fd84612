/** Facts in two columns: a name, a value, nothing else. */
import type { Child } from "hono/jsx";

export function DefinitionList({ children }: { children?: Child }) {
  return <dl class="definition-list">{children}</dl>;
}

/** One fact; nothing at all where there is nothing to say. */
export function DefinitionItem({ name, children }: { name: string; children?: Child }) {
  if (children === null || children === undefined || children === false) return null;
  return (
    <div class="definition-item">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
