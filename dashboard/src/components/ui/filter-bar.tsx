/** The filters beside a page's title: one GET form, sent by the page's script on change and by its button without. */
import type { Child } from "hono/jsx";
import { RANGES, DEFAULT_RANGE, type Filters } from "../../context/filters.ts";
import { oneLine } from "../../format/text.ts";
import { formatAbsolute } from "../../format/time.ts";
import type { View } from "../../context/view.ts";
import { shortModel } from "./values.tsx";

export interface FilterOptions {
  domains: readonly string[];
  accounts: readonly string[];
  models: readonly string[];
}

interface Props {
  view: View;
  options: FilterOptions;
  /** The filters that this page has; default: all. */
  names?: readonly (keyof Filters)[];
  /** Further fields of this page. */
  children?: Child;
  /** Parameters of this page that a change of filters keeps. */
  preserved?: Record<string, string | null | undefined>;
}

const SELECTS = [
  { name: "domain", label: "Domain", options: "domains", labelOf: undefined },
  { name: "accountId", label: "Account", options: "accounts", labelOf: undefined },
  { name: "model", label: "Model", options: "models", labelOf: shortModel },
] as const;

export function FilterBar({ view, options, names, children, preserved = {} }: Props) {
  const { filters } = view;
  const isCustom = filters.from !== null || filters.to !== null;
  return (
    <form class="filters" method="get" action={view.path} data-filters aria-label="Filters">
      {SELECTS.filter(({ name }) => names?.includes(name) ?? true).map(
        ({ name, label, options: key, labelOf }) => (
          <FilterSelect
            name={name}
            label={label}
            value={filters[name]}
            options={options[key]}
            labelOf={labelOf}
          />
        ),
      )}
      {children}
      <label class="filter-select">
        <span class="visually-hidden">Time range</span>
        <select name="range" data-set={!isCustom && filters.range !== DEFAULT_RANGE ? "" : undefined}>
          {isCustom && (
            <option value="" selected>
              Custom range
            </option>
          )}
          {Object.entries(RANGES).map(([range, { label }]) => (
            <option
              value={range === DEFAULT_RANGE ? "" : range}
              selected={!isCustom && range === filters.range}
            >
              {label}
            </option>
          ))}
        </select>
      </label>
      {isCustom && (
        <>
          {filters.from && <input type="hidden" name="from" value={filters.from} />}
          {filters.to && <input type="hidden" name="to" value={filters.to} />}
          <span class="chip">
            {filters.from ? formatAbsolute(Date.parse(filters.from), view.zone) : "…"} –{" "}
            {filters.to ? formatAbsolute(Date.parse(filters.to), view.zone) : "now"}
          </span>
        </>
      )}
      {Object.entries(preserved).map(([name, value]) =>
        value ? <input type="hidden" name={name} value={value} /> : null,
      )}
      <noscript>
        <button type="submit">Apply</button>
      </noscript>
      {hasFilters(view, preserved) && (
        <a class="clear" href={view.path}>
          Clear filters
        </a>
      )}
    </form>
  );
}

const hasFilters = (view: View, preserved: Record<string, string | null | undefined>) =>
  Object.keys(view.query).some((name) => name !== "cursor" && !Object.hasOwn(preserved, name));

interface FilterSelectProps {
  name: string;
  label: string;
  /** Of the option without a filter; default: "All" and the label in plural. */
  allLabel?: string;
  value: string | null;
  /** Default: those that have a label. */
  options?: readonly string[];
  labels?: Readonly<Record<string, string>>;
  labelOf?: ((option: string) => string) | undefined;
}

/** One select; a value that is not among the options (an old link) is offered all the same. */
export function FilterSelect({
  name,
  label,
  allLabel = `All ${label.toLowerCase()}s`,
  value,
  labels = {},
  options = Object.keys(labels),
  labelOf = (option) => (Object.hasOwn(labels, option) ? labels[option]! : option),
}: FilterSelectProps) {
  const offered = value === null || options.includes(value) ? options : [value, ...options];
  return (
    <label class="filter-select">
      <span class="visually-hidden">{label}</span>
      <select name={name} data-set={value === null ? undefined : ""}>
        <option value="">{allLabel}</option>
        {offered.map((option) => (
          <option value={option} selected={option === value}>
            {oneLine(labelOf(option), 48) || "(blank)"}
          </option>
        ))}
      </select>
    </label>
  );
}

/** A text field of a form of filters. */
export function FilterInput({
  name,
  label,
  value,
  placeholder,
}: {
  name: string;
  label: string;
  value: string;
  placeholder: string;
}) {
  return (
    <label>
      <span class="visually-hidden">{label}</span>
      <input
        name={name}
        value={value}
        placeholder={placeholder}
        autocomplete="off"
        spellcheck={false}
        maxlength={300}
      />
    </label>
  );
}
