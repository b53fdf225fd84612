/** Names with their values in two columns. */
import type { Child } from "hono/jsx";

/** A value of null, undefined or false leaves its name out. */
export function DefinitionList({ items }: { items: Record<string, Child> }) {
  return (
    <dl class="definition-list">
      {Object.entries(items).map(([name, value]) =>
        value === null || value === undefined || value === false ? null : (
          <div class="definition-item">
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ),
      )}
    </dl>
  );
}
