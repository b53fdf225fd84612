/** Links between the pages of a list, and how much this page has. */
import { ButtonLink } from "./controls.tsx";

interface Props {
  /** For screen readers. */
  label?: string;
  /** Null on the first page. */
  firstHref: string | null;
  /** Null on the last page. */
  nextHref: string | null;
  /** "50 requests". */
  count: string;
}

export function Pager({ label = "Pages", firstHref, nextHref, count }: Props) {
  return (
    <nav class="pager" aria-label={label}>
      {firstHref === null ? <span></span> : <ButtonLink href={firstHref} label="First page" />}
      <span class="mute">{count}</span>
      {nextHref === null ? (
        <span class="mute">End of list</span>
      ) : (
        <ButtonLink href={nextHref} label="Next page" rel="next" />
      )}
    </nav>
  );
}
