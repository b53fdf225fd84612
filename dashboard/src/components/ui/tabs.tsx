/** Tabs whose state is the URL: links, so that they work without a script and can be shared. */

export interface Tab {
  key: string;
  label: string;
  href: string;
}

export function Tabs({ tabs, active, label }: { tabs: readonly Tab[]; active: string; label: string }) {
  return (
    <nav class="tabs" aria-label={label}>
      {tabs.map((tab) => (
        <a href={tab.href} {...(tab.key === active ? { "aria-current": "page" } : {})}>
          {tab.label}
        </a>
      ))}
    </nav>
  );
}
