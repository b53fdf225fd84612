/** The frame of every page: sidebar, header with filters, banner, keyboard shortcuts. */
import type { Child } from "hono/jsx";
import { raw } from "hono/html";
import type { HealthIndicator } from "../api/health.ts";
import type { Assets } from "../context/assets.ts";
import { queryString } from "../api/client.ts";
import { linkTo } from "../context/filters.ts";
import { formatAbsolute } from "../format/time.ts";
import { CSRF_FIELD } from "../format/form-fields.ts";
import type { View } from "../context/view.ts";
import { Icon } from "../components/ui/icon.tsx";
import { NAVIGATION, type NavItem } from "./navigation.ts";
import { ShortcutsDialog } from "./shortcuts-dialog.tsx";

/** On a phone these stand in the bottom bar, the others behind "More". */
const PHONE_ITEMS = 4;

interface DocumentProps {
  view: View;
  assets: Assets;
  title: string;
  /** Without a script, the browser loads the page again after this many seconds. */
  refreshSeconds?: number | undefined;
  children?: Child;
}

/** The bare document: sign-in and error pages use it alone. */
export function Document({ view, assets, title, refreshSeconds, children }: DocumentProps) {
  return (
    <>
      {raw("<!doctype html>")}
      <html lang="en" {...(view.theme === "system" ? {} : { "data-theme": view.theme })}>
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <title>{`${title} · Nexus`}</title>
          <meta name="robots" content="noindex" />
          {refreshSeconds !== undefined && (
            <noscript>
              <meta http-equiv="refresh" content={String(refreshSeconds)} />
            </noscript>
          )}
          <meta name="csrf-token" content={view.csrfToken} />
          <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
          {assets.font && (
            <link rel="preload" href={assets.font} as="font" type="font/woff2" crossorigin="anonymous" />
          )}
          {assets.style && <link rel="stylesheet" href={assets.style} />}
          {assets.script && <script type="module" src={assets.script}></script>}
        </head>
        <body>{children}</body>
      </html>
    </>
  );
}

export interface FrameProps extends DocumentProps {
  /** Health of the whole, null while unknown. */
  health: HealthIndicator;
  /** Filters or actions beside the title. */
  toolbar?: Child;
  /** A line above the title, such as a link back. */
  breadcrumb?: Child;
  /** The title on the page, when it is more than text. */
  heading?: Child;
}

export function Frame({ health, toolbar, breadcrumb, heading, children, ...document }: FrameProps) {
  const { view, title } = document;
  return (
    <Document {...document}>
      <a class="skip" href="#content">
        Skip to content
      </a>
      <div class="frame">
        <Sidebar view={view} health={health} />
        <div class="page">
          {view.caller?.via === "read_only" && (
            <p class="banner" role="status">
              <Icon name="key" />
              <span>
                Read-only mode: anyone with access to this address can view the dashboard but not change it.{" "}
                <a href={`/sign-in?next=${encodeURIComponent(view.path)}`}>Sign in</a>
              </span>
            </p>
          )}
          <header
            class="head"
            data-print-header={`Nexus · ${view.origin}${view.path}${queryString(view.query)} · as of ${formatAbsolute(view.now, view.zone)}`}
          >
            <div class="head-title">
              {breadcrumb}
              <h1>{heading ?? title}</h1>
            </div>
            {toolbar}
          </header>
          <main id="content" tabindex={-1}>
            {children}
          </main>
        </div>
      </div>
      <ShortcutsDialog />
      <div id="live-region" class="visually-hidden" role="status" aria-live="polite"></div>
    </Document>
  );
}

