/** One of several ways a form offers: a radio button with its words. */

interface Props {
  /** Of the field. */
  name: string;
  value: string;
  /** The value that is chosen. */
  now: string;
  words: string;
  /** It heads what belongs to it. */
  isStrong?: boolean;
}

export function Option({ name, value, now, words, isStrong = false }: Props) {
  return (
    <label class="option">
      <input type="radio" name={name} value={value} checked={value === now} />
      {isStrong ? <strong>{words}</strong> : <span>{words}</span>}
    </label>
  );
}
