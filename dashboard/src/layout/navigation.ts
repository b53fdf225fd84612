/** The pages of the navigation, in order. */
import type { IconName } from "../components/ui/icon.tsx";

export interface NavItem {
  path: string;
  label: string;
  icon: IconName;
  /** Letter after `g`. */
  key: string;
  /** Pages that are reached from it and stand under other paths. */
  activeFor?: readonly string[];
}

export const NAVIGATION: readonly NavItem[] = [
  { path: "/", label: "Overview", icon: "overview", key: "o" },
  { path: "/conversations", label: "Conversations", icon: "messages", key: "c" },
  { path: "/requests", label: "Requests", icon: "list", key: "r" },
  { path: "/usage", label: "Usage", icon: "chart", key: "u" },
  { path: "/errors", label: "Errors", icon: "alert", key: "e" },
  { path: "/prompts", label: "Prompts", icon: "file", key: "p" },
  { path: "/analyses", label: "Analyses", icon: "analysis", key: "a" },
  { path: "/domains", label: "Domains", icon: "globe", key: "d", activeFor: ["/accounts", "/audit"] },
  { path: "/settings", label: "Health", icon: "activity", key: "h" },
];
