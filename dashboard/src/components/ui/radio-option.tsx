/** A radio button with its label. */

interface Props {
  /** Of the field. */
  name: string;
  value: string;
  /** The value that is chosen. */
  selected: string;
  label: string;
  /** It heads what belongs to it. */
  isHeading?: boolean;
}

export function RadioOption({ name, value, selected, label, isHeading = false }: Props) {
  return (
    <label class="option">
      <input type="radio" name={name} value={value} checked={value === selected} />
      {isHeading ? <strong>{label}</strong> : <span>{label}</span>}
    </label>
  );
}
