/** The dialog that `?` opens. */
import { NAVIGATION } from "./navigation.ts";

const SHORTCUTS: readonly (readonly [keys: readonly string[], description: string])[] = [
  [["/"], "Focus the search or the first filter"],
  [["j"], "Next row or message"],
  [["k"], "Previous row or message"],
  [["Enter"], "Open the selected row"],
  ...NAVIGATION.map(({ key, label }) => [["g", key], label] as const),
  [["Esc"], "Close a dialog or leave a field"],
  [["?"], "Show keyboard shortcuts"],
];

export function ShortcutsDialog() {
  return (
    <dialog id="keys" aria-labelledby="keys-title">
      <h2 id="keys-title">Keyboard shortcuts</h2>
      <dl class="keys">
        {SHORTCUTS.map(([keys, description]) => (
          <>
            <dt>
              {keys.map((key) => (
                <kbd>{key}</kbd>
              ))}
            </dt>
            <dd>{description}</dd>
          </>
        ))}
      </dl>
      <form method="dialog">
        <button>Close</button>
      </form>
    </dialog>
  );
}