function Sidebar({ view, health }: { view: View; health: HealthIndicator }) {
  return (
    <nav class="side" aria-label="Main">
      <a class="brand" href={linkTo("/", view.filters)}>
        <BrandMark />
        <span>Nexus</span>
      </a>
      <ul class="side-items">
        {NAVIGATION.map((item, index) => (
          <li class={index >= PHONE_ITEMS ? "not-on-phone" : ""}>
            <SidebarLink item={item} view={view} health={health} />
          </li>
        ))}
        <li class="only-on-phone">
          <details class="more">
            <summary>
              <Icon name="more" />
              <span>More</span>
              {health.tone !== "good" && health.tone !== "mute" && <HealthDot health={health} />}
            </summary>
            <div class="more-sheet">
              {NAVIGATION.slice(PHONE_ITEMS).map((item) => (
                <SidebarLink item={item} view={view} health={health} />
              ))}
              <SidebarFooter view={view} />
            </div>
          </details>
        </li>
      </ul>
      <div class="side-foot not-on-phone">
        <p class="live-state" data-live-state="" hidden>
          <span class="live-dot" aria-hidden="true"></span>
          <span data-live-label></span>
        </p>
        <SidebarFooter view={view} />
      </div>
    </nav>
  );
}

function SidebarLink({ item, view, health }: { item: NavItem; view: View; health: HealthIndicator }) {
  const isCurrent =
    item.path === "/"
      ? view.path === "/"
      : [item.path, ...(item.activeFor ?? [])].some((path) => view.path.startsWith(path));
  return (
    <a
      class="side-link"
      href={linkTo(item.path, view.filters)}
      data-go={item.key}
      {...(isCurrent ? { "aria-current": "page" } : {})}
    >
      <Icon name={item.icon} />
      <span>{item.label}</span>
      {item.path === "/settings" && <HealthDot health={health} />}
    </a>
  );
}

/** Shape as well as colour: a disc is good, a triangle warns, a square is an error, a ring is unknown. */
function HealthDot({ health }: { health: HealthIndicator }) {
  return (
    <span class={`dot ${health.tone}`} title={health.text}>
      <span class="visually-hidden">{health.text}</span>
      <svg viewBox="0 0 10 10" width="10" height="10" aria-hidden="true">
        {health.tone === "good" && <circle cx="5" cy="5" r="4" />}
        {health.tone === "warning" && <path d="M5 0.5 9.8 9.2H0.2Z" />}
        {health.tone === "error" && <rect x="1" y="1" width="8" height="8" rx="1" />}
        {health.tone === "mute" && (
          <circle cx="5" cy="5" r="3.5" fill="none" stroke="currentColor" stroke-width="1.5" />
        )}
      </svg>
    </span>
  );
}

function SidebarFooter({ view }: { view: View }) {
  const next = view.theme === "system" ? "light" : view.theme === "light" ? "dark" : "system";
  const icons = { system: "sunMoon", light: "sun", dark: "moon" } as const;
  const labels = { system: "System theme", light: "Light theme", dark: "Dark theme" } as const;
  return (
    <>
      <form method="post" action="/theme" data-theme-switch>
        <CsrfField view={view} />
        <input type="hidden" name="theme" value={next} />
        <input type="hidden" name="next" value={view.path} />
        <button class="side-link" type="submit" data-theme-now={view.theme}>
          <Icon name={icons[view.theme]} />
          <span data-theme-label>{labels[view.theme]}</span>
        </button>
      </form>
      {view.caller && view.caller.via === "session" && (
        <form method="post" action="/sign-out">
          <CsrfField view={view} />
          <button class="side-link" type="submit">
            <Icon name="signOut" />
            <span>Sign out</span>
          </button>
        </form>
      )}
      {view.caller && (
        <p class="caller">
          {view.caller.role === "administrator" && !view.caller.readOnly ? "Administrator" : "Viewer"}
          {view.caller.via === "access" && <bdi class="caller-name">{view.caller.actor}</bdi>}
        </p>
      )}
    </>
  );
}

export function CsrfField({ view }: { view: View }) {
  return <input type="hidden" name={CSRF_FIELD} value={view.csrfToken} />;
}

export function BrandMark() {
  return (
    <svg class="brand-mark" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
      <path
        d="M4 16V4l12 12V4"
        fill="none"
        stroke="currentColor"
        stroke-width="2.4"
        stroke-linejoin="round"
      />
    </svg>
  );
}
