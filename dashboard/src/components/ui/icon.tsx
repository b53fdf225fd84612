/** Icons: Lucide's drawings inline at 16 px. With a label they are an image, without one decoration. */
import {
  Activity,
  Ban,
  ChartColumn,
  Check,
  ChevronLeft,
  ChevronRight,
  CircleAlert,
  CircleCheck,
  CircleX,
  Copy,
  Download,
  EllipsisVertical,
  ExternalLink,
  FileSearch,
  FileText,
  Gauge,
  Globe,
  Image as Picture,
  KeyRound,
  LayoutDashboard,
  Link as Chain,
  List,
  LogOut,
  Maximize2,
  MessagesSquare,
  Minus,
  Moon,
  Plug,
  Plus,
  Scan,
  Search,
  Server,
  Sun,
  SunMoon,
  TriangleAlert,
  Unplug,
  Wrench,
} from "lucide-static";
import { raw } from "hono/html";

const ICONS = {
  activity: Activity,
  alert: CircleAlert,
  analysis: FileSearch,
  ban: Ban,
  chain: Chain,
  chart: ChartColumn,
  check: Check,
  copy: Copy,
  cross: CircleX,
  download: Download,
  expand: Maximize2,
  external: ExternalLink,
  file: FileText,
  fit: Scan,
  gauge: Gauge,
  globe: Globe,
  good: CircleCheck,
  key: KeyRound,
  left: ChevronLeft,
  list: List,
  messages: MessagesSquare,
  minus: Minus,
  moon: Moon,
  more: EllipsisVertical,
  overview: LayoutDashboard,
  picture: Picture,
  plug: Plug,
  plus: Plus,
  right: ChevronRight,
  search: Search,
  server: Server,
  signOut: LogOut,
  sun: Sun,
  sunMoon: SunMoon,
  unplug: Unplug,
  warning: TriangleAlert,
  wrench: Wrench,
} as const;
export type IconName = keyof typeof ICONS;

/** What is inside the <svg> of a drawing: the sheet around it is ours. */
const iconMarkup = Object.fromEntries(
  Object.entries(ICONS).map(([name, svg]) => [
    name,
    svg.slice(svg.indexOf(">", svg.indexOf("<svg")) + 1, svg.lastIndexOf("</svg>")).replace(/\s+/g, " "),
  ]),
) as Record<IconName, string>;

export function Icon({ name, label, kind = "" }: { name: IconName; label?: string; kind?: string }) {
  const named = label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" };
  return (
    <svg class={`icon ${kind}`.trim()} viewBox="0 0 24 24" width="16" height="16" {...named}>
      {raw(iconMarkup[name])}
    </svg>
  );
}
