/** The tools that a response calls, the most called first, each with its count. */
import { formatExact } from "../../format/number.ts";
import { UntrustedText } from "../ui/values.tsx";

interface Props {
  calls: Record<string, number> | null;
  /** Names shown; further ones are counted. */
  max?: number;
}

export function ToolBadges({ calls, max: most = 3 }: Props) {
  const sorted = Object.entries(calls ?? {}).sort(
    ([one, left], [other, right]) => right - left || one.localeCompare(other),
  );
  if (sorted.length === 0) return null;
  const total = sorted.reduce((sum, [, count]) => sum + count, 0);
  return (
    <span class="chips">
      {sorted.slice(0, most).map(([name, count]) => (
        <span class={`chip tool-share-${shareClass(count / total)}`}>
          <UntrustedText text={name} length={most > 3 ? 40 : 18} />
          {count > 1 && <span class="mute"> ×{formatExact(count)}</span>}
        </span>
      ))}
      {sorted.length > most && (
        <span
          class="mute"
          title={sorted
            .slice(most)
            .map(([name]) => name)
            .join(", ")
            .slice(0, 300)}
        >
          +{formatExact(sorted.length - most)}
        </span>
      )}
    </span>
  );
}

/** How much of all calls: the more, the stronger the badge. */
const shareClass = (share: number) => (share >= 0.3 ? "large" : share >= 0.15 ? "middle" : "small");
