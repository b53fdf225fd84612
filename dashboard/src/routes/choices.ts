/** What the selects of the filter bar offer. They fill from what the API knows and stay empty when it does not answer. */
import type { DomainList } from "../api/types.ts";
import type { Overview } from "../api/overview.ts";
import type { Result } from "../api/client.ts";
import type { FilterChoices } from "../components/filter-bar.tsx";

/** A select longer than this is no help; the URL takes any value. */
const MOST = 200;

export function choicesOf(domains: Result<DomainList> | null, overview: Result<Overview>): FilterChoices {
  const seen = overview.ok ? overview.data : null;
  const known = domains?.ok ? domains.data.domains : [];
  return {
    domains: distinct([
      ...known.map((entry) => entry.domain),
      ...(seen?.domains ?? []).map((entry) => entry.name),
    ]),
    accounts: distinct([
      ...known.map((entry) => entry.accountId ?? ""),
      ...(seen?.accounts ?? []).map((entry) => entry.name),
    ]),
    models: distinct((seen?.models ?? []).map((entry) => entry.name)),
  };
}

const distinct = (names: readonly string[]) =>
  [...new Set(names.filter((name) => name !== ""))]
    .sort((left, right) => left.localeCompare(right))
    .slice(0, MOST);
