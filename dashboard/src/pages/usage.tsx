/** /usage: who used how much of what, over a period; every table can be had as a file. */
import type { Named, Overview } from "../api/overview.ts";
import type { Result } from "../api/client.ts";
import { bucketWords, StackedBars } from "../charts/stacked-bars.tsx";
import { ShareBar } from "../charts/share-bar.tsx";
import { sumOf } from "../charts/token-kinds.ts";
import { PointHere } from "../components/point-here.tsx";
import { Empty, ProblemCard } from "../components/problem.tsx";
import { Money, Short, Wire } from "../components/values.tsx";
import { linkTo, type Filters } from "../filters.ts";
import { formatExact, formatShare, formatShort } from "../format/number.ts";
import type { View } from "../view.ts";
import { Tiles } from "./overview.tsx";

export function UsagePage({ view, overview }: { view: View; overview: Result<Overview> }) {
  if (!overview.ok) return <ProblemCard problem={overview.problem} what="Usage" view={view} />;
  const { data } = overview;
  if (data.now.requests === 0) {
    return (
      <Empty title="No usage in this period.">
        <PointHere view={view} />
      </Empty>
    );
  }
  const narrowed = (change: Partial<Filters>) => linkTo("/usage", { ...view.filters, ...change });
  return (
    <>
      <Tiles overview={data} />
      <section class="card">
        <h2>
          Tokens per {bucketWords(data.bucketMs)}{" "}
          <span class="mute">{formatShort(sumOf(data.now.tokens))} in all</span>
        </h2>
        <StackedBars
          buckets={data.buckets}
          bucketMs={data.bucketMs}
          zone={view.zone}
          now={view.now}
          csvHref={linkTo("/usage.csv", view.filters)}
        />
      </section>
      <UsageTable title="By domain" entries={data.domains} href={(domain) => narrowed({ domain })} />
      <UsageTable title="By account" entries={data.accounts} href={(accountId) => narrowed({ accountId })} />
      <UsageTable title="By model" entries={data.models} href={(model) => narrowed({ model })} />
      <UsageTable
        title="By type"
        entries={data.types}
        href={(requestType) => linkTo("/requests", view.filters, { requestType })}
      />
    </>
  );
}

interface TableProps {
  title: string;
  entries: readonly Named[];
  href: (name: string) => string;
}

function UsageTable({ title, entries, href }: TableProps) {
  if (entries.length === 0) return null;
  const sorted = [...entries].sort((left, right) => sumOf(right.sums.tokens) - sumOf(left.sums.tokens));
  const total = sorted.reduce((sum, entry) => sum + sumOf(entry.sums.tokens), 0);
  return (
    <section class="card">
      <h2>{title}</h2>
      <div class="scroll" tabindex={0}>
        <table class="rows usage">
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col" class="right">
                Requests
              </th>
              <th scope="col" class="right">
                Input
              </th>
              <th scope="col" class="right">
                Cache read
              </th>
              <th scope="col" class="right">
                Cache write
              </th>
              <th scope="col" class="right">
                Output
              </th>
              <th scope="col" class="right">
                Cached
              </th>
              <th scope="col" class="right">
                Cost
              </th>
              <th scope="col" class="share">
                Share of tokens
              </th>
            </tr>
          </thead>
          <tbody>
            {sorted.slice(0, 200).map(({ name, sums }) => {
              const share = total === 0 ? 0 : sumOf(sums.tokens) / total;
              return (
                <tr>
                  <td>
                    <a href={href(name)}>
                      <Wire text={name || "(none)"} length={60} />
                    </a>
                  </td>
                  <td class="right">{formatExact(sums.requests)}</td>
                  <td class="right">
                    <Short value={sums.tokens.input} />
                  </td>
                  <td class="right">
                    <Short value={sums.tokens.cacheRead} />
                  </td>
                  <td class="right">
                    <Short value={sums.tokens.cacheWrite} />
                  </td>
                  <td class="right">
                    <Short value={sums.tokens.output} />
                  </td>
                  <td class="right">{formatShare(sums.cacheShare)}</td>
                  <td class="right">
                    <Money amount={sums.costUsd} />
                  </td>
                  <td class="share">
                    <ShareBar share={share} />
                    <span class="number mute">{formatShare(share)}</span>
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}
