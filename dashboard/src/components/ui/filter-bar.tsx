/** The filters beside a page's title: one GET form, sent by the page's script on change and by its button without. */
import type { Child } from "hono/jsx";
import { RANGES, DEFAULT_RANGE } from "../../context/filters.ts";
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
  /** Further fields of this page. */
  children?: Child;
  /** Parameters of this page that a change of filters keeps. */
  preserved?: Record<string, string | null | undefined>;
}

export function FilterBar({ view, options, children, preserved = {} }: Props) {
  const { filters } = view;
  const isCustom = filters.from !== null || filters.to !== null;
  return (
    <form class="filters" method="get" action={view.path} data-filters aria-label="Filters">
      <FilterSelect
        name="domain"
        label="Domain"
        allLabel="All domains"
        value={filters.domain}
        options={options.domains}
      />
      <FilterSelect
        name="accountId"
        label="Account"
        allLabel="All accounts"
        value={filters.accountId}
        options={options.accounts}
      />
      <FilterSelect
        name="model"
        label="Model"
        allLabel="All models"
        value={filters.model}
        options={options.models}
        labelOf={shortModel}
      />
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
  /** Label of the option without a filter. */
  allLabel: string;
  value: string | null;
  options: readonly string[];
  labelOf?: (option: string) => string;
}

/** One select; a value that is not among the options (an old link) is offered all the same. */
export function FilterSelect({
  name,
  label,
  allLabel,
  value,
  options,
  labelOf = (option) => option,
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
