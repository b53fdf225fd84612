/** What a number means, behind a question mark: the browser's own popover, so it needs no script and closes with Esc. */

interface Props {
  text: string;
  /** What is explained; part of the button's accessible name. */
  label: string;
}

/** One per page and label: its id is made of the label. */
export function Help({ text, label }: Props) {
  const id = `help-${label.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}`;
  return (
    <span class="help">
      <button type="button" class="help-mark" popovertarget={id} aria-label={`About ${label}`}>
        ?
      </button>
      <span id={id} popover="auto" role="note" class="help-text">
        {text}
      </span>
    </span>
  );
}
