/** The address of a view: every view has one, and it can be shared. */
import { computed, signal } from "@preact/signals";

export interface Address {
  /** The parts of the path, decoded: ["runs", "abc", "logs"]. */
  path: readonly string[];
  query: Readonly<Record<string, string>>;
}

export const address = signal<Address>(parsed(location.pathname, location.search));
export const path = computed(() => address.value.path);

addEventListener("popstate", () => {
  address.value = parsed(location.pathname, location.search);
});

export function parsed(pathname: string, search: string): Address {
  const parts = pathname.split("/").filter((part) => part !== "");
  return { path: parts.map(decoded), query: Object.fromEntries(new URLSearchParams(search)) };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // Somebody's own percent sign.
  }
}

/** Return an address as text; members without a value are left out. */
export function href(parts: readonly string[], query: Readonly<Record<string, string | number | null | undefined>> = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return `/${parts.map(encodeURIComponent).join("/")}${search ? `?${search}` : ""}`;
}

/** Go to a view of this page. */
export function go(to: string, replace = false): void {
  if (replace) history.replaceState(null, "", to);
  else history.pushState(null, "", to);
  const before = path.peek().join("/");
  address.value = parsed(location.pathname, location.search);
  if (!replace && before !== path.peek().join("/")) scrollTo(0, 0);
}

/** Change what the address asks for, in the same view. */
export function ask(query: Readonly<Record<string, string | number | null | undefined>>, replace = true): void {
  go(href(address.peek().path, { ...address.peek().query, ...query }), replace);
}

/** Follow a click on a link of this page without loading the page again. */
export function follow(event: MouseEvent): void {
  const link = (event.target as Element | null)?.closest?.("a");
  const own = link && link.origin === location.origin && !link.hasAttribute("download") && !link.target;
  const plain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
  if (!own || !plain || /^\/(api|auth|static)\//.test(link.pathname)) return;
  if (link.hash && link.pathname === location.pathname) return;
  event.preventDefault();
  go(link.pathname + link.search);
}
