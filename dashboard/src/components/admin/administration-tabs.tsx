/** The tabs under "Domains": domains, accounts, audit log. */
import { linkTo } from "../../context/filters.ts";
import { canAdminister, type View } from "../../context/view.ts";
import { Tabs } from "../ui/tabs.tsx";

export function AdministrationTabs({
  view,
  active,
}: {
  view: View;
  active: "domains" | "accounts" | "audit";
}) {
  const tabs = [
    { key: "domains", label: "Domains", href: linkTo("/domains", view.filters) },
    { key: "accounts", label: "Accounts", href: linkTo("/accounts", view.filters) },
    ...(canAdminister(view)
      ? [{ key: "audit", label: "Audit log", href: linkTo("/audit", view.filters) }]
      : []),
  ];
  return (
    <div class="tab-row">
      <Tabs tabs={tabs} active={active} label="Administration" />
    </div>
  );
}
